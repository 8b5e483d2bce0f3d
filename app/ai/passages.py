"""Retrieval over Markdown documents: passages to index, terms to ask for, and the sentences that answer.

The database ranks the passages; this module does the work on their text. It is pure, and every offset is an index into
a `str`. Blocks are those of the CommonMark parser that renders the documents too, so that what is split or quoted here
is shown there as it was written.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, islice, pairwise
from math import log
from typing import Any, NamedTuple

from pyromark import events_with_range
from snowballstemmer import stemmer

from app.ai.markdown_events import OPTIONS

MAX_TERMS = 32
MAX_HEADING = 150  # characters
MAX_WORD = 64  # a longer run of letters is noise, and PostgreSQL refuses lexemes above 2 kB
MAX_BLOCK = 4  # a sentence, item, fence or table as long as this many passages is cut all the same
MAX_RUN = 12  # sentences or items in a quotation: bounds the work on a text of very short ones

HEADINGS = ("H1", "H2", "H3", "H4", "H5", "H6")
# Underscores and apostrophes part words, as they do for SQLite's unicode61 and PostgreSQL's parser.
WORD = re.compile(r"[^\W_]+")
# What follows must not read as a list marker, a heading or a rule once it opens a line.
SENTENCE_END = re.compile(
    r"""(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bcf)[.!?…]["'”’)\]*_`]*\s+"""
    r"""(?=(?![a-z])[^\W\d_]|\d+(?![\d.)])|[*_`"'“‘(\[][^\s*_`])"""
)
# A sentence that opens so leans on the one before it.
LEANING = re.compile(r"(?:It|This|That|These|Those|They|Then|But|And|Or|So|Also|However|Otherwise|Instead)\b")

STOP_WORDS = frozenset(
    WORD.findall("""
    a about after again all also am an and any are aren as at be because been before being but by can cannot could
    couldn d describe did didn do does doesn doing don each else every explain for from further give gives had hadn
    happen happens has hasn have haven having he her here hers him his how i if in into is isn it its just know let
    like ll m many may me mean meaning means might mine more most much must my need no nor not of off on one only or
    other our ours out over own please re really s same several shall she should shouldn so some such t tell than that
    the their theirs them then there these they this those through to too up us use used uses using ve very want was
    wasn we were weren what when where whether which while who whom whose why will with won work working works would
    wouldn yes you your yours
    """)
)


def _words(text: str) -> Iterator[str]:
    words = (match.group() for match in WORD.finditer(unicodedata.normalize("NFC", text).lower()))
    return (word for word in words if len(word) <= MAX_WORD)


@lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    return str(stemmer("english").stemWord(word))  # a new one each time: it keeps state, and threads may meet here


@lru_cache(maxsize=1 << 13)  # the same passages are judged for every question
def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _words(text))


# Words that say what to do, not with what; questions about anything else have them too, so they weigh half.
WEAK_STEMS = _stems("""
    add best better build change choose configure create customise customize define different edit enable find fix get
    go good handle install keep make manage need new open put read remove run save send set setup start stop store
    support take time try turn update way write wrote
""")


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring blocks under one heading of a document: the unit that is indexed, found and cited.

    `heading` is the path of headings above it as plain text, such as "Tutorial > Add a page", without the document's
    title. `text` is exactly `document[start:end]`.
    """

    heading: str
    start: int
    end: int
    text: str


class _Node(NamedTuple):
    """An element or leaf of a parsed document and its depth in the tree; a leaf has a text."""

    depth: int
    kind: str
    span: range
    text: str = ""


class _Block(NamedTuple):
    """A block at the top of a document, and the nodes inside it in document order."""

    kind: str
    span: range
    inside: list[_Node]

    @property
    def plain(self) -> str:
        """The text of a heading on one line."""
        return " ".join("".join(node.text for node in self.inside).split())[:MAX_HEADING]


def title_of(markdown: str, default: str) -> str:
    """The first heading of level 1 as plain text, or `default` where there is none."""
    titles = (block.plain for block in _blocks(markdown) if block.kind == "H1")
    return next(filter(None, titles), default)


def split(markdown: str, size: int = 900) -> list[Passage]:
    """Cut a document into passages of about `size` characters, none of which reaches past a heading.

    The blocks of a section are shared out evenly. A block longer than `size` is divided between its sentences or list
    items; only what is longer than `MAX_BLOCK * size` even then is cut inside. Every character that is neither blank
    nor part of a heading is in exactly one passage.
    """
    return [
        Passage(heading, span.start, span.stop, markdown[span.start : span.stop])
        for heading, blocks in _sections(markdown)
        if blocks
        for span in _pack(markdown, _pieces(markdown, blocks, size), size)
    ]


def terms(question: str) -> list[str]:
    """The content words of a question in lower case and in order, each once, at most `MAX_TERMS`; perhaps none."""
    content = (word for word in _words(question) if word not in STOP_WORDS)
    return list(islice(dict.fromkeys(content), MAX_TERMS))


def coverage(terms: Sequence[str], text: str) -> float:
    """The share of the terms, 0 to 1, that occur in the text in any inflection; 0 where there are no terms.

    Verbs and fillers that go with any subject ("add", "change") count half.
    """
    wanted = {_stem(term) for term in terms}
    return _weigh(wanted & _stems(text)) / (_weigh(wanted) or 1)


def quote(terms: Sequence[str], text: str, limit: int = 420) -> tuple[int, int]:
    """Choose the stretch of a passage that best answers the terms, as offsets into `text`.

    It is a run of whole sentences of a paragraph, of whole items of a list, or one other block, and stands as Markdown
    by itself. An introduction that ends in a colon goes with the first of what it introduces. It has at most `limit`
    characters, unless a single sentence, item or block has more. A text without blocks gives (0, 0).
    """
    groups = _groups(text)
    wanted = {_stem(term) for term in terms}
    matches = {unit: wanted & _stems(text[unit.start : unit.stop]) for unit in chain(*groups)}
    count = Counter(chain(*matches.values()))
    weight = {stem: _weigh({stem}) * log(1 + len(matches) / count[stem]) for stem in count}
    total = sum(weight.values()) or 1.0

    def merit(run: Sequence[range]) -> float:
        start, end = run[0].start, run[-1].stop
        covered = sum(weight[stem] for stem in set(chain(*(matches[unit] for unit in run))))
        leaning, too_long = bool(LEANING.match(text, start)), end - start > limit
        # The rest decides between runs that cover about the same: writers put answers first, readers want them short.
        return covered / total - 0.1 * (end / len(text) + (end - start) / limit + leaning) - 0.3 * too_long

    best = max((run for group in groups for run in _runs(group, limit)), key=merit, default=[range(0)])
    return best[0].start, best[-1].stop


def _nodes(markdown: str) -> Iterator[_Node]:
    """The elements and leaves of a document in order, with the parser's UTF-8 offsets turned into characters."""
    source = markdown.encode(errors="replace")  # a lone surrogate, for which UTF-8 has no bytes, becomes one "?"
    counts = accumulate(((byte & 0xC0) != 0x80 for byte in source), initial=0)
    index = range(len(source) + 1) if source.isascii() else list(counts)
    depth = 0
    for event, place in events_with_range(source.decode(), options=OPTIONS):
        span = range(index[place["start"]], index[place["end"]])
        kind, value = ("Break", " ") if isinstance(event, str) else next(iter(event.items()))
        if kind == "Start":
            yield _Node(depth, _element(value), span)
        elif kind != "End":
            yield _Node(depth, kind, span, value if isinstance(value, str) else "")
        depth += {"Start": 1, "End": -1}.get(kind, 0)


def _element(tag: Any) -> str:
    """The name of an element, and for a heading its level."""
    return str(tag["Heading"]["level"] if "Heading" in tag else tag if isinstance(tag, str) else next(iter(tag)))


def _blocks(markdown: str) -> list[_Block]:
    """The blocks of a document in order, among them the link definitions, on which the parser is silent."""
    blocks: list[_Block] = []
    end, last = 0, _Node(0, "End", range(len(markdown), len(markdown)))
    for node in chain(_nodes(markdown), [last]):
        if node.depth:
            blocks[-1].inside.append(node)
            continue
        silent = _trim(markdown, end, node.span.start)
        body = _trim(markdown, silent.stop, node.span.stop)
        blocks += [_Block("Definitions", silent, []), _Block(node.kind, body, [])]
        end = node.span.stop
    return [block for block in blocks if block.span]


def _trim(text: str, start: int, end: int) -> range:
    """The stretch without blank lines before it and blanks after it; the indentation of its first line stays."""
    end = start + len(text[start:end].rstrip())
    first = end - len(text[start:end].lstrip())
    return range(max(start, text.rfind("\n", start, first) + 1), end)


def _sections(markdown: str) -> list[tuple[str, list[_Block]]]:
    """The path of headings to each section, and the section's own blocks."""
    title = title_of(markdown, default="")
    path: list[_Block] = []
    sections: list[tuple[str, list[_Block]]] = [("", [])]
    for block in _blocks(markdown):
        if block.kind not in HEADINGS:
            sections[-1][1].append(block)
            continue
        path = [*(above for above in path if above.kind < block.kind), block]
        names = (above.plain for above in path if (above.kind, above.plain) != ("H1", title))
        sections.append((" > ".join(filter(None, names)), []))
    return sections


def _units(text: str, block: _Block) -> list[range]:
    """The sentences of a paragraph, the items of a list, or the whole of any other block."""
    cuts: list[int] = []
    if block.kind == "Paragraph":
        cuts = _sentence_cuts(text, block)
    elif block.kind == "List":
        cuts = [node.span.stop for node in block.inside if (node.depth, node.kind) == (1, "Item")][:-1]
    return [_trim(text, *ends) for ends in pairwise([block.span.start, *cuts, block.span.stop])]


def _sentence_cuts(text: str, block: _Block) -> list[int]:
    """Where the second and later sentences of a paragraph start, outside code, emphasis and links."""
    inline = (node.span for node in block.inside if node.depth == 1 and node.kind not in ("Text", "Break"))
    inside = {at for span in inline for at in span[1:]}
    ends = SENTENCE_END.finditer(text, block.span.start, block.span.stop)
    return [match.end() for match in ends if match.end() not in inside]


def _pieces(text: str, blocks: Sequence[_Block], size: int) -> list[range]:
    """What a section's passages are made of: blocks, or the parts of those that are too long."""
    wholes = ([block.span] if len(block.span) <= size else _units(text, block) for block in blocks)
    pieces = (piece for unit in chain(*wholes) for piece in _cut(text, unit, MAX_BLOCK * size))
    return [piece for piece in pieces if text[piece.start : piece.stop].strip()]


def _cut(text: str, span: range, longest: int) -> Iterator[range]:
    """Cut at the end of a line or else of a word, or anywhere, so that no piece is longer than `longest`."""
    while len(span) > longest:
        half, full = span.start + longest // 2, span.start + longest
        cut = text.rfind("\n", half, full) + 1 or text.rfind(" ", half, full) + 1 or full
        yield _trim(text, span.start, cut)
        span = _trim(text, cut, span.stop)
    yield span


def _pack(text: str, pieces: Sequence[range], size: int) -> Iterator[range]:
    """Join neighbours to passages of like length, near to `size`; a colon holds on to what follows it."""
    length = pieces[-1].stop - pieces[0].start
    aim = length / max(1, round(length / size))
    passage = pieces[0]
    for piece in pieces[1:]:
        longer = range(passage.start, piece.stop)
        if len(longer) - aim > aim - len(passage) and text[passage.stop - 1] != ":":
            yield passage
            longer = piece
        passage = longer
    yield passage


@lru_cache(maxsize=1 << 11)
def _groups(text: str) -> list[list[range]]:
    """The units of each block; those of an introduction and of what it introduces are one group."""
    return list(_grouped(text))


def _grouped(text: str) -> Iterator[list[range]]:
    waiting: list[range] = []
    for block in (block for block in _blocks(text) if block.kind not in HEADINGS):
        units = _units(text, block)
        if waiting:
            units = [*waiting[:-1], range(waiting[-1].start, units[0].stop), *units[1:]]
        waiting = units if block.kind == "Paragraph" and text[block.span.stop - 1] == ":" else []
        if not waiting:
            yield units
    if waiting:
        yield waiting


def _runs(units: Sequence[range], limit: int) -> Iterator[Sequence[range]]:
    """The single units, and the runs of neighbours that are no longer than `limit`."""
    for first, unit in enumerate(units):
        yield [unit]
        for last in range(first + 1, min(first + MAX_RUN, len(units))):
            if units[last].stop - unit.start > limit:
                break
            yield units[first : last + 1]


def _weigh(stems: Set[str]) -> float:
    return sum(0.5 if stem in WEAK_STEMS else 1.0 for stem in stems)

"""Markdown to safe HTML, all at once or while it is still being written."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import pyromark
from pyromark.event import Range

from app.ai.markdown_writer import OPTIONS, Setting, Writer, label_key, parse
from app.ai.safe_html import MARK, UNMARK, usable

_BLANK_LINE = re.compile(rb"\n[ \t]*\n")
_DEFINITION = re.compile(rb" ?\[")
_ENDLESS = re.compile("List|Indented")
_SPECIAL = re.compile(r'[\\<>"&]')  # in the URL or title of a definition


class CodeBlock(Protocol):
    """Renders a code block; `code` is HTML, escaped and highlighted, and `id` is for the element that holds it."""

    def __call__(self, *, id: str, language: str, code: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Reference:
    """A link definition in front of a text: `[label]` becomes a link to `url`, and the text cannot define it otherwise.

    `label` is Markdown, as it stands between the brackets; `url` and `title` are plain text.
    """

    label: str
    url: str
    title: str = ""

    def definition(self) -> str:
        """The definition as a line of Markdown."""
        url, title = (_SPECIAL.sub(r"\\\g<0>", _source(each)).replace("\n", "&#10;") for each in (self.url, self.title))
        return f'[{self.label}]: <{url}> "{title}"\n'


References = tuple[Reference, ...]


class Segment(NamedTuple):
    """A piece of HTML; a marked one is text only, without tags."""

    html: str
    marked: bool


class Markdown:
    """The app's Markdown: CommonMark with tables, strikethrough, task lists and math; raw HTML shows as text."""

    def __init__(self, code_block: CodeBlock) -> None:
        self._code_block = code_block
        self._cached = lru_cache(maxsize=256)(self._rendered)

    def render(self, text: str, *, prefix: str = "", references: References = ()) -> str:
        """Safe HTML of a whole text, whatever it holds; its code blocks have the ids `{prefix}code-1` and so on."""
        return self._cached(text, prefix, references)

    def incremental(self, *, prefix: str = "", references: References = ()) -> "IncrementalRenderer":
        """A renderer for a text that is still being written."""
        return IncrementalRenderer(self._setting(prefix, references), references)

    def marked(self, text: str, start: int, end: int) -> list[Segment]:
        """The HTML of a text, with what comes from its characters `start` to `end` in marked pieces.

        Code blocks, formulas and images are never marked, a character reference or code span whole or not at all.
        """
        mark = range(*(len(_source(text[:index]).encode()) for index in (start, end)))
        html = "".join(Writer(self._setting("", ()), _source(text), mark=mark).write())
        pieces = re.split(f"[{MARK}{UNMARK}]", html.replace(UNMARK + MARK, ""))
        return [Segment(piece, bool(index % 2)) for index, piece in enumerate(pieces) if piece]

    def _rendered(self, text: str, prefix: str, references: References) -> str:
        definitions = "".join(reference.definition() for reference in references)
        return "".join(Writer(self._setting(prefix, references), f"{definitions}\n{_source(text)}").write())

    def _setting(self, prefix: str, references: References) -> Setting:
        citations = {label_key(each.label): (_source(each.url), _source(each.title)) for each in reversed(references)}
        return Setting(self._code_block, prefix, citations)


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Source that no later line can change, save by a definition; and how many blocks and code blocks precede it."""

    source: str
    blocks: int
    codes: int


class IncrementalRenderer:
    """Renders a text that is still being written: every block once, when it is complete, and the open tail anew.

    `blocks` holds the HTML of complete top-level blocks and only grows, except when a late definition changes some of
    them, which `resets` counts; `tail` is the HTML of the rest. All follow from the text so far, however it was split.
    Joined they are `Markdown.render` of it, but for two things: an open code fence is plain, and a reference is text
    until its definition is complete. Not for use by two threads at once.
    """

    def __init__(self, setting: Setting, references: References) -> None:
        self.blocks: list[str] = []
        self.tail = ""
        self.resets = 0
        self._setting = setting
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)
        self._source = ""  # of the tail
        self._codes = 0
        self._defined: set[str] = set()
        self._definitions = ""
        self._waiting: dict[str, set[_Chunk]] = {}
        self._define(references)

    def feed(self, text: str) -> None:
        """Take in the next piece of the text, split anywhere, and render.

        That takes time in proportion to the open block, whatever came before: feed a frame's worth at a time, and space
        the frames of a huge block by what they took.
        """
        piece = usable(self._newlines.decode(text))
        self._source += piece
        if "\n" in piece and (final := _final_length(self._source)):
            self._commit(self._source[:final])
            self._source = self._source[final:]
        self.tail = "".join(self._writer(self._source, self._codes, live=True).write())

    def finish(self) -> None:
        """Complete the last block: joined, the blocks are now `Markdown.render` of the text. Feed nothing after it."""
        self._commit(self._source + self._newlines.decode("", final=True))
        self._source = self.tail = ""

    def _writer(self, source: str, codes: int, *, live: bool = False) -> Writer:
        front = f"{self._definitions}\n" if "[" in source else ""
        return Writer(self._setting, front + source, codes=codes, live=live)

    def _commit(self, source: str) -> None:
        writer = self._written(_Chunk(source, len(self.blocks), self._codes))
        self.blocks += writer.blocks
        self._codes = writer.codes
        if "]:" in source:
            definitions = pyromark.reference_definitions(source, options=OPTIONS)
            self._define(Reference(label, each["dest"], each["title"] or "") for label, each in definitions.items())

    def _written(self, chunk: _Chunk) -> Writer:
        writer = self._writer(chunk.source, chunk.codes)
        writer.write()
        for key in writer.unresolved:
            self._waiting.setdefault(key, set()).add(chunk)
        return writer

    def _define(self, references: Iterable[Reference]) -> None:
        """Put definitions in front of what comes, of each label only the first; rewrite the chunks that lacked one."""
        late: set[_Chunk] = set()
        for reference in references:
            key = label_key(reference.label)
            if key not in self._defined:
                self._defined.add(key)
                self._definitions += reference.definition()
                late |= self._waiting.pop(key, set())
        changed = [self._rewrite(chunk) for chunk in late]
        self.resets += any(changed)

    def _rewrite(self, chunk: _Chunk) -> bool:
        """Whether the chunk's blocks have changed; a definition changes what they hold, not how many they are."""
        blocks = self._written(chunk).blocks
        place = slice(chunk.blocks, chunk.blocks + len(blocks))
        before, self.blocks[place] = self.blocks[place], blocks
        return before != blocks


class _Block(NamedTuple):
    """A top-level block of a source: the event that starts it, and where it ends, in bytes."""

    kind: str
    end: int


def _source(text: str) -> str:
    """The text with the line ends and characters that an IncrementalRenderer gives it."""
    return usable(text.replace("\r\n", "\n").replace("\r", "\n"))


def _final_length(source: str) -> int:
    """Length in characters of what no later line can change: all up to the end of the last complete block.

    Only lines that ended count. What stands after that block stays out: a definition there may not be complete.
    """
    ended = source[: source.rfind("\n") + 1].encode()
    blocks = _blocks(ended)
    if blocks and not _is_complete(blocks[-1], ended):
        blocks.pop()
    return len(ended[: blocks[-1].end].decode()) if blocks else 0


def _is_complete(last: _Block, ended: bytes) -> bool:
    """Whether the last block cannot go on: text outside of it follows, or a blank line that ends it.

    What a blank line does not end, an open code fence for one, has it in its range, but for lists and indented code.
    """
    after = ended[last.end :]
    return bool(after.strip()) or (after != b"" and not _ENDLESS.search(last.kind))


def _blocks(source: bytes) -> list[_Block]:
    blocks, depth = [], 0
    for event, span in parse(source.decode()):
        if not depth:
            kind = str(event)
            blocks.append(_Block(kind, _list_end(source, span) if "List" in kind else span["end"]))
        depth += ("Start" in event) - ("End" in event)
    return blocks


def _list_end(source: bytes, span: Range) -> int:
    """Where a list ends: pyromark's range may go on over definitions, and they do not belong to it.

    After a blank line only indented lines do.
    """
    text = source[span["start"] : span["end"]].rstrip()
    last = _BLANK_LINE.split(text)[-1]
    return span["start"] + len(text) - len(last) if _DEFINITION.match(last) else span["end"]

"""Markdown to safe HTML, all at once or while it is still being written."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import pyromark
from pyromark.event import LinkDef, Range

from app.ai.markdown_events import OPTIONS, label_key, parse
from app.ai.markdown_writer import BEGINNING, Place, Setting, Writer
from app.ai.safe_html import MARK, UNMARK, usable

_BLANK_LINE = re.compile(rb"\n[ \t]*\n")
_DEFINITION = re.compile(rb" ?\[")
_ENDLESS = re.compile("List|Indented")
_SPECIAL = re.compile(r'[\\<>"&\r\n]')  # in the URL or title of a definition


class CodeBlock(Protocol):
    """Renders a code block; `code` is HTML, escaped and highlighted, and `id` is for the element that holds it."""

    def __call__(self, *, id: str, language: str, code: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Reference:
    """What a citation leads to: `[label]` becomes a link to `url`, and the text cannot define it otherwise.

    `label` is Markdown, as it stands between the brackets; `url` and `title` are plain text.
    """

    label: str
    url: str
    title: str = ""


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
        """Safe HTML of a whole answer, whatever it holds; its code blocks have the ids `{prefix}code-1` and so on."""
        return self._cached(text, prefix, references)

    def incremental(self, *, prefix: str = "", references: References = ()) -> "IncrementalRenderer":
        """A renderer for an answer that is still being written."""
        return IncrementalRenderer(self._answer(prefix, references))

    def marked(self, text: str, start: int, end: int) -> list[Segment]:
        """Safe HTML of a document, with what comes from its characters `start` to `end` in marked pieces.

        Code blocks, formulas and images are never marked, a character reference or code span whole or not at all.
        """
        mark = range(*(len(_source(text[:index]).encode()) for index in (start, end)))
        setting = Setting(self._code_block, prefix="", citations={}, answer=False)
        html = "".join(Writer(setting, _source(text), mark=mark).write())
        pieces = re.split(f"[{MARK}{UNMARK}]", html.replace(UNMARK + MARK, ""))
        return [Segment(piece, bool(index % 2)) for index, piece in enumerate(pieces) if piece]

    def _rendered(self, text: str, prefix: str, references: References) -> str:
        return "".join(Writer(self._answer(prefix, references), _source(text)).write())

    def _answer(self, prefix: str, references: References) -> Setting:
        citations = {label_key(each.label): (_source(each.url), _source(each.title)) for each in reversed(references)}
        return Setting(self._code_block, prefix, citations, answer=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Source that no later line can change, save by a definition; how many blocks precede it, and where it stands."""

    source: str
    blocks: int
    place: Place


class IncrementalRenderer:
    """Renders a text that is still being written: every block once, when it is complete, and the open tail anew.

    `blocks` holds the HTML of complete top-level blocks and only grows, except when a late definition changes some of
    them, which `resets` counts; `tail` is the HTML of the rest. All follow from the text so far, however it was split.
    Joined they are `Markdown.render` of it, but for two things: an open code fence is plain, and a reference is text
    until its definition is complete. Not for use by two threads at once.
    """

    def __init__(self, setting: Setting) -> None:
        self.blocks: list[str] = []
        self.tail = ""
        self.resets = 0
        self._setting = setting
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)
        self._source = ""  # of the tail
        self._place = BEGINNING  # of the tail
        self._defined = set(setting.citations)
        self._definitions = ""
        self._waiting: dict[str, set[_Chunk]] = {}

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
        self.tail = "".join(self._writer(self._source, self._place, live=True).write())

    def finish(self) -> None:
        """Complete the last block: joined, the blocks are now `Markdown.render` of the text. Feed nothing after it."""
        self._commit(self._source + self._newlines.decode("", final=True))
        self._source = self.tail = ""

    def _writer(self, source: str, place: Place, *, live: bool = False) -> Writer:
        front = f"{self._definitions}\n" if "[" in source else ""
        return Writer(self._setting, front + source, place=place, live=live)

    def _commit(self, source: str) -> None:
        writer = self._written(_Chunk(source, len(self.blocks), self._place))
        self.blocks += writer.blocks
        self._place = writer.place
        if "]:" in source:
            self._define(pyromark.reference_definitions(source, options=OPTIONS))

    def _written(self, chunk: _Chunk) -> Writer:
        writer = self._writer(chunk.source, chunk.place)
        writer.write()
        for key in writer.unresolved:
            self._waiting.setdefault(key, set()).add(chunk)
        return writer

    def _define(self, definitions: Mapping[str, LinkDef]) -> None:
        """Put definitions in front of what comes, of each label only the first; rewrite the chunks that lacked one."""
        late: set[_Chunk] = set()
        for label, definition in definitions.items():
            key = label_key(label)
            if key not in self._defined:
                self._defined.add(key)
                self._definitions += _definition_line(label, definition)
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


def _definition_line(label: str, definition: LinkDef) -> str:
    """The definition as one line of Markdown, to be read again."""
    dest, title = (
        _SPECIAL.sub(lambda special: f"&#{ord(special[0])};", each)
        for each in (definition["dest"], definition["title"] or "")
    )
    return f'[{label}]: <{dest}> "{title}"\n'


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

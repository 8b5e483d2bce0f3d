"""Writes pyromark's events as safe HTML.

Two fences stand between a model and the page: the writer makes every element itself and escapes every text, so that
HTML in the source shows as text; then `clean` drops whatever is not on its lists.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pyromark
from pyromark import Options
from pyromark.event import BrokenLink, BrokenLinkCallback, Event, Range

from app.ai.notation import formula, highlighted
from app.ai.safe_html import MARK, UNMARK, clean, element, end_tag, escape, start_tag, usable

OPTIONS = Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH | Options.ENABLE_TASKLISTS | Options.ENABLE_MATH

_MAX_DEPTH = 100  # nested elements: browsers stop at 512, and the time of nh3 grows with the square of the depth

_URL_SAFE = "-_.+!*'(),%#@?=;:/$&~"
_SAME_SITE = re.compile(r"#|/(?!/)")
_LABEL = re.compile(r"\[([^\[\]]+)\]")
_ELEMENTS = {
    "Paragraph": "p",
    "HtmlBlock": "p",
    "BlockQuote": "blockquote",
    "Item": "li",
    "Emphasis": "em",
    "Strong": "strong",
    "Strikethrough": "del",
}
# The delimiter row of too wide a table: every row gets all its columns, so 20 kB of text could make 25 million cells.
_WIDE_TABLE = re.compile(r"^(?=(?:[^|\n]*\|){50})([ \t>|:]*)-(?=[-:|> \t]*$)", re.MULTILINE)
_NESTING = frozenset({"blockquote", "ol", "ul", "em", "strong", "del"})
_TEXTS = frozenset({"Text", "Code", "InlineMath", "DisplayMath", "InlineHtml"})
_SPACES = frozenset({"SoftBreak", "HardBreak"})


def label_key(label: str) -> str:
    """What two spellings of a link label have in common when they match."""
    return " ".join(label.split()).casefold()


def parse(
    source: str, *, merge_text: bool = True, on_broken_link: BrokenLinkCallback | None = None
) -> Iterator[tuple[Event, Range]]:
    """The events of a text, with their ranges in its UTF-8 bytes; a table that is too wide is a paragraph."""
    narrow = _WIDE_TABLE.sub(r"\1=", source)  # as many bytes
    return pyromark.events_with_range(
        narrow, options=OPTIONS, merge_text=merge_text, broken_link_callback=on_broken_link
    )


def _named(value: Any) -> tuple[str, Any]:
    """Name and payload of an event or a tag, which pyromark gives as a bare name or as a dict of one key."""
    return (value, None) if isinstance(value, str) else next(iter(value.items()))


def _link_attributes(url: str, title: str) -> dict[str, str]:
    href = quote(url, safe=_URL_SAFE)
    rel = {} if _SAME_SITE.match(href) else {"rel": "nofollow noopener"}
    return {"href": href} | ({"title": title} if title else {}) | rel


@dataclass(frozen=True, slots=True)
class Setting:
    """What all pieces of one text share; `citations` holds URL and title by the label's key."""

    code_block: Callable[..., str]
    prefix: str
    citations: Mapping[str, tuple[str, str]]


class Writer:
    """Writes a piece of Markdown; `blocks` is the HTML of its top-level blocks once `write` was called.

    `codes` counts the code blocks so far; `unresolved` gathers the keys of the labels that no definition was found for.
    More text follows a `live` piece, so a fence that is open at its end is written plainly. Text from the bytes `mark`
    of the source is put between marks.
    """

    def __init__(
        self, setting: Setting, source: str, *, codes: int = 0, live: bool = False, mark: range = range(0)
    ) -> None:
        self.blocks: list[str] = []
        self.codes = codes
        self.unresolved: set[str] = set()
        self._setting = setting
        self._source = source.encode()
        self._open_end = len(self._source) if live else None
        self._mark = mark
        self._out: list[str] = []
        self._ends: list[str] = []
        self._link: tuple[int, str] | None = None
        self._cell_start = -1
        self._cell_tag = "td"
        self._columns: tuple[str, ...] = ()
        self._alignments: Iterator[str] = iter(())
        self._events = parse(source, merge_text=not mark, on_broken_link=self._note_unresolved)

    def write(self) -> list[str]:
        """Write it all, once."""
        for event, span in self._events:
            name, value = _named(event)
            _EVENTS[name](self, value, span)
            if not self._ends:
                self.blocks.append(clean("".join(self._out)))
                self._out.clear()
        return self.blocks

    def _note_unresolved(self, link: BrokenLink) -> None:
        self.unresolved.add(label_key(link["reference"]))

    def _start(self, tag: object, span: Range) -> None:
        name, value = _named(tag)
        if name in _STARTS:
            _STARTS[name](self, value, span)
        else:
            self._enter(_ELEMENTS[name])

    def _enter(self, name: str, attributes: Mapping[str, str] = {}) -> None:
        """Open an element, or leave it out where that would nest too deep, and with a list its items."""
        left_out = len(self._ends) >= _MAX_DEPTH if name in _NESTING else name == "li" and not self._ends[-1]
        self._out.append("" if left_out else start_tag(name, attributes))
        self._ends.append("" if left_out else end_tag(name))

    def _end(self, tag: object, _span: Range) -> None:
        name, _ = _named(tag)
        if name == "Link":
            self._end_link()
        elif name == "TableCell" and len(self._out) == self._cell_start and self._cell_tag == "th":
            self._out[-1], self._ends[-1] = start_tag("td"), end_tag("td")  # an empty header names nothing
        self._out.append(self._ends.pop())
        if name == "TableHead":
            self._cell_tag = "td"

    def _end_link(self) -> None:
        if self._link and self._link[0] == len(self._out):  # a link without a text has no name to be read out
            self._out.append(escape(self._link[1]))
        self._link = None

    def _plain(self) -> str:
        """The text up to the end of the element just started, without its markup."""
        texts, depth = [], 1
        for event, _ in self._events:
            name, value = _named(event)
            depth += (name == "Start") - (name == "End")
            if not depth:
                break
            texts.append(value if name in _TEXTS else " " * (name in _SPACES))
        return "".join(texts)

    def _heading(self, heading: Mapping[str, str], _span: Range) -> None:
        self._enter(heading["level"].lower())

    def _list(self, first: int | None, _span: Range) -> None:
        start = {} if first in (None, 1) else {"start": str(first)}
        self._enter("ul" if first is None else "ol", start)

    def _table(self, columns: tuple[str, ...], _span: Range) -> None:
        self._columns = columns
        self._out.append(start_tag("table"))
        self._ends.append(end_tag("tbody") + end_tag("table"))

    def _table_head(self, _value: None, _span: Range) -> None:
        self._cell_tag, self._alignments = "th", iter(self._columns)
        self._out.append(start_tag("thead") + start_tag("tr"))
        self._ends.append(end_tag("tr") + end_tag("thead") + start_tag("tbody"))

    def _table_row(self, _value: None, _span: Range) -> None:
        self._alignments = iter(self._columns)
        self._enter("tr")

    def _cell(self, _value: None, _span: Range) -> None:
        align = next(self._alignments, "None").lower()  # as an attribute: the CSP forbids style
        scope = {"scope": "col"} if self._cell_tag == "th" else {}
        self._enter(self._cell_tag, scope | ({} if align == "none" else {"align": align}))
        self._cell_start = len(self._out)

    def _code_block(self, kind: object, span: Range) -> None:
        _, info = _named(kind)
        code = self._plain()
        self.codes += 1
        if info is not None and span["end"] == self._open_end:
            self._out.append(_open_code(code))
            return
        language = next(iter(usable(info or "").split()), "")
        id_ = f"{self._setting.prefix}code-{self.codes}"
        self._out.append(self._setting.code_block(id=id_, language=language, code=highlighted(code, language)))

    def _link_start(self, link: Mapping[str, str], span: Range) -> None:
        if labels := self._cited(link, span):
            self._plain()
            self._out += [self._citation(label) for label in labels]
            return
        url = "mailto:" * (link["link_type"] == "Email") + link["dest_url"]
        self._enter("a", _link_attributes(url, link["title"]))
        self._link = len(self._out), url

    def _cited(self, link: Mapping[str, str], span: Range) -> list[str]:
        """The labels of citations: of `[1]`, and both of `[1][2]`, which Markdown reads as a link with the text 1."""
        if link["link_type"] not in ("Shortcut", "Reference"):
            return []
        source = self._source[span["start"] : span["end"]].decode()
        labels = _LABEL.findall(source)
        cited = "".join(f"[{label}]" for label in labels) == source
        return labels if cited and all(label_key(label) in self._setting.citations for label in labels) else []

    def _citation(self, label: str) -> str:
        """A citation keeps its brackets."""
        return element("a", escape(f"[{label}]"), _link_attributes(*self._setting.citations[label_key(label)]))

    def _image(self, image: Mapping[str, str], _span: Range) -> None:
        """An image of this site; any other is a link to it, because the CSP would block it."""
        url, alt = image["dest_url"], self._plain()
        attributes = _link_attributes(url, image["title"])
        if "rel" not in attributes:
            attributes["src"] = attributes.pop("href")
            self._out.append(start_tag("img", attributes | {"alt": alt}))
        elif self._link:
            self._out.append(escape(alt or url))
        else:
            self._out.append(element("a", escape(alt or url), attributes))

    def _text(self, text: str, span: Range) -> None:
        start, end = max(span["start"], self._mark.start), min(span["end"], self._mark.stop)
        if start >= end:
            self._out.append(escape(text))
            return
        data, origin = text.encode(), span["start"]
        if data != self._source[origin : span["end"]]:  # a character reference or a code span, which cannot be divided
            start, end = origin, origin + len(data)
        before, marked, after = data[: start - origin], data[start - origin : end - origin], data[end - origin :]
        self._out += [escape(before.decode()), MARK, escape(marked.decode()), UNMARK, escape(after.decode())]

    def _code(self, code: str, span: Range) -> None:
        self._out.append(start_tag("code"))
        self._text(code, span)
        self._out.append(end_tag("code"))

    def _task(self, done: object, _span: Range) -> None:
        checked = {"checked": ""} if done else {}
        name = "Done" if done else "To do"
        self._out.append(start_tag("input", {"type": "checkbox", "disabled": "", "aria-label": name} | checked) + " ")

    def _inline_math(self, tex: str, _span: Range) -> None:
        self._out.append(formula(tex, "inline"))

    def _display_math(self, tex: str, _span: Range) -> None:
        self._out.append(formula(tex, "block"))

    def _soft_break(self, _value: None, _span: Range) -> None:
        self._out.append("\n")

    def _hard_break(self, _value: None, _span: Range) -> None:
        self._out.append(start_tag("br"))

    def _rule(self, _value: None, _span: Range) -> None:
        self._out.append(start_tag("hr"))


def _open_code(code: str) -> str:
    """Code whose fence is open: it only ever grows, so a last line that may become the closing fence is held back."""
    lines, _, last = code.rpartition("\n")
    shown = code if last.strip(" \t`~") else lines
    return element("pre", element("code", escape(shown)), {"tabindex": "0"})


_Handler = Callable[[Writer, Any, Range], None]
_EVENTS: dict[str, _Handler] = {
    "Start": Writer._start,
    "End": Writer._end,
    "Text": Writer._text,
    "Html": Writer._text,
    "InlineHtml": Writer._text,
    "Code": Writer._code,
    "InlineMath": Writer._inline_math,
    "DisplayMath": Writer._display_math,
    "SoftBreak": Writer._soft_break,
    "HardBreak": Writer._hard_break,
    "Rule": Writer._rule,
    "TaskListMarker": Writer._task,
}
_STARTS: dict[str, _Handler] = {
    "Heading": Writer._heading,
    "List": Writer._list,
    "CodeBlock": Writer._code_block,
    "Table": Writer._table,
    "TableHead": Writer._table_head,
    "TableRow": Writer._table_row,
    "TableCell": Writer._cell,
    "Link": Writer._link_start,
    "Image": Writer._image,
}

"""Writes pyromark's events as safe HTML.

Two fences stand between a model and the page: the writer makes every element itself and escapes every text, so that
HTML in the source shows as text; then `clean` drops whatever is not on its lists.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pyromark.event import BrokenLink, Range

from app.ai.markdown_events import label_key, named, parse, with_dollars
from app.ai.notation import formula, highlighted, open_code
from app.ai.safe_html import MARK, UNMARK, clean, element, end_tag, escape, link_attributes, start_tag, usable

_MAX_DEPTH = 100  # nested elements: browsers stop at 512, and the time of nh3 grows with the square of the depth

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
_NESTING = frozenset({"blockquote", "ol", "ul", "em", "strong", "del"})
_TEXTS = frozenset({"Text", "Code", "InlineMath", "DisplayMath", "InlineHtml"})


@dataclass(frozen=True, slots=True)
class Setting:
    r"""What all pieces of one text share; `citations` holds URL and title by the label's key.

    An `answer` stands on a page that has its `h1`, and may write TeX as models do, between `\(` and `\)`. Any other
    text is a page of its own, by people, who escape brackets to have brackets.
    """

    code_block: Callable[..., str]
    prefix: str
    citations: Mapping[str, tuple[str, str]]
    answer: bool


class Place(NamedTuple):
    """Where in its text a piece stands: after how many code blocks, and below headings of which levels."""

    codes: int = 0
    headings: tuple[int, ...] = ()


BEGINNING = Place()


class Writer:
    """Writes a piece of Markdown; `blocks` is the HTML of its top-level blocks once `write` was called.

    `place` is where the piece stands, afterwards where the next one does; `unresolved` gathers the keys of the labels
    that no definition was found for. More text follows a `live` piece, so a fence that is open at its end is written
    plainly. Text from the bytes `mark` of the source is put between marks.
    """

    def __init__(
        self, setting: Setting, source: str, *, place: Place = BEGINNING, live: bool = False, mark: range = range(0)
    ) -> None:
        self.blocks: list[str] = []
        self.place = place
        self.unresolved: set[str] = set()
        self._setting = setting
        self._source = source.encode()
        self._open_end = len(self._source) if live else None
        self._mark = mark
        self._out: list[str] = []
        self._ends: list[str] = []
        self._opened = 0  # the length of `_out` after the newest start tag
        self._link: str | None = None
        self._cell_tag = "td"
        self._columns: tuple[str, ...] = ()
        self._alignments: Iterator[str] = iter(())
        readable = with_dollars(source, self._resolved) if setting.answer else source
        self._events = parse(readable, merge_text=not mark, on_broken_link=self._resolved)

    def write(self) -> list[str]:
        """Write it all, once."""
        for event, span in self._events:
            name, value = named(event)
            _EVENTS[name](self, value, span)
            if not self._ends:
                self.blocks.append(clean("".join(self._out)))
                self._out.clear()
        return self.blocks

    def _resolved(self, link: BrokenLink) -> tuple[str, str] | None:
        """A link that the text does not define: to what it cites, which `_target` says, or none."""
        key = label_key(link["reference"])
        if key in self._setting.citations:
            return "", ""
        self.unresolved.add(key)
        return None

    def _target(self, link: Mapping[str, str]) -> tuple[str, str]:
        """URL and title of a link or an image; what it cites goes before what the text defines."""
        defined = link["dest_url"], link["title"]
        return self._setting.citations.get(label_key(link["id"]), defined)

    def _start(self, tag: object, span: Range) -> None:
        name, value = named(tag)
        if name in _STARTS:
            _STARTS[name](self, value, span)
        else:
            self._enter(_ELEMENTS[name])

    def _enter(self, name: str, attributes: Mapping[str, str] = {}) -> None:
        """Open an element, or leave it out where that would nest too deep, and with a list its items."""
        left_out = len(self._ends) >= _MAX_DEPTH if name in _NESTING else name == "li" and not self._ends[-1]
        self._out.append("" if left_out else start_tag(name, attributes))
        self._ends.append("" if left_out else end_tag(name))
        self._opened = len(self._out)

    def _end(self, tag: object, _span: Range) -> None:
        name, _ = named(tag)
        if len(self._out) == self._opened:
            self._end_empty(name)
        self._out.append(self._ends.pop())
        if name == "TableHead":
            self._cell_tag = "td"
        elif name == "Link":
            self._link = None

    def _end_empty(self, name: str) -> None:
        """What has no text has no name to be read out: so a link shows its URL, and no header or heading is left."""
        if name == "Link":
            self._out.append(escape(self._link or ""))
        elif name == "TableCell":
            self._out[-1], self._ends[-1] = start_tag("td"), end_tag("td")
        elif name == "Heading":
            self._out[-1] = self._ends[-1] = ""
            self.place = self.place._replace(headings=self.place.headings[:-1])

    def _plain(self) -> str:
        """The text up to the end of the element just started, without its markup."""
        texts, depth = [], 1
        for event, _ in self._events:
            name, value = named(event)
            depth += (name == "Start") - (name == "End")
            if not depth:
                break
            texts.append(value if name in _TEXTS else " " * name.endswith("Break"))
        return "".join(texts)

    def _heading(self, heading: Mapping[str, str], _span: Range) -> None:
        """A heading one deeper than the one that it is below, whatever its own level, so that none is skipped."""
        level = int(heading["level"].removeprefix("H"))
        above = tuple(each for each in self.place.headings if each < level)
        self.place = self.place._replace(headings=(*above, level))
        top = 2 if self._setting.answer else 1
        self._enter(f"h{min(top + len(above), 6)}")

    def _list(self, first: int | None, _span: Range) -> None:
        start = {} if first in (None, 1) else {"start": str(first)}
        self._enter("ul" if first is None else "ol", start)

    def _table(self, columns: tuple[str, ...], _span: Range) -> None:
        """A table in a box that scrolls; a group rather than a region, which would need a name of its own."""
        self._columns = columns
        box = {"class": "table-scroll", "tabindex": "0", "role": "group", "aria-label": "Table"}
        self._out.append(start_tag("div", box) + start_tag("table"))
        self._ends.append(end_tag("tbody") + end_tag("table") + end_tag("div"))

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

    def _code_block(self, kind: object, span: Range) -> None:
        _, info = named(kind)
        code = self._plain()
        self.place = self.place._replace(codes=self.place.codes + 1)
        if info is not None and span["end"] == self._open_end:
            self._out.append(open_code(code))
            return
        language = next(iter(usable(info or "").split()), "")
        id_ = f"{self._setting.prefix}code-{self.place.codes}"
        self._out.append(self._setting.code_block(id=id_, language=language, code=highlighted(code, language)))

    def _link_start(self, link: Mapping[str, str], span: Range) -> None:
        if labels := self._cited(link, span):
            self._plain()
            self._out += [self._citation(label) for label in labels]
            return
        url, title = self._target(link)
        url = "mailto:" * (link["link_type"] == "Email") + url
        self._enter("a", link_attributes(url, title))
        self._link = url

    def _cited(self, link: Mapping[str, str], span: Range) -> list[str]:
        """The labels of citations: of `[1]`, and both of `[1][2]`, which Markdown reads as a link with the text 1."""
        if link["link_type"].removesuffix("Unknown") not in ("Shortcut", "Reference"):
            return []
        source = self._source[span["start"] : span["end"]].decode()
        labels = _LABEL.findall(source)
        cited = "".join(f"[{label}]" for label in labels) == source
        return labels if cited and all(label_key(label) in self._setting.citations for label in labels) else []

    def _citation(self, label: str) -> str:
        """A citation keeps its brackets."""
        return element("a", escape(f"[{label}]"), link_attributes(*self._setting.citations[label_key(label)]))

    def _image(self, image: Mapping[str, str], _span: Range) -> None:
        """An image of this site; any other is a link to it, because the CSP would block it."""
        (url, title), alt = self._target(image), self._plain()
        attributes = link_attributes(url, title)
        if "rel" not in attributes:
            attributes["src"] = attributes.pop("href")
            self._out.append(start_tag("img", attributes | {"alt": alt}))
        elif self._link is not None:
            self._out.append(escape(alt or url))
        else:
            self._out.append(element("a", escape(alt or url), attributes))

    def _text(self, text: str, span: Range) -> None:
        if self._mark:
            self._marked_text(text, span)
        else:
            self._out.append(escape(text))

    def _marked_text(self, text: str, span: Range) -> None:
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

    def _inline_math(self, tex: str, span: Range) -> None:
        in_braces = self._source.startswith(rb"\(", span["start"])  # as `with_dollars` puts it
        self._out.append(formula(tex[1:-1] if in_braces else tex, "inline"))

    def _display_math(self, tex: str, _span: Range) -> None:
        self._out.append(formula(tex, "block"))


_Handler = Callable[[Writer, Any, Range], None]


def _writes(html: str) -> _Handler:
    return lambda writer, _value, _span: writer._out.append(html)


_EVENTS: dict[str, _Handler] = {
    "Start": Writer._start,
    "End": Writer._end,
    "Text": Writer._text,
    "Html": Writer._text,
    "InlineHtml": Writer._text,
    "Code": Writer._code,
    "InlineMath": Writer._inline_math,
    "DisplayMath": Writer._display_math,
    "SoftBreak": _writes("\n"),
    "HardBreak": _writes("<br>"),
    "Rule": _writes("<hr>"),
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

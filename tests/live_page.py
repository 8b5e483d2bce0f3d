"""What a browser does with an answer's stream: parse server-sent events, apply `hx-partial`s, remember the cursor."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree, html
from lxml.html import HtmlElement as Element

PAGE = '<article id="answer"><div data-blocks=""></div><div data-tail=""></div></article>'


@dataclass(slots=True)
class Event:
    data: str = ""
    id: str | None = None
    event: str = ""


def events(text: str) -> Iterator[Event]:
    """The complete events of a piece of a stream; comments are passed by."""
    for block in text.split("\n\n")[:-1]:
        event, data = Event(), []
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            if name == "data":
                data.append(value)
            elif name == "id":
                event.id = value
            elif name == "event":
                event.event = value
        event.data = "\n".join(data)
        if data or event.event:
            yield event


def fragment(markup: str) -> list[Element | str]:
    return html.fragments_fromstring(markup) if markup.strip() else []


@dataclass(slots=True)
class LivePage:
    """The article of a streaming answer in one tab."""

    root: Element = field(default_factory=lambda: fragment(PAGE)[0])
    cursor: str = ""
    final: str = ""
    done: bool = False

    def take(self, event: Event) -> None:
        if event.id is not None:
            self.cursor = event.id
        self.done = self.done or event.event == "done"
        for partial in fragment(event.data):
            assert not isinstance(partial, str), f"bare text {partial!r}"
            self._swap(partial)

    def _swap(self, partial: Element) -> None:
        target, swap = partial.get("hx-target") or "", partial.get("hx-swap")
        if swap == "outerHTML":
            self.final = inner(partial)
            return
        (place,) = self.root.cssselect(target.removeprefix("find ").replace(">", " > "))
        if swap == "innerHTML":
            place.text = None
            del place[:]
        append_text(place, partial.text or "")
        place.extend(list(partial))

    @property
    def html(self) -> str:
        return inner(self.root)


def append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def inner(element: Element) -> str:
    children = "".join(etree.tostring(child, encoding="unicode", method="html") for child in element)
    return (element.text or "") + children

"""An answer while it is being written: one writer, any number of followers, nothing sent twice."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from app.ai.markdown import IncrementalRenderer

CLOSING_TAGS = re.compile(r"(?:</[a-z0-9]+>\n?)+\Z")
TAG_NAME = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Frame:
    """What changes on a follower's page.

    `cursor` is the number of committed blocks that the page holds afterwards: all that a resume needs. `blocks` are
    appended to them, or with `replace` take their place. `tail` (None: as it was) replaces the open tail, or with
    `grows`, the selector of an element in it, is plain text that this element grows by.
    """

    cursor: int
    blocks: str = ""
    replace: bool = False
    tail: str | None = None
    grows: str = ""


@dataclass(slots=True)
class Shown:
    """What one follower's page holds; a tail of None is unknown."""

    cursor: int
    resets: int
    tail: str | None = None


class Leave:
    """How one follower is told to leave before the end."""

    def __init__(self) -> None:
        self.over = False
        self._wake: Callable[[], None] | None = None

    def now(self) -> None:
        self.over = True
        if self._wake:
            self._wake()

    def heard_by(self, wake: Callable[[], None]) -> None:
        """`wake` is what makes the follower look up."""
        self._wake = wake


class LiveText:
    """The text so far, and whoever waits for more of it."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.ended = False
        self._changed = asyncio.Event()

    def append(self, text: str) -> None:
        """Add what the model wrote and wake the followers."""
        self.text += text
        self._wake()

    def end(self) -> None:
        """Say that no more will come; followers leave after the last of it."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def texts(self, after: int, leave: Leave) -> AsyncGenerator[str, None]:
        """Yield the text from this character on, then what is added until the end, or `leave`."""
        leave.heard_by(self._wake)
        while not leave.over:
            changed, ended = self._changed, self.ended
            if added := self.text[after:]:
                after += len(added)
                yield added
            if ended:
                return
            await changed.wait()


class LiveAnswer(LiveText):
    """The same of an answer, with its incremental rendering."""

    def __init__(self, id: int, renderer: IncrementalRenderer, text: str = "") -> None:
        super().__init__(text)
        self.id = id
        self.render_seconds = 0.0
        self._renderer = renderer
        self._unrendered = text

    def append(self, text: str) -> None:
        self._unrendered += text
        super().append(text)

    def rendered(self) -> IncrementalRenderer:
        """The renderer, up to date. Rendering waits for a reader, so an answer that nobody watches costs nothing."""
        if self._unrendered:
            began = time.perf_counter()
            self._renderer.feed(self._unrendered)
            self._unrendered = ""
            self.render_seconds = time.perf_counter() - began
        return self._renderer

    async def frames(self, after: int, leave: Leave, *, growing: bool = True) -> AsyncGenerator[Frame, None]:
        """Yield what a page that holds `after` committed blocks lacks, then every change until the end, or `leave`.

        Without `growing` every tail comes whole, for pages that cannot add to an element.
        """
        leave.heard_by(self._wake)
        shown = Shown(cursor=after, resets=0)
        while not leave.over:
            changed, ended = self._changed, self.ended
            if frame := self._frame(shown, growing=growing):
                yield frame
            if ended:
                return
            await changed.wait()

    def _frame(self, shown: Shown, *, growing: bool) -> Frame | None:
        """Compare with the newest rendering; None when there is nothing to say."""
        now = self.rendered()
        replace = shown.cursor > 0 and (shown.resets != now.resets or shown.cursor > len(now.blocks))
        blocks = "".join(now.blocks if replace else now.blocks[shown.cursor :])
        tail, grows = _tail_change(shown.tail, now.tail, growing=growing and not blocks)
        nothing_yet = shown.tail is None and not now.blocks and not now.tail and not shown.cursor
        shown.cursor, shown.resets, shown.tail = len(now.blocks), now.resets, now.tail
        if nothing_yet or (tail is None and not blocks and not replace):
            return None
        return Frame(shown.cursor, blocks, replace, tail, grows)


def _tail_change(shown: str | None, tail: str, *, growing: bool) -> tuple[str | None, str]:
    """Choose between leaving the tail (None), growing an element of it by text, and replacing it."""
    if shown == tail:
        return None, ""
    if not growing or not shown or not (end := CLOSING_TAGS.search(shown)):
        return tail, ""
    head, closing = shown[: end.start()], end.group()
    added = tail[len(head) : len(tail) - len(closing)]
    if "<" in added or head + added + closing != tail:
        return tail, ""
    # Innermost first in the markup, outermost first in the selector. Text goes to the end of the innermost.
    return added, "".join(f">{name}:last-child" for name in reversed(TAG_NAME.findall(closing)))

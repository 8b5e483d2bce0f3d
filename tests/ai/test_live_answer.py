"""Frames: whoever follows from wherever, the page ends the same and nothing is sent twice."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ai.live_answer import Frame, Leave, LiveAnswer
from app.ai.markdown import Markdown
from app.config import Settings
from app.templating import Templates
from tests.live_page import Event, LivePage
from tests.model_server import TOKENS

TEMPLATES = Templates(Settings())
MARKDOWN: Markdown = TEMPLATES.markdown
BITS = ["a", " *b*", "\n\n", "- c\n", "`d", "`", "\n```\n", "[x]", "\n\n[x]: /y\n\n", "|", "# ", "&", "<"]
PIECES = ["".join(TOKENS[at : at + 4]) for at in range(0, len(TOKENS), 4)]  # as they come, a frame at a time


def event(frame: Frame) -> Event:
    template = TEMPLATES.env.get_template("partials/frame.html")
    return Event(template.render(frame=frame), id=str(frame.cursor))


async def run(pieces: Sequence[str], cut_after: int | None = None) -> tuple[LivePage, int]:
    """Follow an answer to its end, leaving once after so many frames; return the page and how many frames came."""
    live, page, count = LiveAnswer(1, MARKDOWN.incremental()), LivePage(), 0
    writer = asyncio.create_task(write(live, pieces))
    follower = live.frames(0, Leave())
    async for frame in follower:
        page.take(event(frame))
        count += 1
        if count == cut_after:
            break
    await follower.aclose()
    if cut_after is not None:
        async for frame in live.frames(int(page.cursor or 0), Leave()):
            page.take(event(frame))
    await writer
    return page, count


async def write(live: LiveAnswer, pieces: Sequence[str]) -> None:
    for piece in pieces:
        live.append(piece)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    live.end()


async def test_cut_at_every_frame_the_page_ends_the_same() -> None:
    whole, frames = await run(PIECES)
    assert frames > 80
    for cut_after in range(1, frames):
        page, _ = await run(PIECES, cut_after)
        assert page.html == whole.html, cut_after


async def test_the_page_holds_what_one_rendering_gives() -> None:
    page, _ = await run(PIECES)
    expected = LivePage()
    expected.take(event(Frame(cursor=0, blocks=MARKDOWN.render("".join(TOKENS)))))
    strip = str.maketrans("", "", "\n")
    assert text_of(page).translate(strip) == text_of(expected).translate(strip)


def text_of(page: LivePage) -> str:
    return "".join(page.root.itertext())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(BITS)), st.data())
def test_any_text_any_cut(pieces: list[str], data: st.DataObject) -> None:
    whole, frames = asyncio.run(run(pieces))
    cut_after = data.draw(st.integers(1, max(1, frames)))
    page, _ = asyncio.run(run(pieces, cut_after))
    assert page.html == whole.html


async def test_an_open_paragraph_grows_by_its_new_words_only() -> None:
    live = LiveAnswer(1, MARKDOWN.incremental())
    frames = live.frames(0, Leave())
    sent = []
    for piece in ("Once ", "upon ", "a *time*", " there", " was"):
        live.append(piece)
        sent.append(await anext(frames))
    assert [frame.grows for frame in sent] == ["", ">p:last-child", "", "", ">p:last-child"]
    assert sent[1].tail == " upon"


async def test_followers_that_come_late_get_all_at_once() -> None:
    live = LiveAnswer(1, MARKDOWN.incremental())
    live.append("One\n\nTwo\n\nThree")
    frame = await anext(live.frames(0, Leave()))
    assert (frame.cursor, frame.tail) == (2, "<p>Three</p>")
    resumed = await anext(live.frames(1, Leave()))
    assert "One" not in resumed.blocks and "Two" in resumed.blocks


@pytest.mark.parametrize("after", [7, 1_000_000])
async def test_a_cursor_that_cannot_be_starts_over(after: int) -> None:
    live = LiveAnswer(1, MARKDOWN.incremental())
    live.append("One\n\nTwo")
    frame = await anext(live.frames(after, Leave()))
    assert frame.replace and "One" in frame.blocks and frame.cursor == 1

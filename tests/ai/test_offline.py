"""The answers that need no model."""

import time
from itertools import pairwise

import pyromark
import pytest

from app.ai.offline import OfflineProvider, compose
from app.ai.providers import Delta, Prompt, Source, Turn

QUESTION = (Turn("user", "How do I deploy it?"),)
SOURCES = (
    Source(1, "Deploying", "Docker", "Run `docker compose up`. It builds.", "Run `docker compose up`."),
    Source(2, "Deploying", "Docker", "Ports are open.", "Ports are open."),
    Source(3, "Deploying", "Secrets", "Set one.", "Set a secret first."),
    Source(4, "Deploying", "Secrets", "It refuses.", "It refuses to start without."),
    Source(5, "Tutorial", "", "Try it.", "Try it locally."),
)


def prompt(*sources: Source, known: tuple[str, ...] = (), continuation: str = "") -> Prompt:
    return Prompt("offline", QUESTION, sources, known=known, continuation=continuation)


async def deltas(prompt: Prompt, rate: float = 0) -> list[Delta]:
    return [delta async for delta in OfflineProvider(rate).stream(prompt)]


async def said(prompt: Prompt) -> str:
    return "".join(delta.text for delta in await deltas(prompt))


async def test_the_best_quote_first_then_the_others_where_they_stand() -> None:
    assert (await said(prompt(*SOURCES))).split("\n\n") == [
        "Run `docker compose up`. [1]",
        "Ports are open. [2]",
        "**Deploying, Secrets**",
        "Set a secret first. [3]",
        "It refuses to start without. [4]",
        "**Tutorial**",
        "Try it locally. [5]",
    ]


@pytest.mark.parametrize(
    ("quote", "element"),
    [
        ("Run this:\n\n```sh\nfastopp serve\n```", "</code></pre>"),
        ("```sh\nfastopp serve", "</code></pre>"),
        ("- one\n- two", "</ul>"),
        ("1. one\n2. two", "</ol>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "</table>"),
    ],
)
async def test_a_number_stands_after_a_block_and_not_in_it(quote: str, element: str) -> None:
    answer = await said(prompt(Source(1, "T", "H", quote, quote), SOURCES[2]))
    html = pyromark.html(answer, options=pyromark.Options.ENABLE_TABLES)
    block, _, after = html.partition(element)
    assert "[1]" not in block
    assert after.strip().startswith("<p>[1]</p>")


async def test_a_wrapped_sentence_keeps_its_number_in_line() -> None:
    quote = "A sentence that is\nwrapped."
    assert await said(prompt(Source(1, "T", "H", quote, quote))) == f"{quote} [1]"


async def test_what_it_does_not_know_is_said_with_what_it_knows() -> None:
    answer = await said(prompt(known=("Deploying", "Tutorial")))
    assert answer == "Nothing in your documents answers this. They are about:\n\n- Deploying\n- Tutorial"


async def test_many_titles_are_counted() -> None:
    answer = await said(prompt(known=tuple(f"Document {i}" for i in range(1, 12))))
    assert "- Document 8\n- and 3 more" in answer
    assert "Document 9" not in answer


async def test_without_documents_it_tells_how_to_add_some() -> None:
    assert "`fastopp seed`" in await said(prompt())


async def test_words_are_counted_as_tokens() -> None:
    last = (await deltas(prompt(SOURCES[0])))[-1]
    assert last == Delta(finish_reason="stop", prompt_tokens=5, completion_tokens=5)


async def test_words_come_one_by_one_at_their_pace() -> None:
    began = time.monotonic()
    received = await deltas(prompt(*SOURCES), rate=200)
    words = len(compose(prompt(*SOURCES)).split())
    assert 0.9 * words / 200 < time.monotonic() - began < 0.5
    assert len(received) > words / 2
    assert received[0].text == "Run"
    assert "".join(delta.text for delta in received) == compose(prompt(*SOURCES))


async def test_a_continuation_is_what_follows_it() -> None:
    answer = await said(prompt(*SOURCES))
    for before, after in pairwise((0, 3, 40, len(answer))):
        assert answer[:after] + await said(prompt(*SOURCES, continuation=answer[:after])) == answer, before


async def test_a_continuation_of_something_else_is_followed_by_the_whole_answer() -> None:
    answer = await said(prompt(*SOURCES))
    assert await said(prompt(*SOURCES, continuation="Once upon a time")) == f"\n\n{answer}"


async def test_closing_it_needs_nothing() -> None:
    await OfflineProvider().close()

"""The answerer that needs no model and no key: it quotes the documents, and never pretends to be more than that."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from itertools import groupby
from operator import attrgetter

from app.ai.providers import Delta, Prompt, Source

SHOWN_TITLES = 8
WORD = re.compile(r"\s*\S+|\s+")
BLOCK = re.compile(r"^\s*([-*+]\s|\d+[.)]\s|[>|#]|```|~~~|[-=]+\s*$)|^( {4}|\t)", re.MULTILINE)
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
NO_DOCUMENTS = """There are no documents to answer from yet. \
Add some, or run `fastopp seed` to load the example documents, and ask again."""


class OfflineProvider:
    """Answers from the sources alone, as a provider like any other; `tokens_per_second` counts words, 0 is at once."""

    label = "Offline: quoted from your documents"
    models: tuple[str, ...] = ("offline",)

    def __init__(self, tokens_per_second: float = 60) -> None:
        self.tokens_per_second = tokens_per_second

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Yield the words that have come due since the last pull, then what they number."""
        words = WORD.findall(_unsaid(compose(prompt), prompt.continuation))
        began, said = time.monotonic(), 0
        while said < len(words):
            due = self._due(began, len(words))
            if due > said:
                yield Delta("".join(words[said:due]))
                said = due
            else:
                await asyncio.sleep(began + said / self.tokens_per_second - time.monotonic())
        asked = sum(len(turn.content.split()) for turn in prompt.turns)
        yield Delta(finish_reason="stop", prompt_tokens=asked, completion_tokens=len(words))

    def _due(self, began: float, total: int) -> int:
        elapsed = time.monotonic() - began
        return min(total, 1 + int(elapsed * self.tokens_per_second)) if self.tokens_per_second else total

    async def close(self) -> None:
        """Nothing is held open."""


def compose(prompt: Prompt) -> str:
    """The answer to a prompt as Markdown; the same prompt always gives the same answer."""
    if prompt.plain:
        return prompt.plain
    if prompt.sources:
        return _quotations(prompt.sources)
    return _ignorance(prompt.known) if prompt.known else NO_DOCUMENTS


def _unsaid(answer: str, continuation: str) -> str:
    # The documents may have changed since the answer was interrupted: then what was said stands, and all is said anew.
    return answer.removeprefix(continuation) if answer.startswith(continuation) else f"\n\n{answer}"


def _quotations(sources: tuple[Source, ...]) -> str:
    """The best quote first and bare, then the others under the place where they stand, in their order."""
    best, *others = sources
    blocks = [_quotation(best)]
    for place, group in groupby(others, attrgetter("place")):
        if place != best.place:
            blocks.append(f"**{place}**")
        blocks += map(_quotation, group)
    return "\n\n".join(blocks)


def _quotation(source: Source) -> str:
    quote = source.quote.strip()
    fences = FENCE.findall(quote)
    if len(fences) % 2:
        quote += f"\n{fences[0]}"
    # At the end of a table or a code block the number would become a part of it.
    return f"{quote}\n\n[{source.number}]" if BLOCK.search(quote) else f"{quote} [{source.number}]"


def _ignorance(known: tuple[str, ...]) -> str:
    shown = [f"- {title}" for title in known[:SHOWN_TITLES]]
    more = [f"- and {len(known) - SHOWN_TITLES} more"] if len(known) > SHOWN_TITLES else []
    return "\n".join(["Nothing in your documents answers this. They are about:", "", *shown, *more])

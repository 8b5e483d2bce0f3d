"""What a search found in a text: marks around hits, which templates turn into elements, and the words around them."""

import re
from collections.abc import Iterable
from functools import lru_cache

from snowballstemmer import stemmer

HIT_START, HIT_END = "\ue000", "\ue001"  # private-use characters, so that they cannot be mistaken for the text's own
NEAR = 160  # characters on each side of a hit, between which a snippet's words are looked for
WORDS_BEFORE = re.compile(r"(?:\S+\s+){0,4}\S*$")
WORDS_AFTER = re.compile(r"\S*(?:\s+\S+){0,9}")


def mark_words(text: str, query: str) -> str:
    """Put marks around the query's words, also where they are parts of words."""
    return _mark(text, _any_of(re.escape(word) for word in re.findall(r"\w+", query)))


def snippet(text: str, words: Iterable[str]) -> str:
    """About 14 words of a text around the first that a search for these words finds, with marks around all it finds.

    Made here and not by the databases: the time of SQLite's `snippet()` grows with the square of the words.
    """
    hits = _any_of(rf"(?<![^\W_]){_inflected(word)}[^\W_]*" for word in words)
    hit = hits.search(text)
    at = hit.start() if hit else 0
    before = WORDS_BEFORE.search(text, max(0, at - NEAR), at)
    after = WORDS_AFTER.match(text, at, at + NEAR)
    start, end = before.start() if before else at, after.end() if after else at
    window = " ".join(text[start:end].split())
    return "…" * (start > 0) + _mark(window, hits) + "…" * (end < len(text))


def split_hits(text: str) -> list[tuple[str, bool]]:
    """Split a text at its marks: pairs of a piece and whether it is a hit."""
    pieces: list[tuple[str, bool]] = []
    for index, part in enumerate(text.split(HIT_START)):
        inside, _, after = part.partition(HIT_END) if index else ("", "", part)
        pieces += [(inside, True), (after, False)]
    return [piece for piece in pieces if piece[0]]


@lru_cache(maxsize=1024)  # every text of a search asks for the same few
def _inflected(word: str) -> str:
    """A pattern for how a word and its inflections begin: "studies" gives "stud[iy]"."""
    stem = str(stemmer("english").stemWord(word.lower()))
    return re.escape(stem[:-1]) + "[iy]" if len(stem) > 2 and stem[-1] in "iy" else re.escape(stem)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of these; for none, one that finds nothing."""
    return re.compile("|".join(patterns) or r"(?!)", re.IGNORECASE)


def _mark(text: str, hits: re.Pattern[str]) -> str:
    return hits.sub(lambda hit: HIT_START + hit.group() + HIT_END, text)

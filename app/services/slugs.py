"""Slugs that nothing else has."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Protocol

from app.errors import Conflict
from app.models.slugs import slug_of


class SlugTaken(Conflict):
    message = "Somebody else took this address just now. Please save again."


class Slugged(Protocol):
    """The rows of a kind that has slugs."""

    async def taken(self, slugs: Sequence[str]) -> set[str]: ...


async def free_slug(rows: Slugged, title: str, kind: str) -> str:
    """The title in an address, with a number where that is taken, and with letters where many have the title.

    Of two who ask at once both get the same: the database lets one of them have it.
    """
    slug = slug_of(title, kind)
    tried = [slug, *(f"{slug}-{number}" for number in range(2, 10)), f"{slug}-{token_hex(4)}"]
    taken = await rows.taken(tried)
    return next(each for each in tried if each not in taken)

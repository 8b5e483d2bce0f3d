"""How the keys of rows stand in addresses."""

from urllib.parse import quote, unquote

from app.models.base import storable

TAKEN = (".", "..", "new", "bulk", "import", "views", "suggestions")  # by other pages of a table
TAKEN_BEGINNING = "export."


def address(key: str) -> str:
    """A key as a part of an address. A slash is no part of one, and what other pages are called is no key."""
    told = key.replace("%", "%25").replace("/", "%2F")
    is_taken = told.startswith(TAKEN_BEGINNING) or told in TAKEN
    return quote(f"%{ord(told[0]):02X}{told[1:]}" if is_taken else told, safe="")


def key_at(place: str) -> str:
    """The key that a part of an address stands for, as the server has read it."""
    return storable(unquote(place))

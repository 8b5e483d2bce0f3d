"""What lists that people search and leaf through have in common."""

from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

MAX_WORDS = 8  # of a search: each makes it slower


class Addressed:
    """A dataclass of what the address of a list says."""

    __slots__ = ()

    def query(self, **changes: object) -> str:
        """The query string of this view with some of it changed; what is the default is left out."""
        view: Any = replace(self, **changes)  # type: ignore[type-var]
        said = {each.name: getattr(view, each.name) for each in fields(view)}
        defaults = {each.name: each.default for each in fields(view)}
        differs = {name: value for name, value in said.items() if value != defaults[name]}
        return "?" + urlencode({name: "true" if value is True else value for name, value in differs.items()})


@dataclass(frozen=True, slots=True)
class WordsView(Addressed):
    """What of a list is asked for: what holds these words, and which page of that."""

    q: str = ""
    page: int = 1

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.q)


def words_of(q: str) -> tuple[str, ...]:
    """The words of a search, each once."""
    typed = "".join(c if c.isalnum() else " " for c in q[:200]).split()
    return tuple({word.casefold(): word for word in typed}.values())[:MAX_WORDS]

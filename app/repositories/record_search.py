"""Words in the tables of the admin panel: each large one has an index of words, which the database keeps in step.

In SQLite that is a full-text table with triggers, in PostgreSQL a column that the database computes. They hold words
without case, accents and signs, and find them by their beginnings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, literal_column, text
from sqlmodel import select

from app.repositories.registrant_search import Wanted, postgres_query, sqlite_query

FOUND = 500  # rows that a search looks at; whoever gets more has yet to say what they look for


@dataclass(frozen=True, slots=True)
class TextIndex:
    """`table` is the table's name. With `keyed` its keys are no numbers, so a table of keys stands between."""

    table: str
    keyed: bool = False
    column: str = "words_fts"
    language: str = "simple"

    def keys(self, key: Any, words: Sequence[str], *, on_sqlite: bool, begun: bool = True) -> Any:
        """The keys of the rows that hold all these words, or with `begun` words that begin so; None without a word."""
        wanted = Wanted(tuple(words))
        query = sqlite_query(wanted, begun=begun) if on_sqlite else postgres_query(wanted, begun=begun)
        if not query:
            return None
        return self._in_sqlite(query) if on_sqlite else self._in_postgres(key, query)

    def _in_sqlite(self, query: str) -> Any:
        """The newest come first: their numbers are the highest. The keys are as the table has them."""
        fts = f"{self.table}_fts"
        joined = f"{fts} JOIN {fts}_key ON key = {fts}.rowid" if self.keyed else fts
        found: Any = select(literal_column(f"{self.table}_id" if self.keyed else "rowid"))
        matches = text(f"{fts} MATCH :words").bindparams(bindparam("words", query, unique=True))
        return found.select_from(text(joined)).where(matches).order_by(literal_column(f"{fts}.rowid").desc())

    def _in_postgres(self, key: Any, query: str) -> Any:
        matches = text(f"{self.column} @@ to_tsquery('{self.language}', :words)")
        found: Any = select(literal_column("id", key.type)).select_from(text(f'"{self.table}"'))
        return found.where(matches.bindparams(bindparam("words", query, unique=True)))


REGISTRATIONS = TextIndex("registration", keyed=True)
USERS = TextIndex("user", keyed=True)
MAILS = TextIndex("mail")
AUDIT = TextIndex("audit_entry")
PRODUCTS = TextIndex("product", column="text_fts", language="english")

"""Which registrations a search and the filters of a table ask for, as a WHERE of either database.

Words are looked up in an index of words: a full-text table in SQLite, which triggers keep in step, and in PostgreSQL a
column that the database computes. Both hold the name, the address and the answers, and find words by their beginnings.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, String, false, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col, or_

from app.models.webinar import Registration

LONGEST_WORD = 100  # letters that are looked at; PostgreSQL refuses more than 2,046 bytes
ACCENTS = re.compile("[\u0300-\u036f]")
SIGNS = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))  # as the migration has them


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. An `answer` is sought in those to this `question`, or without one in all."""

    words: Sequence[str] = ()
    status: str = ""
    group: str | None = None  # "" is whoever has none
    rep_id: UUID | None = None
    nobodys: bool = False  # whoever has no sales rep
    question: str = ""
    answer: Sequence[str] = ()

    @property
    def is_searched(self) -> bool:
        return bool(self.words or self.answer)


def matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    """All of it, for a query of registrations."""
    return [*filtered(wanted), *([holding(wanted), *answering(wanted)] if wanted.is_searched else [])]


def filtered(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the columns alone say."""
    where: list[ColumnElement[bool]] = []
    if wanted.status:
        where.append(col(Registration.status) == wanted.status)
    if wanted.group is not None:
        where.append(col(Registration.group) == wanted.group)
    if wanted.rep_id or wanted.nobodys:
        where.append(col(Registration.rep_id) == wanted.rep_id)  # IS NULL for nobody
    return where


def holding(wanted: Wanted) -> ColumnElement[bool]:
    """That all the words are there."""
    query = sqlite_query(wanted)
    return Holding(literal(query), literal(postgres_query(wanted))) if query else false()


def answering(wanted: Wanted) -> list[ColumnElement[bool]]:
    """That it is this question whose answer holds the words, which `holding` has found in some answer.

    SQLite knows upper and lower case of ASCII alone: so the usual ways to write a word are tried.
    """
    answer = Answer(literal(wanted.question))
    ways = [{word, word.lower(), word.upper(), word.capitalize()} for word in wanted.answer if wanted.question]
    return [or_(*(answer.icontains(way, autoescape=True) for way in sorted(each))) for each in ways]


class Holding(FunctionElement[bool]):
    """Made from the query for each of the two databases, of which one is used."""

    type = Boolean()
    inherit_cache = True


@compiles(Holding, "sqlite")
def _in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    query = compiler.process(element.clauses.clauses[0], **options)
    found = "registration_fts JOIN registration_fts_key ON key = registration_fts.rowid"
    where = f"registration_fts MATCH {query}"
    return f"registration.id IN (SELECT registration_id FROM {found} WHERE {where})"  # noqa: S608 - made of parameters


@compiles(Holding, "postgresql")
def _in_postgres(element: Any, compiler: Any, **options: Any) -> str:
    query = compiler.process(element.clauses.clauses[1], **options)
    return f"registration.words_fts @@ to_tsquery('simple', {query})"


class Answer(FunctionElement[str]):
    """The answer to a question, NULL where there is none. A path would not do: a question may hold any sign."""

    type = String()
    inherit_cache = True


@compiles(Answer, "sqlite")
def _answer_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    question = compiler.process(element.clauses, **options)
    return f"(SELECT value FROM json_each(registration.answers) WHERE key = {question})"  # noqa: S608 - a parameter


@compiles(Answer, "postgresql")
def _answer_in_postgres(element: Any, compiler: Any, **options: Any) -> str:
    return f"(registration.answers ->> {compiler.process(element.clauses, **options)})"


# Queries in the languages of the two


def sqlite_query(wanted: Wanted, *, begun: bool = True) -> str:
    """For FTS5. No query at all when there is no word in what was typed. `begun`: words that begin so are found too."""
    anywhere = [f'"{word}"{"*" if begun else ""}' for word in folded(wanted.words)]
    return " AND ".join(anywhere + [f'answers : "{word}"*' for word in folded(wanted.answer)])


def postgres_query(wanted: Wanted, *, begun: bool = True) -> str:
    """For `to_tsquery`; answers have the weight B."""
    anywhere = [f"'{word}'{':*' if begun else ''}" for word in folded(wanted.words)]
    return " & ".join(anywhere + [f"'{word}':*B" for word in folded(wanted.answer)])


def folded(typed: Sequence[str]) -> list[str]:
    """Words as the index has them: in lower case, and without accents and signs. "ann@ex" is two in a row."""
    plain = (ACCENTS.sub("", unicodedata.normalize("NFKD", word.lower())) for word in typed)
    words = (" ".join(word.translate(SIGNS).split())[:LONGEST_WORD].strip() for word in plain)
    return [word for word in words if any(letter.isalnum() for letter in word)]

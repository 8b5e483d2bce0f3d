"""Queries that are the same for every table: what the admin panel asks of all of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ForeignKey,
    String,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    delete,
    false,
    literal,
    not_,
    type_coerce,
)
from sqlalchemy import select as sql_select
from sqlalchemy import text as sql_text
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSessionTransaction
from sqlmodel import SQLModel, col, func, select

from app.db import take_turn
from app.errors import NotFound
from app.models.audit import AuditEntry
from app.repositories.base import Repository
from app.repositories.keyset import from_place
from app.repositories.record_search import TextIndex

MANY = 10_000  # rows; more are not counted one by one
TALLIED = 1_000  # the same for each choice of a filter, all of which are counted for a page
NAMESAKES = 100
Model = TypeVar("Model", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are: exactly, about, or more than so many."""

    number: int
    is_exact: bool = True
    is_about: bool = False

    def __str__(self) -> str:
        return f"{'' if self.is_exact else 'about ' if self.is_about else 'more than '}{self.number:,}"


class RecordRepository(Repository):
    async def slice(
        self,
        model: type[Model],
        where: Sequence[ColumnElement[bool]],
        order: Sequence[Any],
        place: Sequence[Any] | None,
        limit: int,
        *,
        descending: bool,
    ) -> Sequence[tuple[Model, tuple[Any, ...]]]:
        """The first rows in this order, or the first after a place in it, each with its own place.

        `order` ends with the table's key, so no two rows have the same place.
        """
        found = from_place(sql_select(model).where(*where), order, place, descending=descending)
        return [(row[0], tuple(row[1:])) for row in (await self.session.exec(found.limit(limit))).all()]

    async def cells(
        self,
        columns: Sequence[Any],
        where: Sequence[ColumnElement[bool]],
        order: Sequence[Any],
        place: Sequence[Any] | None,
        limit: int,
        *,
        descending: bool,
    ) -> Sequence[tuple[Sequence[Any], Sequence[Any]]]:
        """The same of these columns alone."""
        named = (each.label(f"cell_{number}") for number, each in enumerate(columns))
        found = from_place(sql_select(*named).where(*where), order, place, descending=descending)
        return [(tuple(r[: len(columns)]), tuple(r[len(columns) :])) for r in await self.execute(found.limit(limit))]

    async def count(
        self, model: type[SQLModel], where: Sequence[ColumnElement[bool]], *, narrowed: bool, most: int = MANY
    ) -> Count:
        """How many there are; of more than `most` the database's own estimate, if nothing narrows them down."""
        number = (await self.session.exec(select(_some(model, where, most)))).one()
        estimate = 0 if narrowed or number <= most else await self._estimate(model.__tablename__)  # type: ignore[arg-type]
        return Count(estimate, is_exact=False, is_about=True) if estimate > most else _counted(number, most)

    def holding(self, index: TextIndex, key: Any, words: Sequence[str]) -> ColumnElement[bool]:
        """The rows that hold all these words, or words that begin so."""
        keys = index.keys(key, words, on_sqlite=self.on_sqlite)
        return false() if keys is None else key.in_(keys)

    async def found(
        self, index: TextIndex, key: Any, words: Sequence[str], most: int
    ) -> tuple[ColumnElement[bool], Count]:
        """The same, looked for once: of more than `most` rows some, and how many they are.

        They are looked for by whole words first: of a common word the index has a list, while the lists of all words
        that begin with it are put together for each search.
        """
        keys: Sequence[Any] = ()
        await self.plan_anew()
        for begun in (False, True):
            statement = index.keys(key, words, on_sqlite=self.on_sqlite, begun=begun)
            if statement is not None and len(keys) <= most:
                keys = (await self.execute(statement.limit(most + 1))).scalars().all()
        return self._among(key, keys), _counted(len(keys), most)

    def _among(self, key: Any, keys: Sequence[Any]) -> ColumnElement[bool]:
        """They go as one value, so that the statement is the same for any number of them."""
        if self.on_sqlite:
            listed: Any = func.json_each(orjson.dumps(keys).decode()).table_valued("value")
            return key.in_(sql_select(listed.c.value))  # type: ignore[no-any-return]
        return key.in_(sql_select(func.unnest(bindparam(None, keys, ARRAY(key.type)))))  # type: ignore[no-any-return]

    async def _estimate(self, table: str) -> int:
        """What the database knows without counting: SQLite the highest row, PostgreSQL its last analysis."""
        if self.on_sqlite:
            found = sql_text(f'SELECT max(rowid) FROM "{table}"')  # noqa: S608 - a name of ours
        else:
            found = sql_text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:table)")
        return int((await self.execute(found, None if self.on_sqlite else {"table": f'"{table}"'})).scalar() or 0)

    async def get(self, model: type[Model], *where: ColumnElement[bool]) -> Model | None:
        return (await self.session.exec(select(model).where(*where))).first()

    async def hold(self, row: SQLModel) -> None:
        """Let nobody else change it until this transaction ends, and see what they changed before.

        Raises `NotFound` when somebody has deleted it.
        """
        await take_turn(self.session)
        try:
            await self.session.refresh(row, with_for_update=True)
        except InvalidRequestError as error:
            raise NotFound from error

    async def fits(self, model: type[SQLModel], *where: ColumnElement[bool]) -> bool:
        """Whether there is such a row."""
        return (
            await self.session.exec(select(literal(1)).select_from(model).where(*where).limit(1))
        ).first() is not None

    async def some(self, model: type[Model], where: Sequence[ColumnElement[bool]]) -> Sequence[Model]:
        return (await self.session.exec(select(model).where(*where))).all()

    async def passing(self, values: Sequence[Any], where: ColumnElement[bool]) -> Sequence[Any]:
        """Of such rows their keys, and which rules they pass."""
        named = (each.label(f"value_{number}") for number, each in enumerate(values))
        return (await self.execute(sql_select(*named).where(where))).all()

    def trying(self) -> AsyncSessionTransaction:
        """A part of the transaction that is taken back by itself when it fails."""
        return self.session.begin_nested()

    async def store(self, row: SQLModel, values: Mapping[str, Any]) -> None:
        """Store a row with these values. When a rule of the database refuses them, the row is as it was before."""
        try:
            async with self.trying():
                await self.add(row.sqlmodel_update(dict(values)))
        except IntegrityError:
            if row in self.session:
                await self.session.refresh(row)  # which a page shows beside what is wrong
            raise

    def key_text(self, columns: Sequence[Any]) -> Any:
        """A key as an address names it; of several columns with semicolons between them."""
        texts: list[Any] = [self._key_text(column) for column in columns]
        if len(texts) == 1:
            return texts[0]
        escaped: list[Any] = [func.replace(func.replace(text, "\\", "\\\\"), ";", "\\;") for text in texts]
        return reduce(lambda before, next: before + literal(";") + next, escaped)

    def _key_text(self, column: Any) -> Any:
        """SQLite keeps a UUID as its digits, PostgreSQL writes it with dashes as everybody does."""
        if not (self.on_sqlite and isinstance(column.type, Uuid)):
            return cast(column, Text)
        digits = type_coerce(column, String)
        parts: list[Any] = [
            func.substr(digits, start, length) for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        ]
        return reduce(lambda before, next: before + literal("-") + next, parts)

    async def delete(self, row: SQLModel) -> None:
        """As the database's own rules want it: SQLAlchemy's would take references to the row away before they speak."""
        await self.write(delete(type(row)).where(_is(row)))
        self.session.expunge(row)

    # Names

    async def names(self, key: Any, name: Any, keys: Collection[Any], where: ColumnElement[bool]) -> Mapping[Any, str]:
        """What rows with these keys are called, those that are seen."""
        if not keys:
            return {}
        return {
            key: str(called)
            for key, called in (await self.session.exec(select(key, name).where(key.in_(keys), where))).all()
            if called is not None
        }

    async def by_name(self, key: Any, name: Any, typed: Any, where: ColumnElement[bool]) -> Sequence[Any]:
        """The keys of rows that are called this, or some of very many."""
        return (await self.session.exec(select(key).where(name == typed, where).order_by(key).limit(NAMESAKES))).all()

    async def suggestions(self, name: Any, typed: str, where: ColumnElement[bool], limit: int) -> Sequence[str]:
        """Names that begin with this."""
        upper = typed + "\U0010ffff"
        found = select(name).where(name >= typed, name < upper, where) if typed else select(name).where(where)
        return [str(each) for each in (await self.session.exec(found.order_by(name).limit(limit))).all()]

    async def values(
        self, model: type[SQLModel], attribute: Any, typed: str, where: ColumnElement[bool], limit: int
    ) -> Sequence[str]:
        """What some of the rows hold that begins with this: no index has to know the column for that."""
        latest = (key.desc() for key in model.__table__.primary_key)  # type: ignore[attr-defined]
        some = sql_select(attribute.label("value")).where(where).order_by(*latest).limit(TALLIED).subquery()
        begins = some.c.value >= (typed or " "), some.c.value < typed + "\U0010ffff"
        found = await self.execute(
            sql_select(some.c.value).where(*begins).distinct().order_by(some.c.value).limit(limit)
        )
        return [str(value) for value in found.scalars()]

    async def tally(
        self, model: type[SQLModel], attribute: Any, values: Sequence[Any], where: Sequence[ColumnElement[bool]]
    ) -> list[Count]:
        """How many rows have each of these values, in one statement."""
        numbers = (_some(model, [*where, attribute == value], TALLIED) for value in values)
        found = (await self.execute(sql_select(*numbers))).one() if values else ()
        return [_counted(number, TALLIED) for number in found]

    # What hangs on a row

    async def dependents(self, row: SQLModel) -> list[tuple[str, Count]]:
        """The tables whose rows go when this one does, and how many do."""
        return await self._referring(row, lambda key: key.ondelete == "CASCADE")

    async def holders(self, row: SQLModel) -> list[tuple[str, Count]]:
        """The tables whose rows must go before this one can, and how many must."""
        return await self._referring(row, lambda key: key.ondelete not in ("CASCADE", "SET NULL", "SET DEFAULT"))

    async def _referring(self, row: SQLModel, counts: Callable[[ForeignKey], bool]) -> list[tuple[str, Count]]:
        kin: Any = type(row)
        models = [mapper.class_ for mapper in kin._sa_registry.mappers]
        keys = [(model, key) for model in models for key in model.__table__.foreign_keys if counts(key)]
        found = []
        for model, key in keys:
            if key.column.table is row.__table__:  # type: ignore[attr-defined]
                here = [getattr(model, key.parent.key) == getattr(row, key.column.key)]
                others = [not_(_is(row))] if isinstance(row, model) else []
                found.append((str(model.__tablename__), await self.count(model, [*here, *others], narrowed=True)))
        return [(name, count) for name, count in found if count.number]

    # Its history

    async def history(self, kind: str, key: str, limit: int) -> Sequence[AuditEntry]:
        """What was done to a record, the newest first."""
        here = col(AuditEntry.kind) == kind, col(AuditEntry.key) == key
        return (
            await self.session.exec(select(AuditEntry).where(*here).order_by(col(AuditEntry.id).desc()).limit(limit))
        ).all()

    async def entry(self, kind: str, key: str, id: int) -> AuditEntry | None:
        here = col(AuditEntry.kind) == kind, col(AuditEntry.key) == key
        return (await self.session.exec(select(AuditEntry).where(AuditEntry.id == id, *here))).first()


def _some(model: type[SQLModel], where: Sequence[ColumnElement[bool]], most: int) -> Any:
    """How many there are, as a value in a query; one more than `most` stands for all numbers above it."""
    some = sql_select(literal(1)).select_from(model).where(*where).limit(most + 1).subquery()
    return sql_select(func.count()).select_from(some).scalar_subquery()


def _is(row: SQLModel) -> ColumnElement[bool]:
    return and_(*(getattr(type(row), key.key) == getattr(row, key.key) for key in row.__table__.primary_key))  # type: ignore[attr-defined]


def _counted(number: int, most: int) -> Count:
    return Count(number) if number <= most else Count(most, is_exact=False)

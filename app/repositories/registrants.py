"""Queries of the registrants' table, whose pages are read late: first their ids along an index, then their rows.

Each order has an index that holds whatever the filters ask for, so the way to a far page touches no row. A search goes
the other way: from the words that it finds to their registrations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Join, Row, Select, Uuid, and_, column, exists, table, true
from sqlalchemy.ext.compiler import compiles
from sqlmodel import col, func, literal, literal_column, select, tuple_

from app.models.group import ASSIGNABLE
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.base import Repository
from app.repositories.groups import members_who_may
from app.repositories.registrant_search import Wanted, answering, filtered, matching, sqlite_query

SORTS: dict[str, Any] = {
    "number": col(Registration.number),
    "name": func.lower(Registration.name),
    "email": col(Registration.email),
    "status": col(Registration.status),
    "group": col(Registration.group),
    "created": col(Registration.created_at),
}
EXPORTED: Sequence[Any] = (
    col(Registration.number),
    col(Registration.name),
    col(Registration.email),
    col(Registration.status),
    col(Registration.group),
    col(User.email).label("rep"),
    col(Registration.source),
    col(Registration.created_at),
    col(Registration.confirmed_at),
    col(Registration.attended_at),
    col(Registration.answers),
)
ROWS: Any = Registration.__table__  # type: ignore[attr-defined]
WORDS = table("registration_fts", column("rowid"))
KEYS = table("registration_fts_key", column("key"), column("registration_id", Uuid()), column("webinar_id", Uuid()))


class InOrder(Join):
    """A join that SQLite does in the order in which it is written; its planner knows nothing of words."""

    inherit_cache = True


@compiles(InOrder)
def _in_order(join: Any, compiler: Any, **options: Any) -> str:
    joined: str = compiler.visit_join(join, **options)
    return joined.replace(" JOIN ", " CROSS JOIN ")


MANY = 10_000  # found by a search: from there on an order's index is walked, for most on the way are among them
KEY = select(KEYS.c.key).where(KEYS.c.registration_id == ROWS.c.id).scalar_subquery()
FROM_WORDS = InOrder(WORDS.join(KEYS, KEYS.c.key == WORDS.c.rowid), ROWS, KEYS.c.registration_id == ROWS.c.id)


@dataclass(frozen=True, slots=True)
class Way:
    """Along which registrations, and in which order: no two have the same keys."""

    start: Any  # a FROM of its own, or None
    where: Sequence[ColumnElement[bool]]
    keys: Sequence[Any]
    index: str = ""  # that SQLite must take: it knows nothing of how many there are either

    def select(self, *columns: Any) -> Select[Any]:
        found: Any = select(*columns).where(*self.where)
        if self.index:
            found = found.with_hint(Registration, f"INDEXED BY {self.index}", "sqlite")
        return found if self.start is None else found.select_from(self.start)  # type: ignore[no-any-return]

    def ordered(self, *, backwards: bool) -> list[Any]:
        return [key.desc() if backwards else key for key in self.keys]


class RegistrantRepository(Repository):
    """`sees` is the rule of whoever asks: without it there is no query here."""

    async def counts(
        self, webinar: Webinar, sees: ColumnElement[bool], wanted: Wanted
    ) -> dict[Standing, tuple[int, int]]:
        """How many stand where: of all whom they see, and of those whom the filters ask for, without a search."""
        fitting = func.count().filter(and_(true(), *filtered(wanted)))
        way = Way(None, [col(Registration.webinar_id) == webinar.id, sees], ())
        found = way.select(Registration.status, func.count(), fitting).group_by(col(Registration.status))
        return {Standing(status): (all, some) for status, all, some in await self.execute(found)}

    async def ids(
        self, webinar: Webinar, sees: ColumnElement[bool], wanted: Wanted, sort: str, offset: int, limit: int
    ) -> list[UUID]:
        """Some in their order. `sort`: a name of `SORTS`, with a `-` before it the other way round."""
        way = await self._way(webinar, sees, wanted, sort)
        order = way.ordered(backwards=sort.startswith("-"))
        found = way.select(Registration.id).order_by(*order).offset(offset).limit(limit)
        return list((await self.execute(found)).scalars())

    async def assignable(self) -> Sequence[User]:
        """To whom registrations can be assigned."""
        found = select(User).where(members_who_may(ASSIGNABLE)).order_by(col(User.email))
        return (await self.session.exec(found)).all()

    async def rows(self, ids: Sequence[UUID]) -> list[Registration]:
        """These, in this order."""
        found = (await self.session.exec(select(Registration).where(col(Registration.id).in_(ids)))).all()
        rows = {row.id: row for row in found}
        return [rows[id] for id in ids if id in rows]

    async def after(
        self, webinar: Webinar, sees: ColumnElement[bool], wanted: Wanted, sort: str, last: Sequence[Any], limit: int
    ) -> Sequence[Row[Any]]:
        """The next rows of a file, each with its keys at the end; `last` are those of the row before, if there is one.

        However far it is, the way there is as short as to the first.
        """
        way, backwards = await self._way(webinar, sees, wanted, sort), sort.startswith("-")
        start = (ROWS if way.start is None else way.start).outerjoin(User, ROWS.c.rep_id == User.id)
        found = way.select(*EXPORTED, *way.keys).select_from(start).order_by(*way.ordered(backwards=backwards))
        if last:
            here = tuple_(*way.keys)
            there = tuple_(*(literal(value, key.type) for value, key in zip(last, way.keys, strict=True)))
            found = found.where(here < there if backwards else here > there)
        return (await self.execute(found.limit(limit))).all()

    async def _way(self, webinar: Webinar, sees: ColumnElement[bool], wanted: Wanted, sort: str) -> Way:
        name = sort.removeprefix("-")
        keys = [*([] if name == "number" else [SORTS[name]]), SORTS["number"], col(Registration.id)]
        here = col(Registration.webinar_id) == webinar.id
        if not wanted.is_searched:
            return Way(None, [here, sees, *filtered(wanted)], keys, f"ix_registration_by_{name}")
        await self.plan_anew()
        if not (self.on_sqlite and sqlite_query(wanted)):
            return Way(None, [here, sees, *matching(wanted)], keys)
        found = literal_column("registration_fts").op("MATCH")(sqlite_query(wanted))
        more = [sees, *filtered(wanted), *answering(wanted)]
        if name != "number" and await self._are_many(found):
            fits = KEY.in_(select(WORDS.c.rowid).where(found))
            return Way(None, [here, fits, *more], keys, f"ix_registration_by_{name}")
        where = [found, KEYS.c.webinar_id == webinar.id, *more]
        return Way(FROM_WORDS, where, [WORDS.c.rowid] if name == "number" else keys)  # as people came

    async def _are_many(self, found: ColumnElement[bool]) -> bool:
        some = select(WORDS.c.rowid).where(found).limit(MANY).subquery()
        count: int = (await self.execute(select(func.count()).select_from(some))).scalar_one()
        return count == MANY

    # What the filters offer

    async def groups(self, webinar: Webinar, sees: ColumnElement[bool]) -> list[str]:
        """The groups of those whom they see."""
        found = _each(Registration.group, col(Registration.webinar_id) == webinar.id, sees)
        return [group for group in (await self.execute(found)).scalars() if group]

    async def reps(self, webinar: Webinar, sees: ColumnElement[bool]) -> Sequence[User]:
        """To whom they are assigned."""
        theirs = exists().where(col(Registration.webinar_id) == webinar.id, col(Registration.rep_id) == User.id, sees)
        found = select(User).where(col(User.id).in_(_each(Registration.rep_id)), theirs).order_by(col(User.email))
        return (await self.session.exec(found)).all()


def _each(value: Any, *where: ColumnElement[bool]) -> Select[Any]:
    """The values of a column that has few, each found by a step along an index that begins with it."""

    def step(*more: ColumnElement[bool]) -> Any:
        return select(value).where(*where, *more).order_by(value).limit(1).scalar_subquery()

    values = select(step(col(value).is_not(None)).label("value")).cte("each_value", recursive=True)
    values = values.union_all(select(step(value > values.c.value)).where(values.c.value.is_not(None)))
    return select(values.c.value).where(values.c.value.is_not(None))

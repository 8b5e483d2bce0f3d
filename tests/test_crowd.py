"""A crowd at a webinar's door, through real HTTP: exactly the seats, and the queue in its order."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlmodel import col, select

from app.db import Database
from app.models.mail import Mail
from app.models.webinar import Registration, Standing, Webinar
from tests.e2e.server import Server
from tests.webinars import make_values

SEATS, PEOPLE, CANCELLED, PAGES = 100, 500, 20, 150
FREE, TAKEN = f"{SEATS} of {SEATS} seats free", f"All {SEATS} seats taken: the waiting list is open"


class Crowd:
    def __init__(self, server: Server, other: Server, database: Database) -> None:
        self.server = server
        self.other = other
        self.database = database

    async def post(self, client: httpx2.AsyncClient, path: str, **form: str) -> int:
        return (await client.post(self.server.url + path, data=form)).status_code

    async def registrations(self) -> list[Registration]:
        async with self.database.transaction() as session:
            found = await session.exec(select(Registration).order_by(col(Registration.number)))
            return list(found.all())

    async def look(self, client: httpx2.AsyncClient, server: Server, shown: list[str]) -> None:
        """An open page: add what its seat counter shows, one after the other."""
        async with client.stream("GET", f"{server.url}/webinars/herons/seats", timeout=None) as response:
            async for line in response.aiter_lines():
                _, data, markup = line.partition("data: ")
                shown += [re.sub("<[^>]*>", "", markup).strip()] if data else []

    async def link(self, email: str) -> str:
        async with self.database.transaction() as session:
            found = await session.exec(select(Mail.text).where(Mail.recipient == email).order_by(col(Mail.id)))
            path = re.search(r"(/registrations/\S+)", found.all()[-1])
        assert path
        return path[1]


@contextmanager
def two_servers(folder: Path, database_url: str) -> Iterator[tuple[Server, Server]]:
    """People register at the first; the second knows of them by the database alone."""
    with Server(folder, DATABASE_URL=database_url) as server:
        other = Server(folder, DATABASE_URL=database_url)
        other.start()
        try:
            yield server, other
        finally:
            other.end(signal.SIGTERM)


@asynccontextmanager
async def open_pages(crowd: Crowd) -> AsyncIterator[list[list[str]]]:
    """Pages of both servers whose counters say already that all seats are free."""
    pages: list[list[str]] = [[] for _ in range(PAGES)]
    async with httpx2.AsyncClient(limits=httpx2.Limits(max_connections=PAGES)) as client:
        servers = (crowd.server, crowd.other) * (PAGES // 2)
        looks = (crowd.look(client, server, shown) for server, shown in zip(servers, pages, strict=True))
        tasks = [asyncio.create_task(look) for look in looks]
        await all_show(pages, FREE)
        yield pages
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def all_show(pages: list[list[str]], words: str) -> None:
    async with asyncio.timeout(60):
        while [shown[-1:] for shown in pages] != [[words]] * PAGES:  # noqa: ASYNC110 - each page is a task of its own
            await asyncio.sleep(0.05)


def free_in(words: str) -> int:
    return 0 if words == TAKEN else int(words.split()[0])


@pytest.mark.timeout(600)
async def test_a_crowd_gets_exactly_the_seats(tmp_path: Path, database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        session.add(Webinar(**make_values(capacity=SEATS)))
    with two_servers(tmp_path, database_url) as (server, other):
        crowd = Crowd(server, other, database)
        limits = httpx2.Limits(max_connections=PEOPLE, max_keepalive_connections=0)
        async with httpx2.AsyncClient(timeout=250, limits=limits, headers={"Sec-Fetch-Site": "same-origin"}) as client:
            path = "/webinars/herons/registrations"
            forms = [{"name": f"P{n}", "email": f"p{n}@example.com", "consent": "true"} for n in range(PEOPLE)]
            async with open_pages(crowd) as pages:
                statuses = await asyncio.gather(*(crowd.post(client, path, **form) for form in forms))
                await all_show(pages, TAKEN)
            assert set(statuses) == {201}
            counts = [[free_in(words) for words in shown] for shown in pages]
            assert all(count == sorted(count, reverse=True) for count in counts), "no counter ever turned back"
            rows = await crowd.registrations()
            waiting = PEOPLE - SEATS
            assert [row.status for row in rows] == [Standing.REGISTERED] * SEATS + [Standing.WAITING] * waiting
            assert [row.number for row in rows] == list(range(1, PEOPLE + 1))
            links = [await crowd.link(row.email) for row in rows[:CANCELLED]]
            statuses = await asyncio.gather(*(crowd.post(client, f"{link}/cancellation") for link in links))
            assert set(statuses) == {303}
        after = [row.status for row in await crowd.registrations()]
        assert after == (
            [Standing.CANCELLED] * CANCELLED
            + [Standing.REGISTERED] * SEATS
            + [Standing.WAITING] * (waiting - CANCELLED)
        ), "the first twenty who waited"
    await database.close()

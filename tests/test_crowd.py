"""A crowd at a webinar's door, through real HTTP: exactly the seats, and the queue in its order."""

import asyncio
import re
from pathlib import Path

import httpx2
import pytest
from sqlmodel import col, select

from app.db import Database
from app.models.mail import Mail
from app.models.webinar import Registration, Standing, Webinar
from tests.e2e.server import Server
from tests.webinars import make_values

SEATS, PEOPLE, CANCELLED = 100, 500, 20


class Crowd:
    def __init__(self, server: Server, database: Database) -> None:
        self.server = server
        self.database = database

    async def post(self, client: httpx2.AsyncClient, path: str, **form: str) -> int:
        return (await client.post(self.server.url + path, data=form)).status_code

    async def registrations(self) -> list[Registration]:
        async with self.database.transaction() as session:
            found = await session.exec(select(Registration).order_by(col(Registration.number)))
            return list(found.all())

    async def link(self, email: str) -> str:
        async with self.database.transaction() as session:
            found = await session.exec(select(Mail.text).where(Mail.recipient == email).order_by(col(Mail.id)))
            path = re.search(r"(/registrations/\S+)", found.all()[-1])
        assert path
        return path[1]


@pytest.mark.timeout(300)
async def test_a_crowd_gets_exactly_the_seats(tmp_path: Path, database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        session.add(Webinar(**make_values(capacity=SEATS)))
    with Server(tmp_path, DATABASE_URL=database_url) as server:
        crowd = Crowd(server, database)
        limits = httpx2.Limits(max_connections=PEOPLE, max_keepalive_connections=0)
        async with httpx2.AsyncClient(timeout=120, limits=limits, headers={"Sec-Fetch-Site": "same-origin"}) as client:
            path = "/webinars/herons/registrations"
            forms = [{"name": f"P{n}", "email": f"p{n}@example.com", "consent": "true"} for n in range(PEOPLE)]
            statuses = await asyncio.gather(*(crowd.post(client, path, **form) for form in forms))
            assert set(statuses) == {201}
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

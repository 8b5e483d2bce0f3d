"""Transactions: writers queue, and nobody in the queue waits for another for ever."""

import asyncio

from app.config import Settings
from app.db import Database
from app.models.user import User
from app.repositories.users import UserRepository

MORE_THAN_CONNECTIONS = 40


async def test_more_writers_than_connections_all_get_their_turn(settings: Settings) -> None:
    """Some have read before they write, and so wait with a connection in hand; others write first."""
    database = Database(settings.database_url)

    async def write(number: int) -> None:
        async with database.transaction() as session:
            users = UserRepository(session)
            if number % 2:
                await users.by_email("nobody@example.com")
            await users.add(User.guest())

    async with asyncio.timeout(10):
        await asyncio.gather(*(write(number) for number in range(MORE_THAN_CONNECTIONS)))
    await database.close()

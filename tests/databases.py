"""What befalls a database while the app runs."""

import asyncio

from sqlalchemy import text

from app.db import Database

HANG_UP = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def hang_up_on_all(database: Database) -> None:
    """End all connections to this PostgreSQL database, as it does itself when it is started anew."""
    other = Database(str(database.engine.url.render_as_string(hide_password=False)))
    async with other.engine.connect() as connection:
        await connection.execute(text(HANG_UP))
    await other.close()
    await asyncio.sleep(0.1)  # until what was said last on them is read here

"""What many requests read, asked once until somebody changes something."""

import sqlite3
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

SECONDS = 1.0  # after which it is asked again all the same: time alone ends sessions too

Value = TypeVar("Value")


class ReadCache:
    """Of one SQLite file. A value is as good as one read now: it goes as soon as any connection has committed.

    SQLite tells that to whoever asks, of other processes too: https://www.sqlite.org/pragma.html#pragma_data_version.
    PostgreSQL has nothing like it, and to ask it would take as long as the queries.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._version = 0
        self._until = 0.0
        self._values: dict[Hashable, Any] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """The value that `read` gave since the last commit. It is shared, so nobody may change it."""
        values = self._now()
        if key not in values:
            values[key] = await read()  # kept with what was there before it: a commit meanwhile drops it too
        value: Value = values[key]
        return value

    def _now(self) -> dict[Hashable, Any]:
        if self._connection is None:
            self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        version, moment = self._connection.execute("PRAGMA data_version").fetchone()[0], time.monotonic()
        if version != self._version or moment > self._until:
            self._version, self._until, self._values = version, moment + SECONDS, {}
        return self._values

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

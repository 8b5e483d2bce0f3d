"""What takes long to compute and may be a little old: kept in Redis for all processes or, without it, in this one.

A key names what it is of and its version, so what has changed is asked for under another key, and nothing is ever
wrong. What nobody asks for any more goes by itself.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.config import Settings

log = logging.getLogger(__name__)

KEPT_SECONDS = 60
MOST_KEPT = 500
MAX_CONNECTIONS = 10
TIMEOUT = 0.5  # seconds; computing it again takes less
AWAY_SECONDS = 10.0  # without Redis, after it failed, until it is asked again


class Cache:
    """One per app. Values are JSON."""

    def __init__(self, settings: Settings) -> None:
        self.kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.redis = _redis(settings.redis_url.get_secret_value()) if settings.redis_url else None
        self.away_until = 0.0

    async def json(self, key: str, compute: Callable[[], Awaitable[Any]]) -> bytes:
        """What is kept under this key, or what `compute` says, which is kept from now on. Not everybody who asks needs
        to read it: it names what was drawn of it before."""
        if (found := await self._read(key)) is None:
            found = orjson.dumps(await compute())
            await self._write(key, found)
        return found

    async def close(self) -> None:
        if self.redis:
            await self.redis.aclose()

    async def _read(self, key: str) -> bytes | None:
        if self.redis and time.monotonic() >= self.away_until:
            try:
                found = await self.redis.get(f"fastopp:{key}")
                return found.encode() if isinstance(found, str) else found
            except (RedisError, OSError) as error:
                self._note(error)
        until, value = self.kept.get(key, (0.0, b""))
        return value if until > time.monotonic() else None

    async def _write(self, key: str, value: bytes) -> None:
        if self.redis and time.monotonic() >= self.away_until:
            try:
                await self.redis.set(f"fastopp:{key}", value, ex=KEPT_SECONDS)
                return
            except (RedisError, OSError) as error:
                self._note(error)
        self.kept[key] = (time.monotonic() + KEPT_SECONDS, value)
        self.kept.move_to_end(key)
        while len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)

    def _note(self, error: Exception) -> None:
        log.warning("the cache does without Redis for a while: %s", type(error).__name__)
        self.away_until = time.monotonic() + AWAY_SECONDS


def _redis(url: str) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis(connection_pool=pool)

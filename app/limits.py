"""Rate limits: so many acts in so much time for each key, counted in Redis or, without it, in this process."""

import hmac
import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any, Protocol, TypeVar

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.config import Settings
from app.errors import TooManyRequests

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 20  # for each process
TIMEOUT = 1.0  # seconds that a request waits for Redis at a time
RETRIED_AFTER = 10.0  # seconds without Redis, after it failed, until one request tries again
SAID_AFTER = 60.0  # seconds from one line in the log to the next

Answer = TypeVar("Answer")
parse_rate = lru_cache(maxsize=64)(parse)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What of a limit is left: `amount` acts in `seconds`, the first of which comes free in `reset` seconds."""

    amount: int
    seconds: int
    left: int
    reset: int
    wait: float = 0.0

    def check(self) -> None:
        """Raise `TooManyRequests` when this act was one too many."""
        refuse(self.wait)


class Counter(Protocol):
    """Counts acts in a moving window. A rate is part of its key, so that each rate counts for itself."""

    async def hit(self, rate: RateLimitItem, key: str) -> float:
        """Count one act and return 0, or count nothing and return the seconds until one is free."""
        ...

    async def wait(self, rate: RateLimitItem, key: str) -> float:
        """The seconds until an act is free; 0 when it is now."""
        ...

    async def left(self, rate: RateLimitItem, key: str) -> tuple[int, float]:
        """How many acts are free now, and the seconds until one more is."""
        ...

    async def clear(self, rate: RateLimitItem, key: str) -> None: ...


class MemoryCounter:
    """This process's own counts.

    The storage in memory that comes with `limits` hands every key to a thread after each act, which keeps a core busy
    from a few hundred keys on. Here an act looks at two keys that it did not ask for, and forgets those that are over.
    """

    def __init__(self) -> None:
        self.ends: OrderedDict[str, deque[float]] = OrderedDict()  # when each act leaves the window, earliest first

    async def hit(self, rate: RateLimitItem, key: str) -> float:
        self._forget()
        name, now = rate.key_for(key), time.monotonic()
        if wait := self._wait(rate, name, now):
            return wait
        self.ends.setdefault(name, deque()).append(now + rate.get_expiry())
        return 0.0

    async def wait(self, rate: RateLimitItem, key: str) -> float:
        return self._wait(rate, rate.key_for(key), time.monotonic())

    async def left(self, rate: RateLimitItem, key: str) -> tuple[int, float]:
        name, now = rate.key_for(key), time.monotonic()
        self._wait(rate, name, now)
        ends = self.ends.get(name, deque())
        return max(0, rate.amount - len(ends)), ends[0] - now if ends else 0.0

    async def clear(self, rate: RateLimitItem, key: str) -> None:
        self.ends.pop(rate.key_for(key), None)

    def _wait(self, rate: RateLimitItem, name: str, now: float) -> float:
        ends = self.ends.get(name, deque())
        while ends and ends[0] <= now:
            ends.popleft()
        return ends[0] - now if len(ends) >= rate.amount else 0.0

    def _forget(self) -> None:
        """Look at two keys for the one that may come, so that all get their turn however many there are."""
        now = time.monotonic()
        for name in list(islice(self.ends, 2)):
            if not self.ends[name] or self.ends[name][-1] <= now:
                del self.ends[name]
            else:
                self.ends.move_to_end(name)


class RedisCounter:
    """Counts that every process with this Redis shares. Methods raise `RedisError` or `OSError` without it."""

    def __init__(self, url: str) -> None:
        self.pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=TIMEOUT,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 1),  # a connection that Redis closed in the meantime
        )
        options: dict[str, Any] = {"connection_pool": self.pool}
        self.window = MovingWindowRateLimiter(RedisStorage(f"async+{url}", implementation="redispy", **options))

    async def hit(self, rate: RateLimitItem, key: str) -> float:
        if await self.window.hit(rate, key):
            return 0.0
        return await self.wait(rate, key) or 1.0  # it came free between the two questions, but was not counted

    async def wait(self, rate: RateLimitItem, key: str) -> float:
        if await self.window.test(rate, key):
            return 0.0
        return max(0.0, (await self.window.get_window_stats(rate, key)).reset_time - time.time())

    async def left(self, rate: RateLimitItem, key: str) -> tuple[int, float]:
        found = await self.window.get_window_stats(rate, key)
        return found.remaining, max(0.0, found.reset_time - time.time())

    async def clear(self, rate: RateLimitItem, key: str) -> None:
        await self.window.clear(rate, key)

    async def close(self) -> None:
        await self.pool.aclose()


class Limits:
    """The app's rate limits. While Redis cannot be reached each process counts for itself: slower, never open."""

    def __init__(self, settings: Settings) -> None:
        self.secret = settings.secret_key.get_secret_value().encode()
        self.mail_rate = settings.mail_rate
        self.visitor_mail_rate = settings.visitor_mail_rate
        self.memory = MemoryCounter()
        self.redis = RedisCounter(settings.redis_url.get_secret_value()) if settings.redis_url else None
        self.retried_at = 0.0  # when Redis is asked again; 0 while it answers
        self.said_at = -math.inf

    async def hit(self, rate: str, *key: str) -> None:
        """Count one act, unless there were enough; then raise `TooManyRequests`. `rate`: as `20/minute`."""
        item, name = parse_rate(rate), self._digest(key)
        refuse(await self._ask(lambda counter: counter.hit(item, name)))

    async def spend(self, rate: str, *key: str) -> Allowance:
        """Count one act, unless there were enough, and tell what is left; whoever asked raises by `check`."""
        item, name = parse_rate(rate), self._digest(key)
        wait = await self._ask(lambda counter: counter.hit(item, name))
        left, reset = await self._ask(lambda counter: counter.left(item, name))
        return Allowance(item.amount, item.get_expiry(), left, math.ceil(reset), wait)

    async def hit_all(self, *limits: Sequence[str]) -> None:
        """Count one act for each of these (a rate and its key), unless one of them had enough: then for none.

        Who goes on trying against one limit must not use up the others.
        """
        for rate, *key in limits:
            await self.check(rate, *key)
        for rate, *key in limits:
            await self.hit(rate, *key)

    async def hit_mail(self, to: str, address: str) -> None:
        """Count a mail that anybody may ask for, by its recipient and by who asks; raises as `hit` does."""
        await self.hit_all((self.mail_rate, "mail", to), (self.visitor_mail_rate, "mail from", address))

    async def check(self, rate: str, *key: str) -> None:
        """Raise `TooManyRequests` when there were enough acts; count none."""
        item, name = parse_rate(rate), self._digest(key)
        refuse(await self._ask(lambda counter: counter.wait(item, name)))

    async def clear(self, rate: str, *key: str) -> None:
        """Forget the acts that were counted for this rate and key."""
        item, name = parse_rate(rate), self._digest(key)
        await self.memory.clear(item, name)  # which may hold some of a time without Redis
        await self._ask(lambda counter: counter.clear(item, name))

    async def close(self) -> None:
        if self.redis:
            await self.redis.close()

    def _digest(self, key: tuple[str, ...]) -> str:
        """Keys hold e-mail addresses; whoever reads the storage learns none."""
        return hmac.digest(self.secret, "\0".join(("limits", *key)).encode(), sha256).hex()

    async def _ask(self, question: Callable[[Counter], Awaitable[Answer]]) -> Answer:
        now = time.monotonic()
        if self.redis is None or now < self.retried_at:
            return await question(self.memory)
        if self.retried_at:
            self.retried_at = now + RETRIED_AFTER  # this request tries; nobody else waits for what comes of it
        try:
            answer = await question(self.redis)
        except (RedisError, OSError) as error:
            self._set_aside(error)
            return await question(self.memory)
        self.retried_at = 0.0
        return answer

    def _set_aside(self, error: Exception) -> None:
        now = time.monotonic()
        self.retried_at = now + RETRIED_AFTER
        if now - self.said_at >= SAID_AFTER:
            self.said_at = now
            # Not its words, which may hold the address with its password.
            log.warning("Redis does not answer (%s): this process counts rate limits alone", type(error).__name__)


def refuse(wait: float) -> None:
    """Raise `TooManyRequests` unless there are 0 seconds to wait."""
    if wait:
        seconds = math.ceil(wait)
        raise TooManyRequests(f"That was a lot in a short time. Please wait {seconds} seconds.", retry_after=seconds)

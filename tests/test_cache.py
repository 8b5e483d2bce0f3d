"""The cache: in memory, in a Redis that processes share, and without a Redis that is away."""

from collections.abc import Awaitable, Callable

import pytest
from pydantic import SecretStr

from app import cache
from app.cache import Cache
from app.config import Settings
from tests.test_limits import RealRedis, redis

__all__ = ["redis"]


def counter() -> tuple[list[int], Callable[[], Awaitable[int]]]:
    calls: list[int] = []

    async def compute() -> int:
        calls.append(1)
        return len(calls)

    return calls, compute


async def test_what_is_kept_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, (calls, compute) = Cache(Settings()), counter()
    assert [await kept.json("a", compute) for _ in range(3)] == [b"1"] * 3
    assert await kept.json("b", compute) == b"2" and len(calls) == 2
    monkeypatch.setattr(cache, "KEPT_SECONDS", -1)
    again = [await kept.json("c", compute) for _ in range(2)]
    assert again == [b"3", b"4"], "what is too old is computed again"


async def test_memory_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_KEPT", 3)
    kept, (_, compute) = Cache(Settings()), counter()
    for number in range(10):
        await kept.json(f"key {number}", compute)
    assert list(kept.kept) == ["key 7", "key 8", "key 9"]


async def test_processes_share_it_through_redis(redis: RealRedis) -> None:
    one, other = (Cache(Settings(redis_url=SecretStr(redis.url))) for _ in range(2))
    _, compute = counter()
    assert [await each.json("shared", compute) for each in (one, other, one)] == [b"1"] * 3
    assert not one.kept and not other.kept
    for each in (one, other):
        await each.close()


async def test_a_redis_that_is_away_costs_nothing_but_time() -> None:
    kept, (_, compute) = Cache(Settings(redis_url=SecretStr("redis://127.0.0.1:1"))), counter()
    assert [await kept.json("a", compute) for _ in range(2)] == [b"1"] * 2, "kept in memory meanwhile"
    await kept.close()

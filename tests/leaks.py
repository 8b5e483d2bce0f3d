"""Secrets in the log: what the tests see given out is noted, and so is every line that is logged.

Passwords are those that tests type; cookies and what pages show once are noted as they come by, links and codes are
taken from the mails of each app when it closes. `found()` compares at the end of the run.
"""

import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import httpx2
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from app.models.mail import Mail
from app.services.demo_service import PASSWORD as DEMO_PASSWORD

COOKIES = re.compile(r"(?:__Host-)?(?:session|pending|device)=\"?([^;\"\s]{16,})")
SHOWN_ONCE = re.compile(r"\bfo_[\w-]{40,}|<code[^>]*>([A-Z2-7]{32}|(?:[a-z0-9]{4}-){2}[a-z0-9]{4})</code>")
MAILED = re.compile(r"https?://[^/\s]+/\S*?([\w-]{40,})|\b(\d{8})\b")
WORDS = re.compile(r"[\w.-]{8,}")
TOKEN = re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)(?:fo_)?[\w-]{43,}")

secrets: set[str] = {DEMO_PASSWORD}  # `tests.people` adds its own
lines: set[str] = set()
_format = logging.Formatter()


def listen() -> None:
    """Note every record of the app's loggers, whatever handlers and levels an app configures afterwards."""
    make = logging.getLogRecordFactory()

    def note(*args: object, **named: object) -> logging.LogRecord:
        record = make(*args, **named)
        if record.name.split(".")[0] in ("app", "uvicorn"):
            lines.add(written(record))
        return record

    logging.setLogRecordFactory(note)


def written(record: logging.LogRecord) -> str:
    trace = _format.formatException(record.exc_info) if record.exc_info else ""
    return f"{record.getMessage()} {record.args} {trace}"


async def note_response(response: httpx2.Response) -> None:
    """What a browser is given: its cookies, and the tokens, keys and codes that a page shows once."""
    for cookie in response.headers.get_list("set-cookie"):
        secrets.update(COOKIES.findall(cookie))
    await response.aread()
    if "text/html" in response.headers.get("content-type", ""):
        note(SHOWN_ONCE.finditer(response.text))


async def note_mails(app: FastAPI) -> None:
    with suppress(DBAPIError):  # a test may have taken the tables away
        async with app.state.database.transaction() as session:
            for text in (await session.exec(select(Mail.text))).all():
                note(MAILED.finditer(text))


def note(matches: Iterable[re.Match[str]]) -> None:
    for match in matches:
        secrets.add(next((group for group in match.groups() if group), match[0]))


def note_log(file: Path) -> None:
    """The log of a server that ran as a process of its own."""
    if file.exists():
        lines.update(file.read_text(errors="replace").splitlines())


def found(lines: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """The lines that hold a secret, or what has the shape of a token that nobody noted."""
    phrases = [secret for secret in secrets if not WORDS.fullmatch(secret)]
    known = set(secrets)
    return [line for line in lines if is_leak(line, phrases, known)]


def is_leak(line: str, phrases: Iterable[str], known: set[str]) -> bool:
    words = {part for word in WORDS.findall(line) for part in (word, word.split(".")[0])}
    return bool(words & known or TOKEN.search(line) or any(phrase in line for phrase in phrases))

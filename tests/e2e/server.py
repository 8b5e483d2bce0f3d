"""The real server, as a process of its own, for tests that drive a browser or kill it."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Self

import httpx2

from tests import leaks
from tests.people import PASSWORD_MEMORY

ROOT = Path(__file__).resolve().parents[2]
FILLED: dict[str, bytes] = {}  # databases after `migrate` and `seed`


class Server:
    """`fastopp serve` on a free port and a database of its own. Settings are environment variables."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        database = {
            "DATABASE_URL": f"sqlite:///{folder / 'e2e.db'}",
            "PASSWORD_MEMORY": str(PASSWORD_MEMORY),
            "QUESTION_RATE": "10000/minute",
            "VISITOR_MAIL_RATE": "10000/minute",
        }
        here = {"PATH": os.environ["PATH"], "HOME": str(folder), "PUBLIC_URL": self.url}
        self.environment = {**here, **database, **settings}
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._fill()
        self.start()
        return self

    def _fill(self) -> None:
        """Migrate and seed; once is enough for all servers with a file of their own, which begin with a copy of it."""
        kind, database = self.environment.get("ENVIRONMENT", ""), self.folder / "e2e.db"
        if self.environment["DATABASE_URL"].endswith(str(database)) and kind in FILLED:
            database.write_bytes(FILLED[kind])
            return
        self.run("migrate")
        self.run("seed")
        if database.exists():
            with closing(sqlite3.connect(database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            FILLED[kind] = database.read_bytes()

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.end(signal.SIGTERM)

    def run(self, *command: str, typed: str = "") -> str:
        """Run `fastopp` with these words; return what it says."""
        line, here = self._command(*command), self.folder
        done = subprocess.run(
            line, env=self.environment, cwd=here, input=typed, check=True, capture_output=True, text=True
        )
        return done.stdout

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = self._command("serve", "--port", str(self.port))
            self.process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        wait_until_ready(self.url)

    def end(self, how: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(how)
        self.process.wait(timeout=10)
        self.process = None
        leaks.note_log(self.log)

    def _command(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from app.cli import app; app()",
            *arguments,
        ]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_ready(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if httpx2.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} did not get ready in {seconds} s")
        time.sleep(0.05)

"""Two server processes on one database and a real mail server: every reminder is written once, whoever is killed."""

import json
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from tests.e2e.server import Server, wait_until_ready
from tests.smtp_server import SmtpServer, running_smtp

PEOPLE = 60  # two reminders each, so four transactions
SLUG = "streaming-answers"  # one of the demo's, which we let begin in half an hour


def query(server: Server, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(server.folder / "e2e.db", timeout=20)) as database, database:
        return list(database.execute(sql, values).fetchall())


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def prepare(server: Server) -> None:
    """Before any server runs: a webinar for whose registrants both reminders are due."""
    server._fill()
    begins = datetime.now(UTC) + timedelta(minutes=30)
    times = (stamp(begins), stamp(begins + timedelta(hours=1)), PEOPLE, PEOPLE, SLUG)
    query(server, "UPDATE webinar SET starts_at = ?, ends_at = ?, capacity = ?, taken = ? WHERE slug = ?", *times)
    [(webinar_id,)] = query(server, "SELECT id FROM webinar WHERE slug = ?", SLUG)
    names = "id webinar_id number name email answers status source consent consented_at group sequence created_at"
    columns = ", ".join(f'"{name}"' for name in f"{names} updated_at".split())
    long_ago = stamp(begins - timedelta(days=3))
    for number in range(PEOPLE):
        who = (uuid4().hex, webinar_id, number, f"P{number}", f"p{number}@example.com", json.dumps({}), "registered")
        row = (*who, "", "yes", long_ago, "", 0, long_ago, long_ago)
        query(server, f"INSERT INTO registration ({columns}) VALUES ({', '.join('?' * len(row))})", *row)


@contextmanager
def two_at_once(folder: Path, smtp: SmtpServer) -> Iterator[tuple[Server, Server]]:
    """Both processes start in the same moment, so that both look for what is due."""
    settings = {"SMTP_URL": smtp.url, "LOG_LEVEL": "WARNING"}
    servers = Server(folder, **settings), Server(folder, **settings)
    prepare(servers[0])
    start(servers)
    try:
        yield servers
    finally:
        for server in servers:
            if server.process:
                server.end(signal.SIGTERM)


def start(servers: tuple[Server, ...]) -> None:
    for server in servers:
        with server.log.open("ab") as log:
            command = server._command("serve", "--port", str(server.port))
            options = {"env": server.environment, "cwd": server.folder, "stdout": log, "stderr": log}
            server.process = subprocess.Popen(command, **options)  # type: ignore[call-overload]


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def written(server: Server) -> int:
    [(count,)] = query(server, "SELECT count(*) FROM webinar_delivery")
    assert isinstance(count, int)
    return count


def each_once(server: Server) -> bool:
    """Whether everybody was written both reminders: a mail for each that was noted at every moment, and no more."""
    sql = """SELECT count(*), count(DISTINCT recipient), (SELECT count(*) FROM webinar_delivery),
             (SELECT max(n) FROM (SELECT count(*) AS n FROM mail GROUP BY recipient)) FROM mail"""
    [(mails, recipients, deliveries, most)] = query(server, sql)
    assert mails == deliveries and most in (None, 1, 2)
    return (mails, recipients, most) == (2 * PEOPLE, PEOPLE, 2)


def test_two_processes_remind_everybody_once(tmp_path: Path) -> None:
    with running_smtp() as smtp, two_at_once(tmp_path, smtp) as servers:
        for server in servers:
            wait_until_ready(server.url, 60)
        until(lambda: each_once(servers[0]) and len(smtp.mails) >= 2 * PEOPLE, 100)
        time.sleep(1)
        assert Counter(mail["To"] for mail in smtp.mails) == {f"p{n}@example.com": 2 for n in range(PEOPLE)}
        assert len({mail["Message-ID"] for mail in smtp.mails}) == 2 * PEOPLE


def test_killed_in_the_middle_and_started_again(tmp_path: Path) -> None:
    """What was being handed in then may arrive twice, under one Message-ID; nothing is written anew."""
    with running_smtp() as smtp, two_at_once(tmp_path, smtp) as servers:
        until(lambda: 0 < written(servers[0]) < 2 * PEOPLE)
        for server in servers:
            server.end(signal.SIGKILL)
        middle = written(servers[0])
        assert 0 < middle < 2 * PEOPLE, "in the middle"
        assert query(servers[0], "SELECT count(*) FROM mail") == [(middle,)], "a mail for each that was noted"
        claimed = query(servers[0], "SELECT recipient FROM mail WHERE claimed_until IS NOT NULL")
        query(servers[0], "UPDATE mail SET claimed_until = NULL")  # as five minutes later
        start(servers)
        until(lambda: each_once(servers[0]), 100)
        unsent = "SELECT count(*) FROM mail WHERE status != 'sent'"
        until(lambda: query(servers[0], unsent) == [(0,)], 100)
        seen = Counter(mail["To"] for mail in smtp.mails)
        assert len({mail["Message-ID"] for mail in smtp.mails}) == 2 * PEOPLE
        assert {who for who, count in seen.items() if count != 2} <= {str(who) for (who,) in claimed}

"""Several processes on one database: what is begun in one is followed, stopped and mourned from another."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from app.services.demo_service import PASSWORD
from tests.e2e.conftest import with_model
from tests.e2e.server import Server
from tests.html import find, one, parse
from tests.live_page import LivePage, events
from tests.model_server import ANSWER, ModelServer, running


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with running(rate=100) as server:
        yield server


@contextmanager
def two_servers(folder: Path, model: ModelServer, **settings: str) -> Iterator[tuple[Server, Server]]:
    settings = with_model(model) | settings
    with Server(folder, **settings) as one:
        two = Server(folder, **settings)
        two.start()
        try:
            yield one, two
        finally:
            two.end(signal.SIGTERM)


def visitor(server: Server, cookies: httpx2.Cookies | None = None) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers={"Sec-Fetch-Site": "same-origin"}, cookies=cookies, timeout=30)


def begin(client: httpx2.Client, model: str) -> tuple[str, str]:
    """Ask; return the conversation's path and the answer's id."""
    path = client.post("/chat", data={"content": "Tell me", "model": model}).headers["location"]
    return path, str(newest(client, path)["id"])


def newest(client: httpx2.Client, path: str) -> dict[str, object]:
    message: dict[str, object] = client.get(f"{path}/export.json").json()["messages"][-1]
    return message


def wait_for(client: httpx2.Client, path: str, status: str, seconds: float = 15) -> dict[str, object]:
    deadline = time.monotonic() + seconds
    while (message := newest(client, path))["status"] != status:
        assert time.monotonic() < deadline, message
        time.sleep(0.05)
    return message


def test_follow_and_stop_from_another_process(tmp_path: Path, model: ModelServer) -> None:
    with two_servers(tmp_path, model) as (one, two), visitor(one) as here:
        path, id = begin(here, "paced-25")
        with visitor(two, here.cookies) as there:
            page = LivePage()
            with there.stream("GET", f"/answers/{id}/stream") as stream:
                for number, line in enumerate(stream.iter_text()):
                    for event in events(line):
                        page.take(event)
                    if number == 3:
                        began = time.monotonic()
                        assert there.post(f"/answers/{id}/stop").status_code == 303
            assert page.done and "Stopped" in page.final
            assert time.monotonic() - began < 3
            kept = wait_for(here, path, "stopped")
            assert kept["text"] and ANSWER.startswith(str(kept["text"]))


def test_a_whole_answer_followed_from_another_process(tmp_path: Path, model: ModelServer) -> None:
    with two_servers(tmp_path, model) as (one, two), visitor(one) as here:
        path, id = begin(here, "normal")
        with visitor(two, here.cookies) as there:
            pages = []
            for client in (here, there):
                page = LivePage()
                for event in events(client.get(f"/answers/{id}/stream").text):
                    page.take(event)
                pages.append(page)
        assert pages[0].done and pages[1].done
        assert wait_for(here, path, "complete")["text"] == ANSWER
        assert pages[0].final == pages[1].final


def test_what_a_dead_process_left_is_marked_by_another(tmp_path: Path, model: ModelServer) -> None:
    with two_servers(tmp_path, model) as (one, two), visitor(one) as here:
        path, _id = begin(here, "paced-25")
        time.sleep(1.5)
        one.end(signal.SIGKILL)
        with visitor(two, here.cookies) as there:
            kept = wait_for(there, path, "interrupted")
            assert kept["text"] and ANSWER.startswith(str(kept["text"]))
        one.start()  # so that it can be ended as the others are


SMALL = "a-feature-in-an-hour"  # one of the demo's webinars


def registered(client: httpx2.Client) -> str:
    """Register somebody, and sign in as staff; return the path of the follow-up to her."""
    form = {"name": "Ann", "email": "ann@example.com", "consent": "true"}
    assert client.post(f"/webinars/{SMALL}/registrations", data=form).status_code == 201
    client.post("/sign-in", data={"email": "marketing@example.com", "password": PASSWORD})
    [link] = find(parse(client.get(f"/desk/webinars/{SMALL}/registrations").text), "tbody a[href*='/registrations/']")
    return f"{link.get('href')}/follow-up"


def letter(client: httpx2.Client, path: str) -> str:
    """What stands in the form by now."""
    return (one(parse(client.get(path).text), "textarea").text or "").strip()


def test_a_draft_is_stopped_from_another_process(tmp_path: Path, database_url: str, model: ModelServer) -> None:
    settings = {"DATABASE_URL": database_url, "OPENAI_MODEL": "paced-25"}
    with two_servers(tmp_path, model, **settings) as (writes, other), visitor(writes) as here:
        path, told = registered(here), len(model.cancelled)
        here.post(f"{path}/draft")
        seen = before = ""
        with visitor(other, here.cookies) as there, here.stream("GET", f"{path}/stream") as stream:
            for piece in stream.iter_text():
                seen += piece
                if not before and (before := letter(there, path)):
                    began = time.monotonic()
                    assert there.post(f"{path}/stop").status_code == 303
                    kept = letter(there, path)
        assert time.monotonic() - began < 5
        *_, end, done = events(seen)
        assert done.event == "done" and not find(parse(end.data), "[role=alert]"), "nothing went wrong"
        assert before in kept and ANSWER.startswith(kept) and len(kept) < len(ANSWER) / 2
        assert letter(here, path) == kept, "it had ended when the page came"
        assert len(model.cancelled) == told + 1, "the model was told"
        sent = here.post(f"{path}/sending", data={"subject": "About it", "text": "Dear Ann"})
        assert sent.status_code == 303, "nobody writes it any more"


def test_several_workers_of_one_server(tmp_path: Path, model: ModelServer) -> None:
    with Server(tmp_path, **with_model(model), WEB_CONCURRENCY="2") as server, visitor(server) as client:
        path, id = begin(client, "normal")
        for _ in range(4):  # on new connections, so in either worker
            with visitor(server, client.cookies) as tab:
                assert tab.get(path).status_code == 200
                assert tab.get(f"/answers/{id}/stream").text.rstrip().endswith("event: done\ndata:")
        assert wait_for(client, path, "complete")["text"] == ANSWER


def test_open_streams_do_not_hold_up_the_end(tmp_path: Path, model: ModelServer) -> None:
    with Server(tmp_path, **with_model(model)) as server, visitor(server) as client:
        path, id = begin(client, "slow")
        with client.stream("GET", f"/answers/{id}/stream") as stream:
            next(stream.iter_raw())
            began = time.monotonic()
            server.end(signal.SIGTERM)
        assert time.monotonic() - began < 5
        server.start()
        assert newest(client, path)["status"] == "interrupted"


def test_the_log_is_json_in_production_and_keeps_secrets(tmp_path: Path, model: ModelServer) -> None:
    secret = "kJ3nd82jsKD92jdmcnLs0293jdmWpqXz"
    production = {"ENVIRONMENT": "production", "SECRET_KEY": secret, "PASSWORD_MEMORY": "19456"}
    with Server(tmp_path, **with_model(model), **production) as server, visitor(server) as client:
        response = client.get("/")
    lines = server.log.read_text().splitlines()  # now that it has ended: a request is logged after its answer
    assert all(line.startswith("{") and line.endswith("}") for line in lines)
    assert any(response.headers["x-request-id"] in line and '"path": "/"' in line for line in lines)
    assert secret not in server.log.read_text() and "sk-test" not in server.log.read_text()

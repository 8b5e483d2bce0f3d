"""The index leads each request to the route that a look through all of them finds."""

import asyncio
from collections.abc import MutableMapping

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Match
from starlette.types import Scope

from app.config import Settings
from app.main import create_app
from app.route_index import RouteIndex, first_segment
from tests.browser import Browser


def test_no_route_before_it_takes_what_belongs_to_another(app: FastAPI) -> None:
    """Those of one first segment are in the order in which the app has them, and no other route fits such a path."""
    index = RouteIndex(app.router)
    for route in app.routes:
        path = getattr(route, "path", "").replace("{", "").replace("}", "").replace(":path", "") or "/"
        scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": ""}
        every = [each for each in app.routes if each.matches(scope)[0] is Match.FULL]
        routes = index.routers[first_segment(path)].routes
        assert [each for each in routes if each.matches(scope)[0] is Match.FULL] == every


async def test_what_the_index_does_not_know_is_looked_for_among_all(app: FastAPI, browser: Browser) -> None:
    @app.get("/health/later")
    @app.get("/{anything}")
    async def later() -> str:
        return "later"

    for path in ("/health/later", "/later"):
        assert (await browser.get(path)).text == '"later"'
    assert (await browser.get("/health/never")).status_code == 404
    assert (await browser.post("/health/live")).status_code == 405


async def test_the_app_begins_and_ends_with_its_server(settings: Settings) -> None:
    app = create_app(settings)
    begun = asyncio.Event()

    async def receive() -> dict[str, str]:
        if not begun.is_set():
            begun.set()
            return {"type": "lifespan.startup"}
        assert app.state.answers._keeper, "its lifespan has begun"
        return {"type": "lifespan.shutdown"}

    said: list[str] = []

    async def send(message: MutableMapping[str, str]) -> None:
        said.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"] and app.state.answers._keeper.done()


@pytest.mark.parametrize(("path", "segment"), [("/", ""), ("", ""), ("/a", "a"), ("/a/b/c", "a"), ("//a", "")])
def test_the_first_segment(path: str, segment: str) -> None:
    assert first_segment(path) == segment


def test_a_route_with_a_parameter_first_has_no_place_in_the_index() -> None:
    router = APIRouter()
    router.add_api_route("/{anything}", lambda: None)
    router.add_api_route("/a", lambda: None)
    assert list(RouteIndex(router).routers) == ["a"]

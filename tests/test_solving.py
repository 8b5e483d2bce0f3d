"""A route answers and calls the same, whether what its dependencies need is solved once or again and again."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI, Header, Query
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.solving import solve_each_once

called: list[str] = []


async def base() -> AsyncIterator[str]:
    called.append("base")
    yield "base"
    called.append("base ended")


BaseDep = Annotated[str, Depends(base, scope="function")]


async def left(base: BaseDep, x_wanted: Annotated[str, Header(max_length=3)] = "") -> str:
    called.append("left")
    return f"{base}-left{x_wanted}"


async def right(base: BaseDep) -> str:
    called.append("right")
    return f"{base}-right"


LeftDep = Annotated[str, Depends(left)]
RightDep = Annotated[str, Depends(right)]


async def both(left: LeftDep, right: RightDep, base: BaseDep) -> str:
    called.append("both")
    return f"{left} {right} {base}"


async def act(both: Annotated[str, Depends(both)], right: RightDep, left: LeftDep) -> str:
    called.append("act")
    return f"{both}, {right}, {left}"


def make(*, once: bool) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def show(act: Annotated[str, Depends(act)], right: RightDep, n: Annotated[int, Query(le=9)] = 0) -> str:
        return f"{act}; {right}; {n}"

    route = app.routes[-1]
    assert isinstance(route, APIRoute)
    if once:
        before = size(route.dependant)
        solve_each_once(route.dependant)
        assert size(route.dependant) < before
    return app


def size(dependant: Dependant) -> int:
    return 1 + sum(map(size, dependant.dependencies))


async def answer(app: FastAPI, query: str, wanted: str) -> tuple[int, object, list[str]]:
    called.clear()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        response = await client.get(f"/{query}", headers={"x-wanted": wanted})
    return response.status_code, response.json(), list(called)


@pytest.mark.parametrize(
    ("query", "wanted", "status"), [("?n=3", "abc", 200), ("?n=10", "abc", 422), ("", "abcd", 422)]
)
async def test_one_walk_is_as_good_as_many(query: str, wanted: str, status: int) -> None:
    again = await answer(make(once=False), query, wanted)
    once = await answer(make(once=True), query, wanted)
    assert once == again
    assert once[0] == status
    assert ("act" in once[2]) == (wanted == "abc"), "whoever needs something that is wrong is not called"

"""The numbers of webinars, drawn: of one, which change by themselves, and of all."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.models.base import Typed
from app.routes.desk import WebinarDep
from app.services.numbers import Scope
from app.visitors import PageDep, RightsDep, WatchedDep
from app.webinar_dependencies import LiveWebinarsDep, NumberServiceDep

router = APIRouter(prefix="/desk")


async def get_scope(rights: RightsDep, source: Typed = "", since: str = "", until: str = "") -> Scope:
    rights.check("webinar.view")
    rights.check_some("registration.view")
    return Scope.of(source, since, until)


ScopeDep = Annotated[Scope, Depends(get_scope)]


@router.get("/numbers", name="numbers")
async def show_all(page: PageDep, rights: RightsDep, scope: ScopeDep, numbers: NumberServiceDep) -> Response:
    found = await numbers.of_all(rights, scope)
    return page.render("webinars/numbers.html", block="numbers", numbers=found)


@router.get("/numbers/{name}.csv", name="numbers_file")
async def file_of_all(
    page: PageDep, rights: RightsDep, scope: ScopeDep, numbers: NumberServiceDep, name: str
) -> Response:
    found = await numbers.of_all(rights, scope)
    return page.download(found.file(name), "text/csv", f"webinars-{name}.csv")


@router.get("/webinars/{slug}/numbers", name="webinar_numbers")
async def show(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, scope: ScopeDep, numbers: NumberServiceDep
) -> Response:
    found = await numbers.of_webinar(rights, webinar, scope)
    return page.render("webinars/numbers.html", block="numbers", numbers=found)


@router.get("/webinars/{slug}/numbers/stream", name="webinar_numbers_stream")
async def stream(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, scope: ScopeDep, live: LiveWebinarsDep, watched: WatchedDep
) -> Response:
    follow = partial(live.numbers, rights, webinar.id, scope)
    return watched.stream(page, "webinars/numbers_frame.html", "numbers", follow)


@router.get("/webinars/{slug}/numbers/{name}.csv", name="webinar_numbers_file")
async def file(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, scope: ScopeDep, numbers: NumberServiceDep, name: str
) -> Response:
    found = await numbers.of_webinar(rights, webinar, scope)
    return page.download(found.file(name), "text/csv", f"{webinar.slug}-{name}.csv")

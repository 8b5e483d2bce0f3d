"""The numbers of webinars: the figures behind the charts of the pages."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.api.callers import ReaderDep, RightsDep
from app.api.replies import one
from app.api.routing import ApiRouter
from app.api.staff_answers import NumbersAnswer
from app.models.listing import NumbersQuery
from app.routes.api.webinars import WebinarDep
from app.services.numbers import Scope
from app.webinar_dependencies import NumberServiceDep

router = ApiRouter("", tags=["numbers"])


async def get_scope(rights: RightsDep, query: Annotated[NumbersQuery, Query()]) -> Scope:
    rights.check("webinar.view")
    rights.check_some("registration.view")
    return Scope(query.source, query.since, query.until)


ScopeDep = Annotated[Scope, Depends(get_scope)]


@router.get("/numbers", name="numbers_list", response_model=NumbersAnswer, summary="Numbers of all webinars")
async def index(_reader: ReaderDep, rights: RightsDep, scope: ScopeDep, numbers: NumberServiceDep) -> Response:
    """Of the last webinars that start between the two days (of UTC)."""
    return one(NumbersAnswer.of(await numbers.of_all(rights, scope)))


@router.get(
    "/webinars/{slug}/numbers", name="numbers_get", response_model=NumbersAnswer, summary="Numbers of a webinar"
)
async def show(
    _reader: ReaderDep, rights: RightsDep, webinar: WebinarDep, scope: ScopeDep, numbers: NumberServiceDep
) -> Response:
    """Of the registrations that were made between the two days, as its clocks show them."""
    return one(NumbersAnswer.of(await numbers.of_webinar(rights, webinar, scope)))

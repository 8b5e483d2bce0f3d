"""The documents that answers rest on."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.dependencies import SearchServiceDep
from app.visitors import PageDep, Slug, Words

router = APIRouter(prefix="/documents")
Offset = Annotated[int, Query(ge=0)]


@router.get("", name="documents")
async def index(page: PageDep, search: SearchServiceDep, q: Words = "") -> Response:
    found = await search.find(q)
    return page.render("documents/index.html", block="results", documents=await search.all(), found=found, q=q)


@router.get("/{slug}", name="document")
async def show(
    page: PageDep, search: SearchServiceDep, slug: Slug, start: Offset = 0, end: Offset = 0, v: str = ""
) -> Response:
    """A document; with the span that somebody quoted from its version `v`."""
    return page.render("documents/show.html", document=await search.document(slug), start=start, end=end, v=v)

"""The documents that answers rest on."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.dependencies import SearchServiceDep
from app.visitors import PageDep

router = APIRouter(prefix="/documents")
Slug = Annotated[str, Path(pattern="^[^\\x00]+$")]  # PostgreSQL refuses to look for a NUL
Offset = Annotated[int, Query(ge=0)]


@router.get("", name="documents")
async def index(page: PageDep, search: SearchServiceDep, q: Annotated[str, Query(max_length=500)] = "") -> Response:
    found = await search.find(q)
    return page.render("documents/index.html", block="results", documents=await search.all(), found=found, q=q)


@router.get("/{slug}", name="document")
async def show(
    page: PageDep, search: SearchServiceDep, slug: Slug, start: Offset = 0, end: Offset = 0, v: str = ""
) -> Response:
    """A document; with the span that somebody quoted from its version `v`."""
    return page.render("documents/show.html", document=await search.document(slug), start=start, end=end, v=v)

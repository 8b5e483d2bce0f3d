"""The documents that answers rest on, and what of them answers a question."""

from typing import Annotated

from fastapi import Query, Request, Response

from app.api.answers import DocumentAnswer, DocumentSummary, Page, Passage, Passages
from app.api.callers import ReaderDep
from app.api.replies import one, page, plain
from app.api.routing import ApiRouter
from app.dependencies import ListingServiceDep, SearchServiceDep
from app.models.listing import DocumentQuery, SearchQuery
from app.visitors import Slug

router = ApiRouter("", tags=["documents"])


@router.get("/documents", name="documents_list", response_model=Page[DocumentSummary], summary="List documents")
async def index(
    request: Request, _reader: ReaderDep, listings: ListingServiceDep, query: Annotated[DocumentQuery, Query()]
) -> Response:
    """The documents of the knowledge base, without their texts."""
    return page(request, await listings.documents(query), DocumentSummary.of)


@router.get("/documents/{slug}", name="documents_get", response_model=DocumentAnswer, summary="Read a document")
async def show(_reader: ReaderDep, search: SearchServiceDep, slug: Slug) -> Response:
    """One document with its text."""
    return one(DocumentAnswer.of(await search.document(slug)))


@router.get("/search", name="documents_search", response_model=Passages, summary="Search")
async def find(_reader: ReaderDep, search: SearchServiceDep, query: Annotated[SearchQuery, Query()]) -> Response:
    """The passages of documents that answer a question best: those that an answer of the model would rest on."""
    return plain(Passages(items=[Passage.of(each) for each in await search.find(query.q)]))

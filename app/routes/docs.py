"""The API's documentation, in which each request can be tried."""

from fastapi import APIRouter, Response

from app.security import CONTENT_SECURITY_POLICY
from app.visitors import PageDep

router = APIRouter()
# The element writes its own styles into its shadow tree. Scripts are held as everywhere.
DOCS_POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


@router.get("/docs", name="docs")
async def docs(page: PageDep) -> Response:
    response = page.render("api/docs.html")
    response.headers["Content-Security-Policy"] = DOCS_POLICY
    return response

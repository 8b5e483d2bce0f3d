"""The description of the API, for programs and for people."""

from fastapi import Request, Response

from app.api.openapi import described
from app.api.routing import ApiRouter

router = ApiRouter("", tags=["reference"])


@router.get("/openapi.json", name="openapi", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """OpenAPI 3.1."""
    return Response(described(request.app), media_type="application/json")

"""The JSON API, for programs that show a token."""

from fastapi import APIRouter

from app.visitors import ReaderDep

router = APIRouter(prefix="/api")


@router.get("/me", name="api_me")
async def me(reader: ReaderDep) -> dict[str, object]:
    """Whose token this is, and what it is good for."""
    return {"email": reader.user.email, "name": reader.user.name, "scopes": sorted(reader.scopes)}

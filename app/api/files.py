"""Files as they are: the body of a request is the file, without a form around it."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request

from app.api.routing import UnsupportedMedia

PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")


class NoSuchFile(UnsupportedMedia):
    title = "Not such a file"


class FileBody:
    """What reads a file of one of these types, and describes it: `openapi_extra=PICTURE.described`."""

    def __init__(self, kinds: Sequence[str], example: str = "") -> None:
        self.kinds = kinds
        example_of = {"examples": {"example": {"value": example}}} if example else {}
        schema = {"type": "string"} | ({} if example else {"format": "binary"})
        content = {kind: {"schema": schema, **example_of} for kind in kinds}
        self.described: dict[str, Any] = {"requestBody": {"required": True, "content": content}}

    async def __call__(self, request: Request) -> bytes:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in self.kinds:
            raise NoSuchFile(f"Send the file itself, with the header Content-Type: {' or '.join(self.kinds)}.")
        return await request.body()


PICTURE = FileBody(PICTURES)
TABLE = FileBody(("text/csv",), "name,email,group\nVera Visitor,vera@example.com,press\n")
PictureBody = Annotated[bytes, Depends(PICTURE)]
TableBody = Annotated[bytes, Depends(TABLE)]

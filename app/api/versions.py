"""Versions of single things: `ETag` names one, and `If-Match` says which one a change was made from."""

from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header
from pydantic import BaseModel

from app.errors import AppError

ANY = "*"


class Changed(AppError):
    status = 412
    title = "It has changed"
    message = "Somebody else has changed this since you read it. Read it again, then send your change once more."


class VersionRequired(AppError):
    status = 428
    title = "Which version?"
    message = "Send the ETag of the version that you have read as If-Match, or * to change whatever is there."


def version(resource: BaseModel) -> str:
    """The ETag of a resource: of what can be changed in it, not of its counters (`COUNTS`), which move by themselves.

    It is of what this caller sees: who sees more has another one.
    """
    counts: set[str] = set(getattr(resource, "COUNTS", ()))
    return f'"{sha256(resource.model_dump_json(exclude=counts).encode()).hexdigest()[:32]}"'


class Precondition:
    """What a request says of the version that it changes."""

    def __init__(self, if_match: str) -> None:
        self.versions = {each.strip() for each in if_match.split(",") if each.strip()}

    def check(self, resource: BaseModel) -> None:
        """Raise `Changed` when it is another one. Only under a lock, which keeps it from changing in between."""
        if not self.versions:
            raise VersionRequired
        if not self.versions & {ANY, version(resource)}:
            raise Changed


async def get_precondition(
    if_match: Annotated[str, Header(description="The `ETag` of the version that you have read, or `*`.")] = "",
) -> Precondition:
    return Precondition(if_match)


PreconditionDep = Annotated[Precondition, Depends(get_precondition)]

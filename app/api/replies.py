"""What routes answer with: one thing with its version, or a page of a list with the way to the next."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from app.api.answers import Page
from app.api.versions import version
from app.services.listing_service import Listed

MEDIA_TYPE = "application/json"
PREFIX = "/api/v1"
QUICK = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
Row = TypeVar("Row")


def one(resource: BaseModel, *, status: int = 200, location: str = "") -> Response:
    """One thing; `location` is where it is from now on, below the API's own path."""
    headers = {"ETag": version(resource)} | ({"Location": PREFIX + location} if location else {})
    return Response(resource.model_dump_json(), status, headers, MEDIA_TYPE)


def plain(content: BaseModel) -> Response:
    """What has no version."""
    return Response(content.model_dump_json(), media_type=MEDIA_TYPE)


def page(request: Request, listed: Listed[Row], show: Callable[[Row], BaseModel]) -> Response:
    """Some rows of a list as their answers, and the address of the next ones: the same request, further on."""
    following, links = _ways(request, listed)
    items: Sequence[Any] = [show(row) for row in listed.rows]
    body = Page[Any](items=items, next=following)
    return Response(body.model_dump_json(), headers=links, media_type=MEDIA_TYPE)


def quick_page(request: Request, listed: Listed[Row], show: Callable[[Row], dict[str, Any]]) -> Response:
    """The same of plain values, for a list that is asked for often."""
    following, links = _ways(request, listed)
    body = {"items": [show(row) for row in listed.rows], "next": following}
    return Response(orjson.dumps(body, option=QUICK), headers=links, media_type=MEDIA_TYPE)


def _ways(request: Request, listed: Listed[Row]) -> tuple[str | None, dict[str, str]]:
    """The address of the next page, and the header that names it and the first one."""
    names = dict(request.query_params)
    following = f"{request.url.path}?{urlencode(names | {'after': listed.after})}" if listed.after else None
    first = {name: value for name, value in names.items() if name != "after"}
    links = [_link(f"{request.url.path}?{urlencode(first)}".rstrip("?"), "first")]
    links += [_link(following, "next")] if following else []
    return following, {"Link": ", ".join(links)}


def _link(address: str, relation: str) -> str:
    return f'<{address}>; rel="{relation}"'

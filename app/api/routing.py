"""What each request for the API passes before its route, and each answer after."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from app.api.idempotency import get_once
from app.api.replies import PREFIX
from app.errors import AppError


class UnsupportedMedia(AppError):
    status = 415
    title = "Not JSON"
    message = "Send the body as JSON, with the header Content-Type: application/json."


class ApiRoute(APIRoute):
    """A route that takes JSON alone, tells how many requests are left, and stores what a key is to get again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_rules(request: Request) -> Response:
            if self.body_field:
                check_media(request)
            response = await handle(request)
            if keep := getattr(request.state, "keep", None):
                await keep(response)  # before the commit, which comes when this has returned
            response.headers.update(getattr(request.state, "headers", {}))
            return response

        return handle_with_rules


def check_media(request: Request) -> None:
    """Raise `UnsupportedMedia` for a body that is not said to be JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMedia


class ApiRouter(APIRouter):
    """The router of one kind of resource: `ApiRouter("/webinars")`. A route's name is its operation id."""

    def __init__(self, prefix: str, *, tags: Sequence[str] = ()) -> None:
        super().__init__(
            prefix=PREFIX + prefix,
            tags=list(tags or [prefix.strip("/")]),
            route_class=ApiRoute,
            generate_unique_id_function=lambda route: route.name,
        )


ONCE = [Depends(get_once)]  # of every route that makes something: `dependencies=ONCE`

"""Finds a request's route among those that begin like its path: to look through hundreds takes as long as a query."""

from fastapi.routing import APIRouter
from starlette.types import Receive, Scope, Send


class RouteIndex:
    """Asks a small router for each first segment of a path, and all of `router` for what that does not know."""

    def __init__(self, router: APIRouter) -> None:
        self.router = router
        self.routers: dict[str, APIRouter] = {}
        for route in router.routes:
            segment = first_segment(getattr(route, "path", ""))
            if "{" not in segment:
                self._of(segment).routes.append(route)

    def _of(self, segment: str) -> APIRouter:
        if segment not in self.routers:
            everything, limits = self.router.app, self.router.form_limits
            self.routers[segment] = APIRouter(default=everything, redirect_slashes=False, form_limits=limits)
        return self.routers[segment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the app's own beginning and end
            return await self.router.app(scope, receive, send)
        scope["router"] = self.router
        router = self.routers.get(first_segment(scope["path"]), self.router)
        return await router.app(scope, receive, send)


def first_segment(path: str) -> str:
    return path.partition("/")[2].partition("/")[0]

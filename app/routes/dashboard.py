"""The products' dashboard: figures and charts, which change by themselves."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.dependencies import DashboardServiceDep, LiveProductsDep
from app.services.dashboard_service import Dashboard, scope_of
from app.services.live_products import LiveProducts
from app.templating import Page
from app.visitors import PageDep, RightsDep, Watched, WatchedDep, Words

router = APIRouter(prefix="/products/dashboard")


async def get_dashboard(
    rights: RightsDep, dashboards: DashboardServiceDep, category: Words = "", band: str = ""
) -> Dashboard:
    return await dashboards.show(rights, scope_of(category, band))


DashboardDep = Annotated[Dashboard, Depends(get_dashboard)]


@router.get("", name="dashboard")
async def show(page: PageDep, dashboard: DashboardDep) -> Response:
    return page.render("products/dashboard.html", block="figures", dashboard=dashboard)


@router.get("/stream", name="dashboard_stream")
async def stream(
    page: PageDep, rights: RightsDep, dashboard: DashboardDep, live: LiveProductsDep, watched: WatchedDep
) -> Response:
    return EventSourceResponse(frames(page, rights, dashboard, live, watched), sep="\n")


async def frames(
    page: Page, rights: RightsDep, dashboard: Dashboard, live: LiveProducts, watched: Watched
) -> AsyncIterator[ServerSentEvent]:
    """The figures, whenever something has happened; it ends with the session."""
    with watched.open_private() as leave:
        async for now in live.dashboards(rights, dashboard.scope, leave):
            yield ServerSentEvent(page.fragment("products/dashboard_frame.html", dashboard=now), sep="\n")
    yield ServerSentEvent("", event="done", sep="\n")


@router.get("/{name}.csv", name="dashboard_file")
async def file(page: PageDep, dashboard: DashboardDep, name: str) -> Response:
    return page.download(dashboard.file(name), "text/csv", f"products-{name}.csv")

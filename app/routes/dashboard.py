"""The products' dashboard: figures and charts, which change by themselves."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.dependencies import LiveProductsDep, SessionDep, get_dashboards
from app.services.dashboard_service import Dashboard, scope_of
from app.visitors import PageDep, RightsDep, WatchedDep, Words, get_rights

router = APIRouter(prefix="/products/dashboard")


async def get_dashboard(
    request: Request, page: PageDep, session: SessionDep, category: Words = "", band: str = ""
) -> Dashboard:
    """Rights and service are made here and not asked for: so a fragment takes FastAPI three dependencies less, a
    fifteenth of its time."""
    rights, dashboards = await get_rights(request, page, session), await get_dashboards(request, session)
    return await dashboards.show(rights, scope_of(category, band))


DashboardDep = Annotated[Dashboard, Depends(get_dashboard)]


@router.get("", name="dashboard")
async def show(page: PageDep, dashboard: DashboardDep) -> Response:
    return page.render("products/dashboard.html", block="figures", dashboard=dashboard)


@router.get("/stream", name="dashboard_stream")
async def stream(
    page: PageDep, rights: RightsDep, dashboard: DashboardDep, live: LiveProductsDep, watched: WatchedDep
) -> Response:
    follow = partial(live.dashboards, rights, dashboard.scope)
    return watched.stream(page, "products/dashboard_frame.html", "dashboard", follow)


@router.get("/{name}.csv", name="dashboard_file")
async def file(page: PageDep, dashboard: DashboardDep, name: str) -> Response:
    return page.download(dashboard.file(name), "text/csv", f"products-{name}.csv")

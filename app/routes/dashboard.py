"""The products' dashboard: figures and charts, which change by themselves."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.dependencies import DashboardServiceDep, LiveProductsDep
from app.services.dashboard_service import Dashboard, scope_of
from app.visitors import PageDep, RightsDep, WatchedDep, Words

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
    follow = partial(live.dashboards, rights, dashboard.scope)
    return watched.stream(page, "products/dashboard_frame.html", "dashboard", follow)


@router.get("/{name}.csv", name="dashboard_file")
async def file(page: PageDep, dashboard: DashboardDep, name: str) -> Response:
    return page.download(dashboard.file(name), "text/csv", f"products-{name}.csv")

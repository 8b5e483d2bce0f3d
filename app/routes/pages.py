"""The home page, and what belongs to every page."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response

from app.dependencies import SearchServiceDep, SettingsDep
from app.visitors import PageDep

router = APIRouter()
YEAR = 365 * 24 * 3600


@router.get("/", name="home")
async def home(page: PageDep, search: SearchServiceDep) -> Response:
    return page.render("home.html", documents=await search.count())


@router.post("/theme", name="theme")
async def theme(
    page: PageDep, settings: SettingsDep, theme: Annotated[Literal["", "light", "dark"], Form()] = ""
) -> Response:
    response = page.nothing(location="/")
    response.set_cookie("theme", theme, YEAR, samesite="lax", httponly=True, secure=settings.in_production)
    return response

"""Unsubscribing by the link in a mail. Mail programs do so themselves, by one click (RFC 8058): see `app.security`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.models.webinar import Registration, Webinar
from app.visitors import PageDep
from app.webinar_dependencies import UnsubscribingDep

router = APIRouter(prefix="/unsubscribe/{registration_id}/{signature}")


async def get_registration(
    page: PageDep, unsubscribing: UnsubscribingDep, registration_id: UUID, signature: str
) -> tuple[Registration, Webinar]:
    registration, webinar = await unsubscribing.by_link(registration_id, signature)
    path = f"/unsubscribe/{registration_id}/{signature}"
    page.form("webinars/unsubscribe.html", registration=registration, webinar=webinar, path=path)
    return registration, webinar


RegistrationDep = Annotated[tuple[Registration, Webinar], Depends(get_registration)]


@router.get("", name="unsubscribe_link")
async def show(page: PageDep, _found: RegistrationDep) -> Response:
    """Opening the link changes nothing: programs that scan mails do it too."""
    return page.show_form()


@router.post("", name="unsubscribe")
async def leave(page: PageDep, found: RegistrationDep, unsubscribing: UnsubscribingDep) -> Response:
    """The answer is no redirect, which the standard forbids."""
    await unsubscribing.leave(*found)
    return page.show_form()


@router.post("/return", name="subscribe_again")
async def come_back(page: PageDep, found: RegistrationDep, unsubscribing: UnsubscribingDep) -> Response:
    await unsubscribing.come_back(*found)
    return page.show_form()

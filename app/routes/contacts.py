"""One contact's data, given out and erased, for those who answer such requests."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from app.models.registrant_forms import ContactForm
from app.visitors import ConfirmedDep, PageDep, RightsDep
from app.webinar_dependencies import ContactServiceDep

router = APIRouter(prefix="/desk/contacts")


async def contacts_form(page: PageDep, rights: RightsDep) -> None:
    rights.check("registration.delete")
    page.form("webinars/contacts.html", erased=None)


@router.get("", name="contacts", dependencies=[Depends(contacts_form)])
async def show(page: PageDep, _confirmed: ConfirmedDep) -> Response:
    return page.show_form()


@router.post("/export", name="export_contact", dependencies=[Depends(contacts_form)])
async def export(
    page: PageDep,
    rights: RightsDep,
    _confirmed: ConfirmedDep,
    contacts: ContactServiceDep,
    form: Annotated[ContactForm, Form()],
) -> Response:
    return page.download(await contacts.export(rights, form.email), "application/json", "contact.json")


@router.post("/erasure", name="erase_contact", dependencies=[Depends(contacts_form)])
async def erase(
    page: PageDep,
    rights: RightsDep,
    _confirmed: ConfirmedDep,
    contacts: ContactServiceDep,
    form: Annotated[ContactForm, Form()],
) -> Response:
    return page.show_form(erased=await contacts.erase(rights, form.email))

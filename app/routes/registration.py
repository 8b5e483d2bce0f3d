"""Making an account, from an address of one's own or from an invitation."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from app.dependencies import RegistrationServiceDep
from app.models.ticket import Ticket
from app.models.user import HOME, AddressForm, FinishForm, Next
from app.visitors import DoorDep, PageDep

router = APIRouter()


async def register_form(page: PageDep, registrations: RegistrationServiceDep) -> None:
    registrations.check_open()
    page.form("auth/register.html")


async def get_registration(page: PageDep, registrations: RegistrationServiceDep, secret: str) -> Ticket:
    ticket = await registrations.find(secret)
    page.form("auth/finish.html", email=ticket.email)
    return ticket


RegistrationDep = Annotated[Ticket, Depends(get_registration)]


@router.get("/register", name="register", dependencies=[Depends(register_form)])
async def show(page: PageDep, next: Next = HOME) -> Response:
    return page.show_form(values={"next": next})


@router.post("/register", name="begin_registration", dependencies=[Depends(register_form)])
async def begin(page: PageDep, registrations: RegistrationServiceDep, form: Annotated[AddressForm, Form()]) -> Response:
    await registrations.begin(form.email, form.next)
    return page.render("auth/sent.html", email=form.email)


@router.get("/register/{secret}", name="registration")
async def show_registration(page: PageDep, ticket: RegistrationDep) -> Response:
    return page.render("auth/finish.html", email=ticket.email)


@router.post("/register/{secret}", name="finish_registration")
async def finish(
    page: PageDep,
    door: DoorDep,
    ticket: RegistrationDep,
    registrations: RegistrationServiceDep,
    form: Annotated[FinishForm, Form()],
) -> Response:
    await door.enter(await registrations.finish(ticket, form))
    return page.redirect(ticket.data["next"])

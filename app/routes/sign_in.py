"""Signing in and out, and a new password for whoever has forgotten theirs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from app.dependencies import AccountServiceDep, DemoServiceDep, SignInServiceDep
from app.models.ticket import Ticket
from app.models.user import HOME, AddressForm, CodeForm, NewPasswordForm, Next, SignInForm
from app.services.demo_service import PASSWORD
from app.visitors import CookiesDep, DoorDep, PageDep, PendingDep

router = APIRouter()


async def sign_in_form(page: PageDep, demo: DemoServiceDep) -> None:
    page.form("auth/sign_in.html", demo_people=await demo.present(), demo_password=PASSWORD)


async def code_form(page: PageDep) -> None:
    page.form("auth/code.html")


async def second_factor_form(page: PageDep) -> None:
    page.form("auth/second_factor.html")


async def forgot_form(page: PageDep) -> None:
    page.form("auth/forgot.html")


async def get_reset(page: PageDep, signing_in: SignInServiceDep, secret: str) -> Ticket:
    """The link from the mail."""
    ticket = await signing_in.find_reset(secret)
    page.form("auth/reset.html", email=ticket.email)
    return ticket


ResetDep = Annotated[Ticket, Depends(get_reset)]


@router.get("/sign-in", name="sign_in", dependencies=[Depends(sign_in_form)])
async def show(page: PageDep, next: Next = HOME) -> Response:
    return page.show_form(values={"next": next})


@router.post("/sign-in", name="begin_session", dependencies=[Depends(sign_in_form)])
async def sign_in(
    page: PageDep, door: DoorDep, signing_in: SignInServiceDep, form: Annotated[SignInForm, Form()]
) -> Response:
    admission = await signing_in.by_password(form, door.known_as)
    return page.redirect(await door.admit(admission))


@router.post("/sign-in/code", name="send_code", dependencies=[Depends(sign_in_form)])
async def send_code(
    page: PageDep, cookies: CookiesDep, signing_in: SignInServiceDep, form: Annotated[AddressForm, Form()]
) -> Response:
    secret = await signing_in.send_code(form.email, form.next)
    page.cookies.append(await cookies.pending(secret))
    return page.redirect("/sign-in/code")


@router.get("/sign-in/code", name="code")
async def ask_for_code(page: PageDep) -> Response:
    return page.render("auth/code.html")


@router.post("/sign-in/code/check", name="check_code", dependencies=[Depends(code_form)])
async def check_code(
    page: PageDep, door: DoorDep, pending: PendingDep, signing_in: SignInServiceDep, form: Annotated[CodeForm, Form()]
) -> Response:
    admission = await signing_in.by_code(pending, form.code.get_secret_value())
    return page.redirect(await door.admit(admission))


@router.get("/sign-in/second-factor", name="second_factor")
async def ask_for_second_factor(page: PageDep) -> Response:
    return page.render("auth/second_factor.html")


@router.post("/sign-in/second-factor", name="check_second_factor", dependencies=[Depends(second_factor_form)])
async def check_second_factor(
    page: PageDep, door: DoorDep, pending: PendingDep, signing_in: SignInServiceDep, form: Annotated[CodeForm, Form()]
) -> Response:
    admission = await signing_in.by_second_factor(pending, form.code.get_secret_value())
    return page.redirect(await door.admit(admission))


@router.get("/sign-in/link/{secret}", name="sign_in_link")
async def show_link(page: PageDep, secret: str) -> Response:
    """A page with a button: what only looks at links, as mail scanners do, must not use them up."""
    return page.render("auth/link.html", secret=secret)


@router.post("/sign-in/link/{secret}", name="use_sign_in_link")
async def use_link(page: PageDep, door: DoorDep, signing_in: SignInServiceDep, secret: str) -> Response:
    admission = await signing_in.by_link(secret)
    return page.redirect(await door.admit(admission))


@router.post("/sign-out", name="sign_out")
async def sign_out(page: PageDep, door: DoorDep) -> Response:
    await door.leave()
    return page.redirect("/")


@router.get("/reset-password", name="forgot_password")
async def forgot(page: PageDep) -> Response:
    return page.render("auth/forgot.html")


@router.post("/reset-password", name="send_reset", dependencies=[Depends(forgot_form)])
async def send_reset(page: PageDep, signing_in: SignInServiceDep, form: Annotated[AddressForm, Form()]) -> Response:
    await signing_in.send_reset(form.email)
    return page.render("auth/sent.html", email=form.email)


@router.get("/reset-password/{secret}", name="reset_password")
async def show_reset(page: PageDep, ticket: ResetDep) -> Response:
    return page.render("auth/reset.html", email=ticket.email)


@router.post("/reset-password/{secret}", name="set_password")
async def reset(
    page: PageDep,
    door: DoorDep,
    ticket: ResetDep,
    signing_in: SignInServiceDep,
    accounts: AccountServiceDep,
    form: Annotated[NewPasswordForm, Form()],
) -> Response:
    user = await accounts.reset_password(ticket, form.new_password.get_secret_value())
    return page.redirect(await door.admit(await signing_in.admit(user, "/chat")))

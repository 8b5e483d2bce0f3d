"""What people do with an account of their own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Response

from app.dependencies import AccountServiceDep, AuditServiceDep, AuthenticatorDep, PersonalDataDep
from app.models.ticket import Ticket
from app.models.user import (
    ChangeAddressForm,
    ChangePasswordForm,
    DeleteAccountForm,
    NameForm,
    NextForm,
    SecondFactorForm,
    Visit,
)
from app.visitors import ConfirmedDep, DoorDep, PageDep, PersonDep

router = APIRouter(prefix="/account")
Handle = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]


async def profile_form(page: PageDep, person: PersonDep) -> None:
    page.form("account/profile.html", name=person.user.name)


async def email_form(page: PageDep, _person: PersonDep) -> None:
    page.form("account/email.html")


async def password_form(page: PageDep, _person: PersonDep) -> None:
    page.form("account/password.html")


async def get_setting_up(page: PageDep, person: ConfirmedDep, authenticator: AuthenticatorDep) -> Visit:
    """The page of the second factor, whose picture stays the same when a code was wrong."""
    left, enabled = await authenticator.left(person.user), person.user.has_second_factor
    offer = authenticator.offerer(person.user.email)
    page.form("account/second_factor.html", enabled=enabled, left=left, offer=offer, codes=())
    return person


async def get_address_change(accounts: AccountServiceDep, secret: str) -> Ticket:
    return await accounts.find_address_change(secret)


async def deletion_form(page: PageDep, _person: ConfirmedDep) -> None:
    page.form("account/deletion.html")


SettingUpDep = Annotated[Visit, Depends(get_setting_up)]
AddressChangeDep = Annotated[Ticket, Depends(get_address_change)]


@router.get("", name="account")
async def profile(page: PageDep, person: PersonDep) -> Response:
    return page.render("account/profile.html", name=person.user.name)


@router.post("", name="rename", dependencies=[Depends(profile_form)])
async def rename(
    page: PageDep, person: PersonDep, accounts: AccountServiceDep, form: Annotated[NameForm, Form()]
) -> Response:
    await accounts.rename(person.user, form)
    return page.redirect("/account")


@router.post("/confirmation", name="confirm")
async def confirm(page: PageDep, _person: ConfirmedDep, form: Annotated[NextForm, Form()]) -> Response:
    return page.redirect(form.next)


@router.get("/email", name="email")
async def email(page: PageDep, _person: PersonDep) -> Response:
    return page.render("account/email.html")


@router.post("/email", name="change_email", dependencies=[Depends(email_form)])
async def change_email(
    page: PageDep, person: PersonDep, accounts: AccountServiceDep, form: Annotated[ChangeAddressForm, Form()]
) -> Response:
    await accounts.begin_address_change(person.user, form)
    return page.render("auth/sent.html", email=form.email)


@router.get("/email/{secret}", name="email_link")
async def show_email_link(page: PageDep, ticket: AddressChangeDep) -> Response:
    return page.render("account/email_link.html", email=ticket.email)


@router.post("/email/{secret}", name="use_email_link")
async def use_email_link(page: PageDep, ticket: AddressChangeDep, accounts: AccountServiceDep) -> Response:
    await accounts.change_address(ticket)
    return page.redirect("/account")


@router.get("/password", name="password")
async def password(page: PageDep, _person: PersonDep) -> Response:
    return page.render("account/password.html")


@router.post("/password", name="change_password", dependencies=[Depends(password_form)])
async def change_password(
    page: PageDep,
    person: PersonDep,
    door: DoorDep,
    accounts: AccountServiceDep,
    form: Annotated[ChangePasswordForm, Form()],
) -> Response:
    await accounts.change_password(person.user, form)
    await door.enter(person.user)
    return page.redirect("/account")


@router.get("/second-factor", name="account_second_factor")
async def second_factor(page: PageDep, _person: SettingUpDep) -> Response:
    return page.show_form()


@router.post("/second-factor", name="enable_second_factor")
async def enable_second_factor(
    page: PageDep, person: SettingUpDep, authenticator: AuthenticatorDep, form: Annotated[SecondFactorForm, Form()]
) -> Response:
    codes = await authenticator.enable(person.user, form.secret, form.code.get_secret_value())
    return page.show_form(enabled=True, left=len(codes), codes=codes)


@router.post("/second-factor/deletion", name="disable_second_factor")
async def disable_second_factor(page: PageDep, person: SettingUpDep, authenticator: AuthenticatorDep) -> Response:
    await authenticator.disable(person.user)
    return page.redirect("/account/second-factor")


@router.post("/recovery-codes", name="new_recovery_codes")
async def new_recovery_codes(page: PageDep, person: SettingUpDep, authenticator: AuthenticatorDep) -> Response:
    codes = await authenticator.new_recovery_codes(person.user)
    return page.show_form(left=len(codes), codes=codes)


@router.get("/sessions", name="sessions")
async def sessions(page: PageDep, person: PersonDep, accounts: AccountServiceDep) -> Response:
    found = await accounts.list_sessions(person.user)
    return page.render("account/sessions.html", sessions=found, current=person.session.handle)


@router.post("/sessions/deletion", name="end_other_sessions")
async def end_other_sessions(page: PageDep, person: PersonDep, accounts: AccountServiceDep) -> Response:
    await accounts.end_others(person.user, person.session.token)
    return page.redirect("/account/sessions")


@router.post("/sessions/{handle}/deletion", name="end_session")
async def end_session(page: PageDep, person: PersonDep, accounts: AccountServiceDep, handle: Handle) -> Response:
    await accounts.end_session(person.user, handle)
    return page.redirect("/account/sessions")


@router.get("/history", name="history")
async def history(page: PageDep, person: PersonDep, audit: AuditServiceDep) -> Response:
    return page.render("account/history.html", entries=await audit.history(person.user))


@router.get("/data", name="account_data")
async def data(page: PageDep, person: ConfirmedDep, personal: PersonalDataDep) -> Response:
    return page.download(await personal.of(person.user), "application/json", "my-data.json")


@router.get("/deletion", name="deletion")
async def show_deletion(page: PageDep, _person: ConfirmedDep) -> Response:
    return page.render("account/deletion.html")


@router.post("/deletion", name="delete_account", dependencies=[Depends(deletion_form)])
async def delete(
    page: PageDep,
    person: ConfirmedDep,
    door: DoorDep,
    accounts: AccountServiceDep,
    form: Annotated[DeleteAccountForm, Form()],
) -> Response:
    await accounts.delete(person.user, form.email)
    await door.forget()
    return page.redirect("/")

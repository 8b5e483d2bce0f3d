"""People, for those who look after the site."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response

from app.dependencies import (
    AccountCareDep,
    AuditServiceDep,
    ImpersonationServiceDep,
    PeopleServiceDep,
    RegistrationServiceDep,
)
from app.models.group import Group, ImpersonationForm, InvitationForm, PersonForm
from app.models.listing import PageNumber
from app.models.user import User
from app.services.lists import WordsView
from app.visitors import ConfirmedDep, PageDep, PersonDep, RightsDep, Words

router = APIRouter(prefix="/people")
impersonation = APIRouter(prefix="/impersonation")


async def get_view(q: Words = "", page: PageNumber = 1) -> WordsView:
    return WordsView(q, page)


ViewDep = Annotated[WordsView, Depends(get_view)]


async def invitation_form(page: PageDep, rights: RightsDep, registrations: RegistrationServiceDep) -> None:
    page.form("people/invite.html", groups=await registrations.offered(rights))


async def get_somebody(
    page: PageDep, rights: RightsDep, people: PeopleServiceDep, user_id: UUID
) -> tuple[User, Sequence[Group]]:
    user, groups = await people.get(rights, user_id)
    page.form(
        "people/show.html",
        person=user.model_copy(),
        mine=[g.id for g in groups],
        groups=await people.all_groups(),
        rights=rights,
        entries=(),
        done="",
    )
    return user, groups


SomebodyDep = Annotated[tuple[User, Sequence[Group]], Depends(get_somebody)]


@router.get("", name="people")
async def index(page: PageDep, rights: RightsDep, people: PeopleServiceDep, view: ViewDep) -> Response:
    found = await people.leaf(rights, view)
    return page.render("people/index.html", block="results", found=found, view=view, rights=rights)


@router.get("/invitations/new", name="new_invitation", dependencies=[Depends(invitation_form)])
async def new_invitation(page: PageDep, _confirmed: ConfirmedDep) -> Response:
    return page.show_form()


@router.post("/invitations", name="invite", dependencies=[Depends(invitation_form)])
async def invite(
    page: PageDep,
    rights: RightsDep,
    _confirmed: ConfirmedDep,
    registrations: RegistrationServiceDep,
    form: Annotated[InvitationForm, Form()],
) -> Response:
    await registrations.invite(rights, form.email, form.groups)
    return page.render("people/invited.html", email=form.email)


@router.get("/{user_id}", name="person")
async def show(
    page: PageDep, somebody: SomebodyDep, rights: RightsDep, audit: AuditServiceDep, done: Words = ""
) -> Response:
    return page.show_form(entries=await audit.history(somebody[0], rights), done=done)


@router.post("/{user_id}", name="change_person")
async def change(
    page: PageDep,
    somebody: SomebodyDep,
    rights: RightsDep,
    _confirmed: ConfirmedDep,
    people: PeopleServiceDep,
    form: Annotated[PersonForm, Form()],
) -> Response:
    await people.change(rights, somebody[0], form)
    return page.redirect(f"/people/{somebody[0].id}")


@router.post("/{user_id}/password-link", name="send_password_link")
async def send_password_link(
    page: PageDep, somebody: SomebodyDep, rights: RightsDep, _confirmed: ConfirmedDep, care: AccountCareDep
) -> Response:
    await care.send_password_link(rights, somebody[0])
    return page.redirect(f"/people/{somebody[0].id}?done=link")


@router.post("/{user_id}/sessions/deletion", name="end_sessions_of")
async def end_sessions(
    page: PageDep, somebody: SomebodyDep, rights: RightsDep, _confirmed: ConfirmedDep, care: AccountCareDep
) -> Response:
    await care.end_sessions(rights, somebody[0])
    return page.redirect(f"/people/{somebody[0].id}?done=sessions")


@router.post("/{user_id}/second-factor/deletion", name="remove_second_factor")
async def remove_second_factor(
    page: PageDep, somebody: SomebodyDep, rights: RightsDep, _confirmed: ConfirmedDep, care: AccountCareDep
) -> Response:
    await care.remove_second_factor(rights, somebody[0])
    return page.redirect(f"/people/{somebody[0].id}?done=factor")


@router.post("/{user_id}/impersonation", name="begin_impersonation")
async def begin_impersonation(
    page: PageDep,
    somebody: SomebodyDep,
    rights: RightsDep,
    confirmed: ConfirmedDep,
    impersonations: ImpersonationServiceDep,
    form: Annotated[ImpersonationForm, Form()],
) -> Response:
    await impersonations.begin(rights, confirmed.session, somebody[0], may_write=form.may_write)
    return page.redirect("/")


@impersonation.post("/deletion", name="end_impersonation")
async def end_impersonation(page: PageDep, person: PersonDep, impersonations: ImpersonationServiceDep) -> Response:
    await impersonations.end(person.impersonation, person.session)
    return page.redirect("/people")

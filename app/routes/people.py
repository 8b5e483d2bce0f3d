"""People, for those who look after the site."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response

from app.dependencies import AuditServiceDep, PeopleServiceDep, RegistrationServiceDep
from app.models.group import Group, InvitationForm, PersonForm
from app.models.user import User
from app.visitors import ConfirmedDep, PageDep, RightsDep

router = APIRouter(prefix="/people")


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
    )
    return user, groups


SomebodyDep = Annotated[tuple[User, Sequence[Group]], Depends(get_somebody)]


@router.get("", name="people")
async def index(page: PageDep, rights: RightsDep, people: PeopleServiceDep) -> Response:
    return page.render("people/index.html", people=await people.list(rights), rights=rights)


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
async def show(page: PageDep, somebody: SomebodyDep, rights: RightsDep, audit: AuditServiceDep) -> Response:
    return page.show_form(entries=await audit.history(somebody[0], rights))


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

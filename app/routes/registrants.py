"""One registrant at the staff's desk: what is known of them, and what staff do."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Form, Path, Response

from app.models.registrant_forms import GroupForm, NoteForm, RepForm, StandingForm
from app.routes.desk import RegistrantDep, WebinarDep
from app.visitors import PageDep, RightsDep
from app.webinar_dependencies import RegistrantServiceDep, WebinarServiceDep

router = APIRouter(prefix="/desk/webinars/{slug}/registrations")


class Chosen(NamedTuple):
    """Who acts, and on whom."""

    rights: RightsDep
    webinar: WebinarDep
    registrant: RegistrantDep

    @property
    def path(self) -> str:
        return f"/desk/webinars/{self.webinar.slug}/registrations/{self.registrant.id}"


ChosenDep = Annotated[Chosen, Depends()]


async def get_shown(page: PageDep, chosen: ChosenDep, registrants: RegistrantServiceDep) -> Chosen:
    """The same on the registrant's own page, where what is wrong with a form is said."""
    notes, reps = await registrants.notes(chosen.registrant), await registrants.reps(chosen.webinar)
    page.form("webinars/registrant_page.html", notes=notes, reps=reps, **chosen._asdict())
    return chosen


ShownDep = Annotated[Chosen, Depends(get_shown)]


@router.get("/{registration_id}", name="registrant")
async def show(page: PageDep, _chosen: ShownDep) -> Response:
    return page.show_form()


@router.post("/{registration_id}/status", name="move_registrant")
async def move(
    page: PageDep, chosen: ShownDep, webinars: WebinarServiceDep, form: Annotated[StandingForm, Form()]
) -> Response:
    await webinars.move(*chosen, form.status)
    return page.nothing(chosen.path)


@router.post("/{registration_id}/group", name="put_registrant_group")
async def put_group(
    page: PageDep, chosen: ShownDep, registrants: RegistrantServiceDep, form: Annotated[GroupForm, Form()]
) -> Response:
    await registrants.put_group(*chosen, form.group)
    return page.nothing(chosen.path)


@router.post("/{registration_id}/rep", name="assign_registrant")
async def assign(
    page: PageDep, chosen: ShownDep, registrants: RegistrantServiceDep, form: Annotated[RepForm, Form()]
) -> Response:
    await registrants.assign(*chosen, form.rep_id)
    return page.nothing(chosen.path)


@router.post("/{registration_id}/notes", name="add_note")
async def add_note(
    page: PageDep, chosen: ShownDep, registrants: RegistrantServiceDep, form: Annotated[NoteForm, Form()]
) -> Response:
    await registrants.note(*chosen, form)
    return page.redirect(chosen.path)


@router.post("/{registration_id}/notes/{note_id}/deletion", name="delete_note")
async def delete_note(
    page: PageDep, chosen: ShownDep, registrants: RegistrantServiceDep, note_id: Annotated[int, Path(le=2**31 - 1)]
) -> Response:
    await registrants.delete_note(*chosen, note_id)
    return page.redirect(chosen.path)

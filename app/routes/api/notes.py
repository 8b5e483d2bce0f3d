"""What staff note of registrants, and to whom these can be assigned."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from app.api.answers import Page
from app.api.bodies import JSON
from app.api.callers import ReaderDep, RightsDep, WriterDep
from app.api.replies import one, page, plain
from app.api.routing import ONCE, ApiRouter
from app.api.staff_answers import NoteAnswer, RepAnswer, Reps
from app.api.versions import PreconditionDep
from app.dependencies import ListingServiceDep
from app.models.listing import ListQuery
from app.models.registrant_forms import NoteForm
from app.models.webinar import Note
from app.routes.api.registrations import RegistrantDep
from app.routes.api.webinars import WebinarDep
from app.webinar_dependencies import RegistrantServiceDep

router = ApiRouter("/webinars/{slug}", tags=["registrations"])
NOTES = "/registrations/{registration_id}/notes"
NoteId = Annotated[int, Path(ge=1, le=2**31 - 1)]


async def get_note(registrant: RegistrantDep, registrants: RegistrantServiceDep, note_id: NoteId) -> Note:
    return await registrants.get_note(registrant, note_id)


NoteDep = Annotated[Note, Depends(get_note)]


async def get_unchanged(_writer: WriterDep, note: NoteDep, precondition: PreconditionDep) -> Note:
    """A note is never changed, so it needs no lock."""
    precondition.check(NoteAnswer.of(note))
    return note


UnchangedDep = Annotated[Note, Depends(get_unchanged)]


@router.get("/reps", name="reps_list", response_model=Reps, summary="List sales reps")
async def reps(
    _reader: ReaderDep, rights: RightsDep, webinar: WebinarDep, registrants: RegistrantServiceDep
) -> Response:
    """To whom registrations can be assigned: what `rep_id` of a registration can be."""
    rights.check("registration.change")
    return plain(Reps(items=[RepAnswer.of(rep) for rep in await registrants.reps(webinar)]))


@router.get(NOTES, name="notes_list", response_model=Page[NoteAnswer], summary="List notes")
async def index(
    request: Request,
    _reader: ReaderDep,
    registrant: RegistrantDep,
    listings: ListingServiceDep,
    query: Annotated[ListQuery, Query()],
) -> Response:
    """What staff noted of this registrant, the newest first."""
    return page(request, await listings.notes(registrant, query), NoteAnswer.of)


@router.post(
    NOTES, name="notes_create", summary="Write a note", status_code=201, response_model=NoteAnswer, dependencies=ONCE
)
async def create(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registrant: RegistrantDep,
    registrants: RegistrantServiceDep,
    form: Annotated[NoteForm, JSON],
) -> Response:
    """Note something, as whoever asks."""
    note = await registrants.note(rights, webinar, registrant, form)
    location = f"/webinars/{webinar.slug}/registrations/{registrant.id}/notes/{note.id}"
    return one(NoteAnswer.of(note), status=201, location=location)


@router.get(f"{NOTES}/{{note_id}}", name="notes_get", response_model=NoteAnswer, summary="Read a note")
async def show(_reader: ReaderDep, note: NoteDep) -> Response:
    """One note."""
    return one(NoteAnswer.of(note))


@router.delete(
    f"{NOTES}/{{note_id}}", name="notes_delete", summary="Delete a note", status_code=204, response_class=Response
)
async def delete(
    rights: RightsDep,
    webinar: WebinarDep,
    registrant: RegistrantDep,
    note: UnchangedDep,
    registrants: RegistrantServiceDep,
) -> Response:
    """Delete a note of one's own; of others' there is nothing to delete."""
    await registrants.delete_note(rights, webinar, registrant, note.id or 0)
    return Response(status_code=204)

"""A follow-up to one registrant: drafted by a model, changed and sent by a person."""

from typing import Annotated

from fastapi import Depends, Response

from app.api.bodies import JSON
from app.api.callers import ReaderDep, RightsDep, WriterDep
from app.api.chunks import STREAM, DraftingDep
from app.api.replies import one
from app.api.routing import ONCE, ApiRouter
from app.api.staff_answers import FollowUpAnswer
from app.api.versions import PreconditionDep
from app.models.follow_up import FollowUp, FollowUpForm
from app.routes.api.registrations import RegistrantDep
from app.routes.api.webinars import WebinarDep
from app.webinar_dependencies import FollowUpServiceDep

router = ApiRouter("/webinars/{slug}/registrations/{registration_id}/follow-up", tags=["follow-ups"])


async def get_follow_up(
    rights: RightsDep, webinar: WebinarDep, registrant: RegistrantDep, follow_ups: FollowUpServiceDep
) -> FollowUp:
    return await follow_ups.get(rights, webinar, registrant)


async def get_unchanged(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registrant: RegistrantDep,
    follow_ups: FollowUpServiceDep,
    precondition: PreconditionDep,
) -> FollowUp:
    """The follow-up, under a lock, in the version that whoever changes it has read."""
    follow_up = await follow_ups.hold(rights, webinar, registrant)
    precondition.check(FollowUpAnswer.of(follow_up))
    return follow_up


FollowUpDep = Annotated[FollowUp, Depends(get_follow_up)]


@router.get(
    "", name="follow_ups_get", response_model=FollowUpAnswer, responses={200: STREAM}, summary="Read a follow-up"
)
async def show(_reader: ReaderDep, follow_up: FollowUpDep, drafting: DraftingDep) -> Response:
    """The follow-up, or an empty draft; with `Accept: text/event-stream` its text, also while a model writes it."""
    return drafting.reply(follow_up.registration_id, one(FollowUpAnswer.of(follow_up)))


@router.put(
    "",
    name="follow_ups_save",
    summary="Keep a draft",
    response_model=FollowUpAnswer,
    responses={409: {}},
    dependencies=[Depends(get_unchanged)],
)
async def save(
    rights: RightsDep,
    webinar: WebinarDep,
    registrant: RegistrantDep,
    follow_ups: FollowUpServiceDep,
    form: Annotated[FollowUpForm, JSON],
) -> Response:
    """Keep these words as the draft. Nothing is sent."""
    return one(FollowUpAnswer.of(await follow_ups.save(rights, webinar, registrant, form)))


@router.post(
    "/draft",
    name="follow_ups_draft",
    summary="Let the model write a draft",
    status_code=202,
    response_model=FollowUpAnswer,
    responses={200: STREAM},
    dependencies=ONCE,
)
async def draft(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registrant: RegistrantDep,
    follow_ups: FollowUpServiceDep,
    drafting: DraftingDep,
) -> Response:
    """Let the model write a draft from the answers and notes, in place of what there is.

    With `Accept: text/event-stream` it comes as it is written; otherwise `Location` is where it will be.
    """
    follow_up = await follow_ups.draft(rights, webinar, registrant, replace=True)
    location = f"/webinars/{webinar.slug}/registrations/{registrant.id}/follow-up"
    return drafting.reply(registrant.id, one(FollowUpAnswer.of(follow_up), status=202, location=location))


@router.post("/stop", name="follow_ups_stop", summary="Stop a draft", status_code=202, response_model=FollowUpAnswer)
async def stop(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registrant: RegistrantDep,
    follow_ups: FollowUpServiceDep,
) -> Response:
    """End the draft that is being written and keep what there is of it: within a moment its status is `draft`.

    A draft that has ended, and a follow-up that was sent, stay as they are.
    """
    await follow_ups.stop(rights, registrant)
    return one(FollowUpAnswer.of(await follow_ups.get(rights, webinar, registrant)), status=202)


@router.post(
    "/sending", name="follow_ups_send", summary="Send a follow-up", response_model=FollowUpAnswer, dependencies=ONCE
)
async def send(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    registrant: RegistrantDep,
    follow_ups: FollowUpServiceDep,
    form: Annotated[FollowUpForm, JSON],
) -> Response:
    """Send these words by mail, once: a second time is refused."""
    return one(FollowUpAnswer.of(await follow_ups.send(rights, webinar, registrant, form)))

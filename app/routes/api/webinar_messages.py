"""The messages of a webinar: reminders and follow-ups to many."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from app.api.bodies import JSON, Changes, PartOf, changed
from app.api.callers import ReaderDep, RightsDep, WriterDep
from app.api.replies import one, plain
from app.api.routing import ONCE, ApiRouter
from app.api.staff_answers import MessagePreview, TestMail, WebinarMessageAnswer, WebinarMessages
from app.api.versions import PreconditionDep
from app.models.webinar_message import MessageForm, PreviewForm
from app.routes.api.webinars import WebinarDep
from app.services.message_service import Planned
from app.webinar_dependencies import MessageServiceDep

router = ApiRouter("/webinars/{slug}/messages", tags=["webinar messages"])
WebinarMessageId = Annotated[int, Path(ge=1, le=2**31 - 1)]


async def get_message(
    rights: RightsDep, webinar: WebinarDep, messages: MessageServiceDep, webinar_message_id: WebinarMessageId
) -> Planned:
    return await messages.plan(rights, webinar, webinar_message_id)


async def get_unchanged(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    messages: MessageServiceDep,
    webinar_message_id: WebinarMessageId,
    precondition: PreconditionDep,
) -> Planned:
    """The message, under a lock, in the version that whoever changes it has read."""
    planned = await messages.hold(rights, webinar, webinar_message_id)
    precondition.check(WebinarMessageAnswer.of(planned))
    return planned


MessageDep = Annotated[Planned, Depends(get_message)]
UnchangedDep = Annotated[Planned, Depends(get_unchanged)]


@router.get("", name="webinar_messages_list", response_model=WebinarMessages, summary="List messages")
async def index(_reader: ReaderDep, rights: RightsDep, webinar: WebinarDep, messages: MessageServiceDep) -> Response:
    """All messages of the webinar."""
    found = await messages.list(rights, webinar)
    return plain(WebinarMessages(items=[WebinarMessageAnswer.of(planned) for planned in found]))


@router.post(
    "",
    name="webinar_messages_create",
    summary="Make a message",
    status_code=201,
    response_model=WebinarMessageAnswer,
    dependencies=ONCE,
)
async def create(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    messages: MessageServiceDep,
    form: Annotated[MessageForm, JSON],
) -> Response:
    """Add a message, which is sent by itself when its time comes."""
    message = await messages.save(rights, webinar, None, form)
    answer = WebinarMessageAnswer.of(await messages.plan(rights, webinar, message.id or 0))
    return one(answer, status=201, location=f"/webinars/{webinar.slug}/messages/{message.id}")


@router.post("/preview", name="webinar_messages_preview", summary="Preview a message", response_model=MessagePreview)
async def preview(
    request: Request,
    _reader: ReaderDep,
    rights: RightsDep,
    webinar: WebinarDep,
    messages: MessageServiceDep,
    form: Annotated[PreviewForm, JSON],
) -> Response:
    """Show `subject` and `text` as somebody would get them. Nothing is stored, and much may still be wrong."""
    filling = await messages.preview(rights, webinar)
    html = request.app.state.templates.markdown.render(filling.markdown(form.text))
    return plain(MessagePreview.of(form, filling, html))


@router.post(
    "/test",
    name="webinar_messages_test",
    summary="Send a test mail",
    status_code=202,
    response_model=TestMail,
    dependencies=ONCE,
)
async def test(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    messages: MessageServiceDep,
    form: Annotated[MessageForm, JSON],
) -> Response:
    """Send this message to whoever asks, by mail. It is not stored."""
    return one(TestMail(recipient=await messages.test(rights, webinar, form)), status=202)


@router.get(
    "/{webinar_message_id}", name="webinar_messages_get", response_model=WebinarMessageAnswer, summary="Read a message"
)
async def show(_reader: ReaderDep, message: MessageDep) -> Response:
    """One message."""
    return one(WebinarMessageAnswer.of(message))


@router.patch(
    "/{webinar_message_id}",
    name="webinar_messages_change",
    summary="Change a message",
    response_model=WebinarMessageAnswer,
)
async def change(
    rights: RightsDep,
    webinar: WebinarDep,
    messages: MessageServiceDep,
    unchanged: UnchangedDep,
    changes: Annotated[Changes, PartOf(MessageForm)],
) -> Response:
    """Change some of it. Whoever has got it does not get it again."""
    form = changed(MessageForm, MessageForm.of(unchanged.message), changes)
    message = await messages.save(rights, webinar, unchanged.message, form)
    return one(WebinarMessageAnswer.of(await messages.plan(rights, webinar, message.id or 0)))


@router.delete(
    "/{webinar_message_id}",
    name="webinar_messages_delete",
    summary="Delete a message",
    status_code=204,
    response_class=Response,
)
async def delete(
    rights: RightsDep, webinar: WebinarDep, messages: MessageServiceDep, unchanged: UnchangedDep
) -> Response:
    """Delete it. Nobody gets it any more."""
    await messages.delete(rights, webinar, unchanged.message.id or 0)
    return Response(status_code=204)

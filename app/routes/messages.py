"""The messages of a webinar, which its staff word at the desk."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Response

from app.models.webinar_message import MessageForm, PreviewForm, WebinarMessage
from app.routes.desk import WebinarDep
from app.visitors import PageDep, RightsDep
from app.webinar_dependencies import MessageServiceDep

router = APIRouter(prefix="/desk/webinars/{slug}/messages")
NEW = 0  # in an address, for a message that is not there yet

WebinarMessageId = Annotated[int, Path(ge=NEW, le=2**31 - 1)]


async def get_message(
    page: PageDep,
    rights: RightsDep,
    webinar: WebinarDep,
    messages: MessageServiceDep,
    webinar_message_id: WebinarMessageId,
) -> WebinarMessage | None:
    """The message of the path and its form; None for a new one."""
    message = await messages.get(rights, webinar, webinar_message_id)
    filling = await messages.filling(rights, webinar)
    page.form("webinars/message.html", webinar=webinar, message=message, filling=filling, tested="")
    return message


MessageDep = Annotated[WebinarMessage | None, Depends(get_message)]


@router.get("", name="webinar_messages")
async def index(page: PageDep, rights: RightsDep, webinar: WebinarDep, messages: MessageServiceDep) -> Response:
    return page.render("webinars/messages.html", webinar=webinar, messages=await messages.list(rights, webinar))


@router.get("/{webinar_message_id}", name="webinar_message")
async def edit(page: PageDep, _message: MessageDep) -> Response:
    return page.show_form()


@router.post("/{webinar_message_id}", name="save_webinar_message")
async def save(
    page: PageDep,
    rights: RightsDep,
    webinar: WebinarDep,
    message: MessageDep,
    messages: MessageServiceDep,
    form: Annotated[MessageForm, Form()],
) -> Response:
    await messages.save(rights, webinar, message, form)
    return page.redirect(f"/desk/webinars/{webinar.slug}/messages")


@router.post("/{webinar_message_id}/preview", name="preview_webinar_message")
async def preview(page: PageDep, _message: MessageDep, form: Annotated[PreviewForm, Form()]) -> Response:
    return page.show_form(block="preview", values=form.model_dump())


@router.post("/{webinar_message_id}/test", name="test_webinar_message")
async def test(
    page: PageDep,
    rights: RightsDep,
    webinar: WebinarDep,
    _message: MessageDep,
    messages: MessageServiceDep,
    form: Annotated[MessageForm, Form()],
) -> Response:
    tested = await messages.test(rights, webinar, form)
    return page.show_form(values=form.model_dump(mode="json"), tested=tested)


@router.post("/{webinar_message_id}/deletion", name="delete_webinar_message")
async def delete(
    page: PageDep,
    rights: RightsDep,
    webinar: WebinarDep,
    messages: MessageServiceDep,
    webinar_message_id: WebinarMessageId,
) -> Response:
    await messages.delete(rights, webinar, webinar_message_id)
    return page.redirect(f"/desk/webinars/{webinar.slug}/messages")

"""Public answer pages: a question, its answer and the sources, at an address that can be shared."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response

from app.dependencies import AskingServiceDep, ChatServiceDep
from app.models.conversation import QuestionForm
from app.visitors import AskerDep, OwnPublicConversationDep, PageDep, PublicConversationDep, UserDep

router = APIRouter(prefix="/ask")


@router.get("", name="ask")
async def index(page: PageDep, asking: AskingServiceDep, q: Annotated[str, Query(max_length=20_000)] = "") -> Response:
    """The form, filled in with `q`, or the page that answers it already. Never asks the model."""
    stored = await asking.stored_answer(q)
    return page.redirect(stored.path) if stored else page.render("ask/new.html", q=q)


@router.post("", name="ask_publicly")
async def ask(
    page: PageDep, asker: AskerDep, asking: AskingServiceDep, form: Annotated[QuestionForm, Form()]
) -> Response:
    conversation = await asking.ask_publicly(asker, form)
    return page.redirect(conversation.path)


@router.get("/{conversation_id}", name="answer_page")
async def show(
    page: PageDep, user: UserDep, chat: ChatServiceDep, conversation: PublicConversationDep, at: int | None = None
) -> Response:
    return page.render("ask/show.html", block="log", view=await chat.view(conversation, user, at), edit=None)


@router.post("/{conversation_id}/deletion", name="delete_answer_page")
async def delete(page: PageDep, chat: ChatServiceDep, conversation: OwnPublicConversationDep) -> Response:
    await chat.delete(conversation)
    return page.redirect(conversation.path)


@router.post("/{conversation_id}/restoration", name="restore_answer_page")
async def restore(page: PageDep, chat: ChatServiceDep, conversation: OwnPublicConversationDep) -> Response:
    await chat.restore(conversation)
    return page.redirect(conversation.path)

"""Conversations."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from app.dependencies import AskingServiceDep, ChatServiceDep
from app.models.conversation import ConversationForm, FirstQuestionForm, QuestionForm
from app.visitors import AskerDep, ConversationDep, PageDep, UserDep, Words

router = APIRouter(prefix="/chat")


@router.get("", name="chat")
async def index(page: PageDep, user: UserDep, chat: ChatServiceDep, q: Words = "") -> Response:
    return page.render("chat/new.html", block="conversations", hits=await chat.list(user, q), q=q)


@router.post("", name="start_conversation")
async def start(
    page: PageDep, asker: AskerDep, asking: AskingServiceDep, form: Annotated[FirstQuestionForm, Form()]
) -> Response:
    conversation = await asking.begin(asker, form)
    return page.redirect(conversation.path)


@router.get("/{conversation_id}", name="conversation")
async def show(
    page: PageDep,
    user: UserDep,
    chat: ChatServiceDep,
    conversation: ConversationDep,
    at: int | None = None,
    edit: int | None = None,
) -> Response:
    view = await chat.view(conversation, user, at or edit)
    return page.render("chat/show.html", block="log", view=view, edit=edit, hits=await chat.list(user), q="")


@router.post("/{conversation_id}", name="update_conversation")
async def update(
    page: PageDep, chat: ChatServiceDep, conversation: ConversationDep, form: Annotated[ConversationForm, Form()]
) -> Response:
    await chat.update(conversation, form)
    return page.render("chat/updated.html", location=conversation.path, conversation=conversation)


@router.post("/{conversation_id}/messages", name="ask_in_conversation")
async def ask(
    page: PageDep,
    conversation: ConversationDep,
    _asker: AskerDep,
    asking: AskingServiceDep,
    form: Annotated[QuestionForm, Form()],
) -> Response:
    view = await asking.ask(conversation, form)
    return page.render("chat/asked.html", status=201, location=view.leaf_path, view=view)


@router.post("/{conversation_id}/deletion", name="delete_conversation")
async def delete(page: PageDep, chat: ChatServiceDep, conversation: ConversationDep) -> Response:
    await chat.delete(conversation)
    return page.render("partials/deleted.html", location=conversation.path, conversation=conversation)


@router.post("/{conversation_id}/restoration", name="restore_conversation")
async def restore(page: PageDep, chat: ChatServiceDep, conversation: ConversationDep) -> Response:
    await chat.restore(conversation)
    return page.redirect(conversation.path)


@router.get("/{conversation_id}/export.md", name="export_markdown")
async def export_markdown(
    page: PageDep, user: UserDep, chat: ChatServiceDep, conversation: ConversationDep, at: int | None = None
) -> Response:
    text = page.fragment("chat/export.md", view=await chat.view(conversation, user, at))
    return page.download(text, "text/markdown", f"{conversation.title}.md")


@router.get("/{conversation_id}/export.json", name="export_json")
async def export_json(page: PageDep, chat: ChatServiceDep, conversation: ConversationDep) -> Response:
    return page.download(await chat.export(conversation), "application/json", f"{conversation.title}.json")

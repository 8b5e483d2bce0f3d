"""Conversations with the model: one's own alone, whatever one's rank."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import Asked, ConversationAnswer, MessageAnswer, Page
from app.api.bodies import JSON, Changes, PartOf, changed
from app.api.callers import AskerDep, CallerDep, ReaderDep, WriterDep
from app.api.chunks import STREAM, AnsweringDep
from app.api.replies import one, page
from app.api.routing import ONCE, ApiRouter
from app.api.versions import PreconditionDep
from app.dependencies import AskingServiceDep, ChatServiceDep, ListingServiceDep
from app.models.conversation import Conversation, ConversationForm, FirstQuestionForm, QuestionForm
from app.models.listing import ConversationQuery, ListQuery
from app.visitors import MessageId

router = ApiRouter("/conversations")


async def get_conversation(caller: CallerDep, chat: ChatServiceDep, conversation_id: UUID) -> Conversation:
    return await chat.get_kept(caller.user, conversation_id)


ConversationDep = Annotated[Conversation, Depends(get_conversation)]


async def get_unchanged(
    _writer: WriterDep, conversation: ConversationDep, chat: ChatServiceDep, precondition: PreconditionDep
) -> Conversation:
    """The conversation, under a lock, in the version that whoever changes it has read."""
    await chat.hold(conversation)
    precondition.check(ConversationAnswer.of(conversation))
    return conversation


UnchangedDep = Annotated[Conversation, Depends(get_unchanged)]


@router.get("", name="conversations_list", response_model=Page[ConversationAnswer], summary="List conversations")
async def index(
    request: Request, reader: ReaderDep, listings: ListingServiceDep, query: Annotated[ConversationQuery, Query()]
) -> Response:
    """Your own, without public answer pages."""
    return page(request, await listings.conversations(reader.user, query), ConversationAnswer.of)


@router.post(
    "",
    name="conversations_create",
    summary="Begin a conversation",
    status_code=201,
    response_model=Asked,
    responses={200: STREAM},
    dependencies=ONCE,
)
async def create(
    asker: AskerDep, asking: AskingServiceDep, answering: AnsweringDep, form: Annotated[FirstQuestionForm, JSON]
) -> Response:
    """Open a conversation, which is at `Location`, with its first question.

    With `Accept: text/event-stream` the answer comes as it is written; it can be asked for as a stream later, too.
    """
    asked = Asked.of(await asking.open(asker, form))
    location = f"/conversations/{asked.conversation.id}"
    return answering.reply(asked.answer, one(asked, status=201, location=location))


@router.get(
    "/{conversation_id}", name="conversations_get", response_model=ConversationAnswer, summary="Read a conversation"
)
async def show(_reader: ReaderDep, conversation: ConversationDep) -> Response:
    """One conversation, without its messages."""
    return one(ConversationAnswer.of(conversation))


@router.patch(
    "/{conversation_id}",
    name="conversations_change",
    summary="Change a conversation",
    response_model=ConversationAnswer,
)
async def change(
    chat: ChatServiceDep,
    conversation: UnchangedDep,
    changes: Annotated[Changes, PartOf(ConversationForm)],
) -> Response:
    """Change its title or how answers in it should be."""
    current = conversation.model_dump(include=set(ConversationForm.model_fields))
    return one(ConversationAnswer.of(await chat.update(conversation, changed(ConversationForm, current, changes))))


@router.delete(
    "/{conversation_id}",
    name="conversations_delete",
    summary="Delete a conversation",
    status_code=204,
    response_class=Response,
)
async def delete(chat: ChatServiceDep, conversation: UnchangedDep) -> Response:
    """Delete it, and stop what is still being written in it. On the site it can be restored for a day."""
    await chat.delete(conversation)
    return Response(status_code=204)


@router.get(
    "/{conversation_id}/messages", name="messages_list", response_model=Page[MessageAnswer], summary="List messages"
)
async def messages(
    request: Request,
    _reader: ReaderDep,
    conversation: ConversationDep,
    chat: ChatServiceDep,
    listings: ListingServiceDep,
    query: Annotated[ListQuery, Query()],
) -> Response:
    """All versions of all questions and answers, the oldest first."""
    listed = await listings.messages(conversation, query)
    sources = await chat.sources(listed.rows)
    return page(request, listed, lambda each: MessageAnswer.of(each, sources[each.id or 0]))


@router.post(
    "/{conversation_id}/messages",
    name="messages_create",
    summary="Ask a question",
    status_code=202,
    response_model=Asked,
    responses={200: STREAM},
    dependencies=ONCE,
)
async def ask(
    _asker: AskerDep,
    conversation: ConversationDep,
    asking: AskingServiceDep,
    answering: AnsweringDep,
    form: Annotated[QuestionForm, JSON],
) -> Response:
    """Ask a question, under the answer that `parent` names or the newest.

    With `Accept: text/event-stream` the answer comes as it is written; otherwise `Location` is where it will be.
    """
    asked = Asked.of(await asking.ask(conversation, form))
    location = f"/conversations/{conversation.id}/messages/{asked.answer.id}"
    return answering.reply(asked.answer, one(asked, status=202, location=location))


@router.get(
    "/{conversation_id}/messages/{message_id}",
    name="messages_get",
    response_model=MessageAnswer,
    responses={200: STREAM},
    summary="Read a message",
)
async def message(
    _reader: ReaderDep,
    conversation: ConversationDep,
    chat: ChatServiceDep,
    answering: AnsweringDep,
    message_id: MessageId,
) -> Response:
    """One question or answer; with `Accept: text/event-stream` all of it, then what is added while it is written."""
    found = await chat.message_in(conversation, message_id)
    shown = MessageAnswer.of(found, (await chat.sources([found]))[message_id])
    return answering.reply(shown, one(shown))


@router.post(
    "/{conversation_id}/messages/{message_id}/stop",
    name="messages_stop",
    summary="Stop an answer",
    status_code=202,
    response_model=MessageAnswer,
)
async def stop(
    _writer: WriterDep,
    conversation: ConversationDep,
    chat: ChatServiceDep,
    asking: AskingServiceDep,
    message_id: MessageId,
) -> Response:
    """End an answer that is being written and keep what there is of it: within a moment its status is `stopped`.

    A question, and an answer that has ended, stay as they are.
    """
    found = await chat.message_in(conversation, message_id)
    await asking.stop(found)
    return one(MessageAnswer.of(found, (await chat.sources([found]))[message_id]), status=202)

"""Conversations: reading them and keeping them in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.ai.markdown import Reference, References
from app.errors import Conflict, NotFound
from app.models.base import now
from app.models.conversation import (
    Citation,
    Conversation,
    ConversationForm,
    FeedbackForm,
    Message,
    Role,
    Thread,
    Turn,
)
from app.models.user import User
from app.repositories.conversations import ConversationRepository, Hit

EXPORTED = {"id", "title", "instructions", "model", "created_at", "updated_at"}
PRIVATE = {"conversation_id", "heartbeat_at", "stop_requested", "writer"}
MAX_WORDS = 8  # of a search: each makes it slower
CITED = {"number", "title", "heading", "path", "quote", "slug", "start", "end"}


@dataclass(frozen=True, slots=True)
class View:
    """A conversation as a page shows it: one path through it, with the sources of its answers by their ids."""

    conversation: Conversation
    thread: Thread
    citations: dict[int, list[Citation]]
    mine: bool

    @property
    def leaf_path(self) -> str:
        """The address of this path through the conversation."""
        return f"{self.conversation.path}?at={self.thread.leaf.id}" if self.thread.leaf else self.conversation.path

    def turn(self, message_id: int) -> Turn | None:
        """None when it was deleted meanwhile."""
        return next((turn for turn in self.thread.turns if turn.message.id == message_id), None)

    def references(self, message_id: int) -> References:
        return references_of(self.citations[message_id])


class ChatService:
    def __init__(self, conversations: ConversationRepository) -> None:
        self.conversations = conversations

    async def list(self, user: User | None, query: str = "") -> list[Hit]:
        """This person's conversations, newest first, or those that hold the query's words, best first."""
        if user is None:
            return []
        typed = "".join(c if c.isalnum() else " " for c in query[:200]).split()
        if words := list({word.casefold(): word for word in typed}.values())[:MAX_WORDS]:
            return await self.conversations.search(user.id, words)
        return [] if query.strip() else await self.conversations.recent(user.id)

    async def get(self, user: User | None, id: UUID) -> Conversation:
        """This person's conversation, a deleted one included; `NotFound` for anybody else's."""
        conversation = await self.conversations.get(id)
        if conversation is None or not self._owns(user, conversation) or conversation.is_public:
            raise NotFound(retry_at="/chat")
        return conversation

    async def get_public(self, user: User | None, id: UUID) -> Conversation:
        """A public answer page; a deleted one only for whoever can restore it."""
        conversation = await self.conversations.get(id)
        if conversation is None or not conversation.is_public:
            raise NotFound
        if conversation.deleted_at and not self._owns(user, conversation):
            raise NotFound
        return conversation

    async def get_own_public(self, user: User | None, id: UUID) -> Conversation:
        conversation = await self.get_public(user, id)
        if not self._owns(user, conversation):
            raise NotFound
        return conversation

    async def get_kept(self, user: User | None, id: UUID) -> Conversation:
        """This person's conversation; `NotFound` for a deleted one too."""
        conversation = await self.get(user, id)
        if conversation.deleted_at:
            raise NotFound
        return conversation

    async def message_in(self, conversation: Conversation, id: int) -> Message:
        """A question or an answer of this conversation."""
        message = await self.conversations.message_in(conversation, id)
        if message is None:
            raise NotFound
        return message

    async def sources(self, messages: Sequence[Message]) -> Mapping[int, Sequence[Citation]]:
        """The sources of these, by their ids."""
        return await self.conversations.citations([message.id or 0 for message in messages])

    async def message(self, user: User | None, id: int, role: Role) -> tuple[Message, Conversation]:
        """A question or an answer that this person may read: of their own conversation, or of a public page."""
        found = await self.conversations.message(id, role)
        if found is None or not (found[1].is_public or self._owns(user, found[1])):
            raise NotFound
        return found

    async def own_message(self, user: User | None, id: int, role: Role) -> tuple[Message, Conversation]:
        """A question or an answer that this person may act on: of their own conversation."""
        found = await self.conversations.message(id, role)
        if found is None or not self._owns(user, found[1]):
            raise NotFound(retry_at="/chat")
        return found

    def _owns(self, user: User | None, conversation: Conversation) -> bool:
        return user is not None and conversation.user_id == user.id

    async def view(self, conversation: Conversation, user: User | None, at: int | None = None) -> View:
        """The path through the message `at`, or the newest one."""
        thread = Thread.through(await self.conversations.messages(conversation), at)
        ids = [turn.message.id for turn in thread.turns if turn.message.id]
        citations = await self.conversations.citations(ids)
        return View(conversation, thread, citations, self._owns(user, conversation))

    async def export(self, conversation: Conversation) -> dict[str, Any]:
        """The whole conversation, every version of every message, as plain data."""
        messages = await self.conversations.messages(conversation)
        cited = await self.conversations.citations([message.id or 0 for message in messages])
        return {
            **conversation.model_dump(mode="json", include=EXPORTED),
            "messages": [
                message.model_dump(mode="json", exclude=PRIVATE)
                | {"sources": [citation.model_dump(mode="json", include=CITED) for citation in cited[message.id or 0]]}
                for message in messages
            ],
        }

    async def export_all(self, user: User) -> Sequence[dict[str, Any]]:
        """All conversations of this person, public pages and deleted ones included."""
        return [await self.export(conversation) for conversation in await self.conversations.all_of(user.id)]

    async def hold(self, conversation: Conversation) -> None:
        """Let nobody else change it until this transaction ends, and see what they changed before."""
        await self.conversations.hold(conversation)

    async def update(self, conversation: Conversation, form: ConversationForm) -> Conversation:
        return await self.conversations.add(conversation.sqlmodel_update(form))

    async def delete(self, conversation: Conversation) -> None:
        """Hide a conversation, which can be restored for a day, and stop what is still being written in it."""
        await self.conversations.add(conversation.sqlmodel_update({"deleted_at": now()}))
        await self.conversations.request_stops(conversation)

    async def restore(self, conversation: Conversation) -> None:
        await self.conversations.add(conversation.sqlmodel_update({"deleted_at": None}))

    async def rate(self, answer: Message, form: FeedbackForm) -> None:
        """Keep a thumb and a reason, or neither."""
        if answer.is_streaming:
            raise Conflict("This answer is still being written.")
        await self.conversations.add(answer.sqlmodel_update({"rating": form.rating or None, "reason": form.reason}))


def references_of(citations: Sequence[Citation]) -> References:
    """The link definitions that turn `[1]` in an answer's text into a link to its source."""
    return tuple(Reference(str(citation.number), citation.path, citation.title) for citation in citations)

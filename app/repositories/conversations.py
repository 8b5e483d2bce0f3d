"""Queries of conversations, their messages and citations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, text, update
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.models.conversation import Citation, Conversation, Message, Role, Status
from app.repositories.base import Repository
from app.repositories.hits import snippet

# Best first. Nothing but ranks is computed here: what a search may cost is bounded by its words and this limit.
SQLITE_HITS = text("""
    SELECT message.id, message.conversation_id
    FROM message_fts JOIN message ON message.id = message_fts.rowid
    JOIN conversation ON conversation.id = message.conversation_id
    WHERE message_fts MATCH :query AND conversation.user_id = :user_id
      AND conversation.deleted_at IS NULL AND conversation.ask_key IS NULL
    ORDER BY bm25(message_fts) LIMIT :limit
""")
POSTGRES_HITS = text("""
    SELECT message.id, message.conversation_id
    FROM message JOIN conversation ON conversation.id = message.conversation_id, to_tsquery('english', :query) AS query
    WHERE message.status <> 'streaming' AND to_tsvector('english', message.text) @@ query
      AND conversation.user_id = :user_id AND conversation.deleted_at IS NULL AND conversation.ask_key IS NULL
    ORDER BY ts_rank_cd(to_tsvector('english', message.text), query) DESC LIMIT :limit
""")
STREAMING = col(Message.status) == Status.STREAMING
# Made once: every question and every stream asks these.
MESSAGES = select(Message).where(Message.conversation_id == bindparam("conversation")).order_by(col(Message.id))
MESSAGE = (
    select(Message, Conversation)
    .join(Conversation)
    .where(Message.id == bindparam("id"), Message.role == bindparam("role"))
)
CITATIONS = (
    select(Citation)
    .where(col(Citation.message_id).in_(bindparam("messages", expanding=True)))
    .order_by(col(Citation.number))
)
CITE = insert(Citation)
QUESTIONS_SINCE = (
    select(func.count())
    .select_from(Message)
    .join(Conversation)
    .where(
        Conversation.user_id == bindparam("user"),
        Message.role == Role.ASSISTANT,
        col(Message.created_at) >= bindparam("since"),
    )
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation in a list; after a search with the words around the best match, hits between private-use marks."""

    conversation: Conversation
    snippet: str = ""


class ConversationRepository(Repository):
    async def get(self, id: UUID) -> Conversation | None:
        return await self.session.get(Conversation, id)

    async def recent(self, user_id: UUID, limit: int = 100) -> list[Hit]:
        mine = self._mine(user_id).order_by(col(Conversation.updated_at).desc()).limit(limit)
        return [Hit(conversation) for conversation in (await self.session.exec(mine)).all()]

    async def all_of(self, user_id: UUID) -> Sequence[Conversation]:
        found = select(Conversation).where(Conversation.user_id == user_id).order_by(col(Conversation.created_at))
        return (await self.session.exec(found)).all()

    def _mine(self, user_id: UUID) -> SelectOfScalar[Conversation]:
        return select(Conversation).where(
            Conversation.user_id == user_id,
            col(Conversation.deleted_at).is_(None),
            col(Conversation.ask_key).is_(None),
        )

    async def search(self, user_id: UUID, words: Sequence[str], limit: int = 50) -> list[Hit]:
        """Find conversations whose title or messages hold all the words (the last may be half typed)."""
        snippets = await self._snippets(user_id, words, limit)
        titled = self._mine(user_id)
        for word in words:
            titled = titled.where(col(Conversation.title).icontains(word, autoescape=True))
        in_title = (await self.session.exec(titled.limit(limit))).all()
        in_text = (await self.session.exec(self._mine(user_id).where(col(Conversation.id).in_(snippets)))).all()
        found = {conversation.id: conversation for conversation in (*in_title, *in_text)}
        order = [*(c.id for c in in_title), *(id for id in snippets if id not in {c.id for c in in_title})]
        return [Hit(found[id], snippets.get(id, "")) for id in order if id in found]

    async def _snippets(self, user_id: UUID, words: Sequence[str], limit: int) -> dict[UUID, str]:
        """The best snippet of each conversation, best conversation first."""
        sqlite = self.on_sqlite
        values = {
            "query": sqlite_query(words) if sqlite else postgres_query(words),
            "user_id": user_id.hex if sqlite else user_id,
            "limit": limit,
        }
        best: dict[UUID, int] = {}
        for id, conversation_id in await self.execute(SQLITE_HITS if sqlite else POSTGRES_HITS, values):
            best.setdefault(UUID(str(conversation_id)), id)
        found = await self.session.exec(select(Message.id, Message.text).where(col(Message.id).in_(best.values())))
        snippets = {id: snippet(text, words) for id, text in found}
        return {conversation_id: snippets[id] for conversation_id, id in best.items() if id in snippets}

    async def messages(self, conversation: Conversation) -> Sequence[Message]:
        return (await self.session.exec(MESSAGES, params={"conversation": conversation.id})).all()

    async def message(self, id: int, role: Role) -> tuple[Message, Conversation] | None:
        return (await self.session.exec(MESSAGE, params={"id": id, "role": role})).first()

    async def hold(self, conversation: Conversation) -> None:
        """Let nobody else change this row until the transaction ends."""
        same = update(Conversation).where(col(Conversation.id) == conversation.id)
        await self.write(same.values(title=col(Conversation.title)))
        await self.session.refresh(conversation)

    async def message_in(self, conversation: Conversation, id: int) -> Message | None:
        found = select(Message).where(Message.conversation_id == conversation.id, Message.id == id)
        return (await self.session.exec(found)).first()

    async def citations(self, message_ids: Sequence[int]) -> dict[int, list[Citation]]:
        """The sources of these answers, in their order."""
        by_message: dict[int, list[Citation]] = {id: [] for id in message_ids}
        for citation in (await self.session.exec(CITATIONS, params={"messages": list(message_ids)})).all():
            by_message[citation.message_id].append(citation)
        return by_message

    async def cite(self, citations: Sequence[Citation]) -> None:
        """Store the sources of a new answer. Nobody asks for their ids, which would take most of the time."""
        if citations:
            await self.write(CITE, [citation.model_dump(exclude={"id"}) for citation in citations])

    async def request_stops(self, conversation: Conversation) -> None:
        """Ask whoever writes an answer in this conversation to end it."""
        writing = update(Message).where(col(Message.conversation_id) == conversation.id, STREAMING)
        await self.write(writing.values(stop_requested=True))

    async def purge(self, deleted_before: datetime) -> None:
        """Delete for good what was deleted before then."""
        await self.write(delete(Conversation).where(col(Conversation.deleted_at) < deleted_before))

    async def answered(self, ask_key: str) -> Conversation | None:
        """The first public page whose answer to this question is complete; a later one cannot take its place."""
        found = (
            select(Conversation)
            .join(Message)
            .where(Conversation.ask_key == ask_key, Message.role == Role.ASSISTANT, Message.status == Status.COMPLETE)
            .where(col(Conversation.deleted_at).is_(None))
            .order_by(col(Conversation.created_at))
        )
        return (await self.session.exec(found)).first()

    async def questions_since(self, user_id: UUID, since: datetime) -> int:
        """How many answers this person has had started since then, retries included."""
        return (await self.session.exec(QUESTIONS_SINCE, params={"user": user_id, "since": since})).one()


def sqlite_query(words: Sequence[str]) -> str:
    """All words, the last as a prefix, quoted for FTS5."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    return " AND ".join(quoted) + "*"


def postgres_query(words: Sequence[str]) -> str:
    """All words, the last as a prefix, quoted for `to_tsquery`."""
    quoted = ["'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in words]
    return " & ".join(quoted) + ":*"

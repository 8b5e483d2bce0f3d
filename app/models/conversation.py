"""Conversations: a tree of messages, of which a page shows one path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Self
from uuid import UUID, uuid4

from pydantic import ConfigDict, field_validator
from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, Typed, now, storable, words
from app.models.document import quote_path

TITLE_LENGTH = 80
MAX_INSTRUCTIONS = 8_000


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Status(StrEnum):
    """Where an answer stands. Only a streaming one still changes."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Conversation(SQLModel, table=True):
    """Questions and answers of one person. With an `ask_key` it is a public answer page."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    title: str = Field(max_length=200)
    instructions: str = Field(default="", max_length=MAX_INSTRUCTIONS)
    model: str = Field(default="", max_length=200)
    ask_key: str | None = Field(default=None, max_length=64, index=True)
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now, index=True)
    deleted_at: datetime | None = Timestamp(default=None, nullable=True)

    @property
    def is_public(self) -> bool:
        return self.ask_key is not None

    @property
    def path(self) -> str:
        return f"/ask/{self.id}" if self.is_public else f"/chat/{self.id}"


class Message(SQLModel, table=True):
    """A question, or an answer with what it took. Siblings (same parent) are other versions of each other."""

    __table_args__ = (
        CheckConstraint("role IN ('user', 'assistant')", name="role"),
        CheckConstraint("status IN ('streaming', 'complete', 'stopped', 'failed', 'interrupted')", name="status"),
        CheckConstraint("rating IN (-1, 1)", name="rating"),
        # The database decides between two questions asked at once: one answer streams at a time.
        Index(
            "uq_message_streaming",
            "conversation_id",
            unique=True,
            sqlite_where=text("status = 'streaming'"),
            postgresql_where=text("status = 'streaming'"),
        ),
        Index("ix_message_figures", "created_at", "role", "status", "prompt_tokens", "completion_tokens"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", index=True, ondelete="CASCADE")
    parent_id: int | None = Field(default=None, foreign_key="message.id", index=True, ondelete="CASCADE")
    role: Role = Field(sa_type=words(Role, 10))
    text: str = ""
    status: Status = Field(default=Status.COMPLETE, sa_type=words(Status, 12))
    created_at: datetime = Timestamp(default_factory=now)

    model: str = Field(default="", max_length=200)
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    error: str = Field(default="", max_length=500)
    heartbeat_at: datetime | None = Timestamp(default=None, nullable=True)
    stop_requested: bool = False
    writer: str = Field(default="", max_length=32)  # names who may write it: a claim that was taken over writes no more
    rating: int | None = None
    reason: str = Field(default="", max_length=1000)

    @property
    def is_streaming(self) -> bool:
        return self.status == Status.STREAMING


class Citation(SQLModel, table=True):
    """One numbered source of an answer: the span `[start:end]` of a document, in the version that `digest` names."""

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True, ondelete="CASCADE")
    number: int
    slug: str = Field(max_length=120)
    digest: str = Field(max_length=64)
    title: str = Field(max_length=300)
    heading: str = Field(default="", max_length=1000)
    start: int
    end: int
    quote: str

    @property
    def path(self) -> str:
        return quote_path(self.slug, self.digest, self.start, self.end)


class QuestionForm(SQLModel):
    """What a question box sends. `parent` is the answer it follows, so that a branch stays a branch."""

    model_config = ConfigDict(validate_default=True)  # type: ignore[assignment]  # an empty field arrives as none at all

    content: str = ""
    model: str = ""
    parent: int | None = None

    @field_validator("content")
    @classmethod
    def _readable(cls, content: str) -> str:
        content = content.replace("\r\n", "\n").strip()
        if not content:
            raise ValueError("Please type a question.")
        if unreadable_share(content) > 0.1:
            raise ValueError("This looks like a file, not a question. Please paste text.")
        return storable(content)


class FirstQuestionForm(QuestionForm):
    """What opens a conversation: a question, and how to answer in it."""

    instructions: Typed = Field(default="", max_length=MAX_INSTRUCTIONS)


def unreadable_share(content: str) -> float:
    """The share (0..1) of characters that no keyboard types: controls, lone surrogates, replacement characters."""
    odd = sum(
        1
        for c in content
        if (c < " " and c not in "\t\n") or "\x7f" <= c <= "\x9f" or c == "\ufffd" or "\ud800" <= c <= "\udfff"
    )
    return odd / len(content)


class ConversationForm(SQLModel):
    """What a person may change of a conversation."""

    title: Typed = Field(min_length=1, max_length=200)
    instructions: Typed = Field(default="", max_length=MAX_INSTRUCTIONS)


class FeedbackForm(SQLModel):
    """Thumbs up (1) or down (-1) on an answer, or neither (0); with a reason when one is typed."""

    rating: int | None = Field(default=None, ge=-1, le=1)
    reason: Typed = Field(default="", max_length=1000)


def title_from(question: str) -> str:
    """Cut a question to a title, at a word's end."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def ask_key(question: str, model: str, corpus: str) -> str:
    """What makes two public questions the same: their words, the model, and the documents it answers from."""
    words = " ".join(question.casefold().split())
    words = words.rstrip(" ?!.") or words
    return sha256("\x00".join((words, model, corpus)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Turn:
    """A message on the page's path, and the versions of it that stand beside it."""

    message: Message
    siblings: tuple[int, ...]

    @property
    def position(self) -> int:
        """Counted from 1."""
        return self.siblings.index(self.message.id or 0) + 1

    @property
    def previous(self) -> int | None:
        return self.siblings[self.position - 2] if self.position > 1 else None

    @property
    def next(self) -> int | None:
        return self.siblings[self.position] if self.position < len(self.siblings) else None


@dataclass(frozen=True, slots=True)
class Thread:
    """The path through a conversation that a page shows, oldest first."""

    turns: tuple[Turn, ...]

    @classmethod
    def through(cls, messages: Sequence[Message], at: int | None = None) -> Self:
        """Choose the path through the message `at` (or the newest) and on to the newest leaf below it."""
        children: dict[int | None, list[Message]] = {}
        for message in sorted(messages, key=lambda each: each.id or 0):
            children.setdefault(message.parent_id, []).append(message)
        by_id = {message.id: message for message in messages}
        here = by_id.get(at) or max(messages, key=lambda each: each.id or 0, default=None)
        path: list[Message] = []
        while here:
            path.insert(0, here)
            here = by_id.get(here.parent_id)
        while path and (below := children.get(path[-1].id)):
            path.append(below[-1])
        return cls(tuple(Turn(m, tuple(s.id or 0 for s in children[m.parent_id])) for m in path))

    @property
    def leaf(self) -> Message | None:
        return self.turns[-1].message if self.turns else None

    @property
    def streaming(self) -> Message | None:
        return next((turn.message for turn in self.turns if turn.message.is_streaming), None)

"""Queries of answers while they are being written. They touch columns, not objects: this is the hot path."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, update
from sqlmodel import col, select

from app.models.conversation import Citation, Message, Status
from app.repositories.base import Repository
from app.repositories.conversations import STREAMING

CHECKPOINT = (
    update(Message)
    .where(col(Message.id) == bindparam("answer_id"), STREAMING)  # never over an answer that has ended meanwhile
    .values(text=bindparam("text_so_far"), heartbeat_at=bindparam("beat"))
)


STREAMING_NOW = select(col(Message.id), col(Message.heartbeat_at), col(Message.stop_requested)).where(STREAMING)


class Streaming(NamedTuple):
    """An answer that says it is being written."""

    id: int
    heartbeat_at: datetime
    stop_requested: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended, as it is stored."""

    status: Status
    text: str
    error: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None


class AnswerRepository(Repository):
    async def checkpoint(self, texts: dict[int, str], beat: datetime) -> None:
        """Store the texts so far, and that their writer is alive."""
        rows = [{"answer_id": id, "text_so_far": text, "beat": beat} for id, text in texts.items()]
        await self.execute(CHECKPOINT, rows)

    async def finish(self, id: int, outcome: Outcome) -> None:
        values = asdict(outcome)
        await self.execute(update(Message).where(col(Message.id) == id).values(values))

    async def state(self, id: int) -> tuple[str, str] | None:
        """Text and status now; None when the answer is gone."""
        return (await self.session.exec(select(Message.text, Message.status).where(Message.id == id))).first()

    async def citations(self, id: int) -> Sequence[Citation]:
        return (await self.session.exec(select(Citation).where(Citation.message_id == id))).all()

    async def streaming(self) -> Sequence[Streaming]:
        """All answers that say they are being written, in whatever process."""
        return [Streaming(*row) for row in await self.execute(STREAMING_NOW)]

    async def interrupt(self, ids: Sequence[int]) -> None:
        message = update(Message).where(col(Message.id).in_(ids), STREAMING)
        await self.execute(message.values(status=Status.INTERRUPTED))

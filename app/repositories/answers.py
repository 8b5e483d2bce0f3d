"""Queries of answers while they are being written. They touch columns, not objects: this is the hot path."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, update
from sqlmodel import col, select

from app.models.base import now
from app.models.conversation import Citation, Message, Status
from app.repositories.base import Repository
from app.repositories.conversations import STREAMING

CHECKPOINT = (
    update(Message)
    .where(col(Message.id) == bindparam("answer_id"), col(Message.writer) == bindparam("claim"), STREAMING)
    .values(text=bindparam("text_so_far"), heartbeat_at=bindparam("beat"))
)


STREAMING_NOW = select(
    col(Message.id), col(Message.writer), col(Message.heartbeat_at), col(Message.stop_requested)
).where(STREAMING)
ENDED_EARLY = col(Message.status).in_((Status.STOPPED, Status.FAILED, Status.INTERRUPTED))


class Streaming(NamedTuple):
    """An answer that says it is being written."""

    id: int
    writer: str
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
    async def claim(self, id: int, writer: str) -> bool:
        """Make this writer the one that continues an answer; False when it streams already or is complete."""
        begun = {
            "status": Status.STREAMING,
            "error": "",
            "stop_requested": False,
            "heartbeat_at": now(),
            "writer": writer,
        }
        claimed = await self.write(update(Message).where(col(Message.id) == id, ENDED_EARLY).values(begun))
        return claimed.rowcount == 1

    async def checkpoint(self, texts: Mapping[tuple[int, str], str]) -> None:
        """Store the texts so far by answer and writer, and that their writers are alive."""
        beat = now()
        rows = [{"answer_id": id, "claim": by, "text_so_far": text, "beat": beat} for (id, by), text in texts.items()]
        await self.write(CHECKPOINT, rows)

    async def finish(self, id: int, writer: str, outcome: Outcome) -> None:
        """Store how it ended, unless another writer has taken it over."""
        mine = update(Message).where(col(Message.id) == id, col(Message.writer) == writer)
        await self.write(mine.values(asdict(outcome)))

    async def get(self, id: int) -> Message | None:
        return await self.session.get(Message, id)

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
        await self.write(message.values(status=Status.INTERRUPTED))

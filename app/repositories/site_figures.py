"""What is counted of the whole site, by days of UTC. An index alone answers each of these, over the days that count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import SQLModel, case, col, func, select

from app.models.conversation import Conversation, Message
from app.models.job import Job
from app.models.mail import Mail
from app.models.user import User
from app.models.webinar import Registration
from app.repositories.base import Repository

ByDay = dict[str, tuple[int, ...]]
# As text, not as a parameter: SQLite cannot know then that a partial index has all of them.
STREAMING = col(Message.status) == literal_column("'streaming'")
FAILED_MAIL = col(Mail.status) == literal_column("'failed'")
QUEUED = col(Mail.status) == literal_column("'queued'")
RUNNING = col(Job.state) == literal_column("'running'")
IS_QUESTION = col(Message.role) == literal_column("'user'")
HAS_FAILED = col(Message.status) == literal_column("'failed'")


class Running(NamedTuple):
    """An answer that is being written: for whom, by which model and since when, and nothing of what it says."""

    id: int
    model: str
    since: datetime
    name: str
    email: str
    is_guest: bool

    @property
    def who(self) -> str:
        return "A guest" if self.is_guest else self.name or self.email


class SiteFigures(Repository):
    async def sign_ups(self, since: datetime) -> ByDay:
        return await self._by_day(User.created_at, since, func.count(), where=[col(User.is_guest).is_(False)])

    async def answers(self, since: datetime) -> ByDay:
        """Of each day: questions, tokens that models read, tokens that they wrote, and answers that failed."""
        counts = [func.sum(case((each, 1), else_=0)) for each in (IS_QUESTION, HAS_FAILED)]
        tokens = [func.sum(func.coalesce(each, 0)) for each in (Message.prompt_tokens, Message.completion_tokens)]
        return await self._by_day(Message.created_at, since, counts[0], *tokens, counts[1])

    async def registrations(self, since: datetime, sees: ColumnElement[bool]) -> ByDay:
        return await self._by_day(Registration.created_at, since, func.count(), where=[sees])

    async def failed_mails(self, since: datetime) -> ByDay:
        return await self._by_day(Mail.created_at, since, func.count(), where=[FAILED_MAIL])

    async def _by_day(
        self, moment: Any, since: datetime, *figures: Any, where: Sequence[ColumnElement[bool]] = ()
    ) -> ByDay:
        day = func.substr(moment, 1, 10) if self.on_sqlite else func.date(func.timezone("UTC", moment))
        found = select(day, *figures).where(moment >= since, *where).group_by(day)
        return {str(row[0]): tuple(map(int, row[1:])) for row in await self.execute(found)}

    async def running_jobs(self, sees: ColumnElement[bool]) -> int:
        return await self._count(Job, RUNNING, sees)

    async def queued_mails(self) -> int:
        return await self._count(Mail, QUEUED)

    async def _count(self, model: type[SQLModel], *where: ColumnElement[bool]) -> int:
        return int((await self.execute(select(func.count()).select_from(model).where(*where))).scalar_one())

    async def running(self, limit: int) -> list[Running]:
        """The answers that are being written, the oldest first.

        They are put in order once they are found, or databases would look for them through all messages in that order.
        """
        shown: tuple[Any, ...] = (Message.id, Message.model, Message.created_at, User.name, User.email, User.is_guest)
        found = select(*shown).join_from(Message, Conversation).join(User).where(STREAMING)
        return [Running(*row) for row in await self.execute(found.order_by(func.coalesce(Message.id, 0)).limit(limit))]

    async def message(self, id: int) -> tuple[Message, User] | None:
        """A message, and whose it is."""
        found = select(Message, User).join_from(Message, Conversation).join(User).where(Message.id == id)
        return (await self.session.exec(found)).first()

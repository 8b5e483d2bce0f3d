"""What happens on the site: the figures of the last two weeks, as far as somebody may see them, and what runs now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.charts import Chart, Data, Series, columns
from app.errors import NotFound
from app.models.base import now
from app.models.job import Job
from app.models.webinar import Registration
from app.repositories.site_figures import ByDay, Running, SiteFigures
from app.repositories.visibility import Rights
from app.services.asking_service import AskingService
from app.services.audit_service import AuditService
from app.services.calendar_days import Days, begin

DAYS = 14
MOST_RUNNING = 50
SEES_ANSWERS, STOPS_ANSWERS = "conversation.view", "conversation.change"


@dataclass(frozen=True, slots=True)
class Site:
    """What the panel's first page shows: figures of today by name, charts, and answers that are being written."""

    figures: Sequence[tuple[str, int]]
    charts: Sequence[Chart]
    running: Sequence[Running]


class Fortnight:
    """Today and the days before it, in UTC, as charts have them."""

    def __init__(self, moment: datetime) -> None:
        today = moment.astimezone(UTC).date()
        self.days = Days.between(today - timedelta(DAYS - 1), today)
        self.since = begin(self.days.begins[0], ZoneInfo("UTC"))

    def series(self, name: str, found: ByDay, at: int = 0) -> Series:
        rows = [found.get(day.isoformat()) for day in self.days.begins]
        return Series(name, [row[at] if row else 0 for row in rows])

    def chart(self, id: str, title: str, *series: Series) -> Chart:
        return columns(Data(id, title, "Day", self.days.labels, series, self.days.names))


class SiteService:
    def __init__(self, figures: SiteFigures, asking: AskingService, audit: AuditService) -> None:
        self.figures = figures
        self.asking = asking
        self.audit = audit

    async def show(self, rights: Rights) -> Site:
        fortnight = Fortnight(now())
        charts = [
            *await self._people(rights, fortnight),
            *await self._registrations(rights, fortnight),
            *await self._answers(rights, fortnight),
        ]
        figures = [(chart.data.title, sum(int(each.values[-1]) for each in chart.data.series)) for chart in charts]
        return Site([*figures, *await self._queue(rights)], charts, await self.running(rights))

    async def running(self, rights: Rights) -> Sequence[Running]:
        return await self.figures.running(MOST_RUNNING) if rights.may(SEES_ANSWERS) else ()

    async def stop(self, rights: Rights, id: int) -> None:
        """Stop somebody's answer, and put it on record; one that has ended meanwhile is passed over."""
        rights.check(STOPS_ANSWERS)
        found = await self.figures.message(id)
        if found is None:
            raise NotFound
        answer, owner = found
        if answer.is_streaming:
            await self.asking.stop(answer)
            await self.audit.record("answer.stopped", actor=rights.user, subject=owner, record=("message", id))

    async def _people(self, rights: Rights, days: Fortnight) -> list[Chart]:
        if not rights.may("user.view"):
            return []
        found = await self.figures.sign_ups(days.since)
        return [days.chart("sign-ups", "Sign-ups", days.series("Accounts", found))]

    async def _registrations(self, rights: Rights, days: Fortnight) -> list[Chart]:
        if not rights.may_some("registration.view"):
            return []
        found = await self.figures.registrations(days.since, rights.sees(Registration))
        return [days.chart("registrations", "Registrations", days.series("Registered", found))]

    async def _answers(self, rights: Rights, days: Fortnight) -> list[Chart]:
        """What was asked and what it took; what failed, of mails for superusers alone, as the outbox is theirs."""
        errors, charts = [], []
        if rights.may(SEES_ANSWERS):
            found = await self.figures.answers(days.since)
            charts = [
                days.chart("questions", "Questions", days.series("Asked", found)),
                days.chart("tokens", "Tokens", days.series("Read", found, 1), days.series("Written", found, 2)),
            ]
            errors.append(days.series("Answers that failed", found, 3))
        if rights.user.is_superuser:
            errors.append(days.series("Mails that failed", await self.figures.failed_mails(days.since)))
        return [*charts, days.chart("errors", "Errors", *errors)] if errors else charts

    async def _queue(self, rights: Rights) -> list[tuple[str, int]]:
        queue = [("Jobs under way", await self.figures.running_jobs(rights.sees(Job)))]
        if rights.user.is_superuser:
            queue.append(("Mails that wait", await self.figures.queued_mails()))
        return queue

"""Acts on many registrants at once, as a job that can be undone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.errors import AppError, Conflict, Invalid
from app.events import GatheredEvents, topic_of
from app.models.job import Item, Job
from app.models.registrant_forms import Act, BulkForm
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.jobs import JobRepository
from app.repositories.registrant_search import matching
from app.repositories.visibility import Rights
from app.repositories.webinars import EMAIL, FIRST_FIRST, ID, LAST_FIRST, WebinarRepository, of_webinar, with_ids
from app.services.csv_import import CHANGED_SINCE, unchanged
from app.services.job_service import JobService
from app.services.registrant_service import RegistrantService
from app.services.registrants import View, wanted_by
from app.services.turns import Turns
from app.services.webinar_service import WebinarService

KIND = "registrations.bulk"
LABELS = {
    Act.APPROVE: "Approve",
    Act.DECLINE: "Decline",
    Act.CANCEL: "Cancel",
    Act.CHECK_IN: "Check in",
    Act.ASSIGN: "Assign",
    Act.SHARE_OUT: "Share out",
    Act.GROUP: "Set the group of",
}
FIELDS = {
    Act.CHECK_IN: "attended_at",
    Act.ASSIGN: "rep_id",
    Act.SHARE_OUT: "rep_id",
    Act.GROUP: "group",
}  # what they change; the others change where somebody stands
STANDINGS = {Act.APPROVE: Standing.REGISTERED, Act.DECLINE: Standing.DECLINED, Act.CANCEL: Standing.CANCELLED}
GONE = "This registration is gone, or not yours to change."


class BulkActs:
    """What is done before the job runs."""

    def __init__(self, webinars: WebinarRepository, jobs: JobRepository, service: JobService) -> None:
        self.webinars = webinars
        self.jobs = jobs
        self.service = service

    async def start(self, rights: Rights, webinar: Webinar, view: View, form: BulkForm) -> Job:
        """Make the job, of those alone whom they may change, and let it run."""
        rights.check_some("registration.change")
        if FIELDS.get(form.act) == "rep_id":  # whose they are decides who sees them: no act for a rep
            rights.check("registration.change")
        params = {"webinar": str(webinar.id), "act": form.act.value, "value": await self._value(webinar, form)}
        # Without the words that were sought: they may name somebody.
        path = f"/desk/webinars/{webinar.slug}/registrations{view.query(q='', answer='')}"
        owner, subject = rights.user.id, topic_of(webinar)
        job = Job(kind=KIND, subject=subject, owner_id=owner, path=path[:1_000], params=params)
        await self.jobs.add(job)
        chosen = matching(wanted_by(view)) if form.all else [with_ids(form.ids)]
        where = [of_webinar(webinar), rights.rows(Registration, "change"), *chosen]
        order = LAST_FIRST if form.act in (Act.CANCEL, Act.DECLINE) else FIRST_FIRST
        job.total = await self.jobs.fill_from(job, EMAIL, ID, order, where)
        if not job.total:
            raise Invalid("Choose whom to do this to: nobody is chosen whom you may change.")
        job.title = f"{LABELS[form.act]} {job.total:,} of “{webinar.title}”"[:200]
        await self.jobs.add(job)
        await self.service.start(rights, job)
        return job

    async def _value(self, webinar: Webinar, form: BulkForm) -> str:
        """What the act needs: the group, or whom to assign to, who must be one of sales, or nobody."""
        if form.act != Act.ASSIGN or form.rep is None:
            return form.value if form.act == Act.GROUP else ""
        if form.rep not in {rep.id for rep, _ in await self.webinars.reps(webinar)}:
            raise Invalid("Choose one of those to whom registrations can be assigned.", field="rep")
        return str(form.rep)


class BulkWork:
    """Does an act to registrants one by one, as it is done to a single one: with the same rules, mails and records."""

    at_once = 25
    undo_backwards = True  # the first who lost their seats have them back first; none go to who gives theirs up next

    def __init__(self, webinars: WebinarRepository, service: WebinarService, events: GatheredEvents) -> None:
        self.webinars = webinars
        self.service = service
        self.registrants = RegistrantService(webinars, service, events)
        self.events = events

    async def act(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        webinar, rows = await self._found(job, rights, items)
        reps = Turns(await self.webinars.reps(webinar))
        for item in items:
            row = rows.get(item.record) if item.record else None
            if row is None:
                item.did("refused", GONE)
                continue
            try:
                await self._one(Act(job.params["act"]), job.params["value"], reps, rights, webinar, row, item)
            except AppError as error:
                item.did("refused", error.message)
        await self.events.stir(topic_of(webinar))

    async def _found(self, job: Job, rights: Rights, items: Sequence[Item]) -> tuple[Webinar, dict[UUID, Registration]]:
        """The webinar, locked, and those of its registrations that the job's owner may change now."""
        webinar = await self.webinars.get(UUID(job.params["webinar"]))
        if webinar is None:
            raise Conflict("The webinar is gone.")
        await self.webinars.lock(webinar)
        here = with_ids([item.record for item in items])
        rows = await self.webinars.some(webinar, here, rights.rows(Registration, "change"))
        return webinar, {row.id: row for row in rows}

    async def _one(
        self, act: Act, value: str, reps: Turns, rights: Rights, webinar: Webinar, row: Registration, item: Item
    ) -> None:
        field = FIELDS.get(act, "status")
        before = {field: _plain(getattr(row, field))}
        match act:
            case Act.ASSIGN:
                await self.registrants.put(rights, webinar, row, {"rep_id": UUID(value) if value else None})
            case Act.SHARE_OUT:
                await self.registrants.put(rights, webinar, row, {"rep_id": reps.next()})
            case Act.GROUP:
                await self.registrants.put(rights, webinar, row, {"group": value})
            case Act.CHECK_IN:
                await self.service.check_in(rights, webinar, row)
            case _:
                await self.service.move(rights, webinar, row, STANDINGS[act])
        after = {field: _plain(getattr(row, field))}
        if after == before:
            item.did("unchanged")
        else:
            item.changed("changed", row.id, row.updated_at, before)

    async def undo(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        webinar, rows = await self._found(job, rights, items)
        for item in items:
            row = unchanged(item, rows)
            if row is None:
                item.put_back("left", CHANGED_SINCE)
                continue
            try:
                await self._put_back(rights, webinar, row, item)
            except AppError as error:
                item.put_back("left", error.message)
        await self.events.stir(topic_of(webinar))

    async def _put_back(self, rights: Rights, webinar: Webinar, row: Registration, item: Item) -> None:
        [(field, value)] = item.before.items()
        if field != "status":
            rep = await self.webinars.user(UUID(value)) if field == "rep_id" and value else None
            put = rep.id if rep else None if field == "rep_id" else value
            await self.registrants.put(rights, webinar, row, {field: put})
            item.put_back()
            return
        await self.service.put_back(webinar, row, Standing(value), rights.user)
        if row.status == value:
            item.put_back()
        else:
            item.put_back("waiting", "No seat is free any more, so they wait, in their old place.")


def _plain(value: Any) -> Any:
    """What JSON can hold of it."""
    return value if value is None or isinstance(value, str) else str(value)

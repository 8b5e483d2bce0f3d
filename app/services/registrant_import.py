"""Registrants from a CSV file: looked at first, then imported by a job."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app.errors import Conflict, Invalid
from app.events import GatheredEvents, WebinarRegistered, topic_of
from app.models.base import now
from app.models.job import Item, Job
from app.models.registrant_forms import ImportForm
from app.models.webinar import Registration, Standing, Webinar, WebinarStatus
from app.repositories.jobs import JobRepository
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository, with_addresses, with_ids
from app.services.csv_import import CHANGED_SINCE, SHOWN, CsvImport, Preview, left_alone, unchanged
from app.services.job_service import JobService
from app.services.registrant_rows import read_rows
from app.services.turns import Turns
from app.services.webinar_service import WebinarService

KIND = "registrations.import"
CONSENT = "Imported by staff, who confirmed that this person agreed elsewhere to have their data kept for this webinar."
NOT_TOLD = (Standing.CANCELLED, Standing.DECLINED)
NOT_YOURS = "This address is registered already, and you may not change it."


class RegistrantImport(CsvImport):
    kind = KIND
    permission = "registration.add"

    def __init__(self, webinars: WebinarRepository, jobs: JobRepository, service: JobService) -> None:
        super().__init__(jobs, service)
        self.webinars = webinars

    async def read(self, rights: Rights, webinar: Webinar, name: str, data: bytes, pasted: str) -> Job:
        """Make a job of a file, or of what was pasted."""
        job, questions = _job(rights, webinar, name[:200]), webinar.questions
        return await self.make(rights, job, lambda text: read_rows(text, questions), data, pasted)

    async def preview(self, rights: Rights, webinar: Webinar, id: UUID) -> Preview:
        job = await self.find(rights, id, topic_of(webinar))
        known = [(item, merged(row, item.data)) for item, row in await self.webinars.known(webinar, job, SHOWN)]
        return await self.show(job, known, await self.webinars.count_known(webinar, job))

    async def start(self, rights: Rights, preview: Preview, form: ImportForm) -> None:
        if not form.consent:
            raise Invalid("Without their consent nobody may be imported.", field="consent")
        await self.begin(rights, preview.job, form.model_dump())


def _job(rights: Rights, webinar: Webinar, file: str) -> Job:
    return Job(
        kind=KIND,
        subject=topic_of(webinar),
        title=f"Import into “{webinar.title}”"[:200],
        path=f"/desk/webinars/{webinar.slug}/registrations",
        owner_id=rights.user.id,
        params={"webinar": str(webinar.id), "file": file},
    )


def merged(row: Registration, data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What a file changes of somebody registered: by field, before and after. Empty cells change nothing."""
    wanted = {name: data[name] for name in ("name", "group", "source") if data[name]}
    wanted["answers"] = {**row.answers, **data["answers"]}
    return {name: (getattr(row, name), value) for name, value in wanted.items() if getattr(row, name) != value}


class ImportWork:
    """Imports registrants under the lock of their webinar, so that its seats stay exact: who finds none free waits."""

    at_once = 400
    undo_backwards = True  # who waits goes before those with seats, whose seats would go to them

    def __init__(self, webinars: WebinarRepository, service: WebinarService, events: GatheredEvents) -> None:
        self.webinars = webinars
        self.service = service
        self.events = events

    async def act(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        rights.check("registration.add")
        webinar = await self._lock(job)
        if webinar.status == WebinarStatus.CANCELLED:
            raise Conflict("The webinar is cancelled.")
        here = with_addresses([item.key for item in items])
        known = {row.email: row for row in await self.webinars.some(webinar, here)}
        change = rights.rows(Registration, "change")
        mine = {row.id for row in await self.webinars.some(webinar, here, change)} if known else set()
        new = _rows(webinar, [item for item in items if item.key not in known], rights)
        if webinar.shares_out:
            await self._share_out(webinar, new)
        await self.webinars.add_registrations(new)
        await self.webinars.add(webinar)
        for item in items:
            if row := known.get(item.key):
                _merge(item, row, wanted=job.params["duplicates"] == "merge", allowed=row.id in mine)
        await self.webinars.add_all(list(known.values()))
        await self.events.stir(topic_of(webinar))
        if job.params["tell"] and webinar.is_open:
            await self._tell(rights, webinar, [row["id"] for row in new])

    async def _share_out(self, webinar: Webinar, rows: Sequence[dict[str, Any]]) -> None:
        """As everybody is who registers; among nobody, as long as nobody is there for it."""
        turns = Turns(await self.webinars.reps(webinar))
        for row in rows if turns.counts else ():
            if row["status"] not in NOT_TOLD:
                row["rep_id"] = turns.next()

    async def _tell(self, rights: Rights, webinar: Webinar, ids: Sequence[UUID]) -> None:
        for registration in await self.webinars.some(webinar, with_ids(ids)):
            if registration.status not in NOT_TOLD:
                await self.events.publish(WebinarRegistered(webinar, registration, rights.user))

    async def undo(self, job: Job, rights: Rights, items: Sequence[Item]) -> None:
        """Take out who came with the file, and put back what it changed of others."""
        rights.check("registration.add")
        webinar = await self._lock(job)
        rows = {row.id: row for row in await self.webinars.some(webinar, with_ids([item.record for item in items]))}
        found = [(item, unchanged(item, rows)) for item in items]
        new = [row for item, row in found if row and not item.before]
        for item, row in found:
            item.put_back(*(() if row else ("left", CHANGED_SINCE)))
            if row and item.before:
                row.sqlmodel_update({**item.before, "updated_at": now()})
        await self.webinars.add_all([row for item, row in found if row and item.before])
        await self._take_out(job, rights, webinar, new)
        await self.events.stir(topic_of(webinar))

    async def _take_out(self, job: Job, rights: Rights, webinar: Webinar, new: Sequence[Registration]) -> None:
        """Who was told that they are registered is told that it is cancelled."""
        if not job.params["tell"]:
            await self.service.remove(webinar, new)
            return
        for registration in new:
            await self.service.cancel(webinar, registration, rights.user)

    async def _lock(self, job: Job) -> Webinar:
        webinar = await self.webinars.get(UUID(job.params["webinar"]))
        if webinar is None:
            raise Conflict("The webinar is gone.")
        await self.webinars.lock(webinar)
        return webinar


def _rows(webinar: Webinar, items: Sequence[Item], rights: Rights) -> list[dict[str, Any]]:
    """The columns of those who are new, plain because there are many."""
    at = now()
    blank = Registration(webinar_id=webinar.id, number=0, name="", email="", status=Standing.PENDING, consent=CONSENT)
    shared = blank.model_dump() | {"consented_at": at, "created_at": at, "updated_at": at}
    return [shared | _values(webinar, item, rights, at) for item in items]


def _values(webinar: Webinar, item: Item, rights: Rights, at: datetime) -> dict[str, Any]:
    status = _standing(webinar, item.data["status"], rights)
    webinar.last_number += 1
    webinar.taken += status == Standing.REGISTERED
    values = {name: item.data[name] for name in ("name", "group", "source", "answers")}
    id = uuid4()
    item.changed(status.value, id, at, {})
    return {"id": id, "number": webinar.last_number, "email": item.key, "status": status, **values}


def _standing(webinar: Webinar, wanted: str | None, rights: Rights) -> Standing:
    """Where somebody new stands: who shall have a seat waits as long as none is free."""
    if wanted in NOT_TOLD:
        return Standing(wanted)
    approved = wanted is not None and rights.may("registration.change")
    if wanted == Standing.PENDING or (webinar.needs_approval and not approved):
        return Standing.PENDING
    return Standing.REGISTERED if webinar.free > 0 else Standing.WAITING


def _merge(item: Item, row: Registration, *, wanted: bool, allowed: bool) -> None:
    changes = merged(row, item.data)
    if left_alone(item, changes, wanted=wanted, allowed=allowed, refusal=NOT_YOURS):
        return
    row.sqlmodel_update({name: after for name, (_, after) in changes.items()} | {"updated_at": now()})
    item.changed("merged", row.id, row.updated_at, {name: before for name, (before, _) in changes.items()})

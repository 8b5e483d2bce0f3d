"""Long work that people ask for: begun, looked at, gone on with and undone."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from app.errors import Conflict, Forbidden, NotFound
from app.models.job import Job, JobItem, JobState
from app.repositories.jobs import HAS_PROBLEM, JobRepository
from app.repositories.visibility import Rights
from app.services.audit_service import AuditService

SHOWN = 100  # problems
LISTED = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """A job as its page shows it."""

    job: Job
    problems: Sequence[JobItem]
    problem_count: int

    @property
    def percent(self) -> int:
        over = self.job.state in (JobState.DONE, JobState.UNDONE) or not self.job.total
        return 100 if over else 100 * self.job.done // self.job.total


class JobService:
    """What is done to jobs in a request. `JobRunner` does their work."""

    def __init__(self, jobs: JobRepository, audit: AuditService, wake: Callable[[], object]) -> None:
        self.jobs = jobs
        self.audit = audit
        self.wake = wake

    async def get(self, rights: Rights, id: UUID) -> Job:
        """`NotFound` too for somebody else's."""
        job = await self.jobs.get(id, rights.sees(Job))
        if job is None:
            raise NotFound
        return job

    async def undoable(self, rights: Rights, id: str) -> Job | None:
        """The one with this id, while they can undo it."""
        with suppress(ValueError):
            job = await self.jobs.get(UUID(id), rights.sees(Job))
            return job if job and job.can_undo else None
        return None

    async def list(self, rights: Rights) -> Sequence[Job]:
        return await self.jobs.newest(rights.sees(Job), LISTED)

    async def start(self, rights: Rights, job: Job) -> None:
        """Let it run as soon as this transaction is over."""
        await self._begin(rights, job, undoing=False)

    async def go_on(self, rights: Rights, job: Job) -> None:
        """Take up again what failed."""
        if job.state != JobState.FAILED or not job.can_start:
            raise Conflict("There is nothing to go on with.")
        await self.start(rights, job)

    async def undo(self, rights: Rights, job: Job) -> None:
        """Let it put back what it did, as far as nobody has changed it since."""
        if not job.can_undo:
            raise Conflict("This can no longer be undone.")
        await self._begin(rights, job, undoing=True)

    async def _begin(self, rights: Rights, job: Job, *, undoing: bool) -> None:
        if self.audit.impersonation():
            raise Forbidden("Work that goes on by itself cannot be begun as somebody else.")  # the log would name them
        if not await self.jobs.begin(job, undoing=undoing):
            raise Conflict("This is under way already, or over.")
        act = "job.undone" if undoing else "job.started"
        what = {"kind": job.kind, "subject": job.subject, **job.params}
        await self.audit.record(act, actor=rights.user, record=("job", job.id), after=what)
        await self.jobs.reload(job)
        self.jobs.after_commit(self.wake)

    async def progress(self, job: Job) -> Progress:
        return await progress_of(self.jobs, job)


async def progress_of(jobs: JobRepository, job: Job) -> Progress:
    problems = await jobs.items(job, HAS_PROBLEM, SHOWN)
    count = await jobs.count(job, HAS_PROBLEM) if len(problems) == SHOWN else len(problems)
    return Progress(job, problems, count)

"""Long work that somebody asked for: how far it is, live, and undoing it."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.dependencies import AccountServiceDep
from app.models.job import Job
from app.visitors import PageDep, PersonDep, RightsDep, StrategyDep, WatchedDep, get_confirmed
from app.webinar_dependencies import JobRunnerDep, JobServiceDep

router = APIRouter(prefix="/desk/jobs")


async def get_job(rights: RightsDep, jobs: JobServiceDep, job_id: UUID) -> Job:
    return await jobs.get(rights, job_id)


JobDep = Annotated[Job, Depends(get_job)]


async def get_confirmed_job(
    request: Request, job: JobDep, person: PersonDep, accounts: AccountServiceDep, strategy: StrategyDep
) -> Job:
    """The same, to be changed: of what asks for a password this asks too."""
    if job.params.get("needs_password"):
        await get_confirmed(request, person, accounts, strategy)
    return job


ConfirmedJobDep = Annotated[Job, Depends(get_confirmed_job)]


@router.get("", name="jobs")
async def index(page: PageDep, rights: RightsDep, jobs: JobServiceDep) -> Response:
    return page.render("jobs/index.html", jobs=await jobs.list(rights))


@router.get("/{job_id}", name="job")
async def show(page: PageDep, job: JobDep, jobs: JobServiceDep) -> Response:
    return page.render("jobs/show.html", progress=await jobs.progress(job))


@router.get("/{job_id}/stream", name="job_stream")
async def stream(page: PageDep, job: JobDep, runner: JobRunnerDep, watched: WatchedDep) -> Response:
    return watched.stream(page, "jobs/frame.html", "progress", partial(runner.follow, job.id))


@router.post("/{job_id}/start", name="start_job")
async def start(page: PageDep, rights: RightsDep, job: ConfirmedJobDep, jobs: JobServiceDep) -> Response:
    """Go on with one that failed."""
    await jobs.go_on(rights, job)
    return page.redirect(f"/desk/jobs/{job.id}")


@router.post("/{job_id}/undo", name="undo_job")
async def undo(page: PageDep, rights: RightsDep, job: ConfirmedJobDep, jobs: JobServiceDep) -> Response:
    await jobs.undo(rights, job)
    return page.redirect(f"/desk/jobs/{job.id}")

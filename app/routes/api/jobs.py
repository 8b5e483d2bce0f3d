"""Long work that somebody asked for: how far it is, and undoing it."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.ai.live_answer import Leave
from app.api.answers import Page
from app.api.callers import ReaderDep, RightsDep, WriterDep
from app.api.job_answers import JobAnswer, JobSummary
from app.api.replies import one, page
from app.api.routing import ONCE, ApiRouter
from app.api.streams import EVENT_STREAM, StreamingDep
from app.dependencies import ListingServiceDep
from app.models.job import Job
from app.models.listing import JobQuery
from app.services.job_runner import JobRunner
from app.webinar_dependencies import JobRunnerDep, JobServiceDep

router = ApiRouter("/jobs")
STREAM: dict[str, Any] = {
    "description": "With `Accept: text/event-stream`: the job, again whenever it has come further; `[DONE]` when it is "
    "over.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


async def get_job(rights: RightsDep, jobs: JobServiceDep, job_id: UUID) -> Job:
    return await jobs.get(rights, job_id)


JobDep = Annotated[Job, Depends(get_job)]


@router.get("", name="jobs_list", response_model=Page[JobSummary], summary="List jobs")
async def index(
    request: Request,
    _reader: ReaderDep,
    rights: RightsDep,
    listings: ListingServiceDep,
    query: Annotated[JobQuery, Query()],
) -> Response:
    """Those that you asked for."""
    return page(request, await listings.jobs(rights, query), JobSummary.of)


@router.get("/{job_id}", name="jobs_get", response_model=JobAnswer, responses={200: STREAM}, summary="Read a job")
async def show(
    _reader: ReaderDep, job: JobDep, jobs: JobServiceDep, runner: JobRunnerDep, streaming: StreamingDep
) -> Response:
    """How far it is, and what went wrong; with `Accept: text/event-stream` until it is over."""
    answer = one(JobAnswer.of_progress(await jobs.progress(job)))
    return streaming.reply(answer, partial(follow, runner, job.id))


async def follow(runner: JobRunner, job_id: UUID, leave: Leave) -> AsyncIterator[str]:
    async for progress in runner.follow(job_id, leave):
        yield JobAnswer.of_progress(progress).model_dump_json()


@router.post(
    "/{job_id}/start",
    name="jobs_start",
    summary="Start a job",
    status_code=202,
    response_model=JobSummary,
    dependencies=ONCE,
)
async def start(_writer: WriterDep, rights: RightsDep, job: JobDep, jobs: JobServiceDep) -> Response:
    """Go on with one that failed."""
    await jobs.go_on(rights, job)
    return one(JobSummary.of(job), status=202, location=f"/jobs/{job.id}")


@router.post(
    "/{job_id}/undo",
    name="jobs_undo",
    summary="Undo a job",
    status_code=202,
    response_model=JobSummary,
    dependencies=ONCE,
)
async def undo(_writer: WriterDep, rights: RightsDep, job: JobDep, jobs: JobServiceDep) -> Response:
    """Put back what it did, as far as nobody has changed it since."""
    await jobs.undo(rights, job)
    return one(JobSummary.of(job), status=202, location=f"/jobs/{job.id}")

"""Jobs for tests: waiting for their end, and looking at what came of them."""

import asyncio
import time
from uuid import UUID

from fastapi import FastAPI
from sqlmodel import col, select

from app.models.job import Job, JobItem, JobState
from app.models.webinar import Registration, Webinar
from tests.browser import Browser


async def job_ended(app: FastAPI, path: str, seconds: float = 20) -> Job:
    """Wait for the end of the job that this path ends with."""
    deadline = time.monotonic() + seconds
    while True:
        async with app.state.database.transaction() as session:
            job: Job | None = await session.get(Job, UUID(path.rpartition("/")[2]))
        assert job and time.monotonic() < deadline, job
        if not job.is_running:
            return job
        await asyncio.sleep(0.02)


async def undo(app: FastAPI, browser: Browser, path: str) -> Job:
    """Undo the job that this path ends with; return it when it is undone."""
    assert (await browser.post(f"{path}/undo")).status_code == 303
    job = await job_ended(app, path)
    assert job.state == JobState.UNDONE, job.error
    return job


async def items_of(app: FastAPI, job: Job) -> list[JobItem]:
    async with app.state.database.transaction() as session:
        found = select(JobItem).where(JobItem.job_id == job.id).order_by(col(JobItem.number))
        return list((await session.exec(found)).all())


async def problems_of(app: FastAPI, job: Job) -> dict[int, str]:
    return {item.number: item.problem for item in await items_of(app, job) if item.problem}


async def registered(app: FastAPI, webinar: Webinar) -> dict[str, Registration]:
    """All registrations by the first part of their address, in the order of their numbers."""
    async with app.state.database.transaction() as session:
        found = select(Registration).where(Registration.webinar_id == webinar.id)
        rows = (await session.exec(found.order_by(col(Registration.number)))).all()
    return {row.email.partition("@")[0]: row for row in rows}

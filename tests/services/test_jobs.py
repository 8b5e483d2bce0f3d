"""The runner of jobs: nothing twice and nothing lost, whatever process dies, and an end that says why."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.ai.live_answer import Leave
from app.errors import Conflict
from app.models.base import now
from app.models.group import Group
from app.models.job import UNDOABLE, Item, Job, JobState
from app.models.user import User
from app.repositories.jobs import JobRepository
from app.repositories.visibility import Rights
from app.services.job_runner import SILENT_SECONDS, JobRunner
from app.services.upkeep_service import UpkeepService
from tests.jobs import items_of, job_ended
from tests.people import make_user

KIND = "test"


class Groups:
    """Work that is easy to look at: it makes a group for each item, and takes it away again."""

    at_once = 3
    undo_backwards = True

    def __init__(self, session: AsyncSession, act: str = "") -> None:
        self.session = session
        self.fails = act

    async def act(self, job: Job, _rights: Rights, items: Sequence[Item]) -> None:
        for item in items:
            if item.key == self.fails:
                raise Conflict("Enough.") if job.params.get("politely") else RuntimeError("bang")
            self.session.add(Group(name=item.key))
            item.changed("made", UUID(int=item.number), now(), {})
        await asyncio.sleep(0.01)

    async def undo(self, _job: Job, _rights: Rights, items: Sequence[Item]) -> None:
        for item in items:
            await self.session.delete((await self.session.exec(select(Group).where(Group.name == item.key))).one())
            item.put_back()


@pytest.fixture
async def owner(app: FastAPI) -> User:
    return await make_user(app, "mia@example.com", "marketing", is_staff=True)


def runner(app: FastAPI, fails: str = "") -> JobRunner:
    """One more process, as it were."""
    return JobRunner(app.state.database, app.state.event_feed, {KIND: lambda session: Groups(session, fails)})


async def begin(app: FastAPI, owner: User, count: int = 10, **fields: Any) -> Job:
    job = Job(kind=KIND, subject="x", owner_id=owner.id, total=count, **fields)
    async with app.state.database.transaction() as session:
        jobs = JobRepository(session)
        await jobs.add(job)
        await jobs.fill(job, [{"number": n, "key": f"g{n}"} for n in range(1, count + 1)])
        assert await jobs.begin(job, undoing=False)
    return job


async def undo(app: FastAPI, job: Job) -> None:
    async with app.state.database.transaction() as session:
        assert await JobRepository(session).begin(job, undoing=True)


async def made(app: FastAPI) -> list[str]:
    async with app.state.database.transaction() as session:
        names = (await session.exec(select(Group.name).where(col(Group.name).startswith("g")))).all()
    return sorted(names, key=lambda name: int(name[1:]))


@pytest.fixture(autouse=True)
async def no_other_runner(app: FastAPI) -> None:
    """The app's own knows nothing of this kind."""
    await app.state.jobs.close()


ALL = [f"g{n}" for n in range(1, 11)]


async def test_it_runs_to_its_end_and_back(app: FastAPI, owner: User) -> None:
    job = await begin(app, owner)
    one = runner(app)
    await one.open()
    job = await job_ended(app, str(job.topic.replace(":", "/")))
    assert (job.state, job.done, job.counts) == (JobState.DONE, 10, {"made": 10}) and await made(app) == ALL
    await undo(app, job)
    one.wake()
    job = await job_ended(app, f"/{job.id}")
    assert (job.state, job.done, job.counts) == (JobState.UNDONE, 10, {"undone": 10}) and await made(app) == []
    await one.close()


async def test_a_process_that_dies_is_followed_by_another(app: FastAPI, owner: User) -> None:
    """The first claims the job and dies in the middle: the second goes on after its last items, once it is silent."""
    job = await begin(app, owner)
    dead, heir = runner(app), runner(app)
    await dead._look()
    for task in list(dead._running.values()):
        await until_some(app)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    some = await made(app)
    assert 0 < len(some) < 10 and len(some) % 3 == 0
    await heir._look()
    assert not heir._running, "it may still be alive"
    await age(app, job)
    await heir.open()
    job = await job_ended(app, f"/{job.id}")
    assert job.state == JobState.DONE and await made(app) == ALL, "each once: a second time would break their names"
    assert await dead._some(job.id) is False, "it has nothing more to say"
    await heir.close()


async def until_some(app: FastAPI) -> None:
    while not await made(app):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.005)


async def age(app: FastAPI, job: Job) -> None:
    silent = now() - timedelta(seconds=SILENT_SECONDS + 1)
    async with app.state.database.transaction() as session:
        await session.exec(update(Job).where(col(Job.id) == job.id).values(heartbeat_at=silent))


async def test_a_process_that_closes_leaves_the_rest_to_others_at_once(app: FastAPI, owner: User) -> None:
    job = await begin(app, owner, 60)
    first, second = runner(app), runner(app)
    await first.open()
    await until_some(app)
    await first.close()
    assert 0 < len(await made(app)) < 60
    await second.open()
    assert (await job_ended(app, f"/{job.id}", 10)).state == JobState.DONE and len(await made(app)) == 60
    await second.close()


async def test_several_processes_share_the_jobs_and_none_is_done_twice(app: FastAPI, owner: User) -> None:
    job = await begin(app, owner, 30)
    several = [runner(app) for _ in range(4)]
    await asyncio.gather(*(each._look() for each in several))
    assert sum(len(each._running) for each in several) == 1
    await job_ended(app, f"/{job.id}")
    assert len(await made(app)) == 30
    await asyncio.gather(*(each.close() for each in several))


@pytest.mark.parametrize(("politely", "says"), [(True, "Enough."), (False, "Something went wrong on our side")])
async def test_what_fails_says_so_and_can_go_on_or_back(app: FastAPI, owner: User, politely: bool, says: str) -> None:
    job = await begin(app, owner, params={"politely": politely})
    broken = runner(app, "g8")
    await broken.open()
    job = await job_ended(app, f"/{job.id}")
    assert (job.state, job.done) == (JobState.FAILED, 6) and says in job.error
    assert job.can_start and job.can_undo and await made(app) == ALL[:6], "what was done is done"
    await broken.close()
    mended = runner(app)
    async with app.state.database.transaction() as session:
        assert await JobRepository(session).begin(job, undoing=False)
        assert not await JobRepository(session).begin(job, undoing=False), "it runs already"
    await mended.open()
    assert (await job_ended(app, f"/{job.id}")).state == JobState.DONE and await made(app) == ALL
    await undo(app, job)
    mended.wake()
    assert (await job_ended(app, f"/{job.id}")).state == JobState.UNDONE and await made(app) == []
    await mended.close()


async def test_it_ends_when_its_owner_may_do_nothing_any_more(app: FastAPI, owner: User) -> None:
    async with app.state.database.transaction() as session:
        await session.exec(update(User).where(col(User.id) == owner.id).values(is_active=False))
    job = await begin(app, owner)
    one = runner(app)
    await one.open()
    job = await job_ended(app, f"/{job.id}")
    assert job.state == JobState.FAILED and await made(app) == []
    await one.close()


async def test_whoever_follows_sees_it_grow_and_end(app: FastAPI, owner: User) -> None:
    """In another process too: this one only reads the rows."""
    job = await begin(app, owner, 90)
    worker, watcher = runner(app), runner(app)
    await worker.open()
    seen = [progress.job.done async for progress in watcher.follow(job.id, Leave())]
    assert seen == sorted(seen) and seen[-1] == 90
    await worker.close()


async def test_what_can_no_longer_be_undone_is_forgotten(app: FastAPI, owner: User) -> None:
    job = await begin(app, owner)
    one = runner(app)
    await one.open()
    job = await job_ended(app, f"/{job.id}")
    await one.close()
    upkeep = UpkeepService(app.state.database, app.state.settings)
    await upkeep.act()
    assert job.can_undo and len(await items_of(app, job)) == 10
    async with app.state.database.transaction() as session:
        past = now() - UNDOABLE - timedelta(minutes=1)
        await session.exec(update(Job).where(col(Job.id) == job.id).values(finished_at=past))
    await upkeep.act()
    job = await job_ended(app, f"/{job.id}")
    assert not job.can_undo and await items_of(app, job) == []

"""How often what is being written is read and shown."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from app.ai.live_answer import LiveAnswer
from app.ai.markdown import Markdown
from app.ai.offline import OfflineProvider
from app.ai.providers import Prompt
from app.config import Settings
from app.db import Database
from app.services.answer_service import FRAME_SECONDS, LONGEST_FRAME_SECONDS, AnswerService, Job, Writing


@pytest.fixture
async def answers(settings: Settings) -> AsyncIterator[AnswerService]:
    database = Database(settings.database_url)
    yield AnswerService(database, OfflineProvider(0), Markdown(lambda **_: ""), settings)
    await database.close()


def writing(answers: AnswerService, late: float = 0.0) -> Writing:
    live = LiveAnswer(1, answers.markdown.incremental())
    return Writing(Job(1, "", Prompt("", ()), ()), live, began=0.0, late=late)


async def test_frames_are_rarer_while_the_event_loop_is_late(answers: AnswerService) -> None:
    calm, late, very_late = (answers._pause(writing(answers, seconds)) for seconds in (0.0, 0.05, 60.0))
    assert calm == FRAME_SECONDS
    assert calm < late < very_late == LONGEST_FRAME_SECONDS


async def test_a_pause_tells_how_late_it_ended(answers: AnswerService) -> None:
    asyncio.get_running_loop().call_later(0.01, time.sleep, 0.1)
    assert await answers._rest(0.02) > 0.05

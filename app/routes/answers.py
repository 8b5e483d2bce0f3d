"""One answer: its streams, and what a person does with it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.dependencies import AnswerServiceDep, AskingServiceDep, ChatServiceDep
from app.models.conversation import Conversation, FeedbackForm, Message, QuestionForm
from app.models.user import User
from app.services.answer_service import AnswerService
from app.templating import Page
from app.visitors import (
    AskerDep,
    CursorDep,
    OwnAnswerDep,
    OwnQuestionDep,
    PageDep,
    ReadableAnswerDep,
    Watched,
    WatchedDep,
)

router = APIRouter()
PLAIN_FRAME_SECONDS = 0.4  # a page without JavaScript gets every tail whole, so it gets fewer


@router.get("/answers/{message_id}/stream", name="answer_stream")
async def stream(
    page: PageDep, watch: WatchedDep, found: ReadableAnswerDep, answers: AnswerServiceDep, after: CursorDep
) -> Response:
    return EventSourceResponse(events(page, watch, *found, answers, after), sep="\n")


async def events(
    page: Page, watched: Watched, answer: Message, conversation: Conversation, answers: AnswerService, after: int
) -> AsyncIterator[ServerSentEvent]:
    """Frames while it is written, the finished article, and `done`: without that the browser comes back for ever."""
    with watched.open(conversation) as leave:
        if answer.is_streaming:
            async for frame in answers.follow(answer.id or 0, after, leave):
                html = page.templates.frame(frame=frame)
                yield ServerSentEvent(html, id=str(frame.cursor), sep="\n")
        view = None if leave.over else await answers.view(conversation, answer.id or 0, watched.user)
    yield ServerSentEvent(page.fragment("partials/ended.html", view=view, answer_id=answer.id), sep="\n")
    yield ServerSentEvent("", event="done", sep="\n")


@router.get("/answers/{message_id}/live", name="answer_live")
async def live(page: PageDep, watch: WatchedDep, found: ReadableAnswerDep, answers: AnswerServiceDep) -> Response:
    """The answer as a page that is sent while it is written, for browsers without JavaScript."""
    body = plain(page, watch, *found, answers)
    return page.finish(StreamingResponse(body, media_type="text/html"))


async def plain(
    page: Page, watched: Watched, answer: Message, conversation: Conversation, answers: AnswerService
) -> AsyncIterator[str]:
    yield page.fragment("answers/live_begin.html", title="Answer")
    with watched.open(conversation) as leave:
        async for frame in answers.follow(answer.id or 0, 0, leave, growing=False):
            yield page.fragment("answers/live_frame.html", frame=frame)
            await asyncio.sleep(PLAIN_FRAME_SECONDS)
    path = f"{conversation.path}?at={answer.id}#answer-{answer.id}"
    ended = "The answer has ended: show it with its sources"
    yield page.fragment("answers/live_end.html", path=path, ended=ended, over=leave.over)


@router.post("/answers/{message_id}/stop", name="stop_answer")
async def stop(page: PageDep, found: OwnAnswerDep, asking: AskingServiceDep, answers: AnswerServiceDep) -> Response:
    answer, conversation = found
    await asking.stop(answer)
    return page.nothing(f"{conversation.path}?at={answer.id}", after=lambda: answers.ended(answer.id or 0))


@router.post("/answers/{message_id}/retry", name="retry_answer")
async def retry(
    page: PageDep, asker: AskerDep, found: OwnAnswerDep, asking: AskingServiceDep, chat: ChatServiceDep
) -> Response:
    answer, conversation = found
    await asking.retry(conversation, answer)
    return await show_log(page, chat, asker, conversation)


@router.post("/answers/{message_id}/continuation", name="continue_answer")
async def go_on(
    page: PageDep, asker: AskerDep, found: OwnAnswerDep, asking: AskingServiceDep, chat: ChatServiceDep
) -> Response:
    answer, conversation = found
    await asking.go_on(conversation, answer)
    return await show_log(page, chat, asker, conversation, at=answer.id)


@router.post("/messages/{message_id}/revisions", name="revise_question")
async def revise(
    page: PageDep,
    asker: AskerDep,
    found: OwnQuestionDep,
    asking: AskingServiceDep,
    chat: ChatServiceDep,
    form: Annotated[QuestionForm, Form()],
) -> Response:
    question, conversation = found
    await asking.revise(conversation, question, form)
    return await show_log(page, chat, asker, conversation)


@router.post("/answers/{message_id}/feedback", name="rate_answer")
async def rate(
    page: PageDep, found: OwnAnswerDep, chat: ChatServiceDep, form: Annotated[FeedbackForm, Form()]
) -> Response:
    answer, conversation = found
    await chat.rate(answer, form)
    return page.render("partials/feedback.html", location=f"{conversation.path}?at={answer.id}", message=answer)


async def show_log(
    page: Page, chat: ChatServiceDep, asker: User, conversation: Conversation, at: int | None = None
) -> Response:
    """Show the path that ends in the newest answer, or goes through the message `at`."""
    view = await chat.view(conversation, asker, at)
    return page.render("partials/log.html", location=view.leaf_path, view=view, edit=None)

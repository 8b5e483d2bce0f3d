"""A follow-up to one registrant: its draft, which streams into the form, and the way out."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.models.follow_up import FollowUp, FollowUpForm
from app.routes.registrants import Chosen, ChosenDep
from app.services.draft_writer import DraftWriter
from app.templating import Page
from app.visitors import CursorDep, PageDep, Watched, WatchedDep
from app.webinar_dependencies import DraftWriterDep, FollowUpServiceDep

router = APIRouter(prefix="/desk/webinars/{slug}/registrations/{registration_id}/follow-up")


async def get_follow_up(page: PageDep, chosen: ChosenDep, follow_ups: FollowUpServiceDep) -> FollowUp:
    follow_up, notes = await follow_ups.get(*chosen), await follow_ups.notes(chosen.registrant)
    page.form("webinars/follow_up.html", **chosen._asdict(), notes=notes, follow_up=follow_up)
    return follow_up


FollowUpDep = Annotated[FollowUp, Depends(get_follow_up)]


def path_of(chosen: Chosen) -> str:
    return f"{chosen.path}/follow-up"


@router.get("", name="follow_up")
async def show(page: PageDep, _follow_up: FollowUpDep) -> Response:
    return page.show_form()


@router.post("", name="save_follow_up", dependencies=[Depends(get_follow_up)])
async def save(
    page: PageDep, chosen: ChosenDep, follow_ups: FollowUpServiceDep, form: Annotated[FollowUpForm, Form()]
) -> Response:
    await follow_ups.save(*chosen, form)
    return page.nothing(path_of(chosen))


@router.post("/draft", name="draft_follow_up", dependencies=[Depends(get_follow_up)])
async def draft(
    page: PageDep, chosen: ChosenDep, follow_ups: FollowUpServiceDep, *, replace: Annotated[bool, Form()] = False
) -> Response:
    follow_up = await follow_ups.draft(*chosen, replace=replace)
    return page.show_form(block="form", location=path_of(chosen), follow_up=follow_up)


@router.post("/stop", name="stop_follow_up")
async def stop(page: PageDep, chosen: ChosenDep, follow_ups: FollowUpServiceDep, drafts: DraftWriterDep) -> Response:
    await follow_ups.stop(chosen.rights, chosen.registrant)
    return page.nothing(path_of(chosen), after=lambda: drafts.stopped(chosen.registrant.id))


@router.get("/stream", name="follow_up_stream")
async def stream(
    page: PageDep,
    chosen: ChosenDep,
    _follow_up: FollowUpDep,
    drafts: DraftWriterDep,
    watched: WatchedDep,
    after: CursorDep,
) -> Response:
    return EventSourceResponse(pieces(page, watched, drafts, after, chosen), sep="\n")


async def pieces(
    page: Page, watched: Watched, drafts: DraftWriter, after: int, chosen: Chosen
) -> AsyncIterator[ServerSentEvent]:
    """What the text grows by while it is written, the form to change it in, and `done`."""
    id = chosen.registrant.id
    with watched.open_private() as leave:
        async for piece in drafts.follow(id, after, leave):
            html = page.fragment("webinars/follow_up_piece.html", piece=piece)
            yield ServerSentEvent(html, id=str(piece.cursor), sep="\n")
        follow_up = None if leave.over else await drafts.stored(id)
    html = page.fragment("webinars/follow_up_end.html", **chosen._asdict(), follow_up=follow_up, over=leave.over)
    yield ServerSentEvent(html, sep="\n")
    yield ServerSentEvent("", event="done", sep="\n")


@router.get("/live", name="follow_up_live")
async def live(
    page: PageDep, chosen: ChosenDep, _follow_up: FollowUpDep, drafts: DraftWriterDep, watched: WatchedDep
) -> Response:
    """The draft as a page that is sent while it is written, for browsers without JavaScript."""
    return page.finish(StreamingResponse(plain(page, watched, drafts, chosen), media_type="text/html"))


async def plain(page: Page, watched: Watched, drafts: DraftWriter, chosen: Chosen) -> AsyncIterator[str]:
    yield page.fragment("answers/live_begin.html", title="Draft")
    with watched.open_private() as leave:
        async for piece in drafts.follow(chosen.registrant.id, 0, leave):
            yield page.fragment("webinars/follow_up_words.html", piece=piece)
    ended = "The draft has ended: change it and send it"
    yield page.fragment("answers/live_end.html", path=path_of(chosen), ended=ended, over=leave.over)


@router.post("/sending", name="send_follow_up", dependencies=[Depends(get_follow_up)])
async def send(
    page: PageDep, chosen: ChosenDep, follow_ups: FollowUpServiceDep, form: Annotated[FollowUpForm, Form()]
) -> Response:
    await follow_ups.send(*chosen, form)
    return page.redirect(path_of(chosen))

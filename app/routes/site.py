"""What runs on the site now, for the admin panel's first page."""

from fastapi import APIRouter, Response

from app.dependencies import AnswerServiceDep, SiteServiceDep
from app.templating import After
from app.visitors import MessageId, PageDep, RightsDep

router = APIRouter(prefix="/admin/running")


@router.get("/answers", name="running_answers")
async def running(page: PageDep, rights: RightsDep, site: SiteServiceDep) -> Response:
    return page.render("admin/running.html", running=await site.running(rights), rights=rights)


@router.post("/answers/{message_id}/stop", name="stop_running_answer")
async def stop(
    page: PageDep, rights: RightsDep, site: SiteServiceDep, message_id: MessageId, answers: AnswerServiceDep
) -> Response:
    await site.stop(rights, message_id)
    return After(lambda: answers.ended(message_id), page.redirect("/admin"))

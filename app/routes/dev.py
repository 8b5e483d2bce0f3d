"""In development only: the browser's view follows the code, and mails can be read."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from app.dependencies import BootIdDep, MailServiceDep
from app.models.mail import Mail
from app.visitors import PageDep

router = APIRouter(prefix="/dev")

# Somebody else's words could be in a mail: it may look as it likes, and do nothing but be left.
MAIL_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "sandbox allow-popups allow-top-navigation-by-user-activation",
        "frame-ancestors 'self'",
    )
)


async def get_mail(id: Annotated[int, Path(ge=1, le=2**31 - 1)], outbox: MailServiceDep) -> Mail:
    return await outbox.get(id)


MailDep = Annotated[Mail, Depends(get_mail)]


@router.get("/boot/{boot_id}", name="dev_boot")
async def boot(boot_id: str, current: BootIdDep) -> Response:
    """Pages ask every second; one that an older process rendered is told to load itself again.

    Polled and not streamed: browsers open six connections to a host, and a reload waits for no stream.
    """
    return Response(status_code=204, headers={} if boot_id == current else {"HX-Refresh": "true"})


@router.get("/mail", name="dev_mails")
async def mails(page: PageDep, outbox: MailServiceDep) -> Response:
    return page.render("dev/mails.html", mails=await outbox.newest())


@router.get("/mail/{id}", name="dev_mail")
async def mail(page: PageDep, mail: MailDep) -> Response:
    return page.render("dev/mail.html", mail=mail)


@router.get("/mail/{id}/html", name="dev_mail_html")
async def mail_html(page: PageDep, mail: MailDep) -> Response:
    response = page.render("dev/mail_html.html", mail=mail)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response

"""Queries of webinars' messages, and of who was sent which."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, update
from sqlmodel import col, func, or_, select

from app.models.webinar import Registration, Standing, Webinar, WebinarStatus
from app.models.webinar_message import (
    STILL_SENT,
    Audience,
    Delivery,
    MessageKind,
    Notice,
    WebinarMessage,
    default_messages,
)
from app.repositories.base import Repository

SEAT = col(Registration.status) == Standing.REGISTERED
AUDIENCES: Mapping[Audience, ColumnElement[bool]] = {
    Audience.SEAT: SEAT,
    Audience.ATTENDED: and_(SEAT, col(Registration.attended_at).is_not(None)),
    Audience.NO_SHOW: and_(SEAT, col(Registration.attended_at).is_(None)),
    Audience.REGISTERED: col(Registration.status).not_in((Standing.CANCELLED, Standing.DECLINED)),
}


class MessageRepository(Repository):
    async def add_defaults(self, webinar: Webinar) -> None:
        """What every webinar begins with."""
        await self.add_all(default_messages(webinar))

    async def of(self, webinar: Webinar) -> Sequence[WebinarMessage]:
        found = select(WebinarMessage).where(WebinarMessage.webinar_id == webinar.id).order_by(col(WebinarMessage.id))
        return (await self.session.exec(found)).all()

    async def get(self, webinar: Webinar, id: int) -> WebinarMessage | None:
        """As it is in the database now, whatever was read of it before."""
        found = select(WebinarMessage).where(WebinarMessage.webinar_id == webinar.id, WebinarMessage.id == id)
        return (await self.session.exec(found.execution_options(populate_existing=True))).first()

    async def lock(self, webinar: Webinar, id: int) -> None:
        where = (col(WebinarMessage.webinar_id) == webinar.id, col(WebinarMessage.id) == id)
        await self.write(update(WebinarMessage).where(*where).values(minutes=col(WebinarMessage.minutes)))

    async def delete(self, webinar: Webinar, id: int) -> None:
        where = (col(WebinarMessage.webinar_id) == webinar.id, col(WebinarMessage.id) == id)
        await self.write(delete(WebinarMessage).where(*where))

    async def sent(self, webinar: Webinar) -> dict[int, int]:
        """To how many each message was sent."""
        found = (
            select(Delivery.message_id, func.count())
            .join(WebinarMessage)
            .where(WebinarMessage.webinar_id == webinar.id, col(Delivery.passed_over).is_(False))
            .group_by(col(Delivery.message_id))
        )
        return dict((await self.session.exec(found)).all())

    async def due(self, at: datetime) -> Sequence[tuple[WebinarMessage, Webinar]]:
        """Messages whose time has come and is not over, with their webinars."""
        offsets = select(WebinarMessage.kind, WebinarMessage.minutes).where(col(WebinarMessage.is_active)).distinct()
        windows = [_window(kind, minutes, at) for kind, minutes in (await self.session.exec(offsets)).all()]
        if not windows:
            return []
        found = (
            select(WebinarMessage, Webinar)
            .join(Webinar)
            .where(
                col(WebinarMessage.is_active),
                col(Webinar.status).in_((WebinarStatus.PUBLISHED, WebinarStatus.DONE)),
                or_(*windows),
            )
            .order_by(col(WebinarMessage.id))
        )
        rows = (await self.session.exec(found)).all()
        return [(message, webinar) for message, webinar in rows if message.is_due(webinar, at)]

    async def lacking(self, message: WebinarMessage, webinar: Webinar, limit: int) -> Sequence[Registration]:
        """Who is to get it and has not yet; whoever registered after its time is not.

        Who comes back after cancelling consents anew, and counts from then.
        """
        has_it = select(Delivery.message_id).where(
            Delivery.message_id == message.id, Delivery.registration_id == Registration.id
        )
        found = select(Registration).where(
            Registration.webinar_id == webinar.id,
            AUDIENCES[message.audience],
            col(Registration.unsubscribed_at).is_(None),
            col(Registration.consented_at) <= message.due(webinar),
            ~has_it.exists(),
        )
        return (await self.session.exec(found.order_by(col(Registration.number)).limit(limit))).all()

    async def pass_over(self, webinar: Webinar, registration: Registration, at: datetime) -> None:
        """Note that what is due by then is not for somebody who has their seat only now."""
        past = [each for each in await self.of(webinar) if each.is_reminder and each.due(webinar) <= at]
        had = select(Delivery.message_id).where(Delivery.registration_id == registration.id)
        known = set((await self.session.exec(had)).all()) if past else set()
        new = [each.id or 0 for each in past if each.id not in known]
        await self.add_all([Delivery(message_id=id, registration_id=registration.id, passed_over=True) for id in new])

    async def give_notice(self, webinar: Webinar, template: str) -> Notice:
        """Begin to tell everybody of a change, in place of what they were being told."""
        await self.write(delete(Notice).where(col(Notice.webinar_id) == webinar.id))
        last = select(func.max(Registration.number)).where(Registration.webinar_id == webinar.id)
        until = (await self.session.exec(last)).one() or 0
        return await self.add(Notice(webinar_id=webinar.id, template=template, until=until))

    async def noticed(self) -> Sequence[UUID]:
        """The webinars of which not everybody has been told yet."""
        return (await self.session.exec(select(Notice.webinar_id))).all()

    async def notice(self, webinar: Webinar) -> Notice | None:
        """As it is in the database now."""
        found = select(Notice).where(Notice.webinar_id == webinar.id).execution_options(populate_existing=True)
        return (await self.session.exec(found)).first()

    async def told(self, notice: Notice, until: int | None) -> None:
        """They know as far as this number, or all of them."""
        mine = col(Notice.webinar_id) == notice.webinar_id
        await self.write(delete(Notice).where(mine) if until is None else update(Notice).where(mine).values(told=until))

    async def forget(self, messages: Sequence[WebinarMessage]) -> None:
        """Send these once more to whoever has got them."""
        if ids := [message.id for message in messages]:
            await self.write(delete(Delivery).where(col(Delivery.message_id).in_(ids)))

    async def first_name(self, webinar: Webinar, where: ColumnElement[bool]) -> str | None:
        """Of the first of those who registered."""
        found = select(Registration.name).where(Registration.webinar_id == webinar.id, where)
        return (await self.session.exec(found.order_by(col(Registration.number)).limit(1))).first()


def _window(kind: str, minutes: int, at: datetime) -> ColumnElement[bool]:
    """The webinars for which a message with this time is due."""
    offset = timedelta(minutes=minutes)
    start, end = col(Webinar.starts_at), col(Webinar.ends_at)
    when = (
        (start > at, start <= at + offset)
        if kind == MessageKind.REMINDER
        else (end <= at - offset, end > at - offset - STILL_SENT)
    )
    return and_(col(WebinarMessage.kind) == kind, col(WebinarMessage.minutes) == minutes, *when)

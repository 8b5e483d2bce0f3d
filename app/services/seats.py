"""Who has a seat, who waits for one, and who comes next. Every change of seats is made under the webinar's lock."""

from collections.abc import Sequence
from uuid import UUID

from app.errors import Conflict, Forbidden, NotFound
from app.events import (
    Events,
    RegistrationAttended,
    RegistrationCancelled,
    RegistrationDecided,
    SeatGiven,
    WebinarRegistered,
)
from app.models.base import now
from app.models.user import User
from app.models.webinar import Registration, Standing, Webinar, WebinarStatus
from app.repositories.visibility import Rights
from app.repositories.webinars import WebinarRepository


class Seats:
    """The rules of seats, for whatever gives or takes them."""

    def __init__(self, webinars: WebinarRepository, events: Events) -> None:
        self.webinars = webinars
        self.events = events

    async def cancel(self, webinar: Webinar, registration: Registration, actor: User | None = None) -> None:
        """Give the seat back; the first who waits gets it, in the same transaction. `actor`: staff who did it."""
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)
        if not registration.is_over:
            await self._cancel(webinar, registration, actor)

    async def _cancel(self, webinar: Webinar, registration: Registration, actor: User | None) -> None:
        before = registration.status
        webinar.taken -= before == Standing.REGISTERED
        await self.webinars.add(webinar)
        await self._stand(registration, Standing.CANCELLED)
        changes = {"before": {"status": before.value}, "after": {"status": Standing.CANCELLED.value}}
        await self.events.publish(RegistrationCancelled(webinar, registration, actor, **changes))
        await self._promote(webinar)

    # What staff do with one person

    async def registrant(self, rights: Rights, webinar: Webinar, id: UUID) -> Registration:
        """A registration for this webinar; `NotFound` too for one that they may not see."""
        registration = await self.webinars.registrant(webinar, id, rights.sees(Registration))
        if registration is None:
            raise NotFound
        return registration

    async def move(self, rights: Rights, webinar: Webinar, registration: Registration, standing: Standing) -> None:
        """Put somebody where staff want them; who shall have a seat waits as long as none is free.

        `Conflict` when there is no way from here to there. Who comes back does so at the end of the queue.
        """
        await check_change(self.webinars, rights, registration)
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)
        if standing == registration.status:
            return
        if standing not in registration.moves:
            raise Conflict(f"Who is {registration.status.value} cannot become {standing.value}.")
        if standing == Standing.CANCELLED:
            await self._cancel(webinar, registration, rights.user)
        else:
            await self._decide(webinar, registration, standing, rights.user)

    async def _decide(self, webinar: Webinar, registration: Registration, standing: Standing, actor: User) -> None:
        if standing != Standing.DECLINED and not webinar.takes_place:
            raise Conflict("It is cancelled or over, so nobody gets a seat any more.")
        if registration.is_over:
            webinar.last_number += 1
            registration.number = webinar.last_number
        before = registration.status
        await self._stand(registration, Standing.DECLINED if standing == Standing.DECLINED else Standing.WAITING)
        await self._promote(webinar)
        if registration.status != Standing.REGISTERED:  # whoever got a seat is told so already
            changes = {"before": {"status": before.value}, "after": {"status": registration.status.value}}
            await self.events.publish(RegistrationDecided(webinar, registration, actor, **changes))

    async def check_in(self, rights: Rights, webinar: Webinar, registration: Registration) -> bool:
        """Note that this person is there; False when they were noted before."""
        await check_change(self.webinars, rights, registration)
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)
        if registration.status != Standing.REGISTERED:
            raise Conflict("This person has no seat.")
        if registration.attended_at:
            return False
        await self.webinars.add(registration.sqlmodel_update({"attended_at": now(), "updated_at": now()}))
        await self.events.publish(RegistrationAttended(webinar, registration, rights.user))
        return True

    async def _promote(self, webinar: Webinar) -> None:
        """Give free seats to those who wait, the first first, as long as it takes place. Only under the lock."""
        if not webinar.takes_place:
            return
        for registration in await self.webinars.waiting(webinar, webinar.free):
            webinar.taken += 1
            await self.webinars.add(webinar)
            await self._stand(registration, Standing.REGISTERED)
            await self.events.publish(SeatGiven(webinar, registration))

    async def _stand(self, registration: Registration, standing: Standing) -> None:
        changes = {"status": standing, "sequence": registration.sequence + 1, "updated_at": now()}
        changes["cancelled_at"] = now() if standing == Standing.CANCELLED else None
        await self.webinars.add(registration.sqlmodel_update(changes))

    async def put_back(self, webinar: Webinar, registration: Registration, standing: Standing, actor: User) -> None:
        """Let somebody stand where they stood before, and be told; who had a seat waits as long as none is free.

        Their number is still theirs, so who waits has their old place in the queue.
        """
        if webinar.status == WebinarStatus.CANCELLED:
            raise Conflict("The webinar is cancelled.")
        await self.webinars.lock(webinar)
        await self.webinars.reload(registration)
        before = registration.status
        webinar.taken -= before == Standing.REGISTERED
        if standing == Standing.REGISTERED and webinar.free <= 0:
            standing = Standing.WAITING
        webinar.taken += standing == Standing.REGISTERED
        await self.webinars.add(webinar)
        await self._stand(registration, standing)
        happened = RegistrationCancelled if standing == Standing.CANCELLED else WebinarRegistered
        changes = {"before": {"status": before.value}, "after": {"status": standing.value}}
        await self.events.publish(happened(webinar, registration, actor, **changes))
        await self._promote(webinar)

    async def remove(self, webinar: Webinar, registrations: Sequence[Registration]) -> None:
        """Delete these as if they had never come; their seats go to those who wait."""
        await self.webinars.lock(webinar)
        webinar.taken -= sum(each.status == Standing.REGISTERED for each in registrations)
        await self.webinars.add(webinar)
        await self.webinars.delete_registrations([each.id for each in registrations])
        await self._promote(webinar)

    async def bring_back(self, webinar: Webinar, registration: Registration) -> None:
        """Take in again one that was removed, and tell nobody; who had a seat waits as long as none is free."""
        await self.webinars.lock(webinar)
        if registration.status == Standing.REGISTERED and webinar.free <= 0:
            registration.status = Standing.WAITING
        webinar.taken += registration.status == Standing.REGISTERED
        await self.webinars.add(webinar)
        await self.webinars.add(registration)


async def check_change(webinars: WebinarRepository, rights: Rights, registration: Registration) -> None:
    """Raise `NotFound` when it is gone meanwhile, and `Forbidden` when they may not change it."""
    if not await webinars.is_one_of(registration, rights.rows(Registration, "change")):
        raise Forbidden if await webinars.is_one_of(registration) else NotFound

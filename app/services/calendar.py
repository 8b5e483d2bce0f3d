"""Calendar files (RFC 5545): a webinar as an entry that can be changed and taken back."""

from datetime import UTC
from enum import StrEnum

from icalendar import Calendar, Event, vCalAddress, vText

from app.models.base import now
from app.models.webinar import Registration, Webinar

PRODUCT = "-//FastOpp//Webinars//EN"


class Method(StrEnum):
    """What a calendar shall do with it."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


def calendar(
    webinar: Webinar, site: str, organizer: str, method: Method, registration: Registration | None = None
) -> str:
    """The file for one person, or for everybody. The UID stays the same for ever, and SEQUENCE grows with each change:

    that is how a calendar knows the entry again. `organizer` is an address, `site` the beginning of its links.
    """
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("method", method.value)
    file.add_component(_event(webinar, site, organizer, method, registration))
    return str(file.to_ical().decode())


def _event(webinar: Webinar, site: str, organizer: str, method: Method, registration: Registration | None) -> Event:
    event = Event()
    event.add("uid", f"{(registration or webinar).id}@{site.partition('://')[2]}")
    event.add("sequence", webinar.sequence + (registration.sequence if registration else 0))
    event.add("dtstamp", now())
    event.add("dtstart", webinar.starts_at.astimezone(UTC))  # a zone's name would need the zone's rules beside it
    event.add("dtend", webinar.ends_at.astimezone(UTC))
    event.add("summary", webinar.title)
    event.add("url", site + webinar.path)
    event.add("status", "CANCELLED" if method == Method.CANCEL else "CONFIRMED")
    event["organizer"] = vCalAddress(f"mailto:{organizer}")
    if registration:
        attendee = vCalAddress(f"mailto:{registration.email}")
        attendee.params["cn"] = vText(registration.name)
        event.add("attendee", attendee, encode=False)
    return event

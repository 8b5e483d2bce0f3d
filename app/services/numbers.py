"""The numbers of webinars: who registered, came, stayed away and cancelled, when, and by which source.

All figures are counted in SQL, of those registrations alone that a person may see.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.charts import Chart, Data, Series, bars, columns, lines
from app.errors import NotFound
from app.models.base import now
from app.models.webinar import Registration, Standing, Webinar
from app.repositories.numbers import CANCELLED, MADE, NumberRepository, between, counted, of_sources
from app.repositories.visibility import Rights
from app.services.calendar_days import Days, begin, typed_day, whole_hours
from app.services.csv_file import line

NO_SOURCE = "(none)"
MOST_SOURCES = 12  # bars; the others are shown as one
MOST_CHOICES = 100
MOST_WEBINARS = 40


@dataclass(frozen=True, slots=True)
class Scope:
    """Which registrations are counted, as the address says: of one source, and made between two days.

    What makes no sense there limits nothing.
    """

    source: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, source: str, since: str, until: str) -> "Scope":
        return cls(source[:100], typed_day(since), typed_day(until))

    @property
    def is_open(self) -> bool:
        return self == Scope()

    def query(self) -> str:
        """The query string of it, with its question mark."""
        values = {"source": self.source, "since": self.since, "until": self.until}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def span(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """From when until when, as the clocks of this zone show it."""
        since = begin(self.since, zone) if self.since else None
        return since, begin(self.until + timedelta(1), zone) if self.until else None

    @property
    def sources(self) -> tuple[str, ...]:
        """As they are stored; none for all."""
        if self.source == NO_SOURCE:
            return "", NO_SOURCE
        return (self.source,) if self.source else ()


@dataclass(slots=True)
class Tally:
    """How many registrations stand where. Whoever has a seat and is not there came not, once it is over."""

    seats: int = 0
    attended: int = 0
    waiting: int = 0
    pending: int = 0
    cancelled: int = 0
    declined: int = 0

    def add(self, standing: Standing, count: int, came: int) -> None:
        if standing == Standing.REGISTERED:
            self.seats += count
            self.attended += came
        else:
            setattr(self, standing.value, getattr(self, standing.value) + count)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in Tally.__slots__))

    @property
    def absent(self) -> int:
        return self.seats - self.attended

    @property
    def all(self) -> int:
        return self.seats + self.waiting + self.pending + self.cancelled + self.declined

    @property
    def rate(self) -> str:
        """How many of a hundred who had a seat came."""
        return f"{100 * self.attended / self.seats:.0f} %" if self.seats else ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one page shows: of one webinar, or of the last ones."""

    webinar: Webinar | None
    scope: Scope
    sources: Sequence[str]
    total: Tally
    charts: Mapping[str, Chart]

    @property
    def choices(self) -> Sequence[str]:
        """The sources to choose from, also one that is chosen and has no registrations here."""
        return list(dict.fromkeys((*self.sources, *filter(None, (self.scope.source,)))))

    def file(self, name: str) -> str:
        """The figures of one chart as CSV."""
        if name not in self.charts:
            raise NotFound
        return "".join(line(cells) for cells in self.charts[name].data.cells())


class NumberService:
    def __init__(self, numbers: NumberRepository) -> None:
        self.numbers = numbers

    async def of_webinar(self, rights: Rights, webinar: Webinar, scope: Scope) -> Numbers:
        zone = ZoneInfo(webinar.time_zone)
        where = [*counted((webinar.id,), rights.sees(Registration)), *between(MADE, *scope.span(zone))]
        by_source = _by_source(await self.numbers.standings(where))
        where += of_sources(scope.sources)
        made = await self._by_day(MADE, where, zone)
        cancelled = await self._by_day(CANCELLED, where, zone)
        days = _days(webinar, scope, [*made, *cancelled])
        sources = _chosen(by_source, scope)
        charts = [*_over_time(days, days.sums(made), days.sums(cancelled)), _of_sources(sources, webinar)]
        return _numbers(webinar, scope, by_source, sources, charts)

    async def _by_day(self, column: Any, where: Sequence[Any], zone: ZoneInfo) -> Counter[date]:
        """How often this time fell on each day of the zone. The database knows no zones, so it counts smaller parts."""
        days: Counter[date] = Counter()
        for moment, count in await self.numbers.moments(column, where, minutes=60 if whole_hours(zone) else 15):
            days[moment.astimezone(zone).date()] += count
        return days

    async def of_all(self, rights: Rights, scope: Scope) -> Numbers:
        """Those of the last webinars that start between the two days (of UTC)."""
        webinars = await self.numbers.webinars(*scope.span(ZoneInfo("UTC")), MOST_WEBINARS)
        ids = [webinar.id for webinar in webinars]
        where = counted(ids, rights.sees(Registration))
        by_source = _by_source(await self.numbers.standings(where))
        tallies = {id: Tally() for id in ids}
        for id, standing, count, came in await self.numbers.by_webinar([*where, *of_sources(scope.sources)]):
            tallies[id].add(standing, count, came)
        chart = _of_webinars(webinars, list(tallies.values()))
        sources = _chosen(by_source, scope)
        return _numbers(None, scope, by_source, sources, [chart, _of_sources(sources)])


def _numbers(
    webinar: Webinar | None,
    scope: Scope,
    all: Mapping[str, Tally],
    chosen: Mapping[str, Tally],
    charts: Sequence[Chart],
) -> Numbers:
    total = sum(chosen.values(), Tally())
    return Numbers(webinar, scope, list(all)[:MOST_CHOICES], total, {chart.data.id: chart for chart in charts})


def _by_source(rows: Sequence[tuple[str, Standing, int, int]]) -> dict[str, Tally]:
    """The sources with the most registrations first."""
    tallies: dict[str, Tally] = {}
    for source, standing, count, came in rows:
        tallies.setdefault(source or NO_SOURCE, Tally()).add(standing, count, came)
    return dict(sorted(tallies.items(), key=lambda each: (-each[1].all, each[0])))


def _chosen(tallies: Mapping[str, Tally], scope: Scope) -> dict[str, Tally]:
    return {source: tally for source, tally in tallies.items() if scope.source in ("", source)}


def _days(webinar: Webinar, scope: Scope, days: Sequence[date]) -> Days:
    """From the first on which something happened to today, or to the end of what is asked for."""
    today = min(webinar.local(now()).date(), webinar.local(webinar.ends_at).date(), scope.until or date.max)
    return Days.between(min(days), max(today, *days)) if days else Days.between(today, today)


# The charts


def _over_time(days: Days, made: Sequence[int], cancelled: Sequence[int]) -> tuple[Chart, Chart]:
    unit, standing, left = days.unit.name, [], 0
    for more, fewer in zip(made, cancelled, strict=True):
        left += more - fewer
        standing.append(left)
    series = [Series("Registered", made), Series("Cancelled", cancelled, below=True)]
    events = Data("by-time", f"Registrations by {unit}", unit.capitalize(), days.labels, series, days.names)
    title = "Registered in all, without those who cancelled"
    sums = Data("in-all", title, unit.capitalize(), days.labels, [Series("Registered", standing)], days.names)
    return columns(events), lines(sums)


def _of_sources(sources: Mapping[str, Tally], webinar: Webinar | None = None) -> Chart:
    shown = dict(list(sources.items())[:MOST_SOURCES])
    if others := list(sources.values())[MOST_SOURCES:]:
        shown[f"{len(others)} others"] = sum(others, Tally())
    tallies = list(shown.values())
    series = [
        Series("Attended", [tally.attended for tally in tallies]),
        Series("No-show" if webinar and webinar.is_over else "Has a seat", [tally.absent for tally in tallies]),
        Series("Waiting", [tally.waiting + tally.pending for tally in tallies]),
        Series("Cancelled", [tally.cancelled + tally.declined for tally in tallies]),
    ]
    return bars(Data("by-source", "Registrations by source", "Source", list(shown), series))


def _of_webinars(webinars: Sequence[Webinar], tallies: Sequence[Tally]) -> Chart:
    both = list(zip(webinars, tallies, strict=True))
    series = [
        Series("Attended", [tally.attended for tally in tallies]),
        Series("No-show", [tally.absent * webinar.is_over for webinar, tally in both]),
        Series("Has a seat", [tally.absent * (not webinar.is_over) for webinar, tally in both]),
        Series("Without a seat", [tally.all - tally.seats for tally in tallies]),
    ]
    titles, links = [webinar.title for webinar in webinars], [f"/desk{webinar.path}/numbers" for webinar in webinars]
    return bars(Data("by-webinar", "Registrations by webinar", "Webinar", titles, series, links=links))

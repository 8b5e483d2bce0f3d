"""Days as the clocks of a place show them, and the weeks, months and years by which many of them are shown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MOST = 62  # columns that are still told apart
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def typed_day(text: str) -> date | None:
    """A day as a browser sends it; None for what is none, or is out of reach."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None


def begin(day: date, zone: ZoneInfo) -> datetime:
    """When this day begins there."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


@lru_cache(maxsize=64)
def whole_hours(zone: ZoneInfo) -> bool:
    """Whether clocks there always differ from UTC by whole hours, so that a day begins with one of UTC."""
    months = (datetime(year, month, 1, tzinfo=UTC) for year in range(1990, 2050) for month in range(1, 13))
    return not any((month.astimezone(zone).utcoffset() or timedelta()) % timedelta(hours=1) for month in months)


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of days: the first of the one that a day is in, and the first of the next."""

    name: str
    first: Callable[[date], date]
    next: Callable[[date], date]
    short: str
    long: str

    def over(self, first: date, last: date) -> Iterator[date]:
        day = self.first(first)
        while day <= last:
            yield day
            day = self.next(day)


UNITS = (
    Unit("day", lambda day: day, lambda day: day + timedelta(1), "%d %b", "%a, %d %b %Y"),
    Unit(
        "week",
        lambda day: day - timedelta(day.weekday()),
        lambda day: day + timedelta(7),
        "%d %b",
        "Week of %d %b %Y",
    ),
    Unit(
        "month",
        lambda day: day.replace(day=1),
        lambda day: (day.replace(day=1) + timedelta(31)).replace(day=1),
        "%b %Y",
        "%B %Y",
    ),
    Unit(
        "year",
        lambda day: day.replace(month=1, day=1),
        lambda day: date(day.year + 1, 1, 1),
        "%Y",
        "%Y",
    ),
)


@dataclass(frozen=True, slots=True)
class Days:
    """From one day to another by the smallest unit of which there are not too many."""

    unit: Unit
    begins: Sequence[date]

    @classmethod
    def between(cls, first: date, last: date) -> "Days":
        days = (last - first).days + 1
        unit = next(unit for unit, size in zip(UNITS, (1, 7, 30, 0), strict=True) if days <= MOST * size or not size)
        return cls(unit, list(unit.over(first, last)))

    @property
    def labels(self) -> list[str]:
        return [day.strftime(self.unit.short).lstrip("0") for day in self.begins]

    @property
    def names(self) -> list[str]:
        return [day.strftime(self.unit.long) for day in self.begins]

    def sums(self, counts: dict[date, int]) -> list[int]:
        """How many fall into each unit."""
        sums = dict.fromkeys(self.begins, 0)
        for day, count in counts.items():
            sums[self.unit.first(day)] += count
        return list(sums.values())

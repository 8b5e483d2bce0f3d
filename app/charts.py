"""Charts that the server draws: from plain data to where the marks go, which `partials/chart.html` writes as SVG.

Say what there is as `Data`, let `columns`, `bars` or `lines` place it, and include the partial with it as `chart`:

    data = Data("by-day", "Registrations by day", "Day", ["1 May", "2 May"], [Series("Registered", [3, 5])])
    chart = columns(data)      # vertical, series stacked; for times and other things in an order
    chart = bars(data)         # horizontal, series stacked; for categories, whose names may be long
    chart = lines(data)        # one line a series; for amounts that change over time

The partial shows a caption, a legend, the drawing, a table of the same figures, and a link to them as CSV where there
is a `csv`, for which `data.cells()` has the cells. No data at all is shown as `data.empty`. On live pages
`partials/chart_frame.html` replaces the drawing and the table, and leaves a table open that somebody has opened.

Across, everything is in percent of the width and down in pixels, so that marks take the room that there is and text
keeps its size on a phone. Series differ by pattern too: at most `MOST_SERIES` can be told apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from app.chart_axes import ABOVE, BELOW, PLOT, TINY, Axis, Label, Tick, fitting_labels, short

MOST_SERIES = 4
WIDEST = 8.0  # percent that a column takes at the most
FILLED = 0.75  # of the room of a column that it takes


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each label. Those `below` grow down from the zero line, such as what was lost again."""

    name: str
    values: Sequence[float]
    below: bool = False

    @property
    def drawn(self) -> list[float]:
        return [-value if self.below else value for value in self.values]


@dataclass(frozen=True, slots=True)
class Data:
    """What a chart shows. `id` is its own in the page; `head` says what the labels are.

    `labels` stand at the axis, and `names`, where they are longer, in the table, which can link them to `links`.
    """

    id: str
    title: str
    head: str
    labels: Sequence[str]
    series: Sequence[Series]
    names: Sequence[str] = ()
    links: Sequence[str] = ()
    empty: str = "Nothing to show yet."

    def __post_init__(self) -> None:
        if len(self.series) > MOST_SERIES:
            raise ValueError(f"At most {MOST_SERIES} series can be told apart.")
        if any(len(series.values) != len(self.labels) for series in self.series):
            raise ValueError("Every series needs one value for each label.")
        if not all(isfinite(value) for series in self.series for value in series.values):
            raise ValueError("Only finite values can be drawn.")

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)

    @property
    def whole(self) -> bool:
        return all(value == int(value) for series in self.series for value in series.values)

    @property
    def table(self) -> list[tuple[str, str, list[str]]]:
        """The rows of the table: a name, its link, and what each series has there."""
        values = ([exact(series.values[at]) for series in self.series] for at in range(len(self.labels)))
        return list(zip(self.names or self.labels, self.links or [""] * len(self.labels), values, strict=True))

    @property
    def summary(self) -> str:
        """The figures in a sentence, for whoever does not see the drawing."""
        return " ".join(self._summary(series) for series in self.series if series.values)

    def _summary(self, series: Series) -> str:
        at = max(range(len(series.values)), key=lambda at: series.values[at])
        return f"{series.name}: the most is {exact(series.values[at])} ({(self.names or self.labels)[at]})."

    def cells(self) -> Iterator[Sequence[object]]:
        """The rows of a CSV file."""
        yield (self.head, *(series.name for series in self.series))
        for at, name in enumerate(self.names or self.labels):
            yield (name, *(series.values[at] for series in self.series))


@dataclass(frozen=True, slots=True)
class Mark:
    """One value: a rectangle, or a point in its middle. `x` and `width` in percent, `y` and `height` in pixels."""

    series: int
    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points, and the area between it and zero, as the `d` of an SVG path of 100 units across."""

    series: int
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class Row:
    """One category of horizontal bars."""

    label: str
    text: str
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Chart:
    kind: str
    data: Data
    height: float = 0
    zero: float = 0
    ticks: Sequence[Tick] = ()
    labels: Sequence[Label] = ()
    marks: Sequence[Mark] = ()
    curves: Sequence[Curve] = ()
    rows: Sequence[Row] = ()


def columns(data: Data) -> Chart:
    """Vertical bars; series stand on each other, those that are negative or `below` under the zero line."""
    stacks = [_stack([series.drawn[at] for series in data.series]) for at in range(len(data.labels))]
    axis = Axis.over([end for stack in stacks for part in stack for end in part], whole=data.whole)
    slot = 100 / max(1, len(stacks))
    width = min(WIDEST, slot * FILLED)
    marks = [
        Mark(n, (at + 0.5) * slot - width / 2, axis.y(high), width, axis.y(low) - axis.y(high), _tip(data, n, at))
        for at, stack in enumerate(stacks)
        for n, (low, high) in enumerate(stack)
        if high > low
    ]
    return _plot("columns", data, axis, marks)


def lines(data: Data) -> Chart:
    """A line for each series, with a point for every value where there are few."""
    axis = Axis.over([value for series in data.series for value in series.drawn], whole=data.whole)
    slot = 100 / max(1, len(data.labels))
    marks = [
        Mark(n, (at + 0.5) * slot, axis.y(value), 0, 0, _tip(data, n, at))
        for n, series in enumerate(data.series)
        for at, value in enumerate(series.drawn)
    ]
    curves = [_curve(n, [mark for mark in marks if mark.series == n], axis.y(0)) for n in range(len(data.series))]
    return _plot("lines", data, axis, marks, curves)


def bars(data: Data) -> Chart:
    """Horizontal bars, one below the other; series stand beside each other."""
    stacks = [_stack([series.drawn[at] for series in data.series]) for at in range(len(data.labels))]
    ends = [end for stack in stacks for part in stack for end in part]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    scale = 100 / (high - low) if high - low > TINY else 0
    rows = [
        Row(
            label,
            exact(sum(series.values[at] for series in data.series)),
            [
                Mark(n, (start - low) * scale, 0, (end - start) * scale, 0, _tip(data, n, at))
                for n, (start, end) in enumerate(stacks[at])
                if end > start
            ],
        )
        for at, label in enumerate(data.names or data.labels)
    ]
    return Chart("bars", data, zero=-low * scale, rows=rows)


# Text


def exact(value: float) -> str:
    """A value in full: 1,500 or 0.25."""
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def _tip(data: Data, series: int, at: int) -> str:
    return f"{(data.names or data.labels)[at]}: {exact(data.series[series].values[at])} {data.series[series].name}"


# Places


def _stack(values: Sequence[float]) -> list[tuple[float, float]]:
    """Where each value begins and ends when they stand on each other, up from zero and down from it."""
    up, down, parts = 0.0, 0.0, []
    for value in values:
        parts.append((up, up + value) if value >= 0 else (down + value, down))
        up, down = up + max(0, value), down + min(0, value)
    return parts


def _plot(kind: str, data: Data, axis: Axis, marks: Sequence[Mark], curves: Sequence[Curve] = ()) -> Chart:
    turned = any(series.below for series in data.series)
    ticks = [Tick(axis.y(value), short(abs(value) if turned else value)) for value in axis.values]
    return Chart(kind, data, ABOVE + PLOT + BELOW, axis.y(0), ticks, fitting_labels(data.labels), marks, curves)


def _curve(series: int, points: Sequence[Mark], zero: float) -> Curve:
    if not points:
        return Curve(series, "", "")
    line = "L".join(f"{point.x:.3f} {point.y:.3f}" for point in points)
    return Curve(series, f"M{line}", f"M{points[0].x:.3f} {zero:.3f}L{line}L{points[-1].x:.3f} {zero:.3f}Z")

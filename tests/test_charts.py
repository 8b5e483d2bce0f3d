"""Where charts put their marks: hypothesis looks for data that is drawn in the wrong place."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chart_axes import GUTTER, NARROW, WIDE, breadth, extent, nice, short
from app.charts import Data, Series, bars, columns, exact, lines

VALUES = st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e15, 1e15), st.just(0), st.integers(0, 9))
EDGE = 1e-6


@st.composite
def data(draw: st.DrawFn) -> Data:
    labels = draw(st.lists(st.text(max_size=30), max_size=60))
    values = st.lists(VALUES, min_size=len(labels), max_size=len(labels))
    series = draw(st.lists(st.builds(Series, st.text(max_size=10), values, st.booleans()), max_size=4))
    return Data("c", "Title", "Day", labels, series)


@given(data())
def test_nothing_is_drawn_outside(data: Data) -> None:
    for chart in (columns(data), lines(data), bars(data)):
        marks = [*chart.marks, *(mark for row in chart.rows for mark in row.marks)]
        for mark in marks:
            assert mark.width >= 0 and mark.height >= 0
            assert mark.x >= -EDGE and mark.x + mark.width <= 100 + EDGE
            assert mark.y >= -EDGE and mark.y + mark.height <= chart.height + EDGE
        assert all(0 <= tick.y <= chart.height for tick in chart.ticks)


@given(data())
def test_marks_are_as_long_as_their_values(data: Data) -> None:
    """In the order of labels and series, those that are nothing left out."""
    values = [abs(series.values[at]) for at in range(len(data.labels)) for series in data.series]
    for parts in (
        [mark.height for mark in columns(data).marks],
        [mark.width for row in bars(data).rows for mark in row.marks],
    ):
        longest, largest = max(parts, default=0), max(values, default=0)
        if largest < 1e-6:
            continue
        seen = [part / longest for part in parts if part / longest > EDGE]
        meant = [value / largest for value in values if value / largest > EDGE]
        assert len(seen) == len(meant)
        assert all(abs(one - other) < EDGE for one, other in zip(seen, meant, strict=True))


@given(data())
def test_values_stand_on_one_another(data: Data) -> None:
    """The parts of a column touch, and begin at the zero line."""
    chart = columns(data)
    by_column: dict[float, list[tuple[float, float]]] = {}
    for mark in chart.marks:
        by_column.setdefault(mark.x, []).append((mark.y, mark.y + mark.height))
    for parts in by_column.values():
        edges = sorted(parts)
        assert any(abs(edge - chart.zero) < EDGE for part in parts for edge in part)
        assert all(abs(below[0] - above[1]) < EDGE for above, below in itertools.pairwise(edges))


@given(data(), st.sampled_from([NARROW, 300, 400, WIDE, 900]))
def test_labels_do_not_overlap(data: Data, width: int) -> None:
    labels = [label for label in columns(data).labels if label.always or width >= WIDE]
    assert bool(labels) == bool(data.labels)
    spans = sorted(extent(label, width) for label in labels if label.text)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert all(start >= -GUTTER and end <= width + EDGE for start, end in spans)


@given(st.floats(1e-9, 1e15))
def test_steps_are_round_and_not_too_small(value: float) -> None:
    step = nice(value)
    assert value <= step <= value * 2.5 * (1 + EDGE)
    assert f"{step:e}"[0] in "125" and set(f"{step:e}".split("e")[0][1:]) <= set(".0")


@given(data())
def test_ticks_are_evenly_spaced_and_few(data: Data) -> None:
    ticks = columns(data).ticks
    assert 2 <= len(ticks) <= 7
    gaps = [above.y - below.y for below, above in itertools.pairwise(ticks)]
    assert all(abs(gap - gaps[0]) < EDGE for gap in gaps) and gaps[0] < 0
    assert len({tick.text for tick in ticks}) == len(ticks) or any(series.below for series in data.series)
    assert all(breadth(tick.text) <= 42 for tick in ticks), [tick.text for tick in ticks]


def make(*values: float, **more: bool) -> Data:
    return Data("c", "T", "Day", [f"{n} May" for n in range(len(values))], [Series("Came", values, **more)])


def test_counts_have_no_half_ticks() -> None:
    assert [tick.text for tick in columns(make(1)).ticks] == ["0", "1"]
    assert [tick.text for tick in columns(make(7, 3)).ticks] == ["0", "2", "4", "6", "8"]
    assert [tick.text for tick in columns(make(0.3, 0.1)).ticks] == ["0", "0.1", "0.2", "0.3"]
    assert [tick.text for tick in columns(make(5_200)).ticks] == ["0", "2k", "4k", "6k"]


def test_what_was_lost_hangs_down_and_its_ticks_are_no_negative_numbers() -> None:
    chart = columns(make(4, 2, below=True))
    assert [tick.text for tick in chart.ticks] == ["4", "3", "2", "1", "0"]
    assert all(mark.y == chart.zero for mark in chart.marks)
    assert columns(make(-4, 2)).ticks[0].text == "−4"


def test_no_data_and_no_values() -> None:
    for place in (columns, bars, lines):
        assert place(make()).data.is_empty and place(make(0, 0)).data.is_empty
        assert not place(make(0, -1)).data.is_empty
    assert [tick.text for tick in columns(make()).ticks] == ["0", "1"]


@pytest.mark.parametrize(
    "series", [[Series("a", [1])] * 5, [Series("a", [1, 2])], [Series("a", [float("nan")])], [Series("a", [1e400])]]
)
def test_what_cannot_be_drawn_is_refused(series: list[Series]) -> None:
    with pytest.raises(ValueError):
        Data("c", "T", "Day", ["1 May"], series)


def test_figures_in_words() -> None:
    assert [short(value) for value in (0, 1500, -2e6, 0.25, 3e9)] == ["0", "1.5k", "−2M", "0.25", "3B"]
    assert [exact(value) for value in (0, 1500, -2e6, 0.25, 2.5)] == ["0", "1,500", "−2,000,000", "0.25", "2.5"]
    assert make(3, 9).summary == "Came: the most is 9 (1 May)."
    assert list(make(3).cells()) == [("Day", "Came"), ("0 May", 3)]

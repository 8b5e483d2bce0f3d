"""The axes of charts: round values up the side, and below as many labels as have room."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from unicodedata import east_asian_width

PLOT = 192.0  # pixels from the highest tick to the lowest
ABOVE, BELOW = 8.0, 28.0  # room for half a line of text above, and for the labels below
LONGEST_LABEL = 14  # characters below the drawing
NARROW, WIDE = 250, 400  # pixels that a drawing has at least on a phone, and elsewhere
GUTTER = 40  # pixels to the left of the drawing, where the values stand
LETTER, BROAD_LETTER, GAP = 7, 13, 10  # pixels, rather too many than too few
TICKS = 4
TINY = 1e-9  # a range that is as good as none
SIZES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the drawing, `y` pixels down."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """Text below the drawing, `x` percent across; not `always` where the screen is narrow."""

    x: float
    text: str
    anchor: str
    always: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """From the lowest to the highest of round values, zero among them."""

    values: Sequence[float]

    @classmethod
    def over(cls, values: Sequence[float], *, whole: bool) -> "Axis":
        low, high = min([0.0, *values]), max([0.0, *values])
        if high - low <= TINY:
            low, high = 0.0, 1.0
        step = nice((high - low) / TICKS)
        step = max(1.0, step) if whole else step
        return cls([_clean(n * step, step) for n in range(floor(low / step), ceil(high / step) + 1)])

    def y(self, value: float) -> float:
        """How far down this value is drawn."""
        low, high = self.values[0], self.values[-1]
        return ABOVE + PLOT * (high - value) / (high - low)


def nice(value: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50 and so on, also below 1, that is not smaller."""
    size: float = 10.0 ** floor(log10(value))
    return next(size * n for n in (1, 2, 5, 10, 20) if size * n >= value)


def _clean(value: float, step: float) -> float:
    """Without what sums of floats leave behind: 0.30000000000000004."""
    return round(value, max(0, 1 - floor(log10(step))))


def short(value: float) -> str:
    """A value at the axis: 1.5k."""
    size, letter = next(((size, letter) for size, letter in SIZES if abs(value) >= size), (1.0, ""))
    return f"{value / size:g}{letter}".replace("-", "−")


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def breadth(text: str) -> int:
    """About how many pixels it takes."""
    return sum(BROAD_LETTER if east_asian_width(letter) in "WF" else LETTER for letter in text)


def fitting_labels(texts: Sequence[str]) -> list[Label]:
    """As many labels as have room, the others left out at even distances."""
    slot = 100 / max(1, len(texts))
    labels = [_label(shortened(text, LONGEST_LABEL), (at + 0.5) * slot) for at, text in enumerate(texts)]
    wide = _fitting(labels, range(len(labels)), WIDE)
    narrow = set(_fitting(labels, wide, NARROW))
    return [Label(labels[at].x, labels[at].text, labels[at].anchor, at in narrow) for at in wide]


def _label(text: str, middle: float) -> Label:
    """One that would stick out is moved in."""
    half = 50 * breadth(text) / NARROW
    if middle - half < -100 * GUTTER / NARROW:
        return Label(0, text, "start")
    return Label(100, text, "end") if middle > 100 - half else Label(middle, text, "middle")


def extent(label: Label, width: float) -> tuple[float, float]:
    """From where to where it goes, in pixels, in a drawing of this width."""
    size, x = breadth(label.text), label.x * width / 100
    start = {"start": x, "middle": x - size / 2, "end": x - size}[label.anchor]
    return start, start + size


def _fitting(labels: Sequence[Label], among: Sequence[int], width: float) -> list[int]:
    """Which of those stand beside each other at this width: every second, every third and so on."""
    if not among:
        return []
    room = width * (among[-1] - among[0]) / max(1, len(labels) * (len(among) - 1))
    every = ceil((max(breadth(labels[at].text) for at in among) + GAP) / room) if room else 1
    chosen, end = [], float("-inf")
    for at in among[::every]:
        start, stop = extent(labels[at], width)
        if start >= end + GAP:
            chosen.append(at)
            end = stop
    return chosen

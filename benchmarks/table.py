"""The table that each benchmark prints."""

import sys
from collections.abc import Sequence


class Table:
    """Figures of ours beside those of servers that do less, each with its unit and the bound that it must meet."""

    def __init__(self, title: str, *beside: str) -> None:
        self.failed = False
        self.beside = beside or ("bare ASGI",)
        print(f"\n{title}")
        print(f"{'':44} {'unit':>6} {_cells('FastOpp', *self.beside)} {'bound':>8}")

    def row(
        self,
        name: str,
        unit: str,
        ours: float,
        *beside: float | None,
        at_most: float | None = None,
        at_least: float | None = None,
        strict: bool = False,
    ) -> None:
        """Print a figure. Over a `strict` bound it fails the benchmark; over another (noise) it only says so."""
        over = (at_most is not None and ours > at_most) or (at_least is not None and ours < at_least)
        self.failed |= over and strict
        bound = f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}" if at_least is not None else ""
        verdict = ("FAIL" if strict else "over") if over else "ok" if bound else ""
        cells = ["" if figure is None else _short(figure) for figure in (ours, *beside)] + [""] * (
            len(self.beside) - len(beside)
        )
        print(f"{name:44} {unit:>6} {_cells(*cells)} {bound:>8} {verdict}", flush=True)

    def end(self) -> None:
        """Exit with 1 when a strict bound was missed."""
        sys.exit(self.failed)


def _cells(*texts: str) -> str:
    return " ".join(f"{text:>9}" for text in texts)


def _short(figure: float) -> str:
    return f"{figure:.1f}" if abs(figure) < 100 and figure != int(figure) else f"{figure:,.0f}"


def quantile(figures: Sequence[float], share: float) -> float:
    """The figure below which this share of them lies."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

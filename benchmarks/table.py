"""The table that each benchmark prints."""

import sys
from collections.abc import Sequence


class Table:
    """Figures of ours beside those of the bare server, each with its unit and the bound that it must meet."""

    def __init__(self, title: str) -> None:
        self.failed = False
        print(f"\n{title}")
        print(f"{'':44} {'unit':>6} {'FastOpp':>9} {'bare ASGI':>9} {'bound':>8}")

    def row(
        self,
        name: str,
        unit: str,
        ours: float,
        bare: float | None = None,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        strict: bool = False,
    ) -> None:
        """Print a figure. Over a `strict` bound it fails the benchmark; over another (noise) it only says so."""
        over = (at_most is not None and ours > at_most) or (at_least is not None and ours < at_least)
        self.failed |= over and strict
        bound = f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}" if at_least is not None else ""
        verdict = ("FAIL" if strict else "over") if over else "ok" if bound else ""
        beside = "" if bare is None else _short(bare)
        print(f"{name:44} {unit:>6} {_short(ours):>9} {beside:>9} {bound:>8} {verdict}", flush=True)

    def end(self) -> None:
        """Exit with 1 when a strict bound was missed."""
        sys.exit(self.failed)


def _short(figure: float) -> str:
    return f"{figure:.1f}" if abs(figure) < 100 and figure != int(figure) else f"{figure:,.0f}"


def quantile(figures: Sequence[float], share: float) -> float:
    """The figure below which this share of them lies."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

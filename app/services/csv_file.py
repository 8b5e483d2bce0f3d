"""Lines of CSV files with nothing in them that a spreadsheet would run."""

import csv
import io
from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a cell for a formula


def line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(
        ["'" + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in cells]
    )
    return out.getvalue()

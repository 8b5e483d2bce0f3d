"""CSV files as people have them: with commas, semicolons or tabs, in UTF-8 or in what an old spreadsheet saves."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.errors import Invalid

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a cell for a formula
DELIMITERS = (",", ";", "\t", "|")
SEPARATOR_LINES = {f"sep={each}".strip() for each in DELIMITERS}
OLD = "The file is not in UTF-8, so it was read as Windows-1252. Please look whether all letters are right."
Row = tuple[int, list[str]]  # its number as a spreadsheet shows it, from 1, and its cells


@dataclass(frozen=True, slots=True)
class CsvFile:
    header: list[str]
    rows: list[Row]


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file, and a note when its encoding is a guess."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # "Unicode text" of a spreadsheet
        return data.decode("utf-16", errors="replace"), ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), OLD


def read(text: str, most: int) -> CsvFile:
    """The header and all rows that are not empty, of which there may be so many."""
    rows = _rows(text.replace("\x00", "").removeprefix("\ufeff"))
    try:
        _, header = next(rows, (0, []))
        found = [row for _, row in zip(range(most + 1), rows, strict=False)]
    except csv.Error as error:
        raise Invalid(f"This cannot be read as CSV: {error}.", field="file") from error
    if not found:
        raise Invalid("There must be a first row that names the columns, and rows below it.", field="file")
    if len(found) > most:
        raise Invalid(f"At most {most:,} rows at a time, please.", field="file")
    return CsvFile(header, found)


def _rows(text: str) -> Iterator[Row]:
    stream = io.StringIO(text, newline="")
    skipped = stream.readline().strip().lower() in SEPARATOR_LINES  # which is for spreadsheets alone
    if not skipped:
        stream.seek(0)
    reader = csv.reader(stream, delimiter=_delimiter(text[stream.tell() :]), skipinitialspace=True)
    for number, cells in enumerate(reader, 1 + skipped):
        if any(cell.strip() for cell in cells):
            yield number, [unescaped(cell.strip()) for cell in cells]


def _delimiter(text: str) -> str:
    """The one that makes the most columns of the header; what stands in quotes makes none."""
    return max(DELIMITERS, key=lambda each: len(next(csv.reader(io.StringIO(text, newline=""), delimiter=each), [])))


def unescaped(cell: str) -> str:
    """A cell without the mark that keeps a spreadsheet from running it, as our own files have it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def columns(header: Sequence[str], wanted: Sequence[str], aliases: dict[str, str]) -> tuple[dict[int, str], list[str]]:
    """Which column holds which of the wanted, in whatever case it is written, and the names of those that hold none."""
    names = {name.casefold(): name for name in reversed(wanted)} | aliases
    found: dict[int, str] = {}
    unknown = []
    for number, cell in enumerate(header):
        name = names.get(cell.casefold())
        if name is None or name in found.values():
            unknown.append(cell or f"(column {number + 1})")
        else:
            found[number] = name
    return found, unknown


def line(cells: Sequence[object]) -> str:
    """One row of a file, with nothing in it that a spreadsheet would run."""
    out = io.StringIO()
    csv.writer(out).writerow([escaped(cell) for cell in cells])
    return out.getvalue()


def escaped(cell: object) -> object:
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell

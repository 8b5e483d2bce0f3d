"""CSV files as people have them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.services.csv_file import decoded, read, unescaped

ROWS = [(2, ["Ann", "a@b.de"]), (3, ["Ben", "b@b.de"])]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_ends_of_lines(mark: str, end: str) -> None:
    text = end.join(("name,email", "Ann,a@b.de", "Ben,b@b.de", "")).replace(",", mark)
    file = read(text, 10)
    assert file.header == ["name", "email"] and file.rows == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert decoded("Zoë, Ł".encode(encoding)) == ("Zoë, Ł", "")


def test_an_old_encoding_is_said_to_be_a_guess() -> None:
    text, note = decoded("Zoë".encode("cp1252"))
    assert text == "Zoë" and "Windows-1252" in note


def test_what_stands_in_quotes_is_one_cell() -> None:
    file = read('name,"why; so, what"\n"Ann, B","two\nlines, ""quoted"""\n', 10)
    assert file.header == ["name", "why; so, what"]
    assert file.rows == [(2, ["Ann, B", 'two\nlines, "quoted"'])]


def test_rows_keep_their_numbers() -> None:
    assert read("sep=;\nname;email\n\nAnn;a@b.de\n;\n", 10).rows == [(4, ["Ann", "a@b.de"])]


def test_no_more_than_so_many() -> None:
    with pytest.raises(Invalid, match="At most 2 rows"):
        read("name\na\nb\nc\n", 2)


@given(st.lists(st.text(st.characters(exclude_characters="\x00\ufeff", exclude_categories=["Cs"])), min_size=1))
def test_any_text_is_read_or_refused(cells: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["a", *("b" for _ in cells)], ["x", *cells]])
    assert read(out.getvalue(), 5).rows == [(2, ["x", *(unescaped(cell.strip()) for cell in cells)])]


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-5", "@x"])
def test_the_mark_of_our_own_files_is_taken_off(cell: str) -> None:
    assert unescaped(f"'{cell}") == cell and unescaped("'quoted'") == "'quoted'" and unescaped(cell) == cell

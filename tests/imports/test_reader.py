"""Files of any encoding and separator, with the numbers of their lines."""

from __future__ import annotations

import random
import tracemalloc
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter

from o2c.imports.reader import _READ_AT_ONCE, Unreadable, open_table

from . import mutations


def table_of(tmp_path, content: bytes, **options):
    path = tmp_path / "file"
    path.write_bytes(content)
    table = open_table(path, **options)
    return table.columns, [(row.line, list(row.cells.values()), bool(row.problem)) for row in table.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encoding_and_separator_are_found_out(tmp_path, encoding, delimiter):
    text = f'N° pièce{delimiter}Montant\r\n"A{delimiter}1"{delimiter}12 €\r\n'
    columns, rows = table_of(tmp_path, text.encode(encoding))
    assert columns == ("N° pièce", "Montant")
    assert rows == [(2, [f"A{delimiter}1", "12 €"], False)]


def test_lines_are_counted_as_an_editor_shows_them(tmp_path):
    content = b'a;b\n\n1;"two\nlines"\n;\n2;x\n'
    _columns, rows = table_of(tmp_path, content)
    assert rows == [(3, ["1", "two\nlines"], False), (6, ["2", "x"], False)]


def test_a_line_with_too_many_or_too_few_cells_is_a_problem_of_that_line(tmp_path):
    _columns, rows = table_of(tmp_path, b"a;b\n1;2;3\n1\n1;2;;\n")
    assert [(line, problem) for line, _cells, problem in rows] == [(2, True), (3, True), (4, False)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"\n\n", 1),
        (b"a;b\n1;2\n\x81\x8d;3\n", 3),
        (b"a;b\n1;\x002\n", 2),
        (b'a;b\n1;"2\n3;4\n', 2),
        (b'a;b\n1;"2"x\n', 2),
        (b"PK\x03\x04 no spreadsheet", 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path, content, line):
    with pytest.raises(Unreadable) as refused:
        table_of(tmp_path, content)
    assert refused.value.line == line


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "hex", "a\0b"])
def test_an_unknown_encoding_is_refused(tmp_path, encoding):
    with pytest.raises(Unreadable, match="is no encoding"):
        table_of(tmp_path, b"a;b\n", encoding=encoding)


@pytest.mark.parametrize("encoding", ["ascii", "idna", "undefined"])
def test_text_of_another_encoding_than_named_is_refused(tmp_path, encoding):
    with pytest.raises(Unreadable, match="neither UTF-8"):
        table_of(tmp_path, b"a;b\n\xe9;xn--\xff\n", encoding=encoding)


def test_a_large_file_is_not_held_in_memory(tmp_path):
    line = "é;" + "x" * 998 + "\n"
    path = tmp_path / "file"
    for encoding in ("utf-8", "cp1252", "utf-16"):
        path.write_text("a;b\n" + line * 16_000, encoding=encoding)
        tracemalloc.start()
        count = sum(not row.problem for row in open_table(path).rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == 16_000
        assert peak < path.stat().st_size / 2


def test_a_sign_torn_between_two_pieces_is_read_and_a_fault_after_it_found(tmp_path):
    filling = b"1;" + b"x" * 61 + b"\n"
    content = b"a;b\n" + filling * (_READ_AT_ONCE // len(filling) - 1) + b"2;"
    content += b"y" * (_READ_AT_ONCE - len(content) - 1) + "é\n".encode()
    _columns, rows = table_of(tmp_path, content)
    assert rows[-1][1][1].endswith("yé")
    with pytest.raises(Unreadable) as refused:
        table_of(tmp_path, content + b"3;\x81\n")
    assert refused.value.line == len(rows) + 2


def test_a_spreadsheet_gives_dates_and_numbers_as_such(tmp_path):
    path = tmp_path / "ledger.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["code", "day", "amount", "flag"])
        sheet.write(2, 0, 42)
        sheet.write_datetime(2, 1, date(2026, 1, 31), day)
        sheet.write(2, 2, 1234.56)
        sheet.write(2, 3, True)
    table = open_table(path)
    assert table.columns == ("code", "day", "amount", "flag")
    assert [(row.line, list(row.cells.values())) for row in table.rows] == [
        (3, [Decimal(42), date(2026, 1, 31), Decimal("1234.56"), "yes"])
    ]


def test_what_grows_beyond_measure_is_refused_before_it_is_unpacked(tmp_path):
    for change in (mutations._far_cell, mutations._bomb, mutations._no_workbook):
        path = tmp_path / "f.xlsx"
        path.write_bytes(change(mutations._xlsx([["a", "b"], ["1", "2"]]), random.Random(1)))
        with pytest.raises(Unreadable) as refused:
            open_table(path)
        assert any(word in str(refused.value) for word in ("too large", "save it as XLSX or CSV")), change
    path.write_text(";".join(f"c{n}" for n in range(1001)))
    with pytest.raises(Unreadable, match="1001 columns: at most 1000"):
        open_table(path)

"""Files as French spreadsheets read them: bytes, types, and no formula smuggled in."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from python_calamine import CalamineWorkbook

from o2c.shared.exports import csv_cell, csv_chunks, guarded, xlsx_file

HEADER = ["Client", "SIREN", "Montant", "Échéance", "Vu le", "Litige"]
ROW: list[Any] = [
    'Bâti-Loire; dit "le Grand"',
    "005880596",
    Decimal("-1234.50"),
    date(2026, 11, 23),
    datetime(2026, 11, 23, 8, 57, tzinfo=UTC),
    True,
]


def test_csv_is_utf8_with_bom_semicolons_and_crlf() -> None:
    data = b"".join(csv_chunks(HEADER, [ROW], language="fr"))
    assert data.startswith("\ufeffClient;SIREN;Montant;Échéance;Vu le;Litige\r\n".encode())
    line = data.decode("utf-8-sig").split("\r\n")[1]
    assert line.startswith('"Bâti-Loire; dit ""le Grand""";005880596;-1234,50;23/11/2026;23/11/2026 09:57;')
    assert data.endswith(b"\r\n")


def test_csv_in_english_keeps_the_point_and_says_yes() -> None:
    with translation.override("fr"):
        data = b"".join(csv_chunks(["a", "b"], [[Decimal("1234.50"), True]], language="en")).decode(
            "utf-8-sig"
        )
    assert data == "a;b\r\n1234.50;yes\r\n"


def test_numbers_are_never_in_scientific_notation() -> None:
    assert csv_cell(Decimal("1E+7"), language="fr") == "10000000"
    assert csv_cell(Decimal("0.0000001"), language="fr") == "0,0000001"
    assert csv_cell(None, language="fr") == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_looks_like_a_formula_is_guarded(start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    assert guarded(text) == f"'{text}"
    assert csv_cell(text, language="fr") == f"'{text}"
    data = b"".join(csv_chunks([text], [[text]], language="fr")).decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(data, newline=""), delimiter=";")] == [f"'{text}"] * 2


def test_negative_amounts_are_no_formulas() -> None:
    assert csv_cell(Decimal("-5.00"), language="fr") == "-5,00"


def test_long_lists_come_in_pieces_and_lose_no_row() -> None:
    chunks = list(csv_chunks(["n"], ([n] for n in range(1201)), language="fr"))
    assert len(chunks) == 3
    assert b"".join(chunks).decode("utf-8-sig").split() == ["n", *map(str, range(1201))]


def test_xlsx_holds_real_dates_and_numbers_and_texts_as_texts() -> None:
    rows = [ROW, ["=1+1", "", None, None, None, False]]
    with xlsx_file(
        HEADER, rows, language="en", sheet="Balance [âgée] / 2026: essai de nom long", kinds=()
    ) as file:
        book = CalamineWorkbook.from_filelike(io.BytesIO(file.read()))
    assert book.sheet_names == ["Balance  âgée    2026  essai de"]
    head, first, second = book.get_sheet_by_index(0).to_python()
    assert head == HEADER
    assert first[:4] == [ROW[0], "005880596", -1234.5, date(2026, 11, 23)]
    assert first[4] == datetime(2026, 11, 23, 9, 57)  # noqa: DTZ001 spreadsheets know no zone
    assert first[5] == "yes"
    assert second[0] == "=1+1"

"""The command that writes reports into files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from accounts.models import Company
from o2c.reports import files
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, CustomerGroupFactory, make_user
from tests.factories.invoicing import TODAY, day, make_credit, make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    company = CompanyFactory(code="TEST")
    by = make_user("receivables_accountant", company)
    late = CustomerAccountFactory(company=company, code="A1", name="=Bravo & Fils")
    make_item(late, "1234.50", by=by, due=day(-3))
    make_credit(late, "34.25", by=by)
    make_item(CustomerAccountFactory(company=company, code="0042", name="Été"), "10", by=by, due=day(5))
    return company


def export(file: Path, file_format: str, *more: str, report: str = "aged-balance") -> str:
    out = io.StringIO()
    call_command(
        "export_report",
        report,
        "--company=TEST",
        f"--format={file_format}",
        f"--output={file}",
        f"--as-of={TODAY.isoformat()}",
        *more,
        stdout=out,
    )
    return out.getvalue()


def export_json(folder: Path, *more: str) -> dict[str, Any]:
    export(folder / "aged.json", "json", *more)
    found: dict[str, Any] = json.loads((folder / "aged.json").read_text())
    return found


def test_csv_as_french_spreadsheets_read_it(company: Company, tmp_path: Path):
    target = tmp_path / "aged.csv"

    said = export(target, "csv")

    raw = target.read_bytes()
    assert raw.startswith("\ufeff".encode())
    lines = raw.decode("utf-8-sig").split("\r\n")
    assert lines[-1] == ""
    rows = list(csv.reader(lines[:-1], delimiter=";"))
    assert len(rows[0]) == 16
    assert rows[1][:2] == ["A1", "'=Bravo & Fils"]
    assert rows[1][5:13] == ["0,00", "1234,50", "0,00", "0,00", "0,00", "0,00", "-34,25", "1200,25"]
    assert [row[0] for row in rows[1:]] == ["A1", "0042"]
    assert "2 rows, 1210.25 EUR (difference 0.00)" in said


def test_english_csv_and_other_buckets(company: Company, tmp_path: Path):
    export(tmp_path / "aged.csv", "csv", "--language=en", "--buckets=30,60", "--by=invoice_date")

    header, first = list(
        csv.reader(io.StringIO((tmp_path / "aged.csv").read_text("utf-8-sig")), delimiter=";")
    )[:2]
    assert header[5:9] == ["0–30 days", "31–60 days", "Over 60 days", "Credits"]
    assert first[5:8] == ["0.00", "1234.50", "0.00"]


def test_xlsx_has_real_numbers_and_texts(company: Company, tmp_path: Path):
    export(tmp_path / "aged.xlsx", "xlsx")

    sheet = load_workbook(tmp_path / "aged.xlsx").active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][0] == "A1"
    assert (rows[1][6], rows[1][12]) == (1234.5, 1200.25)
    assert rows[2][0] == "0042"


def test_json_is_the_answer_of_the_api(company: Company, tmp_path: Path):
    export(tmp_path / "aged.json", "json")

    answer = json.loads((tmp_path / "aged.json").read_text())
    assert answer["totals"]["total"] == "1210.25"
    assert [row["name"] for row in answer["rows"]] == ["=Bravo & Fils", "Été"]


def test_pdf_to_print(company: Company, tmp_path: Path):
    export(tmp_path / "aged.pdf", "pdf")

    assert (tmp_path / "aged.pdf").read_bytes().startswith(b"%PDF-")


def test_a_pdf_nobody_prints_is_refused(company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "MOST_ON_PAPER", 1)
    with pytest.raises(CommandError, match="PDF"):
        export(tmp_path / "aged.pdf", "pdf")
    assert not list(tmp_path.iterdir())


def test_one_legal_entity_and_one_group(company: Company, tmp_path: Path):
    account = CustomerAccountFactory(
        company=company, code="G1", entity__group=CustomerGroupFactory(code="GRP")
    )
    for option in (f"--siren={account.entity.siren}", "--group=GRP"):
        assert "selection" in export_json(tmp_path, option)["scope"]
    with pytest.raises(CommandError, match=r"nothing here|Rien"):
        export(tmp_path / "x", "json", "--group=NONE")


def test_reports_to_come_and_mistakes_are_named(company: Company, tmp_path: Path):
    target = tmp_path / "x"
    with pytest.raises(CommandError, match="dso is not available yet"):
        export(target, "csv", report="dso")
    with pytest.raises(CommandError, match="not as txt"):
        export(target, "txt")
    with pytest.raises(CommandError, match="Buckets"):
        export(target, "csv", "--buckets=x")
    with pytest.raises(CommandError, match="rise"):
        export(target, "csv", "--buckets=60,30")
    with pytest.raises(CommandError, match="no company NONE"):
        call_command("export_report", "aged-balance", "--company=NONE", "--format=csv", f"--output={target}")
    with pytest.raises(CommandError, match="cannot be written"):
        export(tmp_path / "missing" / "x", "csv")
    assert not target.exists()

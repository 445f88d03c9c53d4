from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Company
from invoicing import services
from invoicing.bank import LARGEST_FILE
from invoicing.models import BankStatement
from o2c.imports.operator import operator_of
from tests.factories.accounts import CompanyFactory
from tests.factories.invoicing import AT
from tests.factories.statements import cfonb120, entry, make_bank_account

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).parents[1] / "data" / "cfonb120_sample.txt"


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


def run(file: Path, *arguments: str, company: str = "DEMO") -> str:
    out = StringIO()
    call_command("import_statement", str(file), "--company", company, *arguments, stdout=out)
    return out.getvalue()


def test_the_reading_as_json_stores_nothing(company: Company):
    (statement,) = json.loads(run(SAMPLE, "--dry-run", "--json"))["statements"]
    assert statement["opening_balance"] == "12345.67"
    assert (statement["opening_date"], statement["closing_date"]) == ("2026-11-20", "2026-11-23")
    assert len(statement["movements"]) == 5
    first = statement["movements"][0]
    assert (first["date"], first["value_date"], first["amount"]) == ("2026-11-23", "2026-11-23", "4800.00")
    assert (first["reference"], first["end_to_end_id"]) == ("FA2026-00123", "E2E-99812")
    assert (first["payer_name"], first["payer_iban"]) == ("DUPONT INDUSTRIES", "")
    assert "FA2026-00127" in first["text"]
    assert not BankStatement.objects.exists()


def test_a_second_run_books_nothing(company: Company):
    make_bank_account(company, operator_of(company, at=AT))
    assert "booked: 5 lines (1 fee, 3 payment, 1 return), 0 known already" in run(SAMPLE)
    again = run(SAMPLE, "--format", "cfonb120")
    assert "booked: 0 lines, 5 known already" in again
    assert "difference 0.00 EUR" in again


def test_refusals_are_told_with_their_code(company: Company, tmp_path: Path):
    with pytest.raises(CommandError, match="unknown_bank_account: Line 13"):
        run(SAMPLE)
    with pytest.raises(CommandError, match="NOWHERE"):
        run(SAMPLE, company="NOWHERE")
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "none.txt")
    letter = tmp_path / "letter.txt"
    letter.write_text("Hello")
    with pytest.raises(CommandError, match="unreadable: Line 1"):
        run(letter)


def test_a_large_file_is_refused_before_it_is_read(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(LARGEST_FILE * 5)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read"))
    with pytest.raises(CommandError, match="20 MB"):
        run(large)


def test_gaps_are_told(company: Company, tmp_path: Path):
    by = operator_of(company, at=AT)
    make_bank_account(company, by)
    services.import_statements(company=company, content=cfonb120(entry("1", days=-1)), by=by, at=AT)
    later = tmp_path / "later.txt"
    later.write_bytes(cfonb120(entry("2")))
    assert "gap: the statement before closed with 1001.00" in run(later)

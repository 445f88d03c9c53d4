"""``import_ledger`` on the sample ledger of IBM, and what it prints and refuses."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Company, CustomerAccount
from invoicing.models import Invoice

pytestmark = pytest.mark.django_db

IBM = Path(__file__).resolve().parents[3] / "shared" / "data" / "ibm_accounts_receivable.csv"
HEADER = "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate"
needs_ibm = pytest.mark.skipif(not IBM.is_file(), reason="the sample ledger is not part of the repository")

END_OF_2012 = {
    "clients": "100",
    "invoices": "1277",
    "invoiced": "76064.07 USD",
    "open items": "99",
    "open": "5725.06 USD",
    "overdue": "788.74 USD (1-30 days 788.74, 31-60 days 0.00, 61-90 days 0.00, 91-120 days 0.00,"
    " over 120 days 0.00)",
    "disputed and open": "1700.31 USD",
    "control": "read 76064.07 = booked 76064.07, difference 0.00 USD",
}
MID_2013 = {
    "clients": "100",
    "invoices": "1930",
    "invoiced": "115444.59 USD",
    "open items": "84",
    "open": "5119.85 USD",
    "overdue": "835.56 USD (1-30 days 835.56, 31-60 days 0.00, 61-90 days 0.00, 91-120 days 0.00,"
    " over 120 days 0.00)",
    "disputed and open": "1806.84 USD",
    "control": "read 115444.59 = booked 115444.59, difference 0.00 USD",
}


def run(path, *options, company="IBM") -> dict[str, str]:
    out = StringIO()
    call_command(
        "import_ledger", str(path), "--company", company, "--mapping", "ibm-ar", *options, stdout=out
    )
    return dict(line.split(": ", 1) for line in out.getvalue().splitlines() if ": " in line)


def figures(printed: dict[str, str]) -> dict[str, str]:
    return {name: printed[name] for name in END_OF_2012}


@needs_ibm
def test_the_sample_ledger_at_the_end_of_2012_then_mid_2013_then_again():
    first = run(IBM, "--as-of", "2012-12-31")
    assert figures(first) == END_OF_2012
    assert first["booked"] == "100 clients, 1277 invoices, 1178 settlements"
    again = run(IBM, "--as-of", "2012-12-31")
    assert figures(again) == END_OF_2012
    assert again["booked"] == "0 clients, 0 invoices, 0 settlements"
    later = run(IBM, "--as-of", "2013-06-30")
    assert figures(later) == MID_2013
    assert later["booked"] == "0 clients, 653 invoices, 668 settlements"
    fresh = run(IBM, "--as-of", "2013-06-30", company="FRESH")
    assert figures(fresh) == MID_2013


@needs_ibm
def test_a_dry_run_of_the_sample_ledger_writes_nothing():
    printed = run(IBM, "--as-of", "2012-12-31", "--dry-run")
    assert figures(printed) == END_OF_2012
    assert printed["would be booked"] == "100 clients, 1277 invoices, 1178 settlements"
    assert not Company.objects.exists()
    assert not CustomerAccount.objects.exists()


GOOD = "C1,1,1/2/2012,2/1/2012,10.00,No,1/15/2012"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            (GOOD, GOOD.replace("1/2/2012", "13/2/2012").replace(",1,", ",2,")),
            "line 3: InvoiceDate: “13/2/2012”",
        ),
        ((GOOD.replace("10.00", "ten"),), "line 2: InvoiceAmount: “ten” is not a number"),
        ((GOOD.replace("10.00", "-10.00"),), "line 2: InvoiceAmount: “-10.00” is negative"),
        ((GOOD, GOOD.replace("10.00", "11.00")), "line 3: 1 stands already on line 2"),
    ],
)
def test_errors_name_the_line_and_nothing_is_booked(tmp_path, lines, said):
    path = tmp_path / "ledger.csv"
    path.write_text("\n".join((HEADER, *lines)))
    with pytest.raises(CommandError) as refused:
        run(path)
    assert refused.value.returncode == 1
    assert said in str(refused.value)
    assert str(refused.value).endswith("Nothing was booked.")
    assert not Company.objects.exists()


def test_a_known_number_with_another_amount_is_refused(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_text(f"{HEADER}\n{GOOD}")
    run(path)
    path.write_text("\n".join((HEADER, GOOD.replace("10.00", "11.00"))))
    with pytest.raises(
        CommandError, match=r"line 2: 1 is known already with other content \(amount 11.00 ≠ 10.00\)"
    ):
        run(path)
    assert Invoice.objects.count() == 1


def test_a_missing_column_file_or_mapping_is_one_clear_line(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_text(HEADER.replace(",DueDate", "") + "\n")
    with pytest.raises(CommandError, match="line 1: the column “DueDate”"):
        run(path)
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "nothing.csv")
    with pytest.raises(CommandError, match="There is no mapping “ibm-xx”"):
        call_command("import_ledger", str(path), "--company", "IBM", "--mapping", "ibm-xx")

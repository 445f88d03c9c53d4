"""The benchmarks of the nightly run, the aged balance and the pages on a small book: they print what they measured."""

from __future__ import annotations

import pytest

from accounts.models import CustomerAccount
from credit.models import CreditStanding
from invoicing.models import Invoice
from o2c.bench import aged, child, imports, nightly, pages
from o2c.bench.volume import CODE

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_nightly_run_is_measured_in_a_process_of_its_own(small, printed):
    nightly.run(small)
    rows = printed.table("nightly: all accounts computed and stored")
    assert [row.split(",")[0] for row in rows] == ["6 accounts", "6 accounts", "60 accounts", "60 accounts"]
    assert all(row.endswith("MB") for row in rows)
    assert len(printed.table("nightly: the whole book beside a tenth")) == 2
    clients = CustomerAccount.objects.filter(company__code=CODE)
    assert CreditStanding.objects.filter(level=3, target_id__in=clients.values("pk")).count() == 60


def test_ours_and_raw_agree_on_every_balance_and_the_files_hold_every_item(small, printed):
    aged.run(small)
    rows = printed.table("aged: balance of all accounts")
    assert [row.split()[-1] for row in rows] == ["yes", "yes"]
    files = [row.split()[:4] for row in printed.table("aged: export of every open item")]
    assert [(row[1:3], row[3]) for row in files] == [
        (["open", "items,"], "csv"),
        (["open", "items,"], "xlsx"),
    ]
    assert files[0][0] == files[1][0]
    assert int(files[0][0]) >= 290


def test_every_page_answers_with_its_queries_and_time(small, printed):
    pages.run(small)
    rows = printed.table("pages: every list and the client page")
    assert [row for row in rows if "answers" in row] == []
    assert len(rows) > 60


def test_invoices_come_in_each_way_and_stand_once(small, printed):
    imports.run(small)
    rows = printed.table("import: 300 invoices")
    assert [row.split("  ")[0] for row in rows[:4]] == [
        "COPY into a plain table", "by file", "the same file again", "by bulk/",
    ]  # fmt: skip
    assert rows[4] == "invoices missing or entered twice: 0"
    assert Invoice.objects.filter(number__startswith="IF").count() == 300
    assert Invoice.objects.filter(number__startswith="IB").count() == 300


def test_what_fails_in_the_process_is_said(small):
    with pytest.raises(RuntimeError, match="no_such_function"):
        child.in_child("o2c.bench.child.no_such_function")

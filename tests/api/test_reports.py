"""Reports by HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO

import openpyxl
import pytest
from django.utils import timezone

from o2c.reports import background
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date

from .test_invoicing import INVOICES, PAYMENTS, imported, payment

pytestmark = pytest.mark.django_db

REPORT = "/api/v1/reports/aged-balance/"


@pytest.fixture
def book(api, account, other_account):
    accountant = api("accountant")
    accountant.post(INVOICES, imported())
    accountant.post(INVOICES, imported("OLD-2", total="300.00", account="C0002"))
    accountant.post(PAYMENTS, payment())


def test_the_aged_balance_ties_to_the_ledger(api, book):
    shown = api("accountant").get(REPORT).json()
    assert [(row["account"], row["d1_30"], row["credits"], row["total"]) for row in shown["rows"]] == [
        ("C0001", "1200.00", "-500.00", "700.00"),
        ("C0002", "300.00", "0.00", "300.00"),
    ]
    assert (shown["totals"]["total"], shown["control"]["difference"]) == ("1000.00", "0.00")
    assert (shown["company"], shown["scope"]) == ("DEMO", "company")


def test_a_rep_gets_the_own_portfolio_and_a_past_day_its_book(api, book):
    mine = api("sales").get(REPORT).json()
    assert (mine["scope"], [row["account"] for row in mine["rows"]]) == ("portfolio", ["C0001"])
    past = paris_date(timezone.now()) - timedelta(days=1)
    assert api("sales").get(REPORT, {"as_of": past}).json()["totals"]["total"] == "1200.00"
    assert api("sales").get(REPORT, {"account": "C0002"}).status_code == 404


def test_an_empty_book_has_one_line_of_zeros(api, company):
    shown = api("auditor").get(REPORT).json()
    assert (shown["rows"], shown["totals"]["total"], shown["totals"]["currency"]) == ([], "0.00", "EUR")


def test_buckets_and_basis_are_chosen(api, book):
    shown = api("accountant").get(REPORT, {"by": "invoice_date", "buckets": "30,60,90"}).json()
    assert (shown["rows"][0]["d31_60"], "d91_plus" in shown["rows"][0]) == ("1200.00", True)
    for query in ({"buckets": "60,30"}, {"buckets": "x"}, {"by": "mood"}, {"as_of": "x"}, {"format": "doc"}):
        assert api("accountant").get(REPORT, query).status_code == 400


def test_files_for_spreadsheets(api, book):
    csv = api("accountant").get(REPORT, {"format": "csv"})
    assert csv["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(csv.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[1].startswith("C0001;Acme;732829320;sales;EUR;")
    xlsx = api("accountant").get(REPORT, {"format": "xlsx"})
    sheet = openpyxl.load_workbook(BytesIO(b"".join(xlsx.streaming_content))).active
    assert [cell.value for cell in sheet["A"]][1:] == ["C0001", "C0002"]


def test_without_the_right_to_reports(api, company, people):
    from tests.factories.accounts import make_user

    people["logistics"] = make_user("dispute_owner", company, "logistics")
    answer = api("logistics").get(REPORT)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


EXPOSURE = "/api/v1/reports/exposure/"


def test_the_exposure_of_every_client_ties_to_the_open_items(api, book):
    shown = api("accountant").get(EXPOSURE).json()
    rows = {row["account"]: row for row in shown["rows"]}
    own = api("accountant").get("/api/v1/accounts/C0001/exposure/").json()
    assert rows["C0001"]["net_exposure"] == own["net_exposure"] == "700.00"
    assert rows["C0001"]["open_invoices"] == "1200.00"
    assert (shown["source"], shown["scope"], shown["company"]) == ("live", "company", "DEMO")
    assert (shown["control"]["ledger_total"], shown["control"]["difference"]) == ("1000.00", "0.00")


def test_the_exposure_before_the_first_snapshot(api, book):
    answer = api("accountant").get(EXPOSURE, {"as_of": "2020-01-01"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_snapshot")
    answer = api("accountant").get(EXPOSURE, {"as_of": "2199-01-01"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["as_of"])


def test_the_exposure_of_a_rep_is_that_of_the_own_portfolio(api, book):
    mine = api("sales").get(EXPOSURE).json()
    assert (mine["scope"], [row["account"] for row in mine["rows"]]) == ("portfolio", ["C0001"])
    answer = api("sales").get(EXPOSURE, {"account": "C0002"})
    assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")


def test_reports_are_narrowed_to_a_legal_entity(api, book, account):
    for report in (REPORT, EXPOSURE):
        found = api("accountant").get(report, {"siren": account.entity.siren}).json()
        assert (found["scope"], [row["account"] for row in found["rows"]]) == ("selection", ["C0001"])
        for unknown in ({"siren": "000000000"}, {"group": "NONE"}):
            answer = api("accountant").get(report, unknown)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_reports_to_print(api, book):
    for report in (REPORT, EXPOSURE):
        answer = api("accountant").get(report, {"format": "pdf"})
        assert answer["Content-Type"] == "application/pdf"
        assert b"".join(answer.streaming_content).startswith(b"%PDF-")


def test_a_long_report_is_a_job_with_a_file(api, book, monkeypatch):
    monkeypatch.setattr(background, "AT_ONCE", dict.fromkeys(background.AT_ONCE, 1))
    accountant = api("accountant")
    answer = accountant.get(EXPOSURE)
    assert answer.status_code == 202
    job = answer.json()
    assert (answer["Location"], job["state"], job["result_url"]) == (job["url"], "queued", None)
    assert accountant.get(EXPOSURE).json()["id"] == job["id"]
    work_table.drain()
    done = accountant.get(job["url"]).json()
    assert done["state"] == "done"
    file = accountant.get(done["result_url"])
    assert json.loads(b"".join(file.streaming_content))["totals"]["net_exposure"] == "1000.00"
    assert api("auditor").get(done["result_url"]).status_code == 404
    assert accountant.get(REPORT, {"account": "C0001"}).status_code == 200

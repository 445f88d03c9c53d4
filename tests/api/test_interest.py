"""Late-payment interest of an invoice by HTTP."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"
F1 = f"{V1}invoices/F-1/interest/"


@pytest.fixture
def invoice(api, account):
    body = {
        "number": "F-1",
        "account": "C0001",
        "issue_date": "2026-03-31",
        "due_date": "2026-04-30",
        "currency": "EUR",
        "total_incl_vat": "10000.00",
        "origin": "imported",
    }
    assert api("integration").post(f"{V1}invoices/", body).status_code == 201


def test_interest_as_of_a_day_with_its_segments(api, invoice):
    told = api("sales").get(f"{F1}?as_of=2026-09-01").json()
    segments = told.pop("segments")
    assert told == {
        "number": "F-1",
        "account": "C0001",
        "as_of": "2026-09-01",
        "currency": "EUR",
        "regime": "BCE10",
        "days": 124,
        "interest": "417.08",
        "fee": "40.00",
        "fee_currency": "EUR",
        "total": "457.08",
        "floor_breach": False,
        "breached_half_years": [],
        "assumed": True,
        "missing_half_year": None,
        "disputed_amount": "0.00",
        "claimed": {"until": None, "interest": "0.00", "fee": "0.00"},
        "waived": {"interest": False, "fee": False},
        "claimable": {"interest": "417.08", "fee": "40.00"},
    }
    assert segments == [
        {"instalment": 1, "from": "2026-05-01", "to": "2026-06-30", "days": 61, "balance": "10000.00",
         "rate": "12.15", "basis": 365, "amount": "203.05"},
        {"instalment": 1, "from": "2026-07-01", "to": "2026-09-01", "days": 63, "balance": "10000.00",
         "rate": "12.4", "basis": 365, "amount": "214.03"},
    ]  # fmt: skip


def test_nothing_before_it_is_late(api, invoice):
    told = api("credit").get(f"{F1}?as_of=2026-04-30").json()
    assert (told["interest"], told["fee"], told["segments"]) == ("0.00", "0.00", [])


def test_a_missing_rate_is_named_and_gives_no_amount(api, invoice):
    answer = api("credit").get(f"{F1}?as_of=2031-01-01")
    told = answer.json()
    assert (answer.status_code, told["interest"], told["fee"], told["total"]) == (200, None, None, None)
    assert told["missing_half_year"] is not None
    assert told["claimable"] == {"interest": "0.00", "fee": "0.00"}


def test_what_there_is_not(api, invoice, company):
    assert api("credit").get(f"{V1}invoices/NONE/interest/").status_code == 404
    assert api("sales2").get(F1).status_code == 404
    assert api("credit").get(f"{F1}?as_of=yesterday").status_code == 400
    assert api("credit").get(f"{F1}?as_of=2026-01-01").status_code == 404
    assert api("credit").post(F1, {}).status_code == 405

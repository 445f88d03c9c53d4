from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import CapRegime
from accounts.policy import (
    LONGEST_TERM,
    Convention,
    DeliveryDateMissing,
    UnknownRegime,
    UnknownTerm,
    describe_term,
    due_date,
    first_breach,
    later_term,
    legal_cap,
    parse_term,
    payable_date,
    within_cap,
)

with (Path(__file__).parent.parent / "data" / "due_dates.csv").open(encoding="utf-8") as _file:
    CASES = list(csv.DictReader(_file))

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
TERMS = [
    "COD",
    "PREPAID",
    "NET30",
    "RCV20",
    "EOM",
    "45D_EOM",
    "EOM_45D",
    "2M_EOM",
    "30D_EOM_ON10",
    "EOM_ON31",
]
DELIVERY_TERMS = ["RCV30", "DECADE30", "DLV_EOM30"]


@pytest.mark.parametrize("case", CASES, ids=[case["case_id"] for case in CASES])
def test_worked_cases(case):
    invoiced = date.fromisoformat(case["invoice_date"])
    delivered = date.fromisoformat(case["delivery_date"]) if case["delivery_date"] else None
    regime = case["cap_regime"]
    theoretical = due_date(invoiced, case["term_code"], delivered)
    assert (
        payable_date(theoretical, Convention(case["business_day_convention"])).isoformat()
        == (case["expected_due_date"])
    )
    assert legal_cap(regime, invoiced, delivered).isoformat() == case["cap_date"]
    assert within_cap(theoretical, regime, invoiced, delivered) == (case["within_cap"] == "yes")


def test_all_worked_cases_are_read():
    assert len(CASES) == 35


@pytest.mark.parametrize(
    "code",
    ["", "NET", "30", "NET-1", "NET1000", "EOM45", "30J_EOM", "30D__EOM", "ON0", "30D_EOM_ON32", "NET30_EOM"],
)
def test_an_unknown_term_is_refused_with_examples(code):
    with translation.override("en"), pytest.raises(UnknownTerm, match=r"is not a payment term.*30D_EOM"):
        parse_term(code)


def test_case_and_blanks_do_not_matter():
    assert parse_term(" 30d_eom ") == parse_term("30D_EOM")


@pytest.mark.parametrize("code", DELIVERY_TERMS)
def test_a_term_from_delivery_needs_the_delivery(code):
    assert parse_term(code).needs_delivery_date
    with translation.override("en"), pytest.raises(DeliveryDateMissing, match=code):
        due_date(date(2026, 6, 1), code)


def test_the_regime_that_counts_from_delivery_needs_it():
    with pytest.raises(DeliveryDateMissing):
        legal_cap("PERISH30", date(2026, 6, 1))


def test_an_unknown_regime_is_refused():
    with translation.override("en"), pytest.raises(UnknownRegime, match="STD90"):
        legal_cap("STD90", date(2026, 6, 1))


def test_every_regime_an_account_may_have_has_its_cap():
    assert set(CapRegime.values) <= set(LONGEST_TERM)


def test_prepaid_is_due_on_the_invoice_date():
    assert parse_term("PREPAID").is_prepaid
    assert not parse_term("COD").is_prepaid
    assert due_date(date(2026, 6, 1), "PREPAID") == date(2026, 6, 1)


@given(DAYS, st.integers(0, 60), st.sampled_from([*TERMS, *DELIVERY_TERMS]))
def test_a_later_start_never_falls_due_earlier(day, gap, code):
    later = day + timedelta(days=gap)
    assert due_date(day, code, day) <= due_date(later, code, later)


@given(DAYS, st.sampled_from([*TERMS, *DELIVERY_TERMS]))
def test_nothing_falls_due_before_it_starts(day, code):
    assert due_date(day, code, day) >= day


@given(DAYS, st.sampled_from(list(LONGEST_TERM)), st.integers(1, 40))
def test_one_day_past_the_cap_is_refused(day, regime, gap):
    delivered = day - timedelta(days=gap)
    cap = legal_cap(regime, day, delivered)
    assert within_cap(cap, regime, day, delivered)
    assert not within_cap(cap + timedelta(days=1), regime, day, delivered)


@pytest.mark.parametrize(
    ("regime", "cap"),
    [
        ("PERISH30", "2026-07-03"),
        ("WINE60", "2026-08-19"),
        ("WINE45A", "2026-08-31"),
        ("WINE45B", "2026-08-14"),
        ("LEATHER54", "2026-08-31"),
        ("GREENSPACE55", "2026-08-31"),
        ("FARM110", "2026-10-31"),
        ("SKI90", "2026-09-18"),
        ("PUBLIC30", "2026-07-20"),
        ("PUBLIC50", "2026-08-09"),
        ("PUBLIC60", "2026-08-19"),
    ],
)
def test_caps_of_the_other_regimes(regime, cap):
    assert legal_cap(regime, date(2026, 6, 20), date(2026, 6, 3)).isoformat() == cap


@pytest.mark.parametrize(
    ("theoretical", "convention", "expected"),
    [
        ("2026-10-31", Convention.NONE, "2026-10-31"),
        ("2026-10-31", Convention.FOLLOWING, "2026-11-02"),
        ("2026-10-31", Convention.PRECEDING, "2026-10-30"),
        ("2026-10-31", Convention.MODFOLLOWING, "2026-10-30"),
        ("2026-10-10", Convention.MODFOLLOWING, "2026-10-12"),
        ("2026-12-31", Convention.PRECEDING, "2026-12-31"),
    ],
)
def test_the_bank_executes_on_business_days(theoretical, convention, expected):
    assert payable_date(date.fromisoformat(theoretical), convention).isoformat() == expected


def test_alsace_and_moselle_have_their_own_holidays():
    good_friday = date(2026, 4, 3)
    assert payable_date(good_friday, Convention.FOLLOWING) == good_friday
    assert payable_date(good_friday, Convention.FOLLOWING, subdiv="57") == date(2026, 4, 7)


@pytest.mark.parametrize(
    ("code", "regime", "breach"),
    [
        ("NET60", "STD60", None),
        ("30D_EOM", "STD60", None),
        ("NET61", "STD60", date(2025, 1, 1)),
        ("60D_EOM", "STD60", date(2025, 1, 1)),
        ("45D_EOM", "EOM45A", None),
        ("45D_EOM", "PERIODIC45", date(2025, 1, 1)),
        ("RCV20", "LIVESTOCK20", None),
        ("NET30", "NOTERM30", None),
        # From 1 January one computation ends on 28 February, the other on 17 March.
        ("EOM_45D", "EOM45A", date(2025, 1, 1)),
    ],
)
def test_a_term_is_judged_on_the_account_before_any_invoice(code, regime, breach):
    assert first_breach(code, regime) == breach


@pytest.mark.parametrize(
    ("order", "account", "day", "later"),
    [
        ("NET60", "NET30", "2026-06-10", True),
        ("NET30", "NET30", "2026-06-10", False),
        ("NET30", "30D_EOM", "2026-06-10", False),
        ("30D_EOM", "NET30", "2026-06-10", True),
        # On this day both fall due on 31 August.
        ("NET60", "30D_EOM", "2026-07-02", False),
        ("RCV30", "NET30", "2026-06-10", False),
        ("PREPAID", "COD", "2026-06-10", False),
    ],
)
def test_a_longer_term_is_told_by_its_due_date(order, account, day, later):
    assert later_term(order, account, date.fromisoformat(day)) is later


@pytest.mark.parametrize(
    ("code", "wording"),
    [
        ("PREPAID", "Payment in advance"),
        ("COD", "Cash on invoice"),
        ("NET30", "30 days net"),
        ("NET1", "1 day net"),
        ("RCV0", "On receipt"),
        ("RCV30", "30 days from receipt"),
        ("EOM", "End of month"),
        ("30D_EOM", "30 days end of month"),
        ("30D_EOM_ON10", "30 days end of month on day 10"),
        ("EOM_45D", "end of month + 45 days"),
        ("EOM_ON15", "end of month on day 15"),
        ("2M_EOM", "2 months end of month"),
        ("DECADE30", "30 days end of ten-day period of delivery"),
        ("DLV_EOM30", "30 days end of month of delivery"),
    ],
)
def test_terms_are_said_in_words(code, wording):
    assert describe_term(code, "en") == wording

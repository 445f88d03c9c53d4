from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.ageing import Basis, OpenItem, age_items, bucket_names, bucket_of

D = Decimal
TODAY = date(2026, 11, 22)


def test_the_columns_are_those_of_the_interface():
    assert bucket_names() == ("not_due", "d1_30", "d31_60", "d61_90", "d91_120", "d121_plus")
    assert bucket_names(basis=Basis.INVOICE_DATE) == ("d0_30", "d31_60", "d61_90", "d91_120", "d121_plus")
    assert bucket_names((30, 60, 90)) == ("not_due", "d1_30", "d31_60", "d61_90", "d91_plus")
    assert bucket_names((15,), Basis.INVOICE_DATE) == ("d0_15", "d16_plus")


@pytest.mark.parametrize("edges", [(), (0, 30), (30, 30), (60, 30)])
def test_edges_must_rise(edges):
    with pytest.raises(ValueError, match="must rise"):
        bucket_names(edges)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-5, "not_due"),
        (0, "not_due"),
        (1, "d1_30"),
        (30, "d1_30"),
        (31, "d31_60"),
        (120, "d91_120"),
        (121, "d121_plus"),
        (4000, "d121_plus"),
    ],
)
def test_days_late(days, bucket):
    assert bucket_of(days) == bucket


@pytest.mark.parametrize(
    ("days", "bucket"), [(-1, "d0_30"), (0, "d0_30"), (30, "d0_30"), (31, "d31_60"), (91, "d91_plus")]
)
def test_days_since_issue(days, bucket):
    assert bucket_of(days, (30, 60, 90), Basis.INVOICE_DATE) == bucket


def item(invoiced: str, due: str, amount: str) -> OpenItem:
    return OpenItem(date.fromisoformat(invoiced), date.fromisoformat(due), D(amount))


def test_credits_are_kept_apart_and_the_total_is_net_of_them():
    items = [
        item("2026-10-08", "2026-11-22", "800"),
        item("2026-10-07", "2026-11-21", "450.50"),
        item("2026-05-01", "2026-06-30", "4000"),
        item("2026-11-01", "2026-11-01", "-250"),
    ]
    assert age_items(items, TODAY) == {
        "not_due": D("800"),
        "d1_30": D("450.50"),
        "d31_60": D("0"),
        "d61_90": D("0"),
        "d91_120": D("0"),
        "d121_plus": D("4000"),
        "credits": D("-250"),
        "total": D("5000.50"),
    }


def test_by_invoice_date_with_other_edges():
    items = [item("2026-10-08", "2026-11-22", "800"), item("2026-11-22", "2027-01-21", "10")]
    assert age_items(items, TODAY, Basis.INVOICE_DATE, (30, 60)) == {
        "d0_30": D("10"),
        "d31_60": D("800"),
        "d61_plus": D("0"),
        "credits": D("0"),
        "total": D("810"),
    }


def test_an_empty_book_has_zeros():
    assert set(age_items([], TODAY).values()) == {D("0.00")}


@given(
    st.lists(
        st.builds(
            OpenItem,
            st.dates(date(2025, 1, 1), TODAY),
            st.dates(date(2025, 1, 1), date(2027, 12, 31)),
            st.decimals(min_value=-(10**6), max_value=10**6, places=2),
        )
    ),
    st.sampled_from(Basis),
)
def test_buckets_and_credits_make_the_total(items, basis):
    ages = age_items(items, TODAY, basis)
    total = ages.pop("total")
    assert sum(ages.values()) == total == sum((item.open_amount for item in items), D(0))

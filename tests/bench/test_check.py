"""The benchmark ``check`` on a small book: it prints its tables and leaves its orders as they were."""

from __future__ import annotations

import pytest
from django.db import connection

from o2c.bench import check, raw
from orders.models import Order

pytestmark = [pytest.mark.volume, pytest.mark.django_db]


def test_it_measures_reading_checking_confirming_and_holding(small, printed):
    check.run(small)
    for title in ("check: exposure read", "check: the whole credit check", "check: confirmation"):
        rows = printed.table(title)
        assert [row.split("  ")[0] for row in rows] == ["10 items", "100 items"]
        assert all("×" in row for row in rows)
    assert len(printed.table("check: submission that ends on hold")) == 2


def test_every_turn_finds_the_order_in_draft(small):
    check.run(small)
    drafts = Order.objects.filter(created_by__username="volume-adv", number__startswith="CDE-")
    assert set(drafts.values_list("state", "is_open")) == {("DRAFT", False)}
    assert drafts.exclude(last_decision=None).exists()


def test_raw_and_ours_answer_the_same_and_the_plain_tables_are_gone_afterwards(small):
    small.book()
    case = check._cases(small)[0]
    with raw.raw_tables():
        left = raw.available(case.account.pk)
        assert left == check.exposure_of(case.account, on=check.paris_date(check.timezone.now())).available
        assert raw.confirm(case.account.pk, case.fits.pk, case.fits.total_incl_vat) is True
        assert raw.available(case.account.pk) == left - case.fits.total_incl_vat
        assert raw.confirm(case.account.pk, case.too_much.pk, case.too_much.total_incl_vat) is False
    assert "bench_raw" not in connection.introspection.table_names()
    assert raw.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'bench_raw'") == []

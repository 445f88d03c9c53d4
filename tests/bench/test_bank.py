"""A statement by page and by API on a small book: booked, matched by work rows, nothing matched wrongly."""

from __future__ import annotations

import pytest

from invoicing.models import BankStatement, Matching, Payment
from o2c.bench import bank

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_statement_comes_in_each_way_and_nothing_is_matched_wrongly(small, printed):
    small.items = 600
    bank.run(small)
    for way in ("by page", "by API"):
        (row,) = printed.table(f"bank: 60 lines {way}")
        assert row.startswith(f"{way}  ")
        assert row.split()[-1] == "0"
        kinds = {each.split()[0] for each in printed.table(f"bank: the work behind them, {way}")}
        assert {"matching.examine", "matching.sure"} <= kinds
    assert "bank.book" in kinds
    assert BankStatement.objects.count() == 2
    assert Payment.objects.filter(statement_line__isnull=False).count() == 120
    assert Matching.objects.filter(is_automatic=True).exists()


def test_what_was_matched_wrongly_is_counted(small, printed, monkeypatch):
    small.items = 600
    monkeypatch.setattr(bank, "_settled", lambda acts: {act.pk: frozenset({("another", 1)}) for act in acts})
    bank.run(small)
    (row,) = printed.table("bank: 60 lines by page")
    assert int(row.split()[-1]) > 0

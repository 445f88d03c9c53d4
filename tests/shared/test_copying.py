"""Rows through COPY arrive as ``bulk_create`` would have stored them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Company, ExchangeRate
from o2c.shared.copying import copy_in
from o2c.shared.models import AuditEvent, Work

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 9, 30, 15, 123456, tzinfo=UTC)
AWKWARD = 'tab\there\nnew line\r back\\slash \\N "quoted" \\. é ’ 漢'


def test_every_kind_of_value_arrives_as_it_was():
    events = [
        AuditEvent(at=AT, action=AWKWARD[:60], object_type="x", object_id=7, after={"text": AWKWARD, "n": [1, None]},
                   reason=AWKWARD, ip="2001:db8::1"),
        AuditEvent(at=AT, action="", object_type="\\N", before={}),
    ]  # fmt: skip
    copy_in(events)
    first, second = AuditEvent.objects.order_by("pk")
    assert [first.pk, second.pk] == [event.pk for event in events]
    assert (first.at, first.action, first.object_id, first.ip) == (AT, AWKWARD[:60], 7, "2001:db8::1")
    assert (first.reason, first.after, first.before) == (AWKWARD, {"text": AWKWARD, "n": [1, None]}, None)
    assert first.transaction_id == second.transaction_id > 0
    assert (second.object_type, second.before, second.after, second.object_id) == ("\\N", {}, None, None)


def test_defaults_truth_and_decimals():
    copy_in([Company(code="A", name="A", requires_opening_requests=True)])
    company = Company.objects.get()
    assert (company.currency, company.requires_opening_requests, company.smaller_order_may_pass) == (
        "EUR",
        True,
        True,
    )
    copy_in([ExchangeRate(currency="USD", day=AT.date(), units_per_eur=Decimal("1.08450001"))])
    rate = ExchangeRate.objects.get()
    assert (rate.day, rate.units_per_eur) == (AT.date(), Decimal("1.08450001"))


def test_keys_go_on_where_the_sequence_stands():
    Company.objects.create(code="A", name="A")
    copy_in([Company(code=code, name=code) for code in "BC"])
    after = Company.objects.create(code="D", name="D")
    assert [c.pk for c in Company.objects.order_by("code")] == list(range(after.pk - 3, after.pk + 1))


def test_a_broken_constraint_refuses_all():
    with pytest.raises(IntegrityError, match="work_one_waiting_per_key"), transaction.atomic():
        copy_in([Work(kind="k", key="same", not_before=AT, created_at=AT) for _ in range(2)])
    assert not Work.objects.exists()


def test_many_rows_are_few_statements_and_none_are_none(django_assert_num_queries):
    rows = [Company(code=f"C{n}", name="x") for n in range(500)]
    with django_assert_num_queries(3):
        copy_in(rows)
    with django_assert_num_queries(0):
        copy_in([])
    assert Company.objects.count() == 500


def test_triggers_still_hold():
    copy_in([AuditEvent(at=AT, action="a", object_type="x")])
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE shared_auditevent SET action = 'b'")
    assert AuditEvent.objects.get().action == "a"

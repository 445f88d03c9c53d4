"""Prepared statements: the same rows as the ORM gives, planned once per connection, also when they must be off."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CustomerAccount
from o2c.shared import audit
from o2c.shared.models import AuditEvent
from o2c.shared.prepared import Prepared, PreparedRows
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import draft

pytestmark = pytest.mark.django_db

DOUBLED = Prepared(
    "test_doubled", lambda: "SELECT %(one)s * 2, %(one)s + %(two)s", {"one": "numeric", "two": "numeric"}
)
CLIENTS = PreparedRows(
    "test_clients",
    CustomerAccount,
    "WHERE own.company_id = %(company)s ORDER BY own.code",
    {"company": "bigint"},
    related=("company", "entity", "entity__group"),
)


def test_a_value_may_stand_in_several_places() -> None:
    assert DOUBLED.rows(one=Decimal("1.50"), two=Decimal(2)) == [(Decimal("3.00"), Decimal("3.50"))]


def test_values_are_values_and_never_part_of_the_statement() -> None:
    named = Prepared(
        "test_named", lambda: "SELECT code FROM accounts_company WHERE code = %(code)s", {"code": "text"}
    )
    company = CompanyFactory()
    assert named.rows(code=company.code) == [(company.code,)]
    assert named.rows(code="'; DELETE FROM accounts_company; --") == []


def test_a_statement_is_prepared_once_and_again_on_a_new_connection() -> None:
    DOUBLED.rows(one=1, two=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_prepared_statements WHERE name = 'test_doubled'")
        assert cursor.fetchone() == (1,)
    DOUBLED.rows(one=2, two=2)
    with CaptureQueriesContext(connection) as asked:
        DOUBLED.rows(one=3, two=3)
    assert [query["sql"] for query in asked.captured_queries] == ["EXECUTE test_doubled (3, 3)"]


def test_a_statement_survives_a_transaction_that_is_undone() -> None:
    fresh = Prepared("test_fresh", lambda: "SELECT %(one)s", {"one": "int"})
    with transaction.atomic():
        fresh.rows(one=1)
        transaction.set_rollback(True)
    assert fresh.rows(one=2) == [(2,)]


def test_it_answers_the_same_where_statements_cannot_be_prepared(settings: LazySettings) -> None:
    settings.PREPARED_STATEMENTS = False
    with CaptureQueriesContext(connection) as asked:
        assert DOUBLED.rows(one=1, two=2) == [(Decimal(2), Decimal(3))]
    assert "EXECUTE" not in asked.captured_queries[0]["sql"]


def test_rows_come_as_the_orm_gives_them() -> None:
    company = CompanyFactory()
    made = [CustomerAccountFactory(company=company, code=f"X{n}") for n in range(3)]
    found = CLIENTS.fetch(company=company.pk)
    assert found == made
    for one, other in zip(
        found, CustomerAccount.objects.filter(company=company).order_by("code"), strict=True
    ):
        assert {f.attname: getattr(one, f.attname) for f in one._meta.concrete_fields} == {
            f.attname: getattr(other, f.attname) for f in other._meta.concrete_fields
        }
    with CaptureQueriesContext(connection) as asked:
        assert [(one.company.code, one.entity.name, one.entity.group) for one in found] == [
            (company.code, one.entity.name, None) for one in made
        ]
    assert [q["sql"] for q in asked.captured_queries if "company" in q["sql"]] == []


def test_json_comes_as_values_and_what_is_fetched_can_be_saved() -> None:
    adv = make_user("adv_manager", CompanyFactory())
    order = draft(CustomerAccountFactory(company=adv.home_company), "10", by=adv)
    Order.objects.filter(pk=order.pk).update(approved_lines=[{"line": 10}])
    orders = PreparedRows("test_orders", Order, "WHERE own.id = %(order)s", {"order": "bigint"})
    found = orders.fetch(order=order.pk)[0]
    assert found.approved_lines == [{"line": 10}]
    found.customer_reference = "PO 1"
    found.save()
    assert Order.objects.get(pk=order.pk).customer_reference == "PO 1"


def test_events_recorded_together_are_written_at_once_and_in_their_order() -> None:
    company = CompanyFactory()
    adv = make_user("adv_manager", company)
    with CaptureQueriesContext(connection) as asked, transaction.atomic(), audit.together():
        for action in ("company.one", "company.two"):
            with audit.together():
                audit.record(action, company, by=adv, at=timezone.now())
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "company.one",
        "company.two",
    ]
    assert sum("INSERT" in query["sql"] for query in asked.captured_queries) == 1


def test_an_act_that_fails_writes_none_of_them() -> None:
    company = CompanyFactory()

    def fail() -> None:
        with transaction.atomic(), audit.together():
            audit.record("company.one", company, by=None, at=timezone.now())
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert not AuditEvent.objects.exists()
    audit.record("company.two", company, by=None, at=timezone.now())
    assert AuditEvent.objects.count() == 1

"""The application's database role: what it may not, the database refuses; what it must, works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pgtrigger
import psycopg2
import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from credit import services as credit
from invoicing import services as invoicing
from o2c import grants
from o2c.demo.services import make_demo
from o2c.shared.calendar import paris_date
from orders import services as orders
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice, make_payment
from tests.factories.orders import give_limit, submitted

ROLE = "o2c_test_application"
HISTORY = (*grants.APPEND_ONLY, *grants.CHANGING)


def table(label: str) -> str:
    return str(apps.get_model(label)._meta.db_table)


@pytest.fixture
def second_role(transactional_db: None) -> Iterator[Any]:
    """A real session of the second role beside ours, which owns the tables."""
    call_command("grant_application", ROLE, "--create", verbosity=0)
    ours = connection.get_connection_params()
    kept = {name: ours[name] for name in ("dbname", "host", "port") if name in ours}
    session = psycopg2.connect(**kept, user=ROLE)
    session.autocommit = True
    yield session.cursor()
    session.close()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {ROLE}")
        cursor.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def as_application(db: None) -> Iterator[None]:
    """Every statement of the test from here on under the second role."""
    call_command("grant_application", ROLE, "--create", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def test_the_second_role_changes_no_history(second_role):
    allowed = []
    for label in HISTORY:
        column = apps.get_model(label)._meta.pk.column
        for statement in ("UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            try:
                second_role.execute(statement.format(table(label), column, column))
            except psycopg2.errors.InsufficientPrivilege:
                continue
            allowed.append(f"{statement.split()[0]} {label}")
    assert allowed == []


def test_of_what_is_decided_the_named_columns_alone_change(second_role):
    for label, names in grants.CHANGING.items():
        fields = apps.get_model(label)._meta.concrete_fields
        for field in fields:
            statement = f'UPDATE {table(label)} SET "{field.column}" = "{field.column}"'
            if field.name in names:
                second_role.execute(statement)
            else:
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    second_role.execute(statement)


@pytest.mark.parametrize("name", ["accounts_role", "django_migrations"])
def test_nobody_gives_himself_a_right(second_role, name):
    second_role.execute(f"SELECT 1 FROM {name}")
    for statement in (f"DELETE FROM {name}", f"INSERT INTO {name} SELECT * FROM {name}"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            second_role.execute(statement)


MONTH = "credit_exposuresnapshot_2031_05"


@pytest.fixture
def month(second_role: Any) -> Iterator[str]:
    """A month nobody has a table for; whatever stands under its name afterwards is taken away."""
    yield MONTH
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS public.{MONTH}")


def one(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]


def test_the_second_role_makes_the_table_of_a_month_that_is_the_owners(second_role, month):
    make = "SELECT credit_make_snapshot_month('2031-05-17')"
    for _again in range(2):
        second_role.execute(make)
    with connection.cursor() as cursor:
        owner = one(cursor, f"SELECT tableowner FROM pg_tables WHERE tablename = '{month}'")
    assert owner == connection.settings_dict["USER"]
    second_role.execute(
        "INSERT INTO credit_exposuresnapshot (level, target_id, day, currency, parts, gross_exposure, net_exposure,"
        " overdue, disputed, on_hold_orders, limit_kind, recorded_at)"
        " VALUES (3, 1, '2031-05-02', 'EUR', '{}', 1, 1, 0, 0, 0, 'none', now())"
    )
    assert one(second_role, f"SELECT COUNT(*) FROM {month}") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (id int)",
        f"DROP TABLE public.{MONTH}",
        f"ALTER TABLE public.{MONTH} ADD COLUMN mine int",
        f"ALTER TABLE credit_exposuresnapshot DETACH PARTITION {MONTH}",
        "CREATE OR REPLACE FUNCTION credit_make_snapshot_month(day date) RETURNS void LANGUAGE sql AS 'SELECT'",
        "ALTER FUNCTION credit_make_snapshot_month(date) SET search_path = pg_temp",
        "DROP FUNCTION credit_make_snapshot_month(date)",
        f"SET ROLE {connection.settings_dict['USER']}",
    ],
)
def test_making_a_month_gives_no_other_right(second_role, month, statement):
    second_role.execute("SELECT credit_make_snapshot_month('2031-05-01')")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        second_role.execute(statement)


def test_nothing_of_the_callers_own_stands_in_for_what_the_function_means(second_role, month):
    for name in ("credit_exposuresnapshot", "credit_exposuresnapshot_rest", month):
        second_role.execute(f"CREATE TEMP TABLE {name} (mine int)")
    second_role.execute(
        "CREATE FUNCTION pg_temp.to_char(date, text) RETURNS text LANGUAGE sql AS 'SELECT ''mine''::text'"
    )
    second_role.execute("SET search_path = pg_temp, public")
    second_role.execute("SELECT public.credit_make_snapshot_month('2031-05-01')")
    columns = (
        f"SELECT COUNT(*) FROM pg_attribute WHERE attrelid = 'public.{month}'::regclass AND attname = 'level'"
    )
    with connection.cursor() as cursor:
        assert one(cursor, columns) == 1
        assert one(cursor, "SELECT COUNT(*) FROM pg_tables WHERE tablename LIKE '%mine'") == 0
        set_ = one(cursor, "SELECT proconfig FROM pg_proc WHERE proname = 'credit_make_snapshot_month'")
    assert set_ == ["search_path=public, pg_temp"]


@pytest.mark.parametrize("day", ["'infinity'", "'-infinity'", "'2200-01-01'", "'1989-12-31'", "NULL"])
def test_a_day_nobody_keeps_books_of_makes_nothing(second_role, day):
    tables = "SELECT COUNT(*) FROM pg_tables WHERE tablename LIKE 'credit_exposuresnapshot%'"
    before = one(second_role, tables)
    with suppress(psycopg2.errors.NullValueNotAllowed):
        second_role.execute(f"SELECT credit_make_snapshot_month({day})")
    assert one(second_role, tables) == before


def test_only_a_day_reaches_the_function(second_role):
    with pytest.raises(psycopg2.errors.InvalidDatetimeFormat):
        second_role.execute(
            "SELECT credit_make_snapshot_month(%s)", ["2031-05-01'); DROP TABLE shared_auditevent; --"]
        )


def test_triggers_stay_on(second_role):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        second_role.execute("ALTER TABLE shared_auditevent DISABLE TRIGGER ALL")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        second_role.execute("SET session_replication_role = replica")


def test_tables_to_come_are_open_until_the_next_grant(second_role):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE to_come (id bigserial)")
    try:
        second_role.execute("INSERT INTO to_come DEFAULT VALUES")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE to_come")


def test_rights_may_be_given_again_and_take_back_what_was_given_by_hand(second_role):
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT UPDATE, DELETE ON shared_auditevent TO {ROLE}")
    call_command("grant_application", ROLE, verbosity=0)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        second_role.execute("DELETE FROM shared_auditevent")


def test_every_table_that_triggers_protect_is_in_the_lists():
    protected = {
        model._meta.label
        for model in apps.get_models()
        if any(isinstance(trigger, pgtrigger.Protect) for trigger in getattr(model._meta, "triggers", ()))
    }
    assert protected - set(HISTORY) == set()


@pytest.mark.django_db
def test_a_role_that_is_not_there_or_is_our_own_is_refused():
    with pytest.raises(CommandError, match="There is no role o2c_nobody; run again with --create"):
        call_command("grant_application", "o2c_nobody")
    with pytest.raises(CommandError, match="the application needs another one"):
        call_command("grant_application", connection.settings_dict["USER"])


def test_one_role_for_everything_is_a_warning(monkeypatch):
    monkeypatch.setattr(settings, "DATABASE_OWNER_ROLE", "")
    assert "o2c.W001" in {message.id for message in run_checks()}
    monkeypatch.setattr(settings, "DATABASE_OWNER_ROLE", "owner")
    assert "o2c.W001" not in {message.id for message in run_checks()}


def test_a_whole_story_works_under_the_second_role(as_application, work_drain):
    at, company = timezone.now(), CompanyFactory(code="DEMO")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (ROLE,)
    adv, boss = make_user("adv_officer", company), make_user("finance_director", company)
    books, rep = make_user("receivables_accountant", company), make_user("sales", company)
    account = CustomerAccountFactory(company=company, rep=rep)
    give_limit(account, "1000", decided_by=boss)
    held = submitted(account, "1200.00", by=adv, at=at)
    asked = orders.request_override(order_id=held.pk, reason="urgent", by=adv, at=at)
    orders.approve_override(request_id=asked.pk, reason="good client", by=boss, at=at)
    orders.deliver(order_id=held.pk, lines=None, on=paris_date(at), by=adv, at=at)
    invoice = invoicing.issue_from_order(order_id=held.pk, by=adv, at=at)
    item = invoice.items.get()
    credit_item = make_payment(account, "500.00", by=books, at=at).items.get()
    later = item.due_date + timedelta(days=5)
    invoicing.change_due_date(item_id=item.pk, due_date=later, reason="agreed", by=boss, at=at)
    match = invoicing.allocate(
        from_item_id=credit_item.pk, to_item_id=item.pk, amount=Decimal(500), by=books, at=at
    )
    invoicing.unallocate(allocation_id=match.pk, by=books, at=at)
    make_invoice(account, "50.00", by=books, at=at)
    wish = credit.create_limit_request(
        account=account, amount=Decimal(5000), kind="base", reason="growth", submit=True, by=adv, at=at,
        valid_from=paris_date(at), valid_until=paris_date(at) + timedelta(days=90),
    )  # fmt: skip
    credit.approve_limit_request(request_id=wish.pk, reason="fine", by=boss, at=at)
    credit.block(account_id=account.pk, reason="late", by=boss, at=at)
    credit.unblock(account_id=account.pk, reason="paid", by=boss, at=at)
    second = submitted(account, "100.00", by=adv, at=at)
    orders.cancel(order_id=second.pk, reason="mistake", by=adv, at=at)
    work_drain()
    call_command("recalculate_exposure", stdout=StringIO())
    assert Order.objects.get(pk=held.pk).releases.get().consumed > 0


def test_the_demonstration_is_made_by_the_application(as_application):
    # Nearly every act of the portal: none of them may need more than the application's role is given.
    make_demo(at=timezone.now())
    assert Order.objects.exists()

"""Limits, requests, blocks and the live exposure at three levels, against a real database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import services
from credit.models import AccountBlock, CreditDecision, CreditLimit, LimitRequest, TemporaryLimit
from credit.queries import exposure_of, limit_history
from credit.services.flags import AlreadySet, NotSet
from credit.services.limits import AuthorityExceeded, FourEyes, NotWaiting
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(
        company=company, entity=LegalEntityFactory(group=CustomerGroupFactory(code="ARV"))
    )


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company)


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company)


def ask(account: CustomerAccount, amount: str | None, by: User, **fields: object) -> LimitRequest:
    fields.setdefault("kind", "base")
    return services.create_limit_request(
        account=account,
        amount=None if amount is None else Decimal(amount),
        reason="Volume",
        by=by,
        at=timezone.now(),
        submit=True,
        **fields,  # type: ignore[arg-type]
    )


def test_a_new_limit_closes_the_older_and_keeps_it(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    for amount in ("10000", "20000"):
        services.approve_limit_request(
            request_id=ask(account, amount, adv).pk, reason="ok", by=manager, at=timezone.now()
        )
    newer, older = CreditLimit.objects.order_by("-pk")
    assert (newer.amount, newer.closed_on) == (Decimal(20000), None)
    assert older.closed_on == paris_date(timezone.now())
    view = exposure_of(account, on=paris_date(timezone.now()))
    assert (view.available, view.as_contract()["binding_level"]) == (Decimal(20000), "account")
    assert [row["amount"] for row in limit_history(account)] == ["20000.00", "10000.00"]
    assert AuditEvent.objects.filter(action="limit.approved").count() == 2


def test_nobody_decides_what_they_asked_for(account: CustomerAccount, manager: User) -> None:
    request = ask(account, "10000", manager)
    with pytest.raises(FourEyes):
        services.approve_limit_request(request_id=request.pk, reason="ok", by=manager, at=timezone.now())
    with pytest.raises(IntegrityError, match="limit_request_four_eyes"), transaction.atomic():
        LimitRequest.objects.filter(pk=request.pk).update(
            status="approved", decided_by=manager, decided_at=timezone.now()
        )


def test_authority_by_amount_and_unlimited_from_the_top(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    with pytest.raises(AuthorityExceeded) as refused:
        services.approve_limit_request(
            request_id=ask(account, "150000.01", adv).pk, reason="ok", by=manager, at=timezone.now()
        )
    assert refused.value.required_role == "finance_director"
    with pytest.raises(AuthorityExceeded) as refused:
        services.approve_limit_request(
            request_id=ask(account, None, adv, kind="unlimited").pk,
            reason="ok",
            by=manager,
            at=timezone.now(),
        )
    assert refused.value.required_role == "executive"
    with pytest.raises(NotAllowed):
        services.approve_limit_request(
            request_id=ask(account, "1", manager).pk, reason="x", by=adv, at=timezone.now()
        )


def test_a_decided_request_is_decided_once(account: CustomerAccount, adv: User, manager: User) -> None:
    request = ask(account, "1000", adv)
    services.refuse_limit_request(request_id=request.pk, reason="non", by=manager, at=timezone.now())
    with pytest.raises(NotWaiting):
        services.approve_limit_request(request_id=request.pk, reason="ok", by=manager, at=timezone.now())
    assert not CreditLimit.objects.exists()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"amount": None}, "amount"),
        ({"amount": Decimal(-1)}, "amount"),
        ({"kind": "unlimited", "amount": Decimal(1)}, "amount"),
        ({"kind": "temporary"}, "valid_until"),
        ({"level": "galaxy"}, "level"),
        ({"currency": "USD"}, "currency"),
        ({"reason": " "}, "reason"),
        ({"kind": "other"}, "kind"),
    ],
)
def test_a_wish_that_cannot_be_says_where(
    account: CustomerAccount, adv: User, fields: dict[str, object], where: str
) -> None:
    wish: dict[str, object] = {"amount": Decimal(1000), "kind": "base", "reason": "Volume", **fields}
    with pytest.raises(Invalid) as refused:
        services.create_limit_request(account=account, by=adv, at=timezone.now(), **wish)  # type: ignore[arg-type]
    assert where in refused.value.errors
    assert not LimitRequest.objects.exists()


def test_a_raise_counts_from_its_first_to_its_last_day(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    today = paris_date(timezone.now())
    give_limit(account, "1000", decided_by=manager)
    request = ask(
        account, "500", adv, kind="temporary", valid_from=today, valid_until=today + timedelta(days=10)
    )
    services.approve_limit_request(request_id=request.pk, reason="ok", by=manager, at=timezone.now())
    assert exposure_of(account, on=today + timedelta(days=10)).available == Decimal(1500)
    assert exposure_of(account, on=today + timedelta(days=11)).available == Decimal(1000)
    assert TemporaryLimit.objects.count() == 1


def test_a_raise_alone_keeps_none_but_counts(account: CustomerAccount, adv: User, manager: User) -> None:
    today = paris_date(timezone.now())
    request = ask(account, "500", adv, kind="temporary", valid_until=today + timedelta(days=5))
    services.approve_limit_request(request_id=request.pk, reason="ok", by=manager, at=timezone.now())
    shown = exposure_of(account, on=today).as_contract()
    assert (shown["limit"]["kind"], shown["effective_limit"], shown["available"]) == (
        "none",
        "500.00",
        "500.00",
    )
    assert shown["binding_level"] is None
    assert {f.code for f in services.check(account=account, amount=Decimal(1), at=timezone.now()).found} == {
        "NO_LIMIT"
    }


def test_the_tightest_of_three_levels_binds_and_a_tie_names_the_lower(
    company: Company, account: CustomerAccount, manager: User
) -> None:
    today = paris_date(timezone.now())
    sister = CustomerAccountFactory(company=company, entity=account.entity)
    cousin = CustomerAccountFactory(company=company, entity=LegalEntityFactory(group=account.entity.group))
    for one, amount in ((account, "100"), (sister, "200"), (cousin, "400")):
        open_item(one, amount)
    give_limit(account, "1000", decided_by=manager)
    assert exposure_of(account, on=today).as_contract()["binding_level"] == "account"
    give_limit(account, "1200", at_entity=True, decided_by=manager)
    assert exposure_of(account, on=today).as_contract()["binding_level"] == "account"
    give_limit(account, "1500", at_group=True, decided_by=manager)
    view = exposure_of(account, on=today)
    assert (view.available, view.as_contract()["binding_level"]) == (Decimal(800), "group")
    assert [level["net_exposure"] for level in view.as_contract()["levels"]] == ["100.00", "300.00", "700.00"]


def test_what_only_differs_in_meaning_is_shown_apart(company: Company, manager: User) -> None:
    today = paris_date(timezone.now())
    none, zero, expired, free = (CustomerAccountFactory(company=company) for _ in range(4))
    give_limit(zero, "0", decided_by=manager)
    give_limit(expired, "900", valid_until=today - timedelta(days=1), decided_by=manager)
    give_limit(free, None, decided_by=manager)
    for one in (none, zero, expired, free):
        open_item(one, "100")
    shown = [exposure_of(one, on=today).as_contract() for one in (none, zero, expired, free)]
    assert [s["limit"]["kind"] for s in shown] == ["none", "base", "expired", "unlimited"]
    assert [s["effective_limit"] for s in shown] == ["0.00", "0.00", "0.00", None]
    assert [s["available"] for s in shown] == ["-100.00", "-100.00", "-100.00", None]
    assert [s["utilisation"] for s in shown] == [None, None, None, None]


def test_a_check_stores_nothing(account: CustomerAccount) -> None:
    services.check(account=account, amount=Decimal(100), at=timezone.now())
    assert not CreditDecision.objects.exists()


def test_blocks_and_watches_are_dated_and_single(account: CustomerAccount, manager: User, adv: User) -> None:
    services.block(account_id=account.pk, reason="Impayé", by=manager, at=timezone.now())
    with pytest.raises(AlreadySet):
        services.block(account_id=account.pk, reason="Impayé", by=manager, at=timezone.now())
    with pytest.raises(NotAllowed):
        services.block(
            account_id=account.pk, reason="x", by=make_user("sales", account.company), at=timezone.now()
        )
    with pytest.raises(IntegrityError, match="one_active_block"), transaction.atomic():
        AccountBlock.objects.create(account=account, reason="x", set_by=manager, set_at=timezone.now())
    services.unblock(account_id=account.pk, reason="Payé", by=manager, at=timezone.now())
    with pytest.raises(NotSet):
        services.unblock(account_id=account.pk, reason="Payé", by=manager, at=timezone.now())
    with pytest.raises(Invalid):
        services.watch(account_id=account.pk, reason=" ", by=manager, at=timezone.now())


def test_a_kept_decision_cannot_be_changed_or_deleted(account: CustomerAccount, adv: User) -> None:
    submitted(account, "100", by=adv)
    decision = CreditDecision.objects.get()
    decision.pk, decision.order_id = None, None
    decision.save(force_insert=True)
    with pytest.raises(InternalError), transaction.atomic():
        CreditDecision.objects.update(figures={})
    with pytest.raises(InternalError), transaction.atomic():
        CreditDecision.objects.filter(order_id=None).delete()
    assert CreditDecision.objects.update(outcome="paid") == 2


def test_the_journal_cannot_be_changed(account: CustomerAccount, manager: User) -> None:
    services.watch(account_id=account.pk, reason="Retards", by=manager, at=timezone.now())
    for sql in ("UPDATE shared_auditevent SET reason = ''", "DELETE FROM shared_auditevent"):
        with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert AuditEvent.objects.get(action="account.watched").reason == "Retards"


def test_one_open_limit_per_target_and_level(account: CustomerAccount, manager: User) -> None:
    give_limit(account, "1", decided_by=manager)
    with pytest.raises(IntegrityError, match="one_open_account_limit"), transaction.atomic():
        give_limit(account, "2", decided_by=manager)
    with pytest.raises(IntegrityError, match="limit_on_one_level"), transaction.atomic():
        CreditLimit.objects.filter(account=account).update(entity=account.entity)
    with pytest.raises(IntegrityError, match="limit_amount_fits_kind"), transaction.atomic():
        CreditLimit.objects.filter(account=account).update(amount=None)

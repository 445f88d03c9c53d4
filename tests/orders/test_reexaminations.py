"""What became of each held order that was looked at again is kept, and cannot be said otherwise."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Company
from orders import services
from orders.models import HoldCase, Reexamination, ReexaminedOrder
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


def test_released_kept_and_ready_are_told_apart_with_what_is_missing() -> None:
    company: Company = CompanyFactory(code="DEMO")
    account, adv = CustomerAccountFactory(company=company), make_user("adv_officer", company)
    give_limit(account, "1000")
    open_item(account, "900")
    at = timezone.now()
    old = submitted(account, "300", by=adv, at=at - timedelta(minutes=9))
    HoldCase.objects.filter(order=old).update(opened_at=at - timedelta(days=16))
    small = submitted(account, "500", by=adv, at=at - timedelta(minutes=3))
    large = submitted(account, "800", by=adv, at=at - timedelta(minutes=2))
    open_item(account, "-700", kind="PAYMENT")

    services.reexamine(account_id=account.pk, at=at)

    made = Reexamination.objects.get()
    assert (made.account_id, made.examined, made.released) == (account.pk, 3, 1)
    rows = {row.order_id: row for row in made.orders.all()}
    facts = {
        key: (row.result, row.room_before, row.room, row.missing_before, row.missing, row.reasons)
        for key, row in rows.items()
    }
    hundred, eight, three = Decimal("100.00"), Decimal("800.00"), Decimal("300.00")
    assert facts == {
        old.pk: ("reconfirm", hundred, eight, Decimal("200.00"), Decimal("0.00"), ["RECONFIRM"]),
        small.pk: ("released", hundred, eight, Decimal("400.00"), Decimal("0.00"), []),
        large.pk: ("kept", hundred, three, Decimal("700.00"), Decimal("500.00"), ["OVER_LIMIT"]),
    }


def test_an_examination_with_nothing_to_examine_is_kept_too() -> None:
    account = CustomerAccountFactory(company=CompanyFactory(code="DEMO"))
    assert services.reexamine(account_id=account.pk, at=timezone.now()) == {"examined": 0, "released": 0}
    assert Reexamination.objects.get().examined == 0


def test_the_database_refuses_what_cannot_be() -> None:
    company = CompanyFactory(code="DEMO")
    account, adv = CustomerAccountFactory(company=company), make_user("adv_officer", company)
    order, at = submitted(account, "10", by=adv), timezone.now()
    facts = {"account": account, "began_at": at, "ended_at": at, "seen": "1:1:", "examined": 1, "released": 0}
    with pytest.raises(IntegrityError, match="reexamination_releases_what_it_saw"), transaction.atomic():
        Reexamination.objects.create(**facts | {"released": 2})
    with pytest.raises(IntegrityError, match="reexamination_ends_after_it_began"), transaction.atomic():
        Reexamination.objects.create(**facts | {"ended_at": at - timedelta(seconds=1)})
    made = Reexamination.objects.create(**facts)
    row = {"reexamination": made, "order": order, "case": HoldCase.objects.get(), "currency": "EUR"}
    row |= {"missing_before": 1, "missing": 0}
    for result, reasons in (("released", ["OVER_LIMIT"]), ("kept", [])):
        with pytest.raises(IntegrityError, match="reexamined_kept_for_a_reason"), transaction.atomic():
            ReexaminedOrder.objects.create(**row, result=result, reasons=reasons)
    ReexaminedOrder.objects.create(**row, result="released")
    with pytest.raises(IntegrityError, match="reexamined_once"), transaction.atomic():
        ReexaminedOrder.objects.create(**row, result="kept", reasons=["OVER_LIMIT"])

"""Limits of single kinds of risk: the rule, the act, and orders that wait for them."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CustomerAccount, TeamMember, User
from credit.advice import Answer
from credit.enums import Finding
from credit.messages import message
from credit.models import PartLimit
from credit.part_limit_policy import Exceeded, exceeded
from credit.services.checks import check
from credit.services.part_limits import PartLimitOfBonus, PartLimitsUnchanged, set_part_limits
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from orders import services as orders
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import make_user
from tests.factories.orders import open_item, submitted

D = Decimal


@pytest.mark.parametrize(
    ("used", "limits", "order", "expected"),
    [
        ({}, {}, "100", ()),
        ({"open_orders": D(50)}, {"open_orders": D(150)}, "100", ()),
        (
            {"open_orders": D(50)},
            {"open_orders": D("149.99")},
            "100",
            (Exceeded("open_orders", D(150), D("149.99"), D("99.99")),),
        ),
        ({"overdue": D(50)}, {"overdue": D(50)}, "100", ()),
        (
            {"overdue": D("50.01")},
            {"overdue": D(50), "open_orders": D(500)},
            "100",
            (Exceeded("overdue", D("50.01"), D(50), D(0)),),
        ),
        # Nothing of it at all; the one that exceeds it most comes first.
        (
            {"delivered_not_invoiced": D(900), "open_orders": D(0)},
            {"open_orders": D(0), "delivered_not_invoiced": D(100)},
            "100",
            (
                Exceeded("delivered_not_invoiced", D(900), D(100), D(0)),
                Exceeded("open_orders", D(100), D(0), D(0)),
            ),
        ),
    ],
)
def test_what_is_beyond_its_own_limit(
    used: dict[str, Decimal], limits: dict[str, Decimal], order: str, expected: tuple[Exceeded, ...]
):
    assert exceeded(used, limits, D(order)) == expected


def limit(account: CustomerAccount, by: User, **amounts: str | None) -> tuple[PartLimit, ...]:
    given = {part: None if amount is None else D(amount) for part, amount in amounts.items()}
    return set_part_limits(account_id=account.pk, amounts=given, reason="Stocks", by=by, at=timezone.now())


@pytest.mark.django_db
class TestOrders:
    def test_an_order_waits_where_its_kind_is_beyond_its_limit(
        self, account: CustomerAccount, adv: User, manager: User
    ):
        limit(account, manager, open_orders="1000")
        first = submitted(account, "700", by=adv)
        assert shown_status(first) == "confirmed"
        result = check(account=account, amount=D(400), at=timezone.now(), by=adv)
        (found,) = result.found
        assert (found.code, found.article, found.figures["room"]) == (Finding.PART_LIMIT, "4.2", D(300))
        assert (found.figures["amount"], found.figures["excess"]) == (D(1100), D(100))
        second = submitted(account, "400", by=adv)
        assert shown_status(second) == "on_hold"
        # Raised, it goes by itself.
        limit(account, manager, open_orders="1100")
        work.drain()
        assert shown_status(Order.objects.get(pk=second.pk)) == "confirmed"

    def test_every_order_waits_while_another_kind_is_beyond_its_own(
        self, account: CustomerAccount, adv: User, manager: User
    ):
        today = paris_date(timezone.now())
        open_item(account, "90", due=today - timedelta(days=1))
        open_item(account, "500", due=today + timedelta(days=20))
        limit(account, manager, overdue="90", not_due="500")
        assert check(account=account, amount=D(10), at=timezone.now(), by=adv).found == ()
        limit(account, manager, overdue="89.99")
        (found,) = check(account=account, amount=D(10), at=timezone.now(), by=adv).found
        assert (found.figures["part"], found.figures["room"]) == ("overdue", D(0))
        limit(account, manager, not_due="0")
        (found,) = check(account=account, amount=D(10), at=timezone.now(), by=adv).found
        assert found.figures["part"] == "not_due"
        assert [each["part"] for each in found.figures["others"]] == ["overdue"]
        said = message(found.code, found.figures, currency="EUR", language="en")
        assert said.startswith("Invoices not due: €500.00, more than the €0.00")
        assert "Overdue: €90.00, more than the €89.99" in said
        ways = Answer(check(account=account, amount=D(10), at=timezone.now(), by=adv).as_contract()).ways()
        assert [way.icon for way in ways] == ["cash", "coins", "user-check"]

    def test_paid_in_advance_it_does_not_matter(self, account: CustomerAccount, adv: User, manager: User):
        limit(account, manager, open_orders="0")
        result = check(account=account, amount=D(10), at=timezone.now(), by=adv, term="PREPAID")
        assert {f.code for f in result.found} == {Finding.DEPOSIT_MISSING}

    def test_a_release_lets_it_through_and_is_void_once_it_is_worse(
        self, account: CustomerAccount, adv: User, manager: User
    ):
        limit(account, manager, open_orders="1000")
        order = submitted(account, "1200", by=adv)
        orders.release(order_id=order.pk, comment="Known site", by=manager, at=timezone.now())
        assert shown_status(Order.objects.get(pk=order.pk)) == "confirmed"

    def test_the_check_asks_no_more_for_it(self, account: CustomerAccount, adv: User, manager: User):
        def asked() -> int:
            with CaptureQueriesContext(connection) as sent:
                check(account=account, amount=D(10), at=timezone.now(), by=adv)
            return len(sent)

        asked()
        before = asked()
        limit(account, manager, open_orders="1000", overdue="10", not_due="20", delivered_not_invoiced="5")
        assert asked() == before


@pytest.mark.django_db
class TestAct:
    def test_each_change_is_a_row_and_stays(self, account: CustomerAccount, manager: User):
        (row,) = limit(account, manager, open_orders="1000", overdue=None)
        assert (row.part, row.amount) == ("open_orders", D(1000))
        with pytest.raises(PartLimitsUnchanged):
            limit(account, manager, open_orders="1000")
        rows = limit(account, manager, open_orders="800", overdue="5")
        assert [(each.part, each.amount) for each in rows] == [("open_orders", D(800)), ("overdue", D(5))]
        limit(account, manager, open_orders=None)
        kept = PartLimit.objects.filter(account=account, part="open_orders").order_by("pk")
        assert [(each.amount, each.effective_to is None) for each in kept] == [
            (D(1000), False),
            (D(800), False),
        ]
        acts = AuditEvent.objects.filter(action="credit.part_limits_set").order_by("pk")
        assert [(each.before, each.after) for each in acts][-1] == (
            {"open_orders": "800.00"},
            {"open_orders": None},
        )

    def test_only_credit_and_nobody_with_a_bonus(self, account: CustomerAccount, adv: User, manager: User):
        with pytest.raises(NotAllowed):
            limit(account, adv, open_orders="1000")
        with pytest.raises(NotFound):
            limit(account, make_user("credit_manager"), open_orders="1000")
        TeamMember.objects.create(
            account=account,
            user=manager,
            role="credit",
            valid_from=paris_date(timezone.now()),
            has_bonus=True,
        )
        with pytest.raises(PartLimitOfBonus):
            limit(account, manager, open_orders="1000")
        assert not PartLimit.objects.exists()

    @pytest.mark.parametrize(
        ("amounts", "reason", "field"),
        [
            ({"open_orders": D(-1)}, "x", "open_orders"),
            ({"disputed": D(1)}, "x", "disputed"),
            ({"overdue": D(1)}, " ", "reason"),
        ],
    )
    def test_what_is_wrong_is_said(
        self, account: CustomerAccount, manager: User, amounts: Any, reason: str, field: str
    ):
        with pytest.raises(Invalid) as refusal:
            set_part_limits(
                account_id=account.pk, amounts=amounts, reason=reason, by=manager, at=timezone.now()
            )
        assert field in refusal.value.errors
        assert not PartLimit.objects.exists()

    def test_what_must_never_be_false(self, account: CustomerAccount, manager: User):
        now = timezone.now()
        good: dict[str, Any] = {
            "account": account, "part": "overdue", "amount": 5, "effective_from": paris_date(now), "reason": "x",
            "set_by": manager, "set_at": now,
        }  # fmt: skip
        PartLimit.objects.create(**good)
        yesterday = paris_date(now) - timedelta(days=1)
        ended = {"ended_by": manager, "ended_at": now, "end_reason": "y"}
        for broken in (
            {},
            {"part": "disputed"},
            {"part": "not_due", "amount": -1},
            {"part": "not_due", "reason": ""},
            {"part": "not_due", "effective_to": yesterday, **ended},
            {"part": "not_due", "end_reason": "y"},
            {"part": "not_due", "effective_to": paris_date(now)},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                PartLimit.objects.create(**good | broken)


@pytest.mark.django_db
class TestScreens:
    def test_set_on_screen_and_seen_on_the_client_s_page(
        self, client: Client, account: CustomerAccount, manager: User, adv: User
    ):
        submitted(account, "700", by=adv)
        manager.language = "en"
        manager.save(update_fields=["language"])
        client.force_login(manager)
        address = f"/credit/clients/{account.code}/part-limits/"
        assert "700.00" in client.get(address).content.decode()
        wrong = client.post(address, {"open_orders": "-5", "reason": ""})
        assert wrong.status_code == 422
        assert client.post(address, {"open_orders": "600", "reason": "Stocks"}).status_code == 302
        page = re.sub(r"\s+", " ", client.get(f"/clients/{account.code}/").content.decode())
        assert "beyond its limit" in page
        assert "€700.00 of €600 at most" in page
        assert 'value="600' in client.get(address).content.decode()
        assert client.post(address, {"open_orders": "600", "reason": "Stocks"}).status_code == 422
        client.force_login(adv)
        assert client.get(address).status_code == 403
        assert "part-limits" not in client.get(f"/clients/{account.code}/").content.decode()

    def test_by_api(self, client: Client, account: CustomerAccount, manager: User, adv: User):
        client.force_login(manager)
        address = f"/api/v1/accounts/{account.code}/part-limits/"
        assert client.get(address).json() == []
        body = {"open_orders": "1000.00", "overdue": None, "reason": "Stocks"}
        made = client.post(address, body, content_type="application/json")
        assert made.status_code == 200
        assert [(row["part"], row["amount"], row["used"]) for row in made.json()] == [
            ("open_orders", "1000.00", "0.00")
        ]
        assert client.get(address).json() == made.json()
        wrong = client.post(address, {"overdue": "-1.00", "reason": "x"}, content_type="application/json")
        assert wrong.status_code == 400
        client.force_login(adv)
        assert client.post(address, body, content_type="application/json").status_code == 403

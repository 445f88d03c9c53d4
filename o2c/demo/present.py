"""What is going on today: limits, orders under way, orders on hold, requests, money not matched yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from accounts.models import Company, CustomerAccount, User
from credit import services as credit
from credit.enums import Level
from credit.models import CreditLimit
from credit.queries import exposure_of
from invoicing import services as invoicing
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Refusal
from orders import services as orders
from orders.models import Order
from orders.queries import shown_status

from .articles import ARTICLES
from .clients import EXPORT, PLAIN

NO_LIMIT_YET, EXPIRED = 112, 113
# The clients whose limits go through requests and acts; those of the others are stored together.
THOROUGH = 120
OVER, BLOCKED, BY_HAND = (12, 15, 23, 31, 42), 37, 52


class Story:
    """Makes the present step by step; every step is an act like any user's."""

    def __init__(
        self,
        company: Company,
        accounts: Sequence[CustomerAccount],
        team: dict[str, User],
        *,
        at: datetime,
        random: Random,
    ) -> None:
        self.company, self.accounts, self.team = company, accounts, team
        self.at, self.today, self.random = at, paris_date(at), random

    def client(self, number: int) -> CustomerAccount:
        """The client with this number."""
        return self.accounts[number - 1]

    def limits(self) -> None:
        """A base limit for nearly everybody, decided some months ago; some raised or lowered since.

        The first hundred and twenty through requests and their approval, the others as decisions of their day.
        """
        quick: list[CreditLimit] = []
        for number, account in enumerate(self.accounts, start=1):
            if number == NO_LIMIT_YET:
                continue
            net = exposure_of(account, on=self.today).net
            amount = self._round(max(net * Decimal("1.6"), Decimal(12000)))
            if number <= PLAIN:
                amount = max(amount, Decimal(25000))
            if number in OVER:
                amount = self._round(net * Decimal("1.05"))
            decided = self.at - timedelta(days=self.random.randint(60, 200))
            if number % 9 == 0 and number <= THOROUGH:
                self._decide(account, self._round(amount * Decimal("1.3")), decided - timedelta(days=200))
            until = self.today - timedelta(days=7) if number == EXPIRED else None
            if number > THOROUGH:
                quick.append(self._limit(account, amount, decided))
                continue
            self._decide(account, amount, decided, until=until)
        CreditLimit.objects.bulk_create(quick)
        self._decide(self.client(42), Decimal(90000), self.at - timedelta(days=90), level="entity")
        self._decide(self.client(42), Decimal(150000), self.at - timedelta(days=90), level="group")
        self._decide(self.client(70), Decimal(120000), self.at - timedelta(days=30), level="group")

    def orders_under_way(self) -> None:
        """Orders of the last weeks: confirmed, some delivered, some invoiced, some released with a reason."""
        for number in (*range(PLAIN + 1, THOROUGH + 1, 2), *range(THOROUGH + 1, len(self.accounts) + 1, 7)):
            if number in (BLOCKED, NO_LIMIT_YET, EXPIRED, *OVER, *EXPORT):
                continue
            when = self.at - timedelta(days=self.random.randint(2, 45), hours=self.random.randint(0, 6))
            order = self.order(self.client(number), self.random.randint(2, 9), when)
            held = shown_status(order) == "on_hold"
            if held:
                orders.release(
                    order_id=order.pk,
                    comment="Client suivi depuis longtemps, règlement annoncé par téléphone.",
                    by=self.team["credit"] if self.random.random() < 0.7 else self.team["finance"],
                    at=when + timedelta(hours=2),
                )
            self._fulfil(order, when, surely=held)

    def export_orders(self) -> None:
        """Two clients abroad, each with an order in its own currency: exposure counts it at the rate of the day."""
        for number in EXPORT:
            order = self.order(self.client(number), 4, self.at - timedelta(days=6))
            self.attempt(lambda key=order.pk: orders.deliver(order_id=key, by=self.team["adv"], at=self.at))

    def holds_today(self) -> None:
        """The queue of this morning: each reason is there at least once."""
        credit.block(
            account_id=self.client(BLOCKED).pk,
            reason="Impayés répétés, échéancier en discussion.",
            review_on=self.today + timedelta(days=14),
            by=self.team["credit"],
            at=self.at - timedelta(days=3),
        )
        hours = iter((5.5, 4.2, 3.4, 2.8, 2.1, 1.5, 0.9, 0.5, 0.2))
        for number in (*OVER, BLOCKED, NO_LIMIT_YET, EXPIRED):
            self.order(
                self.client(number), self.random.randint(6, 14), self.at - timedelta(hours=next(hours))
            )
        order = self.order(self.client(BY_HAND), 2, self.at - timedelta(hours=next(hours)))
        self.attempt(
            lambda: orders.hold(
                order_id=order.pk,
                comment="Adresse de livraison à confirmer avec le chantier.",
                by=self.team["adv"],
                at=self.at - timedelta(minutes=10),
            )
        )

    def requests_and_watches(self) -> None:
        """Limit requests that wait for a decision, and clients under watch."""
        wishes = (
            (15, 40000, "Deux chantiers publics signés pour le printemps."),
            (31, 120000, "Volume doublé depuis un an."),
        )
        for number, amount, reason in wishes:
            credit.create_limit_request(
                account=self.client(number),
                amount=Decimal(amount),
                kind="base",
                reason=reason,
                by=self.team["sales"] if number % 2 else self.team["sales2"],
                at=self.at - timedelta(days=1),
                submit=True,
            )
        credit.create_limit_request(
            account=self.client(23),
            amount=Decimal(8000),
            kind="temporary",
            valid_until=self.today + timedelta(days=40),
            reason="Encadrée : chantier de la médiathèque, acompte promis.",
            by=self.team["adv"],
            at=self.at - timedelta(hours=3),
            submit=True,
        )
        for number in (12, 42, 66):
            credit.watch(
                account_id=self.client(number).pk,
                reason="Retards en hausse depuis trois mois.",
                review_on=self.today + timedelta(days=30),
                by=self.team["credit"],
                at=self.at - timedelta(days=20),
            )

    def money_not_matched(self) -> None:
        """Transfers of the last days that nobody has matched yet."""
        for position, number in enumerate((14, 18, 26, 35, 47, 58), start=1):
            account = self.client(number)
            item = account.items.filter(open_amount__gt=100, amount__gt=0).order_by("due_date").first()
            amount = (
                item.open_amount
                if item is not None and position % 2
                else Decimal(self.random.randint(900, 4000))
            )
            invoicing.record_payment(
                company=self.company,
                external_id=f"VIR-{self.today:%y%m%d}-{position:03d}",
                account=account,
                received_on=self.today - timedelta(days=position % 4),
                amount=amount,
                currency=account.currency,
                method="transfer",
                reference=f"VIR {account.name.upper()} {item.document if item and position % 2 else ''}".strip(),
                payer_name=account.name,
                by=self.team["accountant"],
                at=self.at,
            )

    def order(self, account: CustomerAccount, count: int, when: datetime) -> Order:
        """Enter and submit an order of a few lines."""
        lines = [
            orders.LineInput(sku, label, Decimal(self.random.randint(1, count)), Decimal(price))
            for sku, label, price in self.random.sample(ARTICLES, 3)
        ]
        entered = orders.create_order(
            company=self.company,
            account=account,
            lines=lines,
            order_date=paris_date(when),
            requested_delivery=paris_date(when) + timedelta(days=self.random.randint(5, 15)),
            customer_reference=f"BC {self.random.randint(10000, 99999)}",
            by=self.team["adv"],
            at=when,
        )
        return orders.submit(order_id=entered.pk, by=self.team["adv"], at=when + timedelta(minutes=4))

    def _fulfil(self, order: Order, when: datetime, *, surely: bool) -> None:
        later = min(when + timedelta(days=self.random.randint(1, 9)), self.at - timedelta(hours=1))
        if not surely and self.random.random() < 0.4:
            return
        delivered = self.attempt(lambda: orders.deliver(order_id=order.pk, by=self.team["adv"], at=later))
        if delivered and self.random.random() < 0.6:
            self.attempt(
                lambda: invoicing.issue_from_order(order_id=order.pk, by=self.team["adv"], at=self.at)
            )

    def attempt(self, act: object) -> bool:
        """An act that the rules may refuse on these figures: then history simply went otherwise."""
        try:
            act()  # type: ignore[operator]
        except Refusal:
            return False
        return True

    def _decide(
        self,
        account: CustomerAccount,
        amount: Decimal,
        when: datetime,
        *,
        level: str = "account",
        until: object = None,
    ) -> None:
        request = credit.create_limit_request(
            account=account,
            level=level,
            amount=amount,
            kind="base",
            reason="Revue annuelle",
            valid_from=paris_date(when),
            valid_until=until,  # type: ignore[arg-type]
            by=self.team["sales"],
            at=when,
            submit=True,
        )
        by = self.team["credit"] if amount <= 150000 else self.team["director"]
        # Above level 3 sales countersigns.
        for approver in (by, self.team["salesmanager"])[: 1 if amount <= 150000 else 2]:
            credit.approve_limit_request(
                request_id=request.pk,
                reason="Comportement de paiement et volume",
                by=approver,
                at=when + timedelta(hours=5),
            )

    def _limit(self, account: CustomerAccount, amount: Decimal, decided: datetime) -> CreditLimit:
        day = paris_date(decided)
        return CreditLimit(
            level=Level.ACCOUNT,
            account=account,
            amount=amount,
            currency=self.company.currency,
            valid_from=day,
            valid_until=day + timedelta(days=365),
            reason="Comportement de paiement et volume",
            decided_by=self.team["credit"] if amount <= 150000 else self.team["director"],
            decided_at=decided,
        )

    @staticmethod
    def _round(amount: Decimal) -> Decimal:
        return max(Decimal(1000), (amount / 1000).quantize(Decimal(1)) * 1000)

"""Quotations, papers of clients and override requests of the demonstration company, made by the acts themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from accounts.models import Company, CustomerAccount, User
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Refusal
from orders import services as orders
from orders.models import HoldCase, Order, Quotation
from orders.services.quotations import expire_quotations

from .articles import ARTICLES

# Clients with offers, and what became of each.
OFFERS = (
    (13, "ORDERED", 26), (17, "SENT", 4), (19, "REFUSED", 31), (21, "SENT", 9), (25, "ACCEPTED", 6),
    (29, "EXPIRED", 48), (33, "DRAFT", 1), (34, "SENT", 2), (39, "ORDERED", 17), (41, "REFUSED", 22),
    (49, "EXPIRED", 55), (53, "ACCEPTED", 3), (57, "DRAFT", 0), (62, "SENT", 12), (67, "ORDERED", 40),
    (74, "SENT", 7), (81, "DRAFT", 1), (88, "ACCEPTED", 10),
)  # fmt: skip
REFUSALS = ("Un concurrent était 6 % moins cher.", "Chantier reporté au printemps.", "Délai trop long.")


class Papers:
    """Makes offers and papers step by step, each by an act like any user's."""

    def __init__(
        self,
        company: Company,
        accounts: list[CustomerAccount],
        team: dict[str, User],
        *,
        at: datetime,
        random: Random,
    ) -> None:
        self.company, self.accounts, self.team = company, accounts, team
        self.at, self.random = at, random

    def quotations(self) -> None:
        """Offers in every state; those of long ago have run out by themselves."""
        for place, (number, became, days_ago) in enumerate(OFFERS):
            when = self.at - timedelta(days=days_ago, hours=2)
            quotation = self._offer(self.accounts[number - 1], when)
            if became == "DRAFT":
                continue
            by = self.team["sales"]
            orders.send_quotation(quotation_id=quotation.pk, by=by, at=when + timedelta(minutes=20))
            later = min(when + timedelta(days=2), self.at)
            if became == "REFUSED":
                reason = REFUSALS[place % len(REFUSALS)]
                orders.refuse_quotation(quotation_id=quotation.pk, reason=reason, by=by, at=later)
            elif became in ("ACCEPTED", "ORDERED"):
                orders.accept_quotation(quotation_id=quotation.pk, by=by, at=later)
            if became == "ORDERED":
                orders.make_order(quotation_id=quotation.pk, by=self.team["adv"], at=later)
        expire_quotations(at=self.at)

    def their_papers(self) -> None:
        """Evidence of confirmed orders, a purchase order that agrees, and one that differs and holds its order."""
        adv = self.team["adv"]
        confirmed = list(self._confirmed()[:6])
        for order in confirmed:
            orders.add_evidence(
                order_id=order.pk,
                channel="email",
                reference=order.customer_reference or f"BC {order.pk}",
                dated_on=order.order_date,
                by=adv,
                at=self.at - timedelta(hours=7),
            )
        for place, order in enumerate(confirmed[:3]):
            self._purchase_order(order, differs=place == 0)
        for order in confirmed[3:5]:
            self._try_start(order)

    def override_requests(self) -> None:
        """What ADV and sales ask of credit this morning."""
        held = (
            HoldCase.objects.filter(
                closed_at=None, order__company=self.company, holds__reason="OVER_LIMIT", holds__lifted_at=None
            )
            .order_by("opened_at")
            .distinct()[:3]
        )
        reasons = (
            "Chantier public signé, livraison bloquante lundi.",
            "Client fidèle, virement annoncé pour vendredi.",
            "Production déjà lancée, marge de 31 %.",
        )
        for case, reason in zip(held, reasons, strict=False):
            orders.request_override(
                order_id=case.order_id,
                reason=reason,
                by=self.team["salesmanager"],
                at=self.at - timedelta(minutes=25),
            )
        for case in held[:1]:
            self._exchange(case.order_id)

    def _exchange(self, order_id: int) -> None:
        """What sales and credit wrote about the first of them."""
        said = (
            ("salesmanager", "Le client attend la livraison lundi : que faut-il pour qu’elle parte ?"),
            ("analyst", "Un acompte de 30 % suffirait. Peut-il le virer demain ?"),
            ("salesmanager", "Oui, il envoie l’ordre de virement ce soir."),
        )
        for minutes, (who, text) in zip((20, 12, 5), said, strict=True):
            orders.write_message(
                order_id=order_id, text=text, by=self.team[who], at=self.at - timedelta(minutes=minutes)
            )

    def _offer(self, account: CustomerAccount, when: datetime) -> Quotation:
        lines = [
            orders.LineInput(sku, label, Decimal(self.random.randint(2, 9)), Decimal(price))
            for sku, label, price in self.random.sample(ARTICLES, self.random.randint(1, 4))
        ]
        return orders.create_quotation(
            company=self.company,
            account=account,
            lines=lines,
            requested_delivery=paris_date(when) + timedelta(days=self.random.randint(20, 45)),
            customer_reference=f"DDP {self.random.randint(1000, 9999)}",
            by=self.team["sales"],
            at=when,
        )

    def _confirmed(self) -> list[Order]:
        found = Order.objects.filter(
            company=self.company, state="CONFIRMED", is_open=True, is_started=False
        ).exclude(cases__closed_at=None, cases__isnull=False)
        return list(found.order_by("created_at", "pk"))

    def _purchase_order(self, order: Order, *, differs: bool) -> None:
        lines = [
            orders.PurchaseOrderLineInput(
                quantity=line.quantity + (1 if differs and place == 0 else 0),
                unit_price=line.unit_price,
                sku=line.sku,
                description=line.description,
            )
            for place, line in enumerate(order.lines.all())
        ]
        orders.record_purchase_order(
            order_id=order.pk,
            number=order.customer_reference or f"BC {order.pk}",
            dated_on=order.order_date,
            lines=lines,
            by=self.team["adv"],
            at=self.at - timedelta(hours=1),
        )

    def _try_start(self, order: Order) -> None:
        try:
            orders.start_production(order_id=order.pk, by=self.team["adv"], at=self.at - timedelta(hours=3))
        except Refusal:
            return  # the check at this step holds it: then it did not start

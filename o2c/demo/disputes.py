"""Disputes of the demonstration company in many states, and its committee: a sitting held, one next Tuesday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import F

from accounts.models import Company, CustomerAccount, User
from disputes import services
from disputes.enums import Department, DisputeOrigin, DisputeOutcome, DisputeType
from disputes.models import Dispute
from disputes.policy import DEFAULTS
from disputes.services import committee
from invoicing.models import DisputedAmount, ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.money import round_cents

_TUESDAY: Final = 1
_AT_ONCE: Final = 500
_T = DisputeType
# What the client says, its type, how it reached us, how many days ago, and how far it has come.
_CASES: Final = (
    ("Il manque deux palettes sur le bon du transporteur.", _T.QUANTITY, DisputeOrigin.CALL, 1, "open"),
    ("Remise de 5 % convenue et non appliquée.", _T.PRICE, DisputeOrigin.SALESPERSON, 1, "open"),
    ("Numéro de commande absent de la facture.", _T.MISSING_PO, DisputeOrigin.MAIL, 2, "open"),
    ("Quatorze panneaux sur quarante de teinte non conforme.", _T.QUALITY, DisputeOrigin.MAIL, 26, "proposed"),
    ("Livraison avec huit jours de retard, chantier arrêté.", _T.DELIVERY, DisputeOrigin.CALL, 9, "qualified"),
    ("Casse à la livraison, réserves sur le bon.", _T.DAMAGED, DisputeOrigin.MAIL, 6, "accepted"),
    ("Facture reçue deux fois.", _T.DUPLICATE, DisputeOrigin.CALL, 5, "accepted"),
    ("Taux de TVA contesté sur la pose.", _T.VAT_ADMIN, DisputeOrigin.MAIL, 7, "waits_client"),
    ("Bon de livraison signé demandé.", _T.MISSING_DOCUMENT, DisputeOrigin.MAIL, 4, "waits_internal"),
    ("Pénalités logistiques déduites.", _T.DEDUCTION, DisputeOrigin.CALL, 19, "proposed"),
    ("Prix du tarif de septembre au lieu de celui du contrat.", _T.PRICE, DisputeOrigin.SALESPERSON, 14, "proposed"),
    ("Escompte refusé à tort selon le client.", _T.TERMS, DisputeOrigin.CALL, 12, "rejected"),
    ("Douze cartons comptés, treize facturés.", _T.QUANTITY, DisputeOrigin.CALL, 18, "credited"),
    ("Client déçu du suivi, fidèle depuis dix ans.", _T.COMMERCIAL_OTHER, DisputeOrigin.SALESPERSON, 21, "goodwill"),
    ("Total de la facture illisible chez le client.", _T.CALCULATION, DisputeOrigin.MAIL, 11, "withdrawn"),
    ("Preuve de livraison contestée.", _T.DELIVERY, DisputeOrigin.CALL, 35, "reopened"),
)  # fmt: skip


def make_disputes(
    company: Company, accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime
) -> None:
    """Give what is disputed already its cases, open others at their time, and hold the committee."""
    owners = {
        Department.SALES: team["salesmanager"], Department.LEGAL: team["salesmanager"],
        Department.LOGISTICS: team["logistics"], Department.QUALITY: team["logistics"],
        Department.ADV: team["adv"], Department.INVOICING: team["accountant"], Department.CREDIT: team["credit"],
    }  # fmt: skip
    _adopt(company, owners, team, at)
    items = _contestable(accounts, paris_date(at))
    made = []
    for case, item in zip(_CASES, items, strict=False):
        made.append(_case(case, item, owners, team, at))
    _committee(company, made, owners, team, at)


def _adopt(company: Company, owners: dict[Department, User], team: dict[str, User], at: datetime) -> None:
    """Cases of what was disputed already: most with an owner and a date, some waiting to be qualified."""
    rows = DisputedAmount.objects.filter(item__company=company, effective_to=None, dispute_line=None)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _AT_ONCE):
        services.adopt(work=None, row_ids=keys[start : start + _AT_ONCE])
    kinds = (_T.PRICE, _T.QUANTITY, _T.DELIVERY, _T.QUALITY, _T.MISSING_PO, _T.VAT_ADMIN, _T.TERMS)
    found = Dispute.objects.filter(company=company).order_by("pk")
    for place, dispute in enumerate(found):
        if place % 6 == 0:
            continue
        kind = kinds[place % len(kinds)]
        services.qualify(
            dispute_id=dispute.pk, type=kind, owner=owners[DEFAULTS[kind][0]], by=team["adv"], at=at,
            agreed_due_on=paris_date(at) + timedelta(days=place % 17 - 2),
        )  # fmt: skip


def _contestable(accounts: Sequence[CustomerAccount], today: date) -> list[ReceivableItem]:
    """An open invoice of each of some clients, undisputed, none of those that tests and tours sell to."""
    rows = (
        ReceivableItem.objects.filter(
            account__in=accounts[24:], kind="INVOICE", open_amount__gt=300, currency="EUR"
        )
        .filter(open_amount=F("amount"), issue_date__lt=today - timedelta(days=36), disputed_amounts=None)
        .order_by("account_id", "due_date", "pk")
        .distinct("account_id")
    )
    return list(rows.select_related("account")[: len(_CASES)])


def _case(
    case: tuple[str, DisputeType, DisputeOrigin, int, str],
    item: ReceivableItem,
    owners: dict[Department, User],
    team: dict[str, User],
    at: datetime,
) -> Dispute:
    said, kind, origin, days, state = case
    opened = at - timedelta(days=days)
    part = item.open_amount if days % 2 else round_cents(item.open_amount * Decimal("0.4"))
    made = services.open_dispute(
        contested=[services.Contested(item_id=item.pk, amount=part)],
        type=kind, origin=origin, comment=said, by=team["adv"], at=opened,
    )  # fmt: skip
    if state == "open":
        return made
    key, owner = made.pk, owners[Department(made.department)]
    services.qualify(dispute_id=key, owner=owner, by=team["adv"], at=opened + timedelta(hours=4))
    services.comment_on(
        dispute_id=key, text="Reçu, nous vérifions et revenons vers vous.", answers_client=True, by=team["adv"],
        at=opened + timedelta(hours=5 if days % 3 else 80),
    )  # fmt: skip
    if state == "qualified":
        return made
    later = min(opened + timedelta(days=1), at)
    services.accept(dispute_id=key, by=owner, at=later)
    match state:
        case "waits_client":
            services.wait(dispute_id=key, for_client=True, comment="Attestation de TVA", by=owner, at=later)
        case "waits_internal":
            services.wait(dispute_id=key, for_client=False, comment="Transporteur", by=owner, at=later)
        case "proposed":
            services.propose(
                dispute_id=key, proposal="Avoir partiel, le client garde la marchandise.", by=owner, at=later
            )
        case "rejected" | "reopened":
            services.reject(
                dispute_id=key, reason="Preuve signée envoyée au client.", root_cause="CUSTOMER_PROCESS",
                by=team["credit"], at=later,
            )  # fmt: skip
        case "credited" | "goodwill":
            outcome = DisputeOutcome.CREDIT_NOTE if state == "credited" else DisputeOutcome.GOODWILL
            services.resolve(
                dispute_id=key, outcome=outcome, amount=min(part, Decimal(120)), reason="Vérifié au dépôt.",
                root_cause="PICKING.QUANTITY" if state == "credited" else "CUSTOMER_PROCESS",
                by=team["credit"], at=at,
            )  # fmt: skip
        case "withdrawn":
            services.withdraw(dispute_id=key, reason="Facture relue par le client.", by=team["adv"], at=later)
    if state == "reopened":
        services.reopen(
            dispute_id=key, reason="La signature n’est pas celle du client.", by=team["adv"], at=at
        )
    return made


def _committee(
    company: Company,
    cases: Sequence[Dispute],
    owners: dict[Department, User],
    team: dict[str, User],
    at: datetime,
) -> None:
    lead, today = team["advlead"], paris_date(at)
    ahead = (_TUESDAY - today.weekday()) % 7 or 7
    coming, last = today + timedelta(days=ahead), today + timedelta(days=ahead - 7)
    then = at - (today - last)
    members = [
        (lead, Department.ADV), (team["credit"], Department.CREDIT), (team["salesmanager"], Department.SALES),
        (team["logistics"], Department.LOGISTICS), (team["accountant"], Department.INVOICING),
    ]  # fmt: skip
    committee.set_members(company=company, members=members, chair=lead, by=lead, at=then - timedelta(days=30))
    committee.plan(company=company, held_on=coming, by=lead, at=at)
    if last == today:
        return
    held = committee.plan(company=company, held_on=last, by=lead, at=then)
    present = [user.pk for user, _department in members[:4]]
    committee.attend(committee_id=held.pk, present=present, by=lead, at=then)
    old = next((each for each, case in zip(cases, _CASES, strict=False) if case[4] == "proposed"), None)
    if old is not None:
        committee.decide(
            committee_id=held.pk, dispute_id=old.pk,
            decision="Enlever les panneaux non conformes, relivrer dans la bonne teinte.",
            action="Organiser l’enlèvement avec le transporteur.", owner=owners[Department(old.department)],
            agreed_resolution_on=today - timedelta(days=1), accepted_by=["CREDIT", "SALES", "LOGISTICS"],
            by=lead, at=then,
        )  # fmt: skip
    committee.close(committee_id=held.pk, by=lead, at=then)

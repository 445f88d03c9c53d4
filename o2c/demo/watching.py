"""The company's credit insurance with covers of some buyers, guarantees, and the alerts that the figures of the day
raise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.models import Company, CustomerAccount, User
from credit import standing
from credit.alerts import services as alerts
from credit.enums import AlertOutcome, CoverStatus, LegalNoticeKind, Level
from credit.models import CreditAlert, CreditStanding
from credit.services.cover import CoverRow, record_covers
from credit.services.guarantees import confirm_guarantee, record_guarantee
from credit.services.insurance import set_policy
from credit.services.legal import NoticeRow, record_notices
from invoicing.claims import queries as claims
from invoicing.claims.policy import against
from invoicing.claims.services import declare, indemnify, leave_recovery, open_claim
from invoicing.models import InsuranceClaim
from o2c.shared.files import received
from o2c.shared.money import round_cents

from .clients import PLAIN
from .factor import sell_some

_SHARE = Decimal(90)
_COVERS = 12


def insure_and_watch(
    company: Company, accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime, today: date
) -> None:
    """Enter policy and covers, compute the figures that lists and alerts rest on, look, and answer two alerts."""
    set_policy(
        company=company,
        insurer="Assurance-crédit de démonstration",
        number="AC-2024-117",
        valid_from=date(today.year - 1, 1, 1),
        by=team["finance"],
        at=at,
        # Far enough that no order of the demonstration is held for it.
        extension_days=180,
        blind_limit=Decimal(5000),
        aggregate_cap=Decimal(60_000),
    )
    keys = [account.pk for account in accounts]
    standing.refresh(keys, at=at, day=today)
    standing.refresh_levels(sorted({account.entity_id for account in accounts}), at=at, day=today)
    largest = CreditStanding.objects.filter(level=Level.ACCOUNT, target_id__in=keys).order_by("-net_exposure")
    by_key = {account.pk: account for account in accounts}
    insured = [by_key[row.target_id] for row in largest[: 2 * _COVERS] if by_key[row.target_id].entity.siren]
    words = (CoverStatus.ACTIVE, CoverStatus.ACTIVE, CoverStatus.PARTIAL, CoverStatus.REDUCED)
    record_covers(
        company=company,
        rows=[
            CoverRow(
                siren=account.entity.siren or "",
                amount=Decimal(10000 * (1 + place % 5)),
                insured_pct=_SHARE,
                status=words[place % len(words)],
                effective_on=today - timedelta(days=12 if place % len(words) == len(words) - 1 else 200),
            )
            for place, account in enumerate({one.entity_id: one for one in insured}.values())
        ][:_COVERS],
        by=team["integration"],
        at=at,
    )
    _secure(
        [by_key[row.target_id] for row in largest[2 * _COVERS : 2 * _COVERS + 4]], team, at=at, today=today
    )
    sell_some([by_key[row.target_id] for row in largest[:_COVERS]], team, at=at, today=today)
    _claim(insured, team, at=at, today=today)
    standing.refresh(keys, at=at, day=today)
    _publish(accounts[PLAIN + 20], team, at=at, today=today)
    alerts.look(keys, on=today, at=at)
    for alert in CreditAlert.objects.filter(account__in=keys, kind="UTILISATION").order_by("pk")[:2]:
        alerts.answer(
            alert_id=alert.pk,
            outcome=AlertOutcome.CLIENT_CALLED,
            comment="Règlement annoncé pour la fin du mois.",
            by=team["credit"],
            at=at,
        )


def _secure(accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime, today: date) -> None:
    """A bank guarantee that ends soon, a pledge, a retained deposit, and one that waits to be confirmed."""
    terms = (
        ("BANK", "Banque du Val de Loire", 25_000, 100, 25),
        ("PLEDGE", "Nantissement de fonds de commerce", 40_000, 60, 700),
        ("RETAINED", "Retenue de garantie", 5_000, 100, None),
        ("BANK", "Caisse des Entrepreneurs", 15_000, 100, 365),
    )
    for place, (account, (kind, guarantor, amount, share, days)) in enumerate(
        zip(accounts, terms, strict=False)
    ):
        reference = f"GAR-{today.year}-{place + 1:02d}"
        letter = f"From: garanties@banque.example\nSubject: {reference}\n\n{guarantor} : {amount} EUR.\n"
        row = record_guarantee(
            account_id=account.pk,
            level="entity" if kind == "PLEDGE" else "account",
            kind=kind,
            guarantor=guarantor,
            reference=reference,
            amount=Decimal(amount),
            currency="EUR",
            haircut_pct=Decimal(share),
            valid_from=today - timedelta(days=90),
            valid_until=None if days is None else today + timedelta(days=days),
            document=received(f"{reference}.eml", letter.encode()),
            by=team["analyst"],
            at=at,
        )
        if place < 3:
            confirm_guarantee(guarantee_id=row.pk, by=team["credit"], at=at)


def _claim(accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime, today: date) -> None:
    """Two claim files with the insurer: one it recovers and has paid a part of, one it was told of three days ago."""
    told = (today - timedelta(days=40), today - timedelta(days=3))
    files: list[InsuranceClaim] = []
    for account in accounts:
        if len(files) == len(told):
            return
        day, by = told[len(files)], team["credit"]
        items = [
            row.item_id
            for row in claims.claimable_items(by, account, on=today)
            if against(row, on=today) is None and row.due_date < day
        ]
        if not items:
            continue
        made = open_claim(item_ids=items, told_on=day, note="Sans réponse depuis deux mois.", by=by, at=at)
        files.append(made)
        if len(files) > 1:
            continue
        declare(claim_id=made.pk, on=day + timedelta(days=5), reference="SIN-2026-4471", by=by, at=at)
        leave_recovery(
            claim_id=made.pk, on=day + timedelta(days=8), words="Service recouvrement", by=by, at=at
        )
        indemnify(
            claim_id=made.pk, amount=round_cents(made.expected / 2), on=today - timedelta(days=2),
            words="Acompte sur indemnité", by=by, at=at,
        )  # fmt: skip


def _publish(account: CustomerAccount, team: dict[str, User], *, at: datetime, today: date) -> None:
    """The receivership of a client, as the gazette of last week says."""
    record_notices(
        company=account.company,
        rows=[
            NoticeRow(
                siren=account.entity.siren or "",
                kind=LegalNoticeKind.RECEIVERSHIP,
                judgement_on=today - timedelta(days=16),
                published_on=today - timedelta(days=7),
                reference=f"A{today.year}0{today - timedelta(days=7):%j}1147",
            )
        ],
        by=team["integration"],
        at=at,
    )

"""What others publish: exchange rates, the cover of the credit insurer, the word of the factor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.identifiers import check_siren
from accounts.services import RateRow, record_rates
from credit.enums import CoverStatus, FactorWord
from credit.factoring.approvals import ApprovalRow, record_approvals
from credit.services.cover import CoverRow, record_covers

from .base import (
    CheckedWidget,
    ChoiceWidget,
    CurrencyWidget,
    DayWidget,
    Entry,
    ImportField,
    KindResource,
    NumberWidget,
    Outcome,
    Progress,
)


class RateResource(KindResource):
    """One line is the rate of one currency on one day."""

    kind = "rates"

    date = ImportField(DayWidget(), _("Date"), "jour", "day", required=True, sample="2026-11-24")
    currency = ImportField(CurrencyWidget(), _("Currency"), "devise", "monnaie", required=True, sample="USD")
    units_per_eur = ImportField(
        NumberWidget(8, figures=18), _("Units for one euro"), "cours", "taux", "taux de change", "rate",
        "exchange rate", required=True, sample="1,0845",
    )  # fmt: skip

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """One line is one rate."""
        return Entry((line,), RateRow(values["currency"], values["date"], values["units_per_eur"]))

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Store them together."""
        rows = [entry.value for entry in entries]
        return record_rates(company=self.company, rows=rows, by=self.by, at=at, only_ask=only_ask)


class CoverResource(KindResource):
    """One line is what the insurer covers of one buyer from a day on."""

    kind = "cover"

    siren = ImportField(
        CheckedWidget(check_siren),
        "SIREN",
        "n° siren",
        "buyer",
        "acheteur",
        required=True,
        sample="732829320",
    )
    amount = ImportField(
        NumberWidget(2, least="0"), pgettext_lazy("cover", "Amount covered"), "montant", "montant garanti", "amount",
        "garantie", required=True, sample="50 000,00",
    )  # fmt: skip
    insured_pct = ImportField(
        NumberWidget(2, figures=5, least="0", most="100"), _("Insured, in percent"), "quotité",
        "quotité garantie", "pourcentage", "insured", required=True, sample="90",
    )  # fmt: skip
    status = ImportField(
        ChoiceWidget(
            CoverStatus.values,
            {
                "demandé": "REQUESTED", "accordé": "ACTIVE", "actif": "ACTIVE", "partiel": "PARTIAL",
                "accordé partiellement": "PARTIAL", "refusé": "REFUSED", "réduit": "REDUCED",
                "annulé": "CANCELLED", "résilié": "CANCELLED", "expiré": "EXPIRED",
            },
        ),
        _("Status"), "statut", "état", "décision", "status", required=True, sample="ACTIVE",
    )  # fmt: skip
    effective_on = ImportField(
        DayWidget(), _("Effective on"), "date d'effet", "effet", "à compter du", "effective date", required=True,
        sample="01/11/2026",
    )  # fmt: skip
    valid_until = ImportField(
        DayWidget(), _("Valid until"), "date de fin", "fin de validité", "échéance", "valid until",
        sample="31/10/2027",
    )  # fmt: skip

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """One line is one cover."""
        row = CoverRow(
            siren=values["siren"],
            amount=values["amount"],
            insured_pct=values["insured_pct"],
            status=CoverStatus(values["status"]),
            effective_on=values["effective_on"],
            valid_until=values.get("valid_until"),
        )
        return Entry((line,), row, row.amount, self.company.currency)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Store them together."""
        rows = [entry.value for entry in entries]
        return record_covers(company=self.company, rows=rows, by=self.by, at=at, only_ask=only_ask)


class ApprovalResource(KindResource):
    """One line is up to how much the factor takes what one debtor owes, from a day on."""

    kind = "approvals"

    siren = ImportField(
        CheckedWidget(check_siren), "SIREN", "n° siren", "débiteur", "acheteur", "debtor", required=True,
        sample="732829320",
    )  # fmt: skip
    amount = ImportField(
        NumberWidget(2, least="0"), pgettext_lazy("factor", "Approved up to"), "montant", "plafond", "limite",
        "montant approuvé", "limit", "amount", required=True, sample="50 000,00",
    )  # fmt: skip
    currency = ImportField(CurrencyWidget(), _("Currency"), "devise", "monnaie", sample="EUR")
    status = ImportField(
        ChoiceWidget(
            FactorWord.values,
            {
                "accordé": "APPROVED", "approuvé": "APPROVED", "réduit": "REDUCED", "refusé": "REFUSED",
                "annulé": "CANCELLED", "résilié": "CANCELLED",
            },
        ),
        _("Status"), "statut", "état", "décision", "status", required=True, sample="APPROVED",
    )  # fmt: skip
    effective_on = ImportField(
        DayWidget(), _("Effective on"), "date", "date d'effet", "effet", "à compter du", "effective date",
        required=True, sample="01/11/2026",
    )  # fmt: skip
    valid_until = ImportField(
        DayWidget(), _("Valid until"), "date de fin", "fin de validité", "échéance", "valid until",
        sample="31/10/2027",
    )  # fmt: skip

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """One line is one word of the factor."""
        row = ApprovalRow(
            siren=values["siren"],
            amount=values["amount"],
            currency=values.get("currency") or self.company.currency,
            status=FactorWord(values["status"]),
            effective_on=values["effective_on"],
            valid_until=values.get("valid_until"),
        )
        return Entry((line,), row, row.amount, row.currency)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Store them together."""
        rows = [entry.value for entry in entries]
        return record_approvals(company=self.company, rows=rows, by=self.by, at=at, only_ask=only_ask)

"""What is known of clients elsewhere: their financial statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.identifiers import check_siren
from credit.scorecard.models import FIGURES
from credit.scorecard.services import StatementRow, record_statements

from .base import (
    CheckedWidget,
    CurrencyWidget,
    DayWidget,
    Entry,
    ImportField,
    KindResource,
    NumberWidget,
    Outcome,
    Progress,
)


class StatementResource(KindResource):
    """One line is one year of one legal entity; a figure that is left empty is not known."""

    kind = "statements"

    siren = ImportField(
        CheckedWidget(check_siren), "SIREN", "n° siren", "client", required=True, sample="732829320"
    )
    closed_on = ImportField(
        DayWidget(), _("Year closed on"), "clôture", "date de clôture", "exercice clos le", "year end", "closing date",
        required=True, sample="31/12/2025",
    )  # fmt: skip
    currency = ImportField(CurrencyWidget(), _("Currency"), "devise", "monnaie", sample="EUR")
    equity = ImportField(
        NumberWidget(2), _("Equity"), "capitaux propres", "fonds propres", "equity", sample="350 000"
    )
    total_assets = ImportField(
        NumberWidget(2, least="0"), _("Total assets"), "total bilan", "total du bilan", "total actif",
        sample="1 000 000",
    )  # fmt: skip
    current_assets = ImportField(
        NumberWidget(2, least="0"), _("Current assets"), "actif circulant", sample="600 000"
    )
    current_liabilities = ImportField(
        NumberWidget(2, least="0"), _("Current liabilities"), "dettes à court terme", "passif circulant",
        sample="400 000",
    )  # fmt: skip
    revenue = ImportField(
        NumberWidget(2, least="0"), _("Revenue"), "chiffre d'affaires", "ca", "turnover", "sales",
        sample="2 000 000",
    )  # fmt: skip
    operating_result = ImportField(
        NumberWidget(2), _("Operating result"), "résultat d'exploitation", "rex", "operating income",
        sample="110 000",
    )  # fmt: skip
    net_debt = ImportField(NumberWidget(2), _("Net debt"), "dette nette", "endettement net", sample="180 000")
    ebitda = ImportField(
        NumberWidget(2), _("EBITDA"), "ebe", "excédent brut d'exploitation", sample="150 000"
    )

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """One line is one year."""
        row = StatementRow(
            siren=values["siren"],
            closed_on=values["closed_on"],
            currency=values.get("currency") or self.company.currency,
            **{name: values.get(name) for name in FIGURES},
        )
        return Entry((line,), row)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Store them together."""
        rows = [entry.value for entry in entries]
        return record_statements(company=self.company, rows=rows, by=self.by, at=at, only_ask=only_ask)

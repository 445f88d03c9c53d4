"""What the official gazette publishes about clients (BODACC)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.identifiers import check_siren
from credit.enums import LegalNoticeKind
from credit.services.legal import NoticeRow, record_notices

from .base import (
    CheckedWidget,
    ChoiceWidget,
    DayWidget,
    Entry,
    ImportField,
    KindResource,
    Outcome,
    Progress,
    TextWidget,
)


class NoticeResource(KindResource):
    """One line is one notice about one legal entity; those about nobody we know are counted and left out."""

    kind = "notices"

    siren = ImportField(
        CheckedWidget(check_siren), "SIREN", "n° siren", "registre", "rcs", "numéro d'identification",
        required=True, sample="732829320",
    )  # fmt: skip
    notice_kind = ImportField(
        ChoiceWidget(
            LegalNoticeKind.values,
            {
                "sauvegarde": "SAFEGUARD", "procédure de sauvegarde": "SAFEGUARD",
                "ouverture de sauvegarde": "SAFEGUARD", "redressement": "RECEIVERSHIP",
                "redressement judiciaire": "RECEIVERSHIP", "rj": "RECEIVERSHIP", "liquidation": "LIQUIDATION",
                "liquidation judiciaire": "LIQUIDATION", "liquidation judiciaire simplifiée": "LIQUIDATION",
                "lj": "LIQUIDATION", "plan": "PLAN", "plan de sauvegarde": "PLAN", "plan de redressement": "PLAN",
                "plan de continuation": "PLAN", "cession": "SALE", "vente": "SALE", "plan de cession": "SALE",
                "vente et cession": "SALE", "dissolution": "DISSOLUTION", "radiation": "DISSOLUTION",
            },
        ),
        _("Kind of notice"), "nature", "type", "type de procédure", "procédure", "famille", "famille avis", "kind",
        required=True, sample="RECEIVERSHIP",
    )  # fmt: skip
    judgement_on = ImportField(
        DayWidget(), _("Date of the judgement"), "jugement", "date du jugement", "date jugement", "judgement date",
        required=True, sample="03/11/2026",
    )  # fmt: skip
    published_on = ImportField(
        DayWidget(), _("Date of publication"), "publication", "date de publication", "date de parution", "parution",
        "publication date", required=True, sample="12/11/2026",
    )  # fmt: skip
    reference = ImportField(
        TextWidget(60, key=True), _("Reference"), "référence", "annonce", "numéro d'annonce", "n° annonce", "reference",
        required=True, sample="A202602170001",
    )  # fmt: skip

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """One line is one notice."""
        row = NoticeRow(
            siren=values["siren"],
            kind=LegalNoticeKind(values["notice_kind"]),
            judgement_on=values["judgement_on"],
            published_on=values["published_on"],
            reference=values["reference"],
        )
        return Entry((line,), row)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Store them together."""
        rows = [entry.value for entry in entries]
        return record_notices(company=self.company, rows=rows, by=self.by, at=at, only_ask=only_ask)

    def field_of(self, name: str) -> str:
        """The field of ours that an error of the act is about."""
        return "notice_kind" if name == "kind" else name

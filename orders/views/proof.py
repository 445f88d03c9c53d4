"""The proof of a decision on an order: each figure with its documents, the rates, what the rules allowed; as a file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from credit.drawing import PART_LABELS
from credit.horizon import horizon_on
from credit.models import CreditDecision, DecisionDocument
from credit.proof import Proof, left_out_of, proof_of
from credit.written.queries import quotes_of
from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.exports import CSV_TYPE, XLSX_TYPE, csv_chunks, xlsx_file
from o2c.shared.outbox_files import safe_name

from ..enums import Occasion
from ..page import facts_from
from .base import OrderView

_LABELS: Final = PART_LABELS | {
    "open_invoices": gettext_lazy("Open invoices"),
    "on_hold_orders": gettext_lazy("On hold, beside the exposure"),
    "sold": gettext_lazy("Sold to a factor without recourse"),
    "beyond_horizon": gettext_lazy("Orders beyond the horizon, not counted yet"),
    "own_deposits": gettext_lazy("Received for this very order"),
}
_THRESHOLDS: Final = {
    "overdue_days": gettext_lazy("Days late from which orders are held"),
    "overdue_floor": gettext_lazy("Amount late from which they are"),
    "grace_days": gettext_lazy("Days of grace"),
    "overdue_pct": gettext_lazy("Share of the limit that may be late, in percent"),
    "overdue_cap": gettext_lazy("Amount that may be late at most"),
    "dispute_pct": gettext_lazy("Share that may be contested, in percent"),
    "tolerance_pct": gettext_lazy("Tolerance over the limit, in percent"),
    "tolerance_amount": gettext_lazy("Tolerance over the limit"),
    "unusual_factor": gettext_lazy("Times the average from which an order is unusual"),
    "new_account_days": gettext_lazy("Days for which a client is new"),
}
_KINDS: Final = ("text", "text", "text", "text", "", "money", "text")
_PIECE: Final = 64 * 1024


class DecisionProof(OrderView):
    """One decision of a person with everything it rested on; ``?export=csv`` or ``xlsx`` gives the documents."""

    permission = "decisions.view"

    def get(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """Draw the page, or send the file."""
        order = self.find(number)
        decision = (
            CreditDecision.objects.filter(order_id=order.pk, pk=pk)
            .select_related("asked_by", "account__company")
            .first()
        )
        if decision is None:
            raise Http404
        proof = proof_of(decision, self.reader)
        kind = request.GET.get("export", "")
        if kind in {"csv", "xlsx"} and proof is not None:
            return _file(proof, f"{order.number}-{decision.pk}.{kind}")
        figures = decision.figures
        kept = figures.get("thresholds", {})
        quotes = quotes_of(
            order.company_id,
            {found["policy_article"] for found in figures["check"]["findings"]},
            on=paris_date(decision.decided_at),
            version_id=decision.policy_version_id,
        )
        context = {
            "menu": "orders",
            "title": _("Proof of a decision"),
            "order": order,
            "decision": decision,
            "occasion": Occasion(decision.occasion).label,
            "facts": facts_from(decision, feet=False),
            "findings": [
                (found["code"], quotes.get(found["policy_article"])) for found in figures["check"]["findings"]
            ],
            "proof": proof,
            "parts": [(_LABELS.get(part.code, part.code), part) for part in proof.parts] if proof else [],
            "left_out": left_out_of(decision),
            "horizon": horizon_on(order.company_id, paris_date(decision.decided_at)),
            "rates": [(code, rate) for code, rate in figures["rates"].items() if code != "EUR"],
            "thresholds": [(label, _written(kept[key])) for key, label in _THRESHOLDS.items() if key in kept],
            "risk_class": figures["risk_class"],
        }
        return render(request, "orders/proof.html", context)


def _written(value: str) -> str:
    """A threshold as the reader writes numbers; whole ones without decimals."""
    number = Decimal(value)
    whole = number == number.to_integral_value()
    return formats.number(number, get_language() or "fr", decimals=0 if whole else 2)


def _file(proof: Proof, name: str) -> StreamingHttpResponse:
    header = [_("Part"), _("Client"), _("Code"), _("Document"), _("Due"), _("Amount"), _("Currency")]
    language = get_language() or "fr"
    if name.endswith(".csv"):
        return _sent(csv_chunks(header, _rows(proof), language=language), CSV_TYPE, name)
    sheet = _("Proof of a decision")
    book = xlsx_file(header, _rows(proof), language=language, sheet=sheet, kinds=_KINDS)
    return _sent(iter(lambda: book.read(_PIECE), b""), XLSX_TYPE, name)


def _sent(pieces: Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        pieces,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{safe_name(name)}"'},
    )


def _rows(proof: Proof) -> Iterator[list[Any]]:
    for part in proof.parts:
        yield from map(_row, part.documents)
    yield from map(_row, proof.relatives)


def _row(row: DecisionDocument) -> list[Any]:
    return [
        str(_LABELS.get(row.part, row.part)),
        row.account.name,
        row.account.code,
        row.document,
        row.due_date,
        row.amount,
        row.currency,
    ]

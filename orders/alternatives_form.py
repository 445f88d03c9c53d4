"""The switches and figures of the simulator on an order's page."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.policy import describe_term
from credit.alternatives import proposals
from credit.alternatives.outlook import Outlook, Proposal
from credit.alternatives.projection import (
    AlternativeKind,
    Deposit,
    EarlyPayment,
    OverdueSchedule,
    ShorterTerm,
    TemporaryRaise,
)
from credit.alternatives.proposals import Debt
from o2c.shared import formats
from o2c.shared.fields import DateField, MoneyField

# The invoices shown to choose from; all are in the API.
MOST_DEBTS: Final = 12
KINDS: Final = {
    AlternativeKind.DEPOSIT: "deposit",
    AlternativeKind.EARLY_PAYMENT: "early",
    AlternativeKind.OVERDUE_SCHEDULE: "calendar",
    AlternativeKind.SHORTER_TERM: "term",
    AlternativeKind.TEMPORARY_LIMIT: "raised",
}


class AlternativesForm(forms.Form):
    """Which measures are taken, and their figures; what is proposed stands in it at first."""

    deposit = forms.BooleanField(required=False)
    deposit_amount = MoneyField(label=_("Amount of the deposit"), required=False, unit="")
    deposit_date = DateField(label=_("Received on"), required=False, prefer="future")
    early = forms.BooleanField(required=False)
    early_refs = forms.MultipleChoiceField(
        label=_("Invoices"), required=False, widget=forms.CheckboxSelectMultiple
    )
    early_date = DateField(label=_("Paid on"), required=False, prefer="future")
    calendar = forms.BooleanField(required=False)
    calendar_parts = forms.IntegerField(
        label=_("Weekly instalments"), required=False, min_value=1, max_value=12
    )
    term = forms.BooleanField(required=False)
    term_code = forms.ChoiceField(label=_("Term of this order"), required=False)
    raised = forms.BooleanField(required=False)
    raised_amount = MoneyField(label=_("Raise by"), required=False, unit="")
    raised_until = DateField(label=_("Until"), required=False, prefer="future")

    def __init__(self, data: Any, *, outlook: Outlook, offers: list[Proposal]) -> None:
        self._outlook = outlook
        self._terms = outlook.shorter_terms()
        found = {offer.kind: offer for offer in offers}
        super().__init__(data if data else None, initial=_initial(found))
        refs, codes = self.fields["early_refs"], self.fields["term_code"]
        assert isinstance(refs, forms.MultipleChoiceField)
        assert isinstance(codes, forms.ChoiceField)
        refs.choices = [(debt.ref, _debt_label(debt, outlook.currency)) for debt in self.debts]
        language = get_language() or "fr"
        codes.choices = [(code, describe_term(code, language)) for code, _day in self._terms]

    @property
    def debts(self) -> tuple[Debt, ...]:
        """The invoices to choose from, those due first before others."""
        chosen = set(self.initial.get("early_refs", ()))
        rows = sorted(self._outlook.debts, key=lambda debt: (debt.ref not in chosen, debt.due_date))
        return tuple(sorted(rows[:MOST_DEBTS], key=lambda debt: debt.due_date))

    def measures(self) -> list[dict[str, Any]]:
        """What is switched on, in the fields of the API; call it on a valid form."""
        asked = self.cleaned_data
        found: list[dict[str, Any]] = []
        if asked["deposit"]:
            found.append(
                {"kind": "DEPOSIT", "amount": asked["deposit_amount"], "date": asked["deposit_date"]}
            )
        if asked["early"]:
            found.append({"kind": "EARLY_PAYMENT", "refs": asked["early_refs"], "date": asked["early_date"]})
        if asked["calendar"]:
            found.append(self._calendar(asked["calendar_parts"]))
        if asked["term"]:
            day = dict(self._terms).get(asked["term_code"])
            found.append({"kind": "SHORTER_TERM", "expected_payment_date": day})
        if asked["raised"]:
            found.append(
                {"kind": "TEMPORARY_LIMIT", "amount": asked["raised_amount"], "until": asked["raised_until"]}
            )
        return found

    def _calendar(self, parts: int | None) -> dict[str, Any]:
        early = set(self.cleaned_data["early_refs"]) if self.cleaned_data["early"] else set()
        debts = [debt for debt in self._outlook.debts if debt.ref not in early]
        planned = proposals.overdue_schedule(debts, on=self._outlook.on, parts=parts or proposals.INSTALMENTS)
        if planned is None:
            return {"kind": "OVERDUE_SCHEDULE"}
        written = [{"date": part.day, "amount": part.amount} for part in planned.instalments]
        return {"kind": "OVERDUE_SCHEDULE", "refs": planned.refs, "instalments": written}


def _initial(offers: dict[AlternativeKind, Proposal]) -> dict[str, Any]:
    initial: dict[str, Any] = {}
    for offer in offers.values():
        match offer.measure:
            case Deposit(amount, day):
                initial |= {"deposit_amount": amount, "deposit_date": day}
            case EarlyPayment(refs, day):
                initial |= {"early_refs": list(refs), "early_date": day}
            case OverdueSchedule(_refs, instalments):
                initial |= {"calendar_parts": len(instalments)}
            case ShorterTerm(_day):
                initial |= {"term_code": offer.term}
            case TemporaryRaise(amount, until):
                initial |= {"raised_amount": amount, "raised_until": until}
    return initial


def _debt_label(debt: Debt, currency: str) -> str:
    language = get_language() or "fr"
    amount = formats.money(debt.amount, language, currency)
    return f"{debt.document} · {amount} · {debt.due_date:%d/%m/%Y}"

"""Why an order is held and what would make it possible: part of its page, and a page of its own without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.policy import describe_term
from credit.alternatives.causes import Cause, CauseCode
from credit.alternatives.measures import measures_of
from credit.alternatives.outlook import Outlook, Proposal, Simulation
from credit.alternatives.projection import Deposit, EarlyPayment, OverdueSchedule, ShorterTerm, TemporaryRaise
from credit.services import CheckResult
from o2c.shared import formats
from o2c.shared.problems import Refusal

from ..alternatives_form import KINDS, AlternativesForm
from ..enums import OrderState
from ..queries import open_case
from ..rhythm import Rhythm, drawing_of, rhythm_of
from ..services import look_ahead_of
from ..tables import order_url
from .base import OrderView, in_words

_LOOKS: Final = {
    CauseCode.LATE_PAYMENT: ("clock-exclamation", "bad"),
    CauseCode.OPEN_DISPUTE: ("message-exclamation", "disp"),
    CauseCode.EXCEPTIONAL_ORDERS: ("trending-up", "warn"),
    CauseCode.LIMIT_REDUCED: ("trending-down", "info"),
}
_ASKED: Final = (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED)


@dataclass(frozen=True)
class _Row:
    """One measure as its switch shows it."""

    name: str
    title: str | Promise
    when: str
    text: str
    on: bool
    fields: tuple[Any, ...]


class Alternatives(OrderView):
    """Causes and measures; ``?part=out`` answers the result of a choice alone."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Answer what the address asks."""
        order = self.find(number)
        if order.state not in _ASKED:
            raise Http404
        result, outlook = look_ahead_of(order, by=self.reader, at=timezone.now())
        offers = outlook.proposals()
        chosen = {name: values for name, values in request.GET.lists() if name != "part"}
        form = AlternativesForm(request.GET if chosen else None, outlook=outlook, offers=offers)
        exceptional = any(cause.code is CauseCode.EXCEPTIONAL_ORDERS for cause in result.causes)
        rhythm = rhythm_of(order, reader=self.reader) if exceptional else None
        context: dict[str, Any] = {
            "title": _("What would make it possible"),
            "menu": "orders",
            "order": order,
            "back_url": order_url(order),
            "url": reverse("orders:alternatives", args=[order.number]),
            "currency": outlook.currency,
            "may_agree": self.reader.may("orders.request_override", order.company)
            and open_case(order) is not None,
            "agree_url": reverse("orders:agree", args=[order.number]),
            "causes": [_cause(cause, result, outlook, rhythm) for cause in result.causes],
            "rhythm": rhythm,
            "rhythm_spec": drawing_of(rhythm) if rhythm else None,
            "offers": offers,
            "form": form,
        }
        if offers:
            context |= {"rows": _rows(offers, form, outlook)} | _simulated(form, outlook)
        fragment = bool(getattr(request, "htmx", False))
        template = "orders/alternatives.html"
        if fragment:
            out = request.GET.get("part") == "out" and offers
            template = "orders/_simulated.html" if out else "orders/_alternatives.html"
        return render(request, template, context)


def _simulated(form: AlternativesForm, outlook: Outlook) -> dict[str, Any]:
    """The result of what is switched on, and the drawing of it beside no measure at all."""
    none, error = outlook.untouched, ""
    chosen: Simulation | None = None
    if form.is_bound:
        if form.is_valid():
            try:
                measures = measures_of(form.measures(), outlook)
                chosen = outlook.simulate(measures) if measures else None
            except Refusal as refusal:
                error = in_words(refusal)
        else:
            error = " ".join(str(text) for texts in form.errors.values() for text in texts)
    shown = chosen or none
    return {
        "error": error,
        "chosen": chosen,
        "none": none,
        "shown": shown,
        "days": shown.days_to_within_limit,
        "peak": shown.binding.peak_exposure,
        "left": shown.binding.least_over,
        "shows_curve": outlook.shows_curve,
        "spec": _drawing(none, chosen, outlook.currency),
        "label": _spoken(shown, outlook.currency),
    }


def _drawing(none: Simulation, chosen: Simulation | None, currency: str) -> dict[str, Any]:
    shown = chosen or none
    points = shown.binding.points
    sets: list[dict[str, Any]] = []
    if chosen is not None:
        sets.append(
            {
                "label": _("With the measures"),
                "color": "--o-brand",
                "stepped": True,
                "fill": "origin",
                "alpha": "1f",
                "width": 2.5,
                "data": [float(point.exposure) for point in points],
            }
        )
    sets.append(
        {
            "label": _("Without a measure"),
            "color": "--o-ink-3",
            "stepped": True,
            "dash": [5, 4],
            "width": 1.75,
            "data": [float(point.exposure) for point in none.binding.points],
        }
    )
    sets.append(
        {
            "label": _("Limit"),
            "color": "--o-p-over",
            "stepped": True,
            "width": 2,
            "data": [float(point.limit) for point in points],
        }
    )
    return {
        "type": "line",
        "currency": currency,
        "ticks": 7,
        "min": min(0.0, *(value for each in sets for value in each["data"])),
        "labels": [f"{point.day:%d/%m}" for point in points],
        "sets": sets,
    }


def _spoken(simulation: Simulation, currency: str) -> str:
    """The drawing in words."""
    start = simulation.binding.points[0]
    text = _("Exposure day by day: %(exposure)s today with this order, limit %(limit)s.") % {
        "exposure": _money(start.exposure, currency),
        "limit": _money(start.limit, currency),
    }
    if simulation.within_limit_from is None:
        return text + " " + _("It does not fit within 120 days.")
    return text + " " + _("It fits from %(day)s on.") % {"day": f"{simulation.within_limit_from:%d/%m/%Y}"}


def _rows(offers: Sequence[Proposal], form: AlternativesForm, outlook: Outlook) -> list[_Row]:
    return [_row(offer, form, outlook) for offer in offers]


def _row(offer: Proposal, form: AlternativesForm, outlook: Outlook) -> _Row:
    name = KINDS[offer.kind]
    text, fields = _said(offer, form, outlook)
    return _Row(name, offer.kind.label, _when(offer, outlook), text, bool(form[name].value()), fields)


def _when(offer: Proposal, outlook: Outlook) -> str:
    """From when the order fits with this measure alone."""
    now, day = outlook.untouched.within_limit_from, offer.simulation.within_limit_from
    if day is None or (now is not None and day >= now):
        return _("not enough alone")
    if day == outlook.on:
        return _("from today")
    return _("from %(day)s") % {"day": f"{day:%d/%m}"}


def _said(offer: Proposal, form: AlternativesForm, outlook: Outlook) -> tuple[str, tuple[Any, ...]]:
    """The sentence of a measure, and the fields that change it."""
    currency = outlook.currency
    match offer.measure:
        case Deposit(amount, _day):
            share = formats.percent(amount / outlook.order, get_language() or "fr")
            text = _("%(share)s of the order; it passes once the money is in.") % {"share": share}
            return text, (form["deposit_amount"], form["deposit_date"])
        case EarlyPayment(refs, _day):
            total = sum((debt.amount for debt in outlook.debts if debt.ref in refs), Decimal(0))
            words = ngettext(
                "%(count)d invoice, %(amount)s, paid before its date.",
                "%(count)d invoices, %(amount)s, paid before their dates.",
                len(refs),
            )
            text = words % {"count": len(refs), "amount": _money(total, currency)}
            return text, (form["early_refs"], form["early_date"])
        case OverdueSchedule(_refs, instalments):
            total = sum((part.amount for part in instalments), Decimal(0))
            text = _("%(amount)s that is late, in weekly instalments until %(day)s.") % {
                "amount": _money(total, currency),
                "day": f"{instalments[-1].day:%d/%m}",
            }
            return text, (form["calendar_parts"],)
        case ShorterTerm(day):
            text = _("%(term)s: paid about %(day)s instead of %(old)s.") % {
                "term": describe_term(offer.term, get_language() or "fr"),
                "day": f"{day:%d/%m}",
                "old": f"{outlook.paid_on:%d/%m}",
            }
            return text, (form["term_code"],)
        case TemporaryRaise(_amount, until):
            text = _("Ends by itself on %(day)s.") % {"day": f"{until:%d/%m/%Y}"}
            return text, (form["raised_amount"], form["raised_until"])


def _cause(cause: Cause, result: CheckResult, outlook: Outlook, rhythm: Rhythm | None) -> dict[str, Any]:
    icon, tone = _LOOKS[cause.code]
    left = cause.without(result.available_after) if result.available_after is not None else None
    return {
        "icon": icon,
        "tone": tone,
        "title": cause.code.label,
        "text": _words_of(cause, outlook, rhythm),
        "amount": cause.amount,
        "missing": -left if left is not None and left < 0 else None,
        "rest": left if left is not None and left >= 0 and outlook.excess > 0 else None,
    }


def _words_of(cause: Cause, outlook: Outlook, rhythm: Rhythm | None) -> str:
    figures, currency = cause.figures, outlook.currency
    if cause.code is CauseCode.LATE_PAYMENT:
        late = sorted(
            (debt for debt in outlook.debts if debt.due_date < outlook.on), key=lambda d: d.due_date
        )
        if not late:
            return _("Late for up to %(days)d days.") % {"days": figures["oldest_days"]}
        words = ngettext(
            "%(count)d late invoice that is not contested, for %(days)d days (%(document)s).",
            "%(count)d late invoices that are not contested, the oldest for %(days)d days (%(document)s).",
            len(late),
        )
        return words % {"count": len(late), "days": figures["oldest_days"], "document": late[0].document}
    if cause.code is CauseCode.OPEN_DISPUTE:
        return _("The client contests it; until that is settled nobody pays it.")
    if cause.code is CauseCode.EXCEPTIONAL_ORDERS:
        said = _("%(times)s times the mean order of the last 12 months (%(mean)s).") % {
            "times": formats.number(figures["times"], get_language() or "fr", decimals=1),
            "mean": _money(figures["mean"], currency),
        }
        return f"{said} {_of_the_month(rhythm)}" if rhythm else said
    change = _("%(before)s → %(now)s on %(day)s.") % {
        "before": _money(figures["before"], currency),
        "now": _money(figures["now"], currency),
        "day": f"{figures['since']:%d/%m/%Y}",
    }
    if not figures["decided_by"]:
        return change + " " + _("Its review date has passed.")
    reason = figures["reason"].strip()
    ended = reason if not reason or reason[-1] in ".!?…" else f"{reason}."
    return " ".join([change, ended, _("Decided by %(name)s.") % {"name": figures["decided_by"]}])


def _of_the_month(rhythm: Rhythm) -> str:
    """The month's intake against what a month comes to on average."""
    intake = _money(rhythm.last.intake, rhythm.currency)
    if rhythm.times is None:
        return _(
            "With it the month comes to %(intake)s; nothing was ordered in the eleven months before."
        ) % {"intake": intake}
    return _("With it the month comes to %(intake)s, %(times)s times the mean month (%(mean)s).") % {
        "intake": intake,
        "times": formats.number(rhythm.times, get_language() or "fr", decimals=1),
        "mean": _money(rhythm.mean, rhythm.currency),
    }


def _money(amount: Decimal, currency: str) -> str:
    return formats.money(amount, get_language() or "fr", currency)

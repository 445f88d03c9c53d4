"""One order: its lines, its hold with every reason, the decision, its journal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_symbol
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.policy import describe_term
from credit.advice import ANSWER_HOURS
from credit.authority import release_bound, role_label
from credit.notes.queries import latest_worrying
from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.money import round_cents
from o2c.shared.problems import Conflict, NotAllowed, Refusal
from o2c.shared.vat import vat_totals

from .. import services
from ..enums import ConditionStatus, ShownStatus
from ..forms import DecisionForm, MessageForm, OverrideForm
from ..journal import journal_of
from ..models import HoldCase, Order
from ..page import (
    Standing,
    answered_of,
    appealable_of,
    conditional_of,
    conditions_of,
    facts_of,
    offer_of,
    possible_acts,
    quoted,
    reasons_of,
    release_lasts_until,
    seconds_left,
    standing_of,
    steps_of,
    waiting_of,
    ways_of,
)
from ..queries import hold_queue, messages_of, open_case, releases_of, shown_status
from ..services.refusals import AuthorityExceeded, FourEyes
from ..stakes import stake_of_order
from ..tables import order_url
from .base import OrderView, back_to, in_words, put_on_form, refused

# Reasons typed for a decision that was refused, per order: nothing typed is lost.
_DRAFTS = "decision_drafts"


class OrderPage(OrderView):
    """The page of one order."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Show the order."""
        return self.show(self.find(number))

    def show(
        self,
        order: Order,
        *,
        form: DecisionForm | None = None,
        asking: OverrideForm | None = None,
        writing: MessageForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Draw the page, with the form of the decision, or of the request, as it was typed when there is one."""
        at = timezone.now()
        lines = list(order.lines.all())
        case = open_case(order)
        conditions = conditions_of(order)
        facts = facts_of(order)
        shown = shown_status(order)
        standing = standing_of(order, facts, by=self.reader, at=at) if case else None
        draft = self.request.session.get(_DRAFTS, {}).get(str(order.pk), "")
        waiting = waiting_of(order) if case else None
        # Margins are seen by those who weigh them.
        may_weigh = self.reader.may("decisions.view", self.company)
        answered = answered_of(order)
        if form is None and case is not None:
            asked_until = waiting.valid_until if waiting else None
            form = DecisionForm(
                initial={
                    "reason": draft,
                    "valid_until": asked_until or release_lasts_until(order, at=at),
                },
                example=_("For example: public works, order signed, late items promised for Friday."),
            )
        context = {
            "title": order.number,
            "menu": "holds" if case else "orders",
            "order": order,
            "status": shown,
            "lines": [_line(line) for line in lines],
            "vat": order.total_incl_vat - order.total_excl_vat,
            "by_rate": vat_totals(
                (line.quantity - line.cancelled, line.unit_price, line.vat_rate) for line in lines
            ).by_rate,
            "term": describe_term(order.term, get_language() or "fr"),
            "deliveries": order.deliveries.select_related("recorded_by").order_by("delivered_on", "pk"),
            "releases": releases_of(order),
            "case": case,
            "seconds": seconds_left(case, at=at) if case else None,
            "hours": ANSWER_HOURS,
            "facts": facts,
            "reasons": quoted(reasons_of(order, facts), order, facts, on=paris_date(at)),
            "ways": ways_of(order, facts) if case else [],
            "standing": standing,
            "stake": stake_of_order(order) if standing and not standing.four_eyes and may_weigh else None,
            "may_weigh": may_weigh,
            "needed_role": role_label(standing.needed.role) if standing else "",
            "own_bound": self._bound(standing, order),
            "people": _shown_people(standing, order),
            "form": form,
            "waiting": waiting,
            "offer": offer_of(waiting) if waiting else ("", None),
            "own_request": waiting is not None and waiting.requested_by_id == self.reader.pk,
            "asking": asking or _asking(draft, order),
            "asking_failed": asking is not None,
            "worry": latest_worrying(self.reader, self.company, [order.account_id], on=paris_date(at))
            if case
            else None,
            "answered": answered,
            "messages_of_hold": messages_of(order),
            "writing": writing or (MessageForm(auto_id="message_%s") if self._may_write(case) else None),
            "appealable": None if waiting else appealable_of(answered, case, self.reader),
            "undoable": self._undoable(order),
            "steps": steps_of(order, case, at=at),
            "acts": possible_acts(order, lines, by=self.reader),
            "conditions": conditions,
            "conditional": conditional_of(order),
            "has_open_conditions": any(row.status == ConditionStatus.OPEN for row in conditions),
            "journal": journal_of(order),
            "account_url": _account_url(order),
            "invoice_url": _invoice_url(order),
            **self._neighbours(order, in_queue=case is not None),
        }
        return render(self.request, "orders/order.html", context, status=status)

    def keep_draft(self, order: Order, text: str) -> None:
        """Keep a reason that was typed for nothing until it is used; an empty one forgets it."""
        drafts = dict(self.request.session.get(_DRAFTS, {}))
        drafts.pop(str(order.pk), None)
        if text:
            drafts[str(order.pk)] = text
        self.request.session[_DRAFTS] = drafts

    def _undoable(self, order: Order) -> Any:
        """The release the reader may take back."""
        release = services.undoable(order)
        able = release is not None and services.may_undo(release, self.reader, order.company_id)
        return release if able else None

    def _may_write(self, case: HoldCase | None) -> bool:
        return case is not None and self.reader.may(services.WRITE_MESSAGES, self.company)

    def _bound(self, standing: Standing | None, order: Order) -> str:
        own = standing.own if standing else None
        return release_bound(own, order.company.currency) if own else ""

    def _neighbours(self, order: Order, *, in_queue: bool) -> dict[str, str]:
        """Addresses of the orders before and after this one in the queue."""
        if not in_queue:
            return {}
        queue = hold_queue(self.reader, self.company)
        numbers = list(queue.values_list("order__number", flat=True))
        if order.number not in numbers:
            return {}
        place = numbers.index(order.number)
        found = {}
        if place > 0:
            found["previous_url"] = reverse("orders:detail", args=[numbers[place - 1]])
        if place + 1 < len(numbers):
            found["next_url"] = reverse("orders:detail", args=[numbers[place + 1]])
        return found


class Decide(OrderPage):
    """A decision on a held order; what was typed survives every refusal."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Show the order: the decision is taken there."""
        return self.show(self.find(number))

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Decide, or say why not."""
        order = self.find(number)
        form = DecisionForm(request.POST)
        if not form.is_valid():
            return self.show(order, form=form, status=422)
        try:
            self.act(order, form)
        except (AuthorityExceeded, FourEyes) as refusal:
            self.keep_draft(order, form.cleaned_data["reason"])
            return self._beyond(order, refusal)
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Conflict as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self.show(order, form=form, status=refusal.status)
        self.keep_draft(order, "")
        return back_to(order, request, self.done(self.find(number)), undo=self.undo(self.find(number)))

    def undo(self, order: Order) -> str:
        """Where the decision is taken back; empty when it is final."""
        return ""

    def act(self, order: Order, form: DecisionForm) -> None:
        """Call the act."""
        raise NotImplementedError

    def done(self, order: Order) -> str:
        """Say what came of it."""
        raise NotImplementedError

    def _beyond(self, order: Order, refusal: NotAllowed) -> HttpResponse:
        """Beyond one's authority, or one's own order: who may, with nothing lost."""
        standing = standing_of(order, facts_of(order), by=self.reader, at=timezone.now())
        language, currency = get_language() or "fr", order.company.currency
        amount = {"amount": formats.money(standing.amount, language, currency), "number": order.number}
        if isinstance(refusal, FourEyes):
            title = _("Somebody else decides on this order")
            text = str(refusal)
        else:
            title = _("This decision is above your authority")
            text = (
                _("%(amount)s is missing on %(number)s")
                if standing.over
                else _("%(number)s is worth %(amount)s")
            ) % amount
            bound = self._bound(standing, order)
            text += (_(" and you decide %(bound)s.") % {"bound": bound}) if bound else "."
        context = {
            "title": title,
            "menu": "holds",
            "refusal_title": title,
            "refusal_text": f"{text} " + _("Your reason is kept as a draft; nothing is lost."),
            "who": _shown_people(standing, order) or [_role_alone(refusal.required_role)],
            **self._handover(order, refusal),
            "back_url": order_url(order),
            "back_label": _("Back to the order"),
        }
        return render(self.request, "refused.html", context, status=403)

    def _handover(self, order: Order, refusal: NotAllowed) -> dict[str, Any]:
        """Ask those who may, in one click with the reason just typed."""
        able = self.reader.may("orders.request_override", order.company)
        if isinstance(refusal, FourEyes) or not able or waiting_of(order) is not None:
            return {}
        return {
            "handover_url": reverse("orders:ask_override", args=[order.number]),
            "handover_label": _("Hand over with your reason"),
            "handover_fields": {"reason": self.request.POST.get("reason", "")},
        }


class Release(Decide):
    """Let a held order through."""

    def act(self, order: Order, form: DecisionForm) -> None:
        """Release it until the day given."""
        services.release(
            order_id=order.pk,
            comment=form.cleaned_data["reason"],
            valid_until=form.cleaned_data["valid_until"],
            by=self.reader,
            at=timezone.now(),
        )

    def done(self, order: Order) -> str:
        """Released, and who is told; above level 3 the first approval waits for the second."""
        if open_case(order) is not None:
            return _(
                "Your approval of %(number)s is kept; a second one of another department releases it."
            ) % {"number": order.number}
        told = {user.label() for user in (order.submitted_by, order.sales_rep) if user}
        if not told:
            return _("%(number)s is released.") % {"number": order.number}
        return _("%(number)s is released. Told: %(names)s.") % {
            "number": order.number,
            "names": ", ".join(sorted(told)),
        }

    def undo(self, order: Order) -> str:
        """A release is taken back as long as nothing has left."""
        return reverse("orders:undo_release", args=[order.number]) if services.undoable(order) else ""


class ReleaseWhenMet(Decide):
    """Decide that a held order goes once everything agreed with its client is there."""

    def act(self, order: Order, form: DecisionForm) -> None:
        """Keep the decision until then."""
        services.release_when_met(
            order_id=order.pk,
            comment=form.cleaned_data["reason"],
            valid_until=form.cleaned_data["valid_until"],
            by=self.reader,
            at=timezone.now(),
        )

    def done(self, order: Order) -> str:
        """What happens when."""
        text = _("%(number)s goes by itself once everything agreed with the client is there.")
        return text % {"number": order.number}


class Refuse(Decide):
    """Refuse a held order, or the held change of a confirmed one."""

    def act(self, order: Order, form: DecisionForm) -> None:
        """Refuse it with the reason."""
        services.refuse(
            order_id=order.pk, reason=form.cleaned_data["reason"], by=self.reader, at=timezone.now()
        )

    def done(self, order: Order) -> str:
        """Refused, or back to what was approved."""
        if shown_status(order) == ShownStatus.REFUSED:
            return _("%(number)s is refused.") % {"number": order.number}
        return _("The change is refused: %(number)s is back to what was approved.") % {"number": order.number}


def _asking(draft: str, order: Order) -> OverrideForm:
    form = OverrideForm(
        initial={"reason": draft},
        auto_id="ask_%s",
        example=_("For example: signed by the town, deposit of 30 % promised by mail."),
    )
    for name in ("amount", "offered_amount"):
        form.fields[name].unit = get_currency_symbol(order.currency, locale=get_language() or "fr")  # type: ignore[attr-defined]
    return form


def _line(line: Any) -> dict[str, Any]:
    wanted = line.quantity - line.cancelled
    return {
        "row": line,
        "wanted": figure_in_words(wanted),
        "delivered": figure_in_words(line.delivered) if line.delivered else "",
        "invoiced": figure_in_words(line.invoiced) if line.invoiced else "",
        "dropped": figure_in_words(line.cancelled) if line.cancelled else "",
        "price": figure_in_words(line.unit_price, least=2),
        "rate": line.vat_rate / 100,
        "excl": round_cents(wanted * line.unit_price),
    }


def figure_in_words(value: Decimal, *, least: int = 0) -> str:
    """A quantity or price with as many decimals as it has, in the reader's format."""
    places = max(least, -int(value.normalize().as_tuple().exponent))
    return formats.number(value, get_language() or "fr", decimals=places)


def _account_url(order: Order) -> str:
    """The client's page, or the orders of the client where there is no such page."""
    try:
        return reverse("accounts:detail", args=[order.account.code])
    except NoReverseMatch:
        return f"{reverse('orders:list')}?client={order.account.code}"


def _invoice_url(order: Order) -> str:
    try:
        return reverse("invoicing:from_order", args=[order.number])
    except NoReverseMatch:
        return ""


def _shown_people(standing: Standing | None, order: Order) -> list[dict[str, str]]:
    """People who may decide, as ``refused.html`` and the page show them."""
    if standing is None:
        return []
    return [
        {
            "initials": person.user.initials(),
            "name": person.user.label(),
            "job": str(role_label(person.role)),
            "note": _("decides %(bound)s") % {"bound": release_bound(person.mandate, order.company.currency)}
            if person.mandate
            else "",
        }
        for person in standing.people
    ]


def _role_alone(role: str | None) -> dict[str, str]:
    label = str(role_label(role))
    return {"initials": label[:2].upper(), "name": label, "job": "", "note": ""}

"""The matching desk: payments that wait on the left, what the chosen one may settle on the right."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_GET, require_POST

from accounts.models import CustomerAccount
from invoicing import lists, services
from invoicing.matching import reading, wording
from invoicing.matching.facts import Proposal, Rules, Why
from invoicing.models import CashDiscount, Matching, Payment
from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.fields import DateField, MoneyField
from o2c.shared.money import ZERO
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import needs, said, translated

RIGHT: Final = "payments.allocate"
SHOWN: Final = 15
_CHOICES: Final = ("keep", "discount", "write_off", "dispute", "promise")


@dataclass(frozen=True)
class Card:
    """A proposal as the desk draws it; ``mark`` names it, so that what is accepted is what was seen."""

    proposal: Proposal
    mark: str
    title: str
    why: str
    rows: Sequence[Any]
    total: Decimal
    short: Decimal
    confidence: str


@dataclass(frozen=True)
class Waiting:
    """A line on the left."""

    payment: Any
    who: str
    hint: str
    tone: str
    url: str
    is_chosen: bool


@needs(RIGHT)
@require_GET
def desk(request: Any) -> HttpResponse:
    """Draw the desk with the payment the address names, else the first that waits."""
    return _drawn(request, chosen=_number(request.GET.get("payment", "")))


@needs(RIGHT)
@require_POST
def settle(request: Any, key: int) -> HttpResponse:
    """Match a payment as one of its proposals says, and do with what is missing what was asked."""
    with translated():
        payment = lists.find_payment(request.user, key)
    rules = reading.rules_of(payment.company)
    found = _proposals(request, payment, rules)
    proposal = next((each for each in found if _mark(each) == request.POST.get("proposal", "")), None)
    rest = request.POST.get("rest", "keep")
    if proposal is None or rest not in _CHOICES:
        messages.error(request, _("What this payment may settle has changed: look again."))
        return redirect(_url(key))
    try:
        with translated(), transaction.atomic():
            act = _settled(request, payment, proposal, rest)
    except forms.ValidationError as unreadable:
        messages.error(request, " ".join(unreadable.messages))
        return redirect(_url(key))
    except Refusal as refusal:
        messages.error(request, " ".join([str(refusal), *said(refusal)]))
        return redirect(_url(key))
    amount = formats.money(
        sum((line.amount for line in proposal.lines), ZERO), get_language() or "fr", payment.currency
    )
    undo = reverse("invoicing:unmatch", args=["-".join(map(str, act.allocations))])
    messages.success(request, _("%(amount)s matched.") % {"amount": amount}, extra_tags=undo)
    return redirect(_url(_number(request.POST.get("next_payment", ""))))


@needs(RIGHT)
@require_POST
def identify(request: Any, key: int) -> HttpResponse:
    """Put money nobody had identified on a client."""
    with translated():
        payment = lists.find_payment(request.user, key)
    code = request.POST.get("account", "").strip()
    account = CustomerAccount.objects.visible_to(request.user, payment.company).filter(code=code).first()
    if account is None:
        messages.error(request, _("There is no client “%(code)s”: give its code.") % {"code": code})
        return redirect(_url(key))
    try:
        with translated():
            services.identify(payment_id=key, account_id=account.pk, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The payment stands on %(client)s now.") % {"client": account.name})
    return redirect(_url(key))


def _settled(request: Any, payment: Payment, proposal: Proposal, rest: str) -> Matching:
    """Match, and note in the same transaction that what is missing is contested or promised."""
    lines = services.lines_of(proposal)
    line = next((each for each in proposal.lines if each.amount < each.item.open_amount), None)
    short = _short(proposal)
    if line is not None and short:
        place = proposal.lines.index(line)
        if rest == "discount":
            lines[place] = replace(lines[place], discount=short)
        elif rest == "write_off":
            lines[place] = replace(lines[place], write_off=short)
    act = services.settle(
        payment_id=payment.pk,
        lines=lines,
        over=proposal.over,
        over_is_exchange=proposal.over_is_exchange,
        account_id=proposal.account_id if payment.account_id is None else None,
        key=f"desk:{request.POST.get('key', '')[:60]}",
        proposal=proposal,
        by=request.user,
        at=timezone.now(),
    )
    if line is not None and short and rest == "dispute":
        now = timezone.now()
        services.dispute_amount(
            item_id=line.item.key,
            amount=short,
            on=paris_date(now),
            reference=_("Short payment %(payment)s") % {"payment": payment.external_id[:40]},
            origin="short-payment",
            type="DEDUCTION",
            by=request.user,
            at=now,
        )
    if line is not None and short and rest == "promise":
        import_string(settings.SHORT_PAYMENT_PROMISE)(
            item_id=line.item.key,
            amount=short,
            promised_date=DateField(prefer="future").clean(request.POST.get("promised_on", "")),
            reference=payment.external_id,
            by=request.user,
            at=timezone.now(),
        )
    return act


def _drawn(request: Any, *, chosen: int | None) -> HttpResponse:
    user, company = request.user, request.company
    waiting = lists.waiting_payments(user, company)
    count = waiting.count()
    rows = _first(request, waiting, chosen)
    current = next((row for row in rows if row.pk == chosen), rows[0] if rows else None)
    cases: dict[int, tuple[Proposal, ...]] = {}
    for own in {row.company_id: row.company for row in rows}.values():
        keys = [row.pk for row in rows if row.company_id == own.pk]
        cases |= {case.payment.pk: case.proposals for case in reading.proposals_for(own, keys, reader=user)}
    following = next((row.pk for row in rows if current is not None and row.pk != current.pk), None)
    if current is not None:
        place = rows.index(current)
        following = rows[place + 1].pk if place + 1 < len(rows) else following
    names = _names(cases.values())
    found = cases.get(current.pk, ()) if current is not None else ()
    cards = [_card(each, current.currency, names) for each in found] if current is not None else []
    context = {
        "menu": "payments",
        "title": _("Matching"),
        "count": count,
        "rows": [_waiting(row, cases.get(row.pk, ()), current) for row in rows],
        "current": current,
        "cards": cards,
        "may_be_short": any(card.short for card in cards),
        "key": uuid4().hex,
        "following": following,
        "may_write_off": user.may("payments.write_off", company),
        "may_rules": user.may("policy.change", company),
    }
    return render(request, "invoicing/desk.html", context)


def _first(request: Any, waiting: Any, chosen: int | None) -> list[Any]:
    """The lines that are drawn: the oldest, before them the chosen one where it is none of these."""
    keys = list(waiting.values_list("pk", flat=True)[:SHOWN])
    if chosen is not None and chosen not in keys:
        keys = [*waiting.filter(pk=chosen).values_list("pk", flat=True), *keys]
    rows = lists.payment_list(request.user, request.company).in_bulk(keys)
    return [rows[key] for key in keys if key in rows]


def _waiting(row: Any, proposals: Sequence[Proposal], current: Any) -> Waiting:
    best = proposals[0] if proposals else None
    hint, tone = _("to choose"), ""
    if best is None:
        hint, tone = (_("unknown"), "o-warn") if row.account_id is None else (_("nothing fits"), "o-warn")
    elif best.score >= Decimal("0.5"):
        hint = _confidence(best)
        if len([each for each in proposals if best.score - each.score < Decimal("0.05")]) > 1:
            hint = ngettext("%(n)s trail", "%(n)s trails", len(proposals)) % {"n": len(proposals)}
    who = row.account.name if row.account is not None else row.payer_name or row.external_id
    return Waiting(row, who, hint, tone, _url(row.pk), current is not None and row.pk == current.pk)


def _card(proposal: Proposal, currency: str, names: dict[int, str]) -> Card:
    return Card(
        proposal=proposal,
        mark=_mark(proposal),
        title=wording.title(proposal),
        why=wording.explanation(proposal, currency),
        rows=[(line, names.get(line.item.account_id, ""), wording.let_go(line)) for line in proposal.lines],
        total=sum((line.amount for line in proposal.lines), ZERO),
        short=_short(proposal),
        confidence=_confidence(proposal),
    )


def _confidence(proposal: Proposal) -> str:
    return formats.percent(proposal.score, get_language() or "fr", decimals=0)


def _short(proposal: Proposal) -> Decimal:
    """What stays open of what the proposal pays in part."""
    if not any(reason.why in {Why.SHORT, Why.LATE_DISCOUNT} for reason in proposal.reasons):
        return ZERO
    return sum(
        (
            line.item.open_amount - line.amount - line.discount - line.write_off
            for line in proposal.lines
            if line.item.open_amount > 0
        ),
        ZERO,
    )


def _proposals(request: Any, payment: Payment, rules: Rules) -> Sequence[Proposal]:
    cases = reading.proposals_for(payment.company, [payment.pk], reader=request.user, rules=rules)
    return next((case.proposals for case in cases), ())


def _names(found: Any) -> dict[int, str]:
    keys = {line.item.account_id for proposals in found for each in proposals for line in each.lines}
    return dict(CustomerAccount.objects.filter(pk__in=keys).values_list("pk", "name"))


def _mark(proposal: Proposal) -> str:
    """A short name of what a proposal does, the same as long as it does the same."""
    parts = [
        f"{line.item.key}:{line.amount}:{line.discount}:{line.write_off}:{line.item.open_amount}"
        for line in proposal.lines
    ]
    return hashlib.sha256("|".join([*parts, str(proposal.over)]).encode()).hexdigest()[:16]


def _url(key: int | None) -> str:
    address = reverse("invoicing:desk")
    return f"{address}?{urlencode({'payment': key})}" if key else address


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 16 else None


# --- what the company asks -----------------------------------------------------------------------------------------


class RulesForm(forms.Form):
    """What a company asks of matching."""

    is_automatic = forms.BooleanField(
        required=False,
        label=gettext_lazy("Match sure payments by themselves"),
        help_text=gettext_lazy("Never where several items fit alike, or where something stays open."),
    )
    confidence = forms.DecimalField(
        min_value=Decimal("0.50"),
        max_value=1,
        decimal_places=2,
        label=gettext_lazy("From this confidence on (0.50 to 1)"),
    )
    tolerance = MoneyField(
        min_value=ZERO, max_value=Decimal("9999.99"), label=gettext_lazy("Difference written off at most")
    )
    discount_percent = forms.DecimalField(
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal("99.99"),
        decimal_places=2,
        label=gettext_lazy("Cash discount, percent"),
    )
    discount_days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=365,
        label=gettext_lazy("for money within so many days of the issue"),
    )


class MatchingRulesPage(PermissionMixin, View):
    """The form and its act; who may not change them reads them."""

    permission = "invoicing.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw the form with what is in force."""
        return self._draw(request, RulesForm(initial=_in_force(request.company)))

    def post(self, request: Any) -> HttpResponse:
        """Set the rules."""
        form = RulesForm(request.POST)
        if form.is_valid():
            try:
                with translated():
                    services.set_matching_rules(
                        company=request.company, by=request.user, at=timezone.now(), **form.cleaned_data
                    )
            except Refusal as refusal:
                form.add_error(None, " ".join(said(refusal)) or str(refusal))
            else:
                messages.success(request, _("The rules of matching are set."))
                return redirect("invoicing:matching_rules")
        return self._draw(request, form, status=422)

    def _draw(self, request: Any, form: RulesForm, status: int = 200) -> HttpResponse:
        may = request.user.may("policy.change", request.company)
        context = {"menu": "payments", "title": _("Rules of matching"), "form": form, "may_change": may}
        return render(request, "invoicing/matching_rules.html", context, status=status)


def _in_force(company: Any) -> dict[str, Any]:
    rules = reading.rules_of(company)
    discount = CashDiscount.objects.filter(company=company, account=None).first()
    return {
        "is_automatic": rules.automatic,
        "confidence": rules.confidence,
        "tolerance": rules.tolerance,
        "discount_percent": discount.percent if discount else None,
        "discount_days": discount.days if discount else None,
    }

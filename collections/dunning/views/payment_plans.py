"""Payment plans on screen: the list, one of them with its acts and papers, making one, the client's part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Contact, CustomerAccount
from accounts.queries import find_account
from accounts.views.answers import signed_in
from accounts.views.parts import Panel
from dunning.enums import PLAN_UNSIGNED, PlanStatus
from dunning.filters import PLAN_STATES, PlanFilter
from dunning.forms import ReasonForm
from dunning.models import PaymentPlan
from dunning.plan_forms import MONTHLY, PlanForm, SendForm, SignForm, as_rows
from dunning.plan_paper import acknowledgement_pdf, notice_pdf
from dunning.plan_policy import NOTICE_DAYS, PartJudged
from dunning.queries.payment_plans import is_insured, plan_list
from dunning.services import payment_plans as services
from dunning.services.plan_shared import WITHOUT_EFFECT
from dunning.tables import PlanTable, documents_in_words
from invoicing.queries import items_on
from invoicing.scope import own_items
from invoicing.tables import item_url
from invoicing.views.base import needs, translated
from o2c.shared import formats
from o2c.shared.calendar import add_business_days, paris_date
from o2c.shared.past import look
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import NotFound, Refusal
from o2c.shared.views import Empty, ListPage, Tab

from .base import ActPage

MENU = "plans"
_SHOWN = 5
_USUAL_COUNT = 3


class PlanList(ListPage):
    """Payment plans of the clients the reader may see."""

    request: Any

    title, menu, permission = gettext_lazy("Payment plans"), MENU, "invoicing.view"
    table_class, filterset_class, export_name = PlanTable, PlanFilter, "payment-plans"
    empty = Empty(
        "calendar-dollar",
        gettext_lazy("Debts that clients pay by a calendar will stand here"),
        gettext_lazy(
            "Make a payment plan on the client's page: signed, its invoices are not reminded of while it runs."
        ),
    )

    def get_queryset(self) -> QuerySet[PaymentPlan]:
        """Return what the reader may see in the company at work."""
        return plan_list(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return the states a plan may be in."""
        current = self.request.GET.get("status", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"status", "page", "export"} and v}
        return [
            Tab(label, f"?{urlencode(kept | ({'status': value} if value else {}))}", current=value == current)
            for value, label in (("", gettext_lazy("All")), *PLAN_STATES)
        ]

    def get_subtitle(self, rows: QuerySet[PaymentPlan]) -> str:
        """Return what running plans still bring, in the company's currency."""
        company = self.request.company
        running = rows.filter(status=PlanStatus.ACTIVE, currency=company.currency).order_by()
        found = running.aggregate(amount=Sum("amount"), received=Sum("received"))
        if not found["amount"]:
            return ""
        left = formats.money(found["amount"] - found["received"], get_language() or "fr", company.currency)
        return _("%(amount)s still to come by running plans") % {"amount": left}


@needs("invoicing.view")
@require_GET
def plan(request: Any, key: int) -> HttpResponse:
    """Draw one plan: its calendar with what came, its documents, what can be done."""
    with translated():
        found = _plan(request, key)
    return render(request, "dunning/plan.html", _page(request, found))


def _page(request: Any, found: Any) -> dict[str, Any]:
    may = request.user.may
    company, status = found.company_id, found.status
    today = paris_date(timezone.now())
    notes, approves = may(services.RIGHT, company), may(services.APPROVES, company)
    runs = status == PlanStatus.ACTIVE
    unsigned = status in PLAN_UNSIGNED
    return {
        "menu": MENU,
        "title": _("Payment plan of %(client)s") % {"client": found.account.name},
        "plan": found,
        "left": found.amount - found.received,
        "parts": [(part, _badge(part, runs)) for part in found.parts],
        "rows": [(row, item_url(row.item)) for row in found.seen_items],
        "may_sign": unsigned and notes,
        "may_send": unsigned and notes,
        "may_approve": status == PlanStatus.SIGNED and approves,
        "may_cancel": (unsigned or status == PlanStatus.SIGNED) and notes,
        "may_break": runs and approves,
        "may_give_notice": runs
        and found.late_since is not None
        and found.noticed_on is None
        and may(services.SIGNS_NOTICES, company),
        "due_on": found.noticed_on + timedelta(days=NOTICE_DAYS + 1) if found.noticed_on else None,
        "notice_days": NOTICE_DAYS,
        "by_itself": found.reason == WITHOUT_EFFECT,
        "insured": is_insured(found.account, on=today),
    }


def _badge(part: Any, runs: bool) -> tuple[str, str, str]:
    """Tone, icon and word of an instalment."""
    if part.paid_on is not None:
        return ("ok", "check", _("Paid on %(day)s") % {"day": formats.date_short(part.paid_on)})
    if PartJudged(part.paid_on, part.missed_on).is_missing:
        return ("bad", "calendar-x", _("Missing since %(day)s") % {"day": formats.date_short(part.missed_on)})
    return ("info", "hourglass", _("Expected")) if runs else ("mute", "calendar", "—")


class MakePlan(ActPage):
    """The open documents of a client, a calendar laid out for them, then the plan as a draft."""

    permission = services.RIGHT
    menu, template = MENU, "dunning/plan_form.html"

    def post(self, request: Any, **which: Any) -> HttpResponse:
        """Lay the calendar out and show it, or make the plan."""
        if "layout" not in request.POST:
            return super().post(request, **which)
        with translated():
            form = self.form(request, request.POST, **which)
            form.is_valid()
            self.parts = as_rows(form.laid_out(), get_language() or "fr") if not form.errors else None
            return self.answer(request, form, **which)

    def form(self, request: Any, data: Any, **which: Any) -> Any:
        """What can be planned; what the address names is chosen, else all that is late."""
        rows = self.rows(request, which["code"])
        asked = set(request.GET.getlist("item"))
        chosen = [str(row.pk) for row in rows if (str(row.pk) in asked if asked else row.days_late > 0)]
        first = add_business_days(timezone.localdate(), 5)
        start = {
            "items": chosen,
            "first_date": formats.date_short(first),
            "count": _USUAL_COUNT,
            "rhythm": MONTHLY,
        }
        return PlanForm(data, rows, initial=start)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Write it down."""
        given = {key: form.cleaned_data[key] for key in _TERMS}
        made = services.make_plan(
            account_id=self.account(request, which["code"]).pk,
            item_ids=[int(key) for key in form.cleaned_data["items"]],
            instalments=form.cleaned_data["instalments"],
            by=request.user,
            at=timezone.now(),
            **given,
        )
        messages.success(request, _("The plan is written down: print or send it, and note the signature."))
        return redirect("dunning:plan", key=made.pk)

    def context(self, request: Any, form: Any, **which: Any) -> dict[str, Any]:
        """The documents with what is chosen of them, and the rows of the calendar."""
        account, rows = self.account(request, which["code"]), self.rows(request, which["code"])
        chosen = list(form["items"].value() or ())
        parts = getattr(self, "parts", None)
        return {
            "title": _("Payment plan of %(client)s") % {"client": account.name},
            "account": account,
            "rows": [(row, str(row.pk) in chosen) for row in rows],
            "parts": form.written() if parts is None else parts,
            "total": form.total_of(chosen),
            "currency": rows[0].currency if rows else account.company.currency,
            "insured": is_insured(account, on=timezone.localdate()),
            "back": reverse("accounts:detail", args=[account.code]),
        }

    def account(self, request: Any, code: str) -> CustomerAccount:
        """The client.

        :raises NotFound: not the reader's to see
        """
        if not hasattr(self, "_account"):
            self._account = find_account(request.user, request.company, code)
        return self._account

    def rows(self, request: Any, code: str) -> Sequence[Any]:
        """What is owed and neither promised nor in a plan, the oldest first."""
        if not hasattr(self, "_rows"):
            account = self.account(request, code)
            book = items_on(
                CustomerAccount.objects.filter(pk=account.pk), on=timezone.localdate(), open_only=True
            )
            own = book.filter(own_items(request.user, account.company), amount__gt=0)
            free = own.exclude(promises__is_open=True).exclude(plans__is_open=True)
            self._rows = list(free.order_by("due_date", "pk")[:100])
        return self._rows


_TERMS = ("method", "waives_interest", "insurer_agreed", "guarantees", "signatory", "capacity", "comment")


class _PlanAct(ActPage):
    """A page with one form about one plan, then back to it."""

    permission = services.RIGHT
    menu, template = MENU, "dunning/reason.html"
    title: Any = ""
    verb: Any = ""
    consequence: Any = ""

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """Words of the page."""
        found = _plan(request, which["key"])
        return {
            "title": self.title,
            "up": _("Payment plans"),
            "up_url": reverse("dunning:plans"),
            "back": reverse("dunning:plan", args=[found.pk]),
            "verb": self.verb or self.title,
            "consequence": self.consequence,
        }


class SignPlan(_PlanAct):
    """Who signed, in what capacity, when."""

    title = gettext_lazy("Note the signature")
    consequence = gettext_lazy(
        "The plan begins at once where you may grant time; else it waits for approval. Its documents are not"
        " reminded of from now on."
    )

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """Three fields."""
        found = _plan(request, which["key"])
        known = {"signatory": found.signatory, "capacity": found.capacity}
        return SignForm(data, initial=known | {"signed_on": formats.date_short(timezone.localdate())})

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Note it."""
        done = services.sign_plan(
            plan_id=which["key"], by=request.user, at=timezone.now(), **form.cleaned_data
        )
        runs = done.status == PlanStatus.ACTIVE
        messages.success(request, _("The plan runs.") if runs else _("Signed: the plan waits for approval."))
        return redirect("dunning:plan", key=done.pk)


class SendPlan(_PlanAct):
    """To whom it is sent to be signed."""

    title = gettext_lazy("Send the plan to be signed")
    verb = gettext_lazy("Send it")
    consequence = gettext_lazy(
        "The acknowledgement of debt leaves by e-mail as a PDF file, to be sent back signed."
    )

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The client's people who have an address."""
        found = _plan(request, which["key"])
        people = Contact.objects.filter(account=found.account).exclude(email="").order_by("pk")
        return SendForm(data, list(people))

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Send it."""
        services.send_plan(
            plan_id=which["key"],
            contact_id=int(form.cleaned_data["contact"]),
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, _("The plan leaves by e-mail."))
        return redirect("dunning:plan", key=which["key"])


class CancelPlan(_PlanAct):
    """Why, then it is dropped."""

    title = gettext_lazy("Cancel the plan")
    consequence = gettext_lazy("It has not begun: nothing changes for its documents.")

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """One field."""
        _plan(request, which["key"])
        return ReasonForm(data)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Drop it."""
        services.cancel_plan(
            plan_id=which["key"], reason=form.cleaned_data["reason"], by=request.user, at=timezone.now()
        )
        messages.success(request, _("The plan is cancelled."))
        return redirect("dunning:plan", key=which["key"])


class BreakPlan(CancelPlan):
    """Why, then it is over."""

    permission = services.APPROVES
    title = gettext_lazy("Break the plan")
    consequence = gettext_lazy(
        "Its documents are reminded of again, from the step they had reached; orders that went on with it are looked at"
        " again."
    )

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """End it."""
        services.break_plan(
            plan_id=which["key"], reason=form.cleaned_data["reason"], by=request.user, at=timezone.now()
        )
        messages.success(request, _("The plan is broken."))
        return redirect("dunning:plan", key=which["key"])


@needs(services.APPROVES)
@require_POST
def approve(request: Any, key: int) -> HttpResponse:
    """Let a signed plan begin."""
    return _done(request, key, services.approve_plan, _("The plan runs."))


@needs(services.SIGNS_NOTICES)
@require_POST
def give_notice(request: Any, key: int) -> HttpResponse:
    """Note that the formal notice leaves today."""
    said = _("Noted: print the notice and send it by registered letter.")
    return _done(request, key, services.give_notice, said)


def _done(request: Any, key: int, act: Any, said: str) -> HttpResponse:
    with translated():
        found = _plan(request, key)
        try:
            act(plan_id=found.pk, by=request.user, at=timezone.now())
        except Refusal as refusal:
            if refusal.status in {403, 404} and not refusal.required_role:
                raise
            messages.error(request, str(refusal))
        else:
            messages.success(request, said)
    return redirect("dunning:plan", key=key)


@needs("invoicing.view")
@require_GET
def paper(request: Any, key: int) -> HttpResponse:
    """Hand out the acknowledgement of debt, to be signed."""
    with translated():
        found = _whole(_plan(request, key))
    content = acknowledgement_pdf(found, on=timezone.localdate())
    name = _("payment-plan-%(code)s") % {"code": found.account.code}
    return pdf_response(content, f"{name}-{found.pk}.pdf")


@needs("invoicing.view")
@require_GET
def notice(request: Any, key: int) -> HttpResponse:
    """Hand out the formal notice of what is missing."""
    with translated():
        found = _whole(_plan(request, key))
        if found.late_since is None:
            raise NotFound
    content = notice_pdf(found, on=found.noticed_on or timezone.localdate())
    name = _("formal-notice-%(code)s") % {"code": found.account.code}
    return pdf_response(content, f"{name}-{found.pk}.pdf")


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """The last plans of a client (``settings.CLIENT_PANELS``); of today alone, and only where there are any."""
    user = signed_in(request)
    if look(request).is_past or not user.may("invoicing.view", account.company):
        return None
    rows: list[Any] = list(plan_list(user, account.company).filter(account=account)[:_SHOWN])
    if not rows:
        return None
    return Panel(
        "dunning/_client_plans.html",
        {
            "rows": [(row, documents_in_words(row.seen_items)) for row in rows],
            "all": f"{reverse('dunning:plans')}?account={account.code}",
        },
    )


def _whole(found: Any) -> Any:
    """The plan, for its papers: they name every document, so whoever may not see all of them gets none.

    :raises NotFound: some are colleagues' sales
    """
    if len(found.seen_items) < found.plan_items.count():
        raise NotFound
    return found


def _plan(request: Any, key: int) -> Any:
    found = plan_list(request.user, request.company).filter(pk=key).first()
    if found is None:
        raise NotFound
    return found

"""Recurring invoices on screen: the list, a new one with its dates in words, the page of one, its acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from accounts.policy import describe_term
from invoicing.models import RecurringInvoice
from invoicing.policy import LineInput
from invoicing.recurring import queries, services
from invoicing.recurring.forms import ReasonForm, ScheduleForm
from invoicing.recurring.tables import RecurringTable
from o2c.shared.problems import Refusal
from o2c.shared.vat import vat_totals
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin
from orders.forms import blank_lines, posted_lines, typed_rows

from .base import needs, said, translated

_MENU = "recurring"


class RecurringList(ListPage):
    """Every schedule of the reader's clients."""

    request: Any

    title, menu, permission = gettext_lazy("Recurring invoices"), _MENU, "invoicing.view"
    table_class, export_name = RecurringTable, "recurring-invoices"
    empty = Empty(
        "calendar-repeat",
        gettext_lazy("Recurring invoices will stand here"),
        gettext_lazy("Rent, subscriptions, maintenance: the portal issues them on their day."),
    )

    def get_queryset(self) -> QuerySet[RecurringInvoice]:
        """What the reader may see in the company at work."""
        return queries.schedules(self.request.user, self.request.company)

    def get_actions(self) -> Sequence[Action]:
        """A new one, for those who may issue invoices."""
        if not self.request.user.may(services.RIGHT, self.request.company):
            return ()
        address = reverse("invoicing:recurring_new")
        return (Action(_("New recurring invoice"), address, icon="plus", primary=True, key="n"),)

    def get_currency(self, rows: QuerySet[RecurringInvoice]) -> str:
        """Each row has its own."""
        return ""


class NewRecurring(PermissionMixin, View):
    """A form with lines; rows are added and taken out as in an order."""

    permission = services.RIGHT

    def get(self, request: Any) -> HttpResponse:
        """Draw the form, for the client that the address names."""
        form = self.form(request, initial={"client": request.GET.get("client", "")})
        return self.answer(request, form, blank_lines(extra=1))

    def post(self, request: Any) -> HttpResponse:
        """Add or take out a row, or set it up."""
        if "add" in request.POST or "remove" in request.POST:
            return self.other_rows(request)
        form, lines = self.form(request, request.POST), posted_lines(request.POST)
        if form.is_valid() & lines.is_valid():
            data = dict(form.cleaned_data)
            account = data.pop("client")
            try:
                with translated():
                    made = services.create_schedule(
                        company=account.company,
                        account=account,
                        lines=_inputs(lines),
                        by=request.user,
                        at=timezone.now(),
                        **data,
                    )
            except Refusal as refusal:
                for field, texts in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in texts])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
            else:
                messages.success(request, _("%(label)s is set up.") % {"label": made.label})
                return redirect("invoicing:recurring_one", made.pk)
        return self.answer(request, form, lines, status=422)

    def form(self, request: Any, data: Any = None, **options: Any) -> ScheduleForm:
        """The form in the reader's scope."""
        return ScheduleForm(data, user=request.user, company=request.company, **options)

    def other_rows(self, request: Any) -> HttpResponse:
        """The lines with a row more or less."""
        rows = typed_rows(request.POST)
        if "remove" in request.POST:
            rows = [row for place, row in enumerate(rows) if str(place) != request.POST["remove"]]
        lines = blank_lines(rows, extra=1 if "add" in request.POST or not rows else 0)
        if getattr(request, "htmx", False):
            response = render(request, "orders/_lines.html", {"lines": lines})
            return trigger_client_event(response, "lines", after="swap")
        typed = {name: request.POST.get(name, "") for name in ScheduleForm.base_fields}
        return self.answer(request, self.form(request, initial=typed), lines)

    def answer(self, request: HttpRequest, form: Any, lines: Any, *, status: int = 200) -> HttpResponse:
        """Draw the page."""
        context = {"menu": _MENU, "title": _("New recurring invoice"), "form": form, "lines": lines}
        return render(request, "invoicing/recurring_new.html", context, status=status)


def _inputs(lines: Any) -> list[LineInput]:
    return [
        LineInput(row.description, row.quantity, row.unit_price, row.vat_rate, row.sku)
        for row in lines.inputs()
    ]


@needs(services.RIGHT)
@require_POST
def preview(request: Any) -> HttpResponse:
    """The next dates of what stands in the form, in plain words; stores nothing."""
    form = ScheduleForm(request.POST, user=request.user, company=request.company)
    form.is_valid()
    data, rows, problem = form.cleaned_data, [], ""
    if data.get("client") and data.get("first_day") and data.get("rhythm") and data.get("timing"):
        try:
            rows = queries.coming(
                first_day=data["first_day"],
                rhythm=data["rhythm"],
                timing=data["timing"],
                last_day=data.get("last_day"),
                term=data.get("term") or data["client"].term,
                start=0,
                today=timezone.localdate(),
            )
        except Refusal as refusal:
            problem = str(refusal)
    context = {"rows": rows, "problem": problem, "shown": queries.SHOWN}
    return render(request, "invoicing/_recurring_dates.html", context)


class RecurringPage(PermissionMixin, View):
    """One schedule: what it bills, what comes next, what it made, what stands in its way."""

    permission = "invoicing.view"

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw the page."""
        with translated():
            row = queries.find_schedule(request.user, None, key)
        lines = list(row.lines.all())
        may = request.user.may(services.RIGHT, row.company_id)
        context = {
            "menu": _MENU,
            "title": row.label,
            "row": row,
            "lines": lines,
            "totals": vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines),
            "term": describe_term(row.term or row.account.term, get_language() or "fr"),
            "coming": queries.coming_of(row, timezone.localdate()),
            "settled": queries.settled(row, request.user),
            "why": queries.why_unbilled(row),
            "found": queries.in_the_way(row),
            "may_change": may and row.next_on is not None,
            "form": ReasonForm(),
        }
        return render(request, "invoicing/recurring.html", context)


@needs(services.RIGHT)
@require_POST
def bill(request: Any, key: int) -> HttpResponse:
    """Try the period that waits once more."""
    acknowledged = request.POST.getlist("acknowledge")
    made = _act(request, key, services.bill_now, acknowledged=acknowledged)
    if made is not None:
        messages.success(request, _("Invoice %(number)s is issued.") % {"number": made.number})
    return redirect("invoicing:recurring_one", key)


@needs(services.RIGHT)
@require_POST
def pause(request: Any, key: int) -> HttpResponse:
    """Bill nothing for now."""
    if _act(request, key, services.pause, reason=request.POST.get("reason", "")):
        messages.success(request, _("Nothing is billed until you let it go on."))
    return redirect("invoicing:recurring_one", key)


@needs(services.RIGHT)
@require_POST
def resume(request: Any, key: int) -> HttpResponse:
    """Go on."""
    if _act(request, key, services.resume, catch_up="catch_up" in request.POST):
        messages.success(request, _("The schedule goes on."))
    return redirect("invoicing:recurring_one", key)


@needs(services.RIGHT)
@require_POST
def end(request: Any, key: int) -> HttpResponse:
    """Bill nothing more."""
    if _act(request, key, services.end, reason=request.POST.get("reason", "")):
        messages.success(request, _("The schedule has ended."))
    return redirect("invoicing:recurring_one", key)


def _act(request: Any, key: int, act: Callable[..., Any], **wishes: Any) -> Any:
    """Do it, or say why not; None then."""
    try:
        with translated():
            return act(schedule_id=key, by=request.user, at=timezone.now(), **wishes)
    except Refusal as refusal:
        messages.error(request, " ".join([str(refusal), *said(refusal)]))
        return None

"""Pages of invoices, open items and payments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.queries import find_account
from accounts.scope import in_words
from o2c.shared import formats
from o2c.shared.fields import parse_date
from o2c.shared.problems import NotAllowed, NotFound, Refusal
from o2c.shared.views import Action, Empty, ListPage, Tab
from orders.models import Order

from . import lists, pages, services
from .filters import (
    INVOICE_STATES,
    ITEM_STATES,
    PAYMENT_STATES,
    InvoiceFilter,
    ItemFilter,
    PaymentFilter,
)
from .forms import MatchForm
from .models import Invoice, Payment, ReceivableItem
from .tables import InvoiceTable, ItemTable, PaymentTable

PANEL_ROWS = 8
ALL = ("", gettext_lazy("All"))
View = Callable[..., HttpResponse]


@contextmanager
def translated() -> Iterator[None]:
    """Turn "there is none" and "you may not" of the domain into the pages that say so."""
    try:
        yield
    except NotFound as refusal:
        raise Http404(str(refusal)) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal


def needs(permission: str) -> Callable[[View], View]:
    """Ask for a signed-in user who may do this in the company at work, or in any when there is none."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.may(permission, request.company):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate


def _tabs(request: HttpRequest, name: str, choices: Sequence[tuple[str, Any]]) -> list[Tab]:
    """Chips that set one filter and keep the others."""
    current = request.GET.get(name, "")
    kept = {key: value for key, value in request.GET.items() if key not in {name, "page", "export"} and value}
    return [
        Tab(label, f"?{urlencode(kept | ({name: value} if value else {}))}", current=value == current)
        for value, label in choices
    ]


def _open_per_currency(sums: Sequence[lists.Totals]) -> str:
    written = [formats.money(row.open_amount, get_language() or "fr", row.currency) for row in sums]
    return _("%(amounts)s open") % {"amounts": ", ".join(written)} if written else ""


# What of an address does not choose rows.
UNFILTERED = frozenset({"page", "sort", "cols"})


class InvoiceList(ListPage):
    """Invoices and credit notes."""

    request: Any

    title, menu, permission = gettext_lazy("Invoices"), "invoices", "invoicing.view"
    table_class, filterset_class, export_name = InvoiceTable, InvoiceFilter, "invoices"
    empty = Empty(
        "file-invoice",
        gettext_lazy("Your invoices will stand here"),
        gettext_lazy("Invoice a confirmed order, or import the ledger of your present software."),
    )

    def get_queryset(self) -> QuerySet[Invoice]:
        """Return what the reader may see in the company at work."""
        return lists.invoice_list(self.request.user, self.request.company, timezone.localdate())

    def get_tabs(self) -> list[Tab]:
        """Return the states an invoice may be in."""
        return _tabs(self.request, "status", [ALL, *INVOICE_STATES])

    def get_actions(self) -> list[Action]:
        """Return the way to open items and payments."""
        return [Action(_("Open items"), reverse("invoicing:items"), "list-details")]

    def get_subtitle(self, rows: QuerySet[Invoice]) -> str:
        """Return what is open, per currency, and what is colleagues'."""
        user, company = self.request.user, self.request.company
        outside = in_words(lists.outside_invoices(user, company, self.request.GET.get("account", "")))
        return " · ".join(part for part in (_open_per_currency(self._sums(rows)), outside) if part)

    def get_currency(self, rows: QuerySet[Invoice]) -> str:
        """Return the one currency of the totals."""
        return self._sums(rows)[0].currency if self._sums(rows) else ""

    def get_totals(self, rows: QuerySet[Invoice]) -> dict[str, Any]:
        """Return the sums for the foot; none over two currencies."""
        sums = self._sums(rows)
        return {"total": sums[0].total, "open_amount": sums[0].open_amount} if len(sums) == 1 else {}

    def _sums(self, rows: QuerySet[Invoice]) -> list[lists.Totals]:
        if not hasattr(self, "_found"):
            self._found = lists.invoice_totals(
                rows,
                self.request.user,
                self.request.company,
                timezone.localdate(),
                whole=not self.request.GET.keys() - UNFILTERED,
            )
        return self._found


class ItemList(ListPage):
    """Open items, of today or of the day ``as_of`` names."""

    request: Any

    title, menu, permission = gettext_lazy("Open items"), "invoices", "invoicing.view"
    table_class, filterset_class, export_name = ItemTable, ItemFilter, "open-items"
    empty = Empty(
        "list-details",
        gettext_lazy("No open item"),
        gettext_lazy("What clients owe stands here until it is matched with a payment or a credit note."),
    )

    @cached_property
    def day(self) -> date:
        """The day whose book is read; today when the address names none, or none that can be read."""
        today = timezone.localdate()
        try:
            return parse_date(self.request.GET.get("as_of", ""), today=today, prefer="past")
        except ValueError:
            return today

    def get_title(self) -> str:
        """Return the heading, with the day where it is a past one."""
        if self.day == timezone.localdate():
            return _("Open items")
        return _("Open items on %(day)s") % {"day": formats.date_short(self.day)}

    def get_queryset(self) -> QuerySet[ReceivableItem]:
        """Return what was open for the reader's clients."""
        return lists.open_items(self.request.user, self.request.company, self.day)

    def get_tabs(self) -> list[Tab]:
        """Return the kinds of open items."""
        return _tabs(self.request, "state", [ALL, *ITEM_STATES])

    def get_subtitle(self, rows: QuerySet[ReceivableItem]) -> str:
        """Return what is open, per currency, and what is colleagues'."""
        user, company = self.request.user, self.request.company
        outside = in_words(lists.outside_items(user, company, self.day, self.request.GET.get("account", "")))
        return " · ".join(part for part in (_open_per_currency(self._sums(rows)), outside) if part)

    def get_currency(self, rows: QuerySet[ReceivableItem]) -> str:
        """Return the one currency of the total."""
        return self._sums(rows)[0].currency if self._sums(rows) else ""

    def get_totals(self, rows: QuerySet[ReceivableItem]) -> dict[str, Any]:
        """Return the sum for the foot; none over two currencies."""
        sums = self._sums(rows)
        return {"open_amount": sums[0].open_amount} if len(sums) == 1 else {}

    def _sums(self, rows: QuerySet[ReceivableItem]) -> list[lists.Totals]:
        if not hasattr(self, "_found"):
            self._found = lists.item_totals(rows)
        return self._found


class PaymentList(ListPage):
    """Payments, those to be matched first."""

    request: Any

    title, menu, permission = gettext_lazy("Matching"), "payments", "invoicing.view"
    table_class, filterset_class, export_name = PaymentTable, PaymentFilter, "payments"
    empty = Empty(
        "arrows-join",
        gettext_lazy("Payments will stand here, those to be matched first"),
        gettext_lazy("They come in through the API or with an imported ledger."),
    )

    def get_subtitle(self, rows: QuerySet[Any]) -> str:
        """Return how many payments wait."""
        waiting = rows.exclude(unallocated=0).count()
        return ngettext("%(n)s payment to be matched", "%(n)s payments to be matched", waiting) % {
            "n": formats.number(waiting, get_language() or "fr")
        }

    def get_queryset(self) -> QuerySet[Payment]:
        """Return what the reader may see in the company at work."""
        return lists.payment_list(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return the states a payment may be in."""
        return _tabs(self.request, "state", [ALL, *PAYMENT_STATES])


@needs("invoicing.view")
@require_GET
def detail(request: Any, number: str) -> HttpResponse:
    """One invoice or credit note: what it says, what is left of it and what became of it."""
    today = timezone.localdate()
    with translated():
        invoice = lists.find_invoice(request.user, request.company, number, today)
    page = pages.invoice_page(invoice, today)
    credit = next((item for item in page.items if item.amount < 0 and item.open_amount < 0), None)
    return render(
        request,
        "invoicing/invoice_detail.html",
        {"menu": "invoices", "title": invoice.number, "page": page, "invoice": invoice}
        | {"may_change_due": request.user.may("invoicing.change_due_date", invoice.company_id)}
        | _match_context(request, credit),
    )


@needs("invoicing.view")
@require_GET
def payment(request: Any, key: int) -> HttpResponse:
    """One payment: where it went, what is left of it, and what it may be matched with."""
    with translated():
        found = lists.find_payment(request.user, key)
    page = pages.payment_page(found, timezone.localdate())
    return render(
        request,
        "invoicing/payment_detail.html",
        {"menu": "payments", "title": found.external_id, "page": page, "payment": found}
        | _match_context(request, page.item),
    )


def _match_context(
    request: Any, credit: ReceivableItem | None, form: MatchForm | None = None
) -> dict[str, Any]:
    """What the panel of matching needs; nothing for those who may not, and when nothing is left."""
    may = credit is not None and request.user.may("payments.allocate", credit.company_id)
    if credit is None or credit.open_amount == 0 or not may:
        return {"credit": None, "may_unmatch": request.user.may("payments.allocate", request.company)}
    form = form or _match_form(request, credit, None)
    return {"credit": credit, "left": -credit.open_amount, "match_form": form, "may_unmatch": may}


def _match_form(request: Any, credit: ReceivableItem, data: Any) -> MatchForm:
    reference = credit.payment.reference if credit.payment is not None else ""
    candidates = lists.candidates_for(credit, request.user, timezone.localdate(), reference=reference)
    return MatchForm(data, candidates=candidates, left=-credit.open_amount, currency=credit.currency)


@needs("payments.allocate")
@require_http_methods(["GET", "POST"])
def match(request: Any, key: int) -> HttpResponse:
    """Match a credit with the amounts given; GET answers what would be left, while they are typed."""
    seen = ReceivableItem.objects.visible_to(request.user).select_related("account__entity", "company")
    credit = seen.select_related("payment", "invoice").filter(pk=key, amount__lt=0).first()
    if credit is None:
        raise Http404
    form = _match_form(request, credit, request.POST if request.method == "POST" else request.GET)
    valid = form.is_valid()
    if request.method == "GET":
        context = {
            "left": form.left,
            "total": form.total(),
            "rest": form.left - form.total(),
            "credit": credit,
        }
        return render(request, "invoicing/_match_sum.html", context)
    if valid:
        try:
            with translated():
                made = services.allocate_many(
                    [services.MatchPair(credit.pk, item_id, amount) for item_id, amount in form.chosen()],
                    by=request.user,
                    at=timezone.now(),
                )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            undo = reverse("invoicing:unmatch", args=["-".join(str(row.pk) for row in made)])
            sum_ = formats.money(form.total(), get_language() or "fr", credit.currency)
            messages.success(request, _("%(amount)s matched.") % {"amount": sum_}, extra_tags=undo)
            return redirect(pages.credit_url(credit))
    return _again(request, credit, form)


def _again(request: Any, credit: ReceivableItem, form: MatchForm) -> HttpResponse:
    """Show the page of a credit again with what is wrong with the amounts."""
    today = timezone.localdate()
    if credit.payment_id is not None:
        found = lists.find_payment(request.user, credit.payment_id)
        page: Any = pages.payment_page(found, today)
        template, own = "invoicing/payment_detail.html", {"menu": "payments", "payment": found}
    elif credit.invoice is not None:
        found_invoice = lists.find_invoice(request.user, credit.company, credit.invoice.number, today)
        page = pages.invoice_page(found_invoice, today)
        template, own = "invoicing/invoice_detail.html", {"menu": "invoices", "invoice": found_invoice}
    else:
        raise Http404
    context = {"title": credit.document, "page": page} | own | _match_context(request, credit, form)
    return render(request, template, context, status=422)


@needs("payments.allocate")
@require_POST
def unmatch(request: Any, keys: str) -> HttpResponse:
    """Undo matches by appending their reversals; the history keeps both."""
    wanted = [int(key) for key in keys.split("-") if key.isdecimal()]
    if not wanted:
        raise Http404
    undone = []
    try:
        with translated():
            undone = [
                services.unallocate(allocation_id=key, by=request.user, at=timezone.now()) for key in wanted
            ]
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, ngettext("The match is undone.", "The matches are undone.", len(undone)))
    target = request.POST.get("next", "")
    if not _is_ours(request, target):
        target = pages.credit_url(undone[0].credit) if undone else reverse("invoicing:payments")
    return redirect(target)


@needs("invoicing.view")
@require_GET
def panel(request: Any, code: str) -> HttpResponse:
    """A client's open items as a fragment: the oldest first, their total, and the way to all of them."""
    with translated():
        account = find_account(request.user, request.company, code)
    rows = lists.open_items(request.user, account.company, timezone.localdate()).filter(account=account)
    context = {
        "account": account,
        "items": pages.item_rows(rows[:PANEL_ROWS]),
        "count": rows.count(),
        "totals": lists.item_totals(rows),
        "outside": in_words(
            lists.outside_items(request.user, account.company, timezone.localdate(), account.code)
        ),
        "all_url": f"{reverse('invoicing:items')}?{urlencode({'account': account.code})}",
    }
    return render(request, "invoicing/_panel.html", context)


@needs("invoicing.issue")
@require_POST
def from_order(request: Any, number: str) -> HttpResponse:
    """Issue an invoice for what is delivered of an order, or for the whole of it in advance."""
    seen = Order.objects.visible_to(request.user, request.company)
    order = (seen.filter(number=number).first()) or (
        Order.objects.visible_to(request.user).filter(number=number).order_by("company_id").first()
    )
    if order is None:
        raise Http404
    try:
        with translated():
            invoice = services.issue_from_order(order_id=order.pk, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, " ".join([str(refusal), *_said(refusal)]))
        return _back(request, order)
    messages.success(request, _("Invoice %(number)s is issued.") % {"number": invoice.number})
    return redirect("invoicing:detail", number=invoice.number)


def _said(refusal: Refusal) -> list[str]:
    """Return the sentences a refusal carries beside its own: per field, and per finding of a check."""
    of_fields = [str(text) for texts in refusal.errors.values() for text in texts]
    findings = [str(getattr(finding, "message", "")) for finding in refusal.findings]
    return [text for text in (*of_fields, *findings) if text]


def _back(request: Any, order: Order) -> HttpResponseRedirect:
    """Go back to where the button was pressed."""
    target = request.POST.get("next", "")
    if not _is_ours(request, target):
        target = reverse("orders:detail", args=[order.number])
    return HttpResponseRedirect(target)


def _is_ours(request: HttpRequest, target: str) -> bool:
    return bool(target) and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )

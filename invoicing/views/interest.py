"""Late-payment interest on screen: the card of an invoice, claiming a client's, notes, waivers, agreed terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount
from accounts.queries import find_account
from invoicing import lists
from invoicing.enums import DocumentKind
from invoicing.interest_queries import InvoiceInterest, interest_of, totals_of
from invoicing.models import Invoice, PenaltyClaim, PenaltyNote, PenaltyWaiver, ReceivableItem
from invoicing.penalty_paper import note_pdf
from invoicing.penalty_tables import PenaltyNoteTable
from invoicing.services import penalties, waivers
from o2c.shared.fields import DateField
from o2c.shared.money import ZERO
from o2c.shared.past import Look
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import Refusal
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin

from .base import translated

CLAIMS, WAIVES, AGREES = "invoicing.claim_interest", "invoicing.waive_interest", "accounts.edit"
# A client with more late invoices claims them in several notes.
_MOST_INVOICES = 200


def interest_context(request: Any, invoice: Invoice, looked: Look) -> dict[str, Any]:
    """What the page of an invoice shows of its interest; nothing of what was never late and has no history."""
    found = interest_of([invoice.pk], looked.day).get(invoice.pk)
    if invoice.kind == DocumentKind.CREDIT_NOTE or found is None:
        return {}
    waivers = list(invoice.penalty_waivers.select_related("waived_by", "lifted_by"))
    claims = list(invoice.penalty_claims.select_related("note", "undone_by"))
    late = found.missing is not None or bool(found.whole and (found.whole.fee or found.whole.interest))
    if not late and not waivers and not claims and invoice.due_date >= looked.day:
        return {}
    return {
        "interest": found,
        "interest_claimable": found.is_claimable,
        "interest_waivers": waivers,
        "interest_claims": claims,
        "may_claim": request.user.may(CLAIMS, invoice.company_id) and not looked.is_past,
        "may_waive": request.user.may(WAIVES, invoice.company_id) and not looked.is_past,
    }


class ActForm(PermissionMixin, View):
    """A page with one form and one act."""

    template = ""
    form_class: type[forms.Form] = forms.Form

    def get(self, request: Any, **which: Any) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, self.form(request, None, **which), **which)

    def post(self, request: Any, **which: Any) -> HttpResponse:
        """Do it, or say what is missing."""
        form = self.form(request, request.POST, **which)
        if form.is_valid():
            try:
                with translated():
                    return self.act(request, form, **which)
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in said])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
        return self.answer(request, form, **which)

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The form of this page."""
        return self.form_class(data)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Do what the page is for."""
        raise NotImplementedError

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """What the page shows beside the form."""
        raise NotImplementedError

    def answer(self, request: HttpRequest, form: forms.Form, **which: Any) -> HttpResponse:
        """Draw the page."""
        context = {"menu": "interest", "form": form} | self.context(request, form, **which)
        return render(request, self.template, context, status=422 if form.errors else 200)


# --- claiming ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClaimRow:
    """One late invoice of a client, with what a note would claim of it."""

    invoice: Invoice
    interest: InvoiceInterest
    checked: bool

    @property
    def days(self) -> int:
        """Days that would be claimed."""
        return self.interest.left.days if self.interest.left else 0


class ClaimForm(forms.Form):
    """Up to which day, of which invoices."""

    as_of = DateField(label=gettext_lazy("Interest up to"), prefer="past")
    invoices = forms.MultipleChoiceField(label=gettext_lazy("Invoices"), required=False)

    def __init__(self, data: Any, rows: Sequence[ClaimRow], as_of: date) -> None:
        super().__init__(data, initial={"as_of": as_of})
        self.fields["invoices"].choices = [(str(row.invoice.pk), row.invoice.number) for row in rows]  # type: ignore[attr-defined]


class ClaimInterest(ActForm):
    """What a client has run up, invoice by invoice; what is chosen becomes one note."""

    permission = CLAIMS
    template = "invoicing/claim_interest.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """Its late invoices."""
        return ClaimForm(data, self.rows(request, which["code"]), self.day(request))

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Issue the note."""
        account = self.account(request, which["code"])
        note = penalties.claim_interest(
            account_id=account.pk,
            invoice_ids=[int(key) for key in form.cleaned_data["invoices"]],
            as_of=form.cleaned_data["as_of"],
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, _("Interest note %(number)s is issued.") % {"number": note.number})
        return redirect("invoicing:penalty_note", key=note.pk)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The rows, and what nobody can claim with its reason."""
        account, rows = self.account(request, which["code"]), self.rows(request, which["code"])
        chosen = set(request.POST.getlist("invoices")) if request.method == "POST" else None
        if chosen is not None:
            rows = [ClaimRow(row.invoice, row.interest, str(row.invoice.pk) in chosen) for row in rows]
        return {
            "title": _("Interest of %(client)s") % {"client": account.name},
            "account": account,
            "day": self.day(request),
            "rows": [row for row in rows if row.interest.is_claimable],
            "others": [row for row in rows if not row.interest.is_claimable],
            "missing": next((row.interest.missing for row in rows if row.interest.missing), None),
            "totals": totals_of([row.interest for row in rows]),
            "fees": sum((row.interest.claimable_fee for row in rows), ZERO),
            "assumed": any(row.interest.left and row.interest.left.is_assumed for row in rows),
            "may_agree": request.user.may(AGREES, account.company_id),
        }

    def account(self, request: Any, code: str) -> CustomerAccount:
        """The client, if it is the reader's to see."""
        with translated():
            return find_account(request.user, request.company, code)

    def day(self, request: Any) -> date:
        """Up to which day is reckoned: the one asked for, today else."""
        asked = DateField(prefer="past", required=False)
        try:
            found: date | None = asked.clean(request.POST.get("as_of") or request.GET.get("as_of", ""))
        except forms.ValidationError:
            found = None
        today = timezone.localdate()
        return min(found or today, today)

    def rows(self, request: Any, code: str) -> list[ClaimRow]:
        """Invoices that have run something up, the longest late first."""
        if not hasattr(self, "_rows"):
            day, account = self.day(request), self.account(request, code)
            seen = Invoice.objects.visible_to(request.user).filter(account=account, due_date__lt=day)
            invoices = list(
                seen.exclude(kind=DocumentKind.CREDIT_NOTE).order_by("-due_date", "-pk")[:_MOST_INVOICES]
            )
            found = interest_of([invoice.pk for invoice in invoices], day)
            asked = request.GET.get("invoice")
            self._rows = [
                ClaimRow(
                    invoice,
                    found[invoice.pk],
                    found[invoice.pk].is_claimable and asked in {None, invoice.number},
                )
                for invoice in sorted(invoices, key=lambda each: (each.due_date, each.pk))
                if invoice.pk in found and _matters(found[invoice.pk])
            ]
        return self._rows


def _matters(row: InvoiceInterest) -> bool:
    return row.missing is not None or bool(row.whole and (row.whole.interest or row.whole.fee))


# --- notes -------------------------------------------------------------------------------------------------------


class PenaltyNotes(ListPage):
    """Interest notes, newest first."""

    request: Any

    title, menu, permission = gettext_lazy("Interest notes"), "interest", "invoicing.view"
    table_class, export_name = PenaltyNoteTable, "interest-notes"
    empty = Empty(
        "percentage",
        gettext_lazy("Interest notes will stand here"),
        gettext_lazy("Open a late invoice or a client and claim what it has run up: it becomes one note."),
    )

    def get_actions(self) -> list[Action]:
        """Return the way to what all clients agreed to."""
        return [Action(_("Terms of all clients"), reverse("invoicing:company_terms"), "percentage")]

    def get_queryset(self) -> QuerySet[PenaltyNote]:
        """What the reader may see in the company at work."""
        seen = PenaltyNote.objects.visible_to(self.request.user, self.request.company)
        return seen.select_related("account", "company", "cancels", "cancelled_by")


class PenaltyNotePage(PermissionMixin, View):
    """One note: what it claims of which invoice, segment by segment, and what became of it."""

    permission = "invoicing.view"

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw the page."""
        note = find_note(request, key)
        claimed = note.cancels or note
        items = ReceivableItem.objects.filter(
            pk__in=[each for each in (note.interest_item_id, note.fee_item_id) if each]
        )
        undone = getattr(note, "cancelled_by", None)
        context = {
            "menu": "interest",
            "title": note.number,
            "note": note,
            "claims": [
                (claim, url, segments_of(claim.segments)) for claim, url in claims_of(claimed, request)
            ],
            "items": list(items.order_by("instalment")),
            "undone": undone,
            "may_cancel": note.cancels is None
            and undone is None
            and request.user.may(CLAIMS, note.company_id),
        }
        return render(request, "invoicing/penalty_note.html", context)


def find_note(request: Any, key: int) -> PenaltyNote:
    """The note, if it is the reader's to see."""
    seen = PenaltyNote.objects.visible_to(request.user)
    found = (
        seen.select_related("company", "account", "cancels", "cancelled_by", "created_by")
        .filter(pk=key)
        .first()
    )
    if found is None:
        raise Http404
    return found


def claims_of(note: PenaltyNote, request: Any) -> list[tuple[PenaltyClaim, str]]:
    """The lines of a note; the link to an invoice only where the reader may open it."""
    rows = list(note.claims.select_related("invoice").order_by("invoice__due_date", "pk"))
    seen = set(
        Invoice.objects.visible_to(request.user)
        .filter(pk__in=[row.invoice_id for row in rows])
        .values_list("pk", flat=True)
    )
    return [
        (row, reverse("invoicing:detail", args=[row.invoice.number]) if row.invoice_id in seen else "")
        for row in rows
    ]


def segments_of(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Frozen segments with dates and decimals again."""
    return [
        {
            **row,
            "from": date.fromisoformat(row["from"]),
            "to": date.fromisoformat(row["to"]),
            **{name: Decimal(row[name]) for name in ("balance", "rate", "amount")},
        }
        for row in rows
    ]


class PenaltyNotePdf(PermissionMixin, View):
    """The note as the client receives it."""

    permission = "invoicing.view"

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw the file."""
        note = find_note(request, key)
        return pdf_response(note_pdf(note), f"{note.number}.pdf")


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class CancelNote(ActForm):
    """Take a note back by another one."""

    permission = CLAIMS
    template = "invoicing/penalty_reason.html"
    form_class = ReasonForm

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Issue the note that cancels it."""
        back = penalties.cancel_penalty_note(
            note_id=which["key"], reason=form.cleaned_data["reason"], by=request.user, at=timezone.now()
        )
        messages.success(request, _("Note %(number)s takes it back.") % {"number": back.number})
        return redirect("invoicing:penalty_note", key=back.pk)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The note, and what follows."""
        note = find_note(request, which["key"])
        return {
            "title": _("Take back %(number)s") % {"number": note.number},
            "up": _("Interest notes"),
            "up_url": reverse("invoicing:penalty_notes"),
            "back": reverse("invoicing:penalty_note", args=[note.pk]),
            "verb": _("Take the note back"),
            "consequence": _(
                "A note with the opposite amounts is issued: both stay. The days and indemnities may be claimed"
                " again; what is paid already stays a credit of the client."
            ),
        }


# --- waivers -----------------------------------------------------------------------------------------------------


class WaiverForm(ReasonForm):
    """What is not claimed, and why."""

    interest = forms.BooleanField(label=gettext_lazy("Interest"), required=False)
    fee = forms.BooleanField(label=gettext_lazy("Indemnity of 40 €"), required=False)
    field_order = ("interest", "fee", "reason")


class WaiveInterest(ActForm):
    """Choose not to claim interest, indemnity or both of an invoice."""

    permission = WAIVES
    template = "invoicing/penalty_reason.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """Both, until something else is chosen."""
        return WaiverForm(data, initial={"interest": True, "fee": True})

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Store the choice."""
        invoice = self.invoice(request, which["number"])
        waivers.waive_interest(invoice_id=invoice.pk, by=request.user, at=timezone.now(), **form.cleaned_data)
        messages.success(
            request, _("It is noted: this is not claimed of %(number)s.") % {"number": invoice.number}
        )
        return redirect("invoicing:detail", number=invoice.number)

    def invoice(self, request: Any, number: str) -> Invoice:
        """The invoice, if it is the reader's to see."""
        with translated():
            return lists.find_invoice(request.user, request.company, number, timezone.localdate())

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The invoice, and what follows."""
        invoice = self.invoice(request, which["number"])
        return {
            "title": _("Waive interest of %(number)s") % {"number": invoice.number},
            "up": _("Invoices"),
            "up_url": reverse("invoicing:list"),
            "back": reverse("invoicing:detail", args=[invoice.number]),
            "verb": _("Waive"),
            "consequence": _(
                "Letters and claims leave it out from now on. What is claimed already stays claimed. The choice is"
                " kept with your name and can be lifted."
            ),
        }


class LiftWaiver(ActForm):
    """Take a waiver back."""

    permission = WAIVES
    template = "invoicing/penalty_reason.html"
    form_class = ReasonForm

    def waiver(self, request: Any, key: int) -> PenaltyWaiver:
        """The waiver of an invoice the reader may see."""
        found = PenaltyWaiver.objects.filter(pk=key).select_related("invoice").first()
        if found is None or not Invoice.objects.visible_to(request.user).filter(pk=found.invoice_id).exists():
            raise Http404
        return found

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Lift it."""
        row = waivers.lift_waiver(
            waiver_id=self.waiver(request, which["key"]).pk,
            reason=form.cleaned_data["reason"],
            by=request.user,
            at=timezone.now(),
        )
        messages.success(request, _("The waiver is lifted: it may be claimed again."))
        return redirect("invoicing:detail", number=row.invoice.number)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The invoice, and what follows."""
        invoice = self.waiver(request, which["key"]).invoice
        return {
            "title": _("Lift the waiver of %(number)s") % {"number": invoice.number},
            "up": _("Invoices"),
            "up_url": reverse("invoicing:list"),
            "back": reverse("invoicing:detail", args=[invoice.number]),
            "verb": _("Lift the waiver"),
            "consequence": _(
                "What was waived may be claimed again, from the first day late. The waiver stays in the history."
            ),
        }

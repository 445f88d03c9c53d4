"""Claim files with the credit insurer on screen: the list, one of them with its steps, opening one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import CustomerAccount
from accounts.queries import find_account
from accounts.views.parts import Panel
from credit.enums import AlertKind
from credit.insurance_queries import policy_in_force
from invoicing.claims import policy, queries, services
from invoicing.claims.cap import cover_year
from invoicing.claims.enums import ClaimStatus
from invoicing.claims.forms import CloseForm, DeclareForm, IndemnityForm, OpenForm, RecoveryForm
from invoicing.claims.policy import Claimable
from invoicing.claims.tables import TABS, ClaimFilter, ClaimTable
from invoicing.models import InsuranceClaim
from invoicing.tables import item_url
from o2c.shared.past import look
from o2c.shared.views import Action, Empty, ListPage, Tab

from .base import ActPage, needs, translated
from .lists import ALL, _tabs

MENU = "insurance_claims"


class Claims(ListPage):
    """Claim files with the insurer."""

    request: Any

    title, menu, permission = gettext_lazy("Claims on the insurer"), MENU, "invoicing.view"
    table_class, filterset_class, export_name = ClaimTable, ClaimFilter, "insurance-claims"
    empty = Empty(
        "shield-check",
        gettext_lazy("Nothing is claimed of the insurer"),
        gettext_lazy("Open a claim file from the page of an insured client whose invoices stay unpaid."),
    )

    def get_queryset(self) -> QuerySet[InsuranceClaim]:
        """Return what the reader may see in the company at work."""
        return queries.claims(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return where a claim file may stand."""
        return _tabs(self.request, "status", [ALL, *TABS])

    def get_actions(self) -> Sequence[Action]:
        """Return the way to what must be declared soon."""
        due = f"{reverse('credit:alerts')}?kind={AlertKind.DECLARATION}"
        return [Action(_("To declare"), due, "alert-triangle")]


@needs("invoicing.view")
@require_GET
def claim(request: Any, key: int) -> HttpResponse:
    """Draw one claim file: what is claimed, what the insurer would pay, each step, and what may follow."""
    with translated():
        found = queries.find_claim(request.user, key)
    may = request.user.may(services.RIGHT, found.company_id)
    acts = [
        (name, label, icon)
        for name, status, label, icon in _ACTS
        if may and policy.may_follow(found.status, status)
    ]
    # What is paid of all clients is for those who see them all.
    shown = request.user.sees_every_sale(found.company)
    context = {
        "menu": MENU,
        "year": cover_year(found.policy, told_on=found.told_on, on=timezone.localdate()) if shown else None,
        "title": _("Claim file %(number)s") % {"number": found.number},
        "found": found,
        "rows": [(row, item_url(row.item)) for row in found.seen_items],
        "steps": found.steps.all(),
        "settled": found.amount - min(found.amount, found.open_amount),
        "rest": max(found.expected - found.indemnity, 0),
        "waits": found.waits_until is not None
        and found.status != ClaimStatus.CLOSED
        and found.waits_until > timezone.localdate(),
        "acts": acts,
    }
    return render(request, "invoicing/insurance_claim.html", context)


_ACTS = (
    ("declare_claim", ClaimStatus.DECLARED, gettext_lazy("Declare the claim"), "send"),
    ("claim_recovery", ClaimStatus.IN_RECOVERY, gettext_lazy("Leave it to the insurer"), "switch-horizontal"),
    ("claim_indemnity", ClaimStatus.INDEMNIFIED, gettext_lazy("Enter an indemnity"), "cash"),
    ("close_claim", ClaimStatus.CLOSED, gettext_lazy("Close the file"), "check"),
)


class OpenClaim(ActPage):
    """What an insured client owes; what is chosen is told to the insurer."""

    menu, permission, template = MENU, services.RIGHT, "invoicing/insurance_claim_new.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """All that may be claimed is chosen."""
        rows = self._offered(request, which["code"])
        chosen = [str(row.item_id) for row in self._together(request, which["code"])]
        return OpenForm(data, rows, initial={"items": chosen, "told_on": timezone.localdate()})

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Open it."""
        given = dict(form.cleaned_data)
        made = services.open_claim(
            item_ids=[int(key) for key in given.pop("items")], by=request.user, at=timezone.now(), **given
        )
        messages.success(request, _("The claim file %(number)s is open.") % {"number": made.number})
        return redirect("invoicing:insurance_claim", made.pk)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """What may be claimed and what may not, with the reason; what the insurer would pay."""
        account, today = self._account(request, which["code"]), timezone.localdate()
        rows, offered = self._rows(request, which["code"]), self._offered(request, which["code"])
        together = self._together(request, which["code"])
        chosen, terms = set(form["items"].value() or ()), policy_in_force(account.company, on=today)
        deadline = queries.deadline(account, terms, together, on=today) if terms and together else None
        return {
            "title": _("Claim of the insurer: %(client)s") % {"client": account.name},
            "account": account,
            "terms": terms,
            "rows": [(row, str(row.item_id) in chosen) for row in offered],
            "left_out": [(row, policy.against(row, on=today)) for row in rows if row not in offered],
            "worth": queries.worth(account, together, on=today) if together else None,
            "year": cover_year(terms, told_on=today, on=today) if terms else None,
            "deadline": deadline,
            "is_late": deadline is not None and deadline < today,
            "currency": together[0].currency if together else account.currency,
            "back": reverse("accounts:detail", args=[account.code]),
        }

    def _account(self, request: Any, code: str) -> CustomerAccount:
        if not hasattr(self, "_seen"):
            self._seen = find_account(request.user, request.company, code)
        return self._seen

    def _rows(self, request: Any, code: str) -> list[Claimable]:
        if not hasattr(self, "_all"):
            account = self._account(request, code)
            self._all = queries.claimable_items(request.user, account, on=timezone.localdate())
        return self._all

    def _offered(self, request: Any, code: str) -> list[Claimable]:
        today = timezone.localdate()
        return [row for row in self._rows(request, code) if policy.against(row, on=today) is None]

    def _together(self, request: Any, code: str) -> list[Claimable]:
        """Those of the first one's currency: a claim file has one."""
        offered = self._offered(request, code)
        return [row for row in offered if row.currency == offered[0].currency]


class _Step(ActPage):
    """A form about one claim file."""

    menu, permission, template = MENU, services.RIGHT, "invoicing/insurance_claim_step.html"
    form_class: type[forms.Form]
    do: Callable[..., Any]
    words: tuple[Any, Any]

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The fields of the step."""
        found = queries.find_claim(request.user, which["key"])
        made = self.form_class(data, initial=self.initial(found))
        if "amount" in made.fields:
            made.fields["amount"].unit = found.currency  # type: ignore[attr-defined]
        return made

    def initial(self, found: Any) -> dict[str, Any]:
        """What the form begins with."""
        return {"on": timezone.localdate(), "amount": max(found.expected - found.indemnity, 0) or None}

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Do it."""
        type(self).do(claim_id=which["key"], by=request.user, at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Noted."))
        return redirect("invoicing:insurance_claim", which["key"])

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """Words of the page."""
        found = queries.find_claim(request.user, which["key"])
        verb, note = self.words
        return {
            "title": f"{found.number}: {verb}",
            "found": found,
            "verb": verb,
            "note": note,
            "back": reverse("invoicing:insurance_claim", args=[found.pk]),
        }


class Declare(_Step):
    """The claim is declared under the insurer's number."""

    form_class, do = DeclareForm, staticmethod(services.declare)
    words = (
        gettext_lazy("Declare the claim"),
        gettext_lazy(
            "From that day on the waiting period of the policy runs; for declared insolvency there is none."
        ),
    )


class Recovery(_Step):
    """The insurer recovers."""

    form_class, do = RecoveryForm, staticmethod(services.leave_recovery)
    words = (
        gettext_lazy("Leave it to the insurer"),
        gettext_lazy(
            "Nobody here reminds of these documents any more; money that comes in is matched as ever."
        ),
    )


class Indemnity(_Step):
    """Money of the insurer."""

    form_class, do = IndemnityForm, staticmethod(services.indemnify)
    words = (
        gettext_lazy("Enter an indemnity"),
        gettext_lazy(
            "The client owes as before, and nobody here reminds of it until the file is closed: what it pays from now"
            " on is shared with the insurer as the policy says."
        ),
    )


class Close(_Step):
    """The end of the file."""

    form_class, do = CloseForm, staticmethod(services.close_claim)
    words = (
        gettext_lazy("Close the file"),
        gettext_lazy("What is open of its documents may be claimed and reminded of again."),
    )


def panel(request: Any, account: CustomerAccount) -> Panel | None:
    """The claim files of a client, and the way to a new one where it is insured; nothing where neither is."""
    looked = look(request)
    if looked.is_past:
        return None
    files = queries.claims_of(request.user, account)
    terms = policy_in_force(account.company, on=looked.day)
    may = terms is not None and request.user.may(services.RIGHT, account.company_id)
    may_open = may and queries.owes_late(account, on=looked.day)
    if not files and not may_open:
        return None
    return Panel(
        "invoicing/_insurance_claims.html", {"account": account, "files": files, "may_open": may_open}
    )

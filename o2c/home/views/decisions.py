"""The approver's inbox: requests with their facts beside the answer, and what one decided before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import Company
from accounts.views.answers import company_of, explain, now, signed_in
from credit import services as credit
from credit.authority import role_label
from credit.enums import RequestStatus
from credit.models import LimitRequest
from credit.queries import limit_requests_visible
from invoicing import services as invoicing
from invoicing.services.credit_authority import credit_requests_visible
from o2c.home.authority_requests import agree, changes_visible, disagree
from o2c.home.decisions import Decisions
from o2c.home.queries import hit_rate_of
from o2c.shared.problems import Invalid, NotAllowed, Refusal
from o2c.shared.views import PermissionMixin
from orders import services as orders
from orders.enums import OverrideStatus
from orders.models import Order, OverrideRequest
from orders.queries import overrides_visible

_ACTS = {
    ("override", "approve"): orders.approve_override,
    ("override", "refuse"): orders.refuse_override,
    ("limit", "approve"): credit.approve_limit_request,
    ("limit", "refuse"): credit.refuse_limit_request,
    ("credit", "approve"): invoicing.approve_credit_note,
    ("credit", "refuse"): invoicing.refuse_credit_note,
    ("authority", "approve"): agree,
    ("authority", "refuse"): disagree,
}

_VISIBLE: dict[str, Any] = {
    "override": overrides_visible,
    "limit": limit_requests_visible,
    "credit": credit_requests_visible,
    "authority": changes_visible,
}


class AnswerForm(forms.Form):
    """Why a request is granted or refused."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 2, "placeholder": gettext_lazy("No late payment in 12 months")}),
    )


class ToDecide(PermissionMixin, View):
    """Requests that wait, the most urgent first; posting answers one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the list."""
        return self._answer(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Grant or refuse one, with a reason."""
        _company(request)
        key = request.POST.get("request", "")
        kind, _dash, pk = key.partition("-")
        act = _ACTS.get((kind, request.POST.get("decision", "")))
        if act is None or not pk.isdecimal() or not self._seen(request, kind, int(pk)):
            raise Http404
        form = AnswerForm(request.POST, auto_id=f"{key}_%s")
        if not form.is_valid():
            return self._answer(request, key, form, status=422)
        try:
            done: Any = act(
                request_id=int(pk), reason=form.cleaned_data["reason"], by=signed_in(request), at=now()
            )
        except NotAllowed as refusal:
            explain(form, refusal)
            if refusal.required_role:
                who = _("Role that may: %(role)s.") % {"role": role_label(refusal.required_role)}
                form.add_error(None, who)
            return self._answer(request, key, form, status=refusal.status)
        except Invalid as refusal:
            explain(form, refusal)
            return self._answer(request, key, form, status=refusal.status)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect("decisions")
        approved = request.POST["decision"] == "approve"
        said = _("Granted: who asked is told.") if approved else _("Refused: who asked is told.")
        if approved and _waits_for_another(done, int(pk)):
            said = _("Your approval is kept; a second one of another department grants.")
        undo = ""
        if isinstance(done, Order) and orders.undoable(done) is not None:
            undo = reverse("orders:undo_release", args=[done.number])
        messages.success(request, said, extra_tags=undo)
        return redirect("decisions")

    def _seen(self, request: HttpRequest, kind: str, pk: int) -> bool:
        """Whether the reader sees what the request is about, waiting or answered meanwhile."""
        user, company = signed_in(request), _company(request)
        rows: Any = _VISIBLE[kind](user, company)
        return bool(rows.filter(pk=pk).exists())

    def _answer(
        self, request: HttpRequest, key: str = "", form: AnswerForm | None = None, status: int = 200
    ) -> HttpResponse:
        mine, above = Decisions(signed_in(request), _company(request), now()).waiting()
        context: dict[str, Any] = {
            "menu": "decisions",
            "title": _("Requests to decide"),
            "rows": [
                (row, form if form is not None and row.key == key else AnswerForm(auto_id=f"{row.key}_%s"))
                for row in mine
            ],
            "above": above,
            "tried": key,
            "failed": form if form is not None and key not in {row.key for row in mine} else None,
        }
        return render(request, "home/decisions.html", context, status=status)


class Mine(PermissionMixin, View):
    """What the reader decided, and how it turned out."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the list."""
        rows = Decisions(signed_in(request), _company(request), now()).mine()
        context = {
            "menu": "decisions",
            "title": _("My decisions"),
            "rows": rows,
            "rate": hit_rate_of(signed_in(request), _company(request)),
        }
        return render(request, "home/my_decisions.html", context)


def _waits_for_another(done: Any, pk: int) -> bool:
    """Whether an approval was the first of two."""
    if isinstance(done, LimitRequest):
        return done.status == RequestStatus.SUBMITTED
    return (
        isinstance(done, Order) and OverrideRequest.objects.filter(pk=pk, status=OverrideStatus.OPEN).exists()
    )


def _company(request: HttpRequest) -> Company:
    company, user = company_of(request), signed_in(request)
    if company is None or not user.may("decisions.view", company):
        raise PermissionDenied
    return company

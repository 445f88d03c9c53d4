"""The delegation matrix: read by everybody who sees clients; a change is asked for by one and agreed by another."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Company
from accounts.views.answers import company_of, explain, now, signed_in
from accounts.views.rule_changes import rule_changes
from credit.authority import role_label
from credit.rule_forms import AnswerForm, AuthorityForm
from credit.rule_queries import coming_authority, delegation_of, waiting_authority
from credit.rule_words import say_authority
from credit.services.authority_rules import decide_authority, propose_authority
from credit.services.limit_rules import CHANGE
from credit.written.queries import articles_on
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import NotAllowed, NotFound, Refusal
from o2c.shared.views import PermissionMixin

_ARTICLES: Final = ("3", "3.1", "3.2", "3.3", "3.5")
_ACTS: Final = ("authority.change_asked", "authority.change_agreed", "authority.change_refused")


class AuthorityRules(PermissionMixin, View):
    """The matrix in force with since when and by whom, what waits, what begins later, and the form for who may."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page; ``?level=`` puts a level into the form."""
        company = company_or_404(request)
        today = paris_date(now())
        matrix = delegation_of(company.pk, today)
        chosen = next((rule for rule in matrix if str(rule.level) == request.GET.get("level")), matrix[0])
        names = [name for name in AuthorityForm.base_fields if name != "reason"]
        initial = {name: getattr(chosen, name) for name in names} | {"effective_from": today}
        return _answer(request, company, AuthorityForm(initial=initial, company=company, matrix=matrix))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask for another authority of a level."""
        user, company = signed_in(request), company_or_404(request)
        if not user.may(CHANGE, company):
            raise PermissionDenied
        form = AuthorityForm(request.POST, company=company, matrix=delegation_of(company.pk))
        if form.is_valid():
            try:
                propose_authority(
                    company_id=company.pk,
                    rule=form.rule(),
                    effective_from=form.cleaned_data["effective_from"],
                    reason=form.cleaned_data["reason"],
                    by=user,
                    at=now(),
                )
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The change waits for somebody else to agree."))
                return redirect("credit:authority")
        return _answer(request, company, form, status=422)


class AnswerAuthority(PermissionMixin, View):
    """The other person's answer to a change: agreed or refused."""

    permission = CHANGE

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Agree, or refuse with a reason."""
        form, accept = AnswerForm(request.POST), request.POST.get("answer") == "agree"
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        try:
            decide_authority(change_id=pk, accept=accept, reason=reason, by=signed_in(request), at=now())
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal
        except Refusal as refusal:
            messages.error(
                request, " ".join(str(each) for found in refusal.errors.values() for each in found)
            )
            if not refusal.errors:
                messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("The change counts from its day on.") if accept else _("The change is refused.")
            )
        return redirect("credit:authority")


def company_or_404(request: HttpRequest) -> Company:
    """The company at work.

    :raises Http404: none is chosen
    """
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def _changed(event: AuditEvent) -> str:
    said = {
        "authority.change_asked": _("%(role)s, asked for: %(reason)s"),
        "authority.change_agreed": _("%(role)s, agreed: %(reason)s"),
        "authority.change_refused": _("%(role)s, refused: %(reason)s"),
    }
    return said[event.action] % {"role": role_label(event.object_label), "reason": event.reason}


def _rows(rules: Any, currency: str) -> list[dict[str, Any]]:
    return [{"rule": rule, "said": say_authority(rule, currency)} for rule in rules]


def _answer(request: HttpRequest, company: Company, form: AuthorityForm, status: int = 200) -> HttpResponse:
    user, today = signed_in(request), paris_date(now())
    context = {
        "menu": "authority",
        "title": _("Who decides up to how much"),
        "company": company,
        "rows": _rows(delegation_of(company.pk, today), company.currency),
        "coming": _rows(coming_authority(company, today), company.currency),
        "waiting": _rows(waiting_authority(company), company.currency),
        "may": user.may(CHANGE, company),
        "form": form if user.may(CHANGE, company) else None,
        "answer": AnswerForm(auto_id=False),
        "articles": articles_on(company, _ARTICLES, today),
        "events": rule_changes(company, _ACTS, _changed),
    }
    return render(request, "credit/authority_rules.html", context, status=status)

"""The page of agreed days: what a company promises for each type of dispute, and who answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Company
from o2c.shared import formats
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .. import queries
from ..enums import DisputeType
from ..rule_forms import RulesForm
from ..services import rules as services
from .page import put_on_form

_SHOWN = 20


class Rules(PermissionMixin, View):
    """Read by all who see disputes, changed by those who change the house's policy."""

    permission = "disputes.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw what is in force."""
        rate = queries.hour_rate_of(request.company.pk)
        form = RulesForm(now=queries.rules_of(request.company.pk), initial={"hour_rate": rate})
        return self.answer(request, form)

    def post(self, request: Any) -> HttpResponse:
        """Change it, or say what stands against it."""
        if not request.user.may(services.RIGHT, request.company):
            raise PermissionDenied
        form = RulesForm(request.POST, now=queries.rules_of(request.company.pk))
        if form.is_valid():
            try:
                reason, at = form.cleaned_data["reason"], timezone.now()
                with transaction.atomic():
                    services.set_rules(
                        company=request.company, rules=form.rules(), reason=reason, by=request.user, at=at
                    )
                    services.set_hour_rate(
                        company=request.company,
                        rate=form.cleaned_data["hour_rate"],
                        reason=reason,
                        by=request.user,
                        at=at,
                    )
            except Refusal as refusal:
                put_on_form(form, refusal)
            else:
                messages.success(request, _("The agreed days are set; cases qualified before keep theirs."))
                return redirect("disputes:rules")
        return self.answer(request, form)

    def answer(self, request: HttpRequest, form: RulesForm) -> HttpResponse:
        """Draw the page with its last changes."""
        company: Any = request.company  # type: ignore[attr-defined]
        user: Any = request.user
        events = AuditEvent.objects.filter(action="dispute.rules_changed", company_id=company.pk)
        labels = {kind.value: str(kind.label) for kind in DisputeType}
        labels[services.HOUR_RATE] = _("An hour spent on a dispute costs")
        context = {
            "menu": "disputes",
            "title": _("Agreed days"),
            "company": company,
            "form": form,
            "may_change": user.may(services.RIGHT, company),
            "events": [
                {
                    "at": event.at,
                    "icon": "adjustments",
                    "tone": "",
                    "title": ", ".join(
                        _("%(what)s: %(before)s → %(after)s")
                        % {
                            "what": labels.get(kind, kind),
                            "before": _value(kind, (event.before or {}).get(kind), company),
                            "after": _value(kind, value, company),
                        }
                        for kind, value in (event.after or {}).items()
                    ),
                    "sub": " · ".join(filter(None, (event.actor, event.reason))),
                    "amount": None,
                }
                for event in events.order_by("-at")[:_SHOWN]
            ],
        }
        return render(request, "disputes/rules.html", context, status=422 if form.errors else 200)


def _value(kind: str, value: Any, company: Company) -> str:
    """What a rule was or is, as the journal keeps it, for a reader."""
    if not value:
        return formats.NOTHING
    if kind != services.HOUR_RATE:
        return str(value)
    return formats.money(Decimal(str(value)), get_language() or "fr", company.currency)

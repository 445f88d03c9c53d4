"""Pages about webhooks: the subscriptions of a company, each with its log."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from accounts.models import Company
from accounts.views.answers import company_of, explain, signed_in
from o2c.shared.problems import NotFound, Refusal
from o2c.shared.views import PermissionMixin

from . import services
from .enums import HookEvent
from .models import Webhook
from .queries import visible, with_last_delivery

LOG: Final = 50


class WebhookForm(forms.Form):
    """Where to send what."""

    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://erp.example.com/hooks"}),
        help_text=_(
            "Called with POST. Private networks and this machine are refused unless the settings allow them."
        ),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"), choices=HookEvent.choices, widget=forms.CheckboxSelectMultiple
    )


class EditForm(WebhookForm):
    """The same, and whether it is active."""

    is_active = forms.BooleanField(
        label=_("Active"), required=False, help_text=_("Paused, events of that time are not sent later.")
    )


class _Page(PermissionMixin, View):
    """What every page here needs: the company at work and one of its subscriptions."""

    permission = "webhooks.manage"

    @property
    def company(self) -> Company:
        """The company at work."""
        found = company_of(self.request)
        if found is None:
            raise Http404
        return found

    def webhook(self, pk: int) -> Webhook:
        """One subscription of it."""
        found = (
            visible(signed_in(self.request), self.company).filter(pk=pk).select_related("created_by").first()
        )
        if found is None:
            raise Http404
        return found

    def who(self) -> dict[str, Any]:
        """Who acts, when and where."""
        return {"by": signed_in(self.request), "at": timezone.now(), "company": self.company}

    def draw(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Draw a page."""
        return render(self.request, f"hooks/{template}.html", {"menu": "webhooks", **context}, status=status)

    def detail(self, row: Webhook, secret: str = "") -> HttpResponse:
        """The page of one; with its secret in the answer that made it, and never again."""
        log = row.deliveries.order_by("-created_at", "-pk")[:LOG]
        labels = [HookEvent(event).label for event in row.events]
        return self.draw(
            "detail", {"title": row.url, "row": row, "labels": labels, "log": log, "secret": secret}
        )


class List(_Page):
    """The subscriptions of the company."""

    def get(self, request: Any) -> HttpResponse:
        """Draw the list."""
        rows = with_last_delivery(visible(signed_in(request), self.company)).order_by("-created_at", "-pk")
        return self.draw("list", {"title": _("Webhooks"), "rows": rows})


class New(_Page):
    """Subscribe an address."""

    def get(self, request: Any) -> HttpResponse:
        """Draw the form."""
        return self.draw("form", {"title": _("New webhook"), "form": WebhookForm()})

    def post(self, request: Any) -> HttpResponse:
        """Make it and show its secret, this once."""
        form = WebhookForm(request.POST)
        if form.is_valid():
            try:
                made = services.subscribe(**form.cleaned_data, **self.who())
            except Refusal as refusal:
                explain(form, refusal)
            else:
                return self.detail(made.webhook, made.secret)
        return self.draw("form", {"title": _("New webhook"), "form": form}, status=422)


class Detail(_Page):
    """One subscription with its log."""

    def get(self, request: Any, pk: int) -> HttpResponse:
        """Draw it."""
        return self.detail(self.webhook(pk))


class Edit(_Page):
    """Change address and events, pause, resume."""

    def get(self, request: Any, pk: int) -> HttpResponse:
        """Draw the form."""
        row = self.webhook(pk)
        form = EditForm(initial={"url": row.url, "events": row.events, "is_active": row.is_active})
        return self.draw("form", {"title": _("Change the webhook"), "form": form, "row": row})

    def post(self, request: Any, pk: int) -> HttpResponse:
        """Change it."""
        row, form = self.webhook(pk), EditForm(request.POST)
        if form.is_valid():
            try:
                services.change_webhook(webhook_id=row.pk, **form.cleaned_data, **self.who())
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The webhook is changed."))
                return redirect("hooks:detail", pk=row.pk)
        return self.draw("form", {"title": _("Change the webhook"), "form": form, "row": row}, status=422)


class Secret(_Page):
    """Make a new secret."""

    def post(self, request: Any, pk: int) -> HttpResponse:
        """Make it and show it, this once."""
        made = services.renew_secret(webhook_id=self.webhook(pk).pk, **self.who())
        return self.detail(made.webhook, made.secret)


class End(_Page):
    """End a subscription."""

    def get(self, request: Any, pk: int) -> HttpResponse:
        """Ask once more."""
        return self.draw("end", {"title": _("End the webhook"), "row": self.webhook(pk)})

    def post(self, request: Any, pk: int) -> HttpResponse:
        """End it."""
        services.end_webhook(webhook_id=self.webhook(pk).pk, **self.who())
        messages.success(request, _("The webhook is ended: nothing more is sent."))
        return redirect("hooks:list")


class Replay(_Page):
    """Send a delivery again."""

    def post(self, request: Any, pk: int, delivery: int) -> HttpResponse:
        """Ask for it."""
        found = self.webhook(pk).deliveries.filter(pk=delivery).first()
        if found is None:
            raise Http404
        try:
            services.replay(delivery_id=found.pk, **self.who())
        except NotFound as refusal:
            raise Http404 from refusal
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("It is sent again within moments."))
        return redirect("hooks:detail", pk=pk)

"""Pages on which reminders of an item, or of a whole client, are stopped until a day; the button that ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.http import require_POST

from accounts.models import CustomerAccount
from accounts.queries import find_account
from invoicing import services
from invoicing.models import DunningStop, ReceivableItem
from invoicing.tables import item_url
from o2c.shared import formats
from o2c.shared.fields import DateField
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import needs, translated


class StopForm(forms.Form):
    """Until when, and why."""

    until = DateField(label=_("Until, that day included"), prefer="future")
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))


class _StopPage(PermissionMixin, View):
    permission = services.RIGHT_TO_STOP

    def draw(self, request: HttpRequest, form: StopForm, **facts: Any) -> HttpResponse:
        """Draw the form beside the stops there were."""
        context = {"menu": "invoices", "title": _("Stop reminders"), "form": form, **facts}
        return render(request, "invoicing/stop.html", context, status=422 if form.errors else 200)

    def stop(self, form: StopForm, act: Callable[..., DunningStop], **target: int) -> DunningStop | None:
        """Do it, or tell the form why not."""
        if not form.is_valid():
            return None
        try:
            with translated():
                return act(by=self.request.user, at=timezone.now(), **target, **form.cleaned_data)
        except Refusal as refusal:
            for field, said in refusal.errors.items():
                form.add_error(field if field in form.fields else None, [str(text) for text in said])
            if not refusal.errors:
                form.add_error(None, str(refusal))
            return None


class StopItem(_StopPage):
    """Of one item."""

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, _item(request, key), StopForm())

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        """Stop, or say why not."""
        item, form = _item(request, key), StopForm(request.POST)
        made = self.stop(form, services.stop_item, item_id=item.pk)
        if made is None:
            return self.answer(request, item, form)
        facts = {"document": item.document, "day": formats.date_short(made.until)}
        messages.success(request, _("Nobody is reminded of %(document)s until %(day)s.") % facts)
        return redirect(_back_to(item))

    def answer(self, request: HttpRequest, item: ReceivableItem, form: StopForm) -> HttpResponse:
        """Draw the page."""
        rows = item.dunning_stops.select_related("stopped_by", "ended_by")
        return self.draw(request, form, item=item, account=item.account, stops=rows, back=_back_to(item))


class StopClient(_StopPage):
    """Of everything a client owes."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, _client(request, code), StopForm())

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Stop, or say why not."""
        account, form = _client(request, code), StopForm(request.POST)
        made = self.stop(form, services.stop_client, account_id=account.pk)
        if made is None:
            return self.answer(request, account, form)
        facts = {"client": account.name, "day": formats.date_short(made.until)}
        messages.success(request, _("%(client)s is reminded of nothing until %(day)s.") % facts)
        return redirect("accounts:detail", account.code)

    def answer(self, request: HttpRequest, account: CustomerAccount, form: StopForm) -> HttpResponse:
        """Draw the page."""
        rows = account.dunning_stops.filter(item=None).select_related("stopped_by", "ended_by")
        back = reverse("accounts:detail", args=[account.code])
        return self.draw(request, form, account=account, stops=rows, back=back)


@needs(services.RIGHT_TO_STOP)
@require_POST
def resume_item(request: Any, key: int) -> HttpResponse:
    """Let reminders of an item go on."""
    item = _item(request, key)
    _resume(request, services.resume_item, item_id=item.pk)
    return redirect(_back_to(item))


@needs(services.RIGHT_TO_STOP)
@require_POST
def resume_client(request: Any, code: str) -> HttpResponse:
    """Let reminders of a client go on."""
    account = _client(request, code)
    _resume(request, services.resume_client, account_id=account.pk)
    return redirect("accounts:detail", account.code)


def _resume(request: Any, act: Callable[..., DunningStop], **target: int) -> None:
    try:
        with translated():
            act(by=request.user, at=timezone.now(), **target)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Reminders go on."))


def _item(request: Any, key: int) -> ReceivableItem:
    seen = ReceivableItem.objects.visible_to(request.user).select_related("account", "invoice", "payment")
    found = seen.filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def _client(request: Any, code: str) -> CustomerAccount:
    with translated():
        return find_account(request.user, request.company, code)


def _back_to(item: ReceivableItem) -> str:
    return item_url(item) or reverse("invoicing:items")

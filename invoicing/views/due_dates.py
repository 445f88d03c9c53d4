"""The page on which a due date is put off or brought forward."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views import View

from accounts.policy import describe_term, legal_cap
from invoicing import services
from invoicing.models import ReceivableItem
from invoicing.tables import item_url
from o2c.shared import formats
from o2c.shared.fields import DateField
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import translated


class DueDateForm(forms.Form):
    """The new date, since when, and why."""

    due_date = DateField(label=_("New due date"), prefer="future")
    on = DateField(
        label=_("Counts from"), required=False, prefer="past", help_text=_("Today when left empty.")
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))


class ChangeDueDate(PermissionMixin, View):
    """A form, then the act."""

    permission = "invoicing.change_due_date"

    def get(self, request: HttpRequest, key: int) -> HttpResponse:
        """Draw the form."""
        return self.answer(request, self.item(request, key), DueDateForm())

    def post(self, request: Any, key: int) -> HttpResponse:
        """Change the date, or say why it cannot be."""
        item, form = self.item(request, key), DueDateForm(request.POST)
        if form.is_valid():
            try:
                with translated():
                    row = services.change_due_date(
                        item_id=item.pk, by=request.user, at=timezone.now(), **form.cleaned_data
                    )
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in said])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
            else:
                day = formats.date_short(row.new_due_date)
                messages.success(
                    request, _("%(document)s is due on %(day)s.") % {"document": item.document, "day": day}
                )
                return redirect(item_url(item) or reverse("invoicing:items"))
        return self.answer(request, item, form)

    def item(self, request: Any, key: int) -> ReceivableItem:
        """The item, if it is the reader's to see."""
        seen = ReceivableItem.objects.visible_to(request.user)
        found = seen.select_related("account", "invoice", "payment").filter(pk=key).first()
        if found is None:
            raise Http404
        return found

    def answer(self, request: HttpRequest, item: ReceivableItem, form: DueDateForm) -> HttpResponse:
        """Draw the page."""
        context = {
            "menu": "invoices",
            "title": _("Due date of %(document)s") % {"document": item.document},
            "item": item,
            "latest": legal_cap(item.account.cap_regime, item.issue_date, item.issue_date),
            "days_late": max(0, (timezone.localdate() - item.due_date).days),
            "term": describe_term(item.account.term, get_language() or "fr"),
            "changes": item.due_date_changes.select_related("recorded_by"),
            "back": item_url(item) or reverse("invoicing:items"),
            "form": form,
        }
        return render(request, "invoicing/due_date.html", context, status=422 if form.errors else 200)

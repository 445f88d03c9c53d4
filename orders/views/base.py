"""What the pages of one order share: finding it, and turning a refusal into words."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Company, User
from credit.authority import role_label
from o2c.shared.problems import NotAllowed, NotFound, Refusal
from o2c.shared.views import PermissionMixin

from ..models import Order
from ..queries import find_order
from ..tables import order_url


class OrderView(PermissionMixin, View):
    """A page about one order; outside the reader's portfolio it does not exist."""

    permission = "orders.view"
    request: Any

    @property
    def reader(self) -> User:
        """Who looks."""
        user: User = self.request.user
        return user

    @property
    def company(self) -> Company | None:
        """The company at work."""
        company: Company | None = self.request.company
        return company

    def find(self, number: str) -> Order:
        """The order of this number, or the page *not found*."""
        try:
            return find_order(self.reader, self.company, number)
        except NotFound as refusal:
            raise Http404 from refusal


def in_words(refusal: Refusal) -> str:
    """A refusal as one text: its sentence and what concerns single fields."""
    details = [str(text) for texts in refusal.errors.values() for text in texts]
    return " ".join([str(refusal), *details])


def put_on_form(form: Any, refusal: Refusal) -> None:
    """Show a refusal on the form: under the fields it names, else above them."""
    shown = False
    for name, texts in refusal.errors.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, str(text))
            shown = True
    if not shown:
        form.add_error(None, str(refusal))


def refused(request: HttpRequest, refusal: NotAllowed, order: Order) -> HttpResponse:
    """The page for want of a right: who may, and the way back."""
    text = str(refusal)
    if refusal.required_role:
        text += " " + _("Role that may: %(role)s.") % {"role": role_label(refusal.required_role)}
    context = {
        "title": _("Not allowed"),
        "menu": "orders",
        "refusal_title": _("You may not do this to this order"),
        "refusal_text": text,
        "back_url": order_url(order),
        "back_label": _("Back to the order"),
    }
    return render(request, "refused.html", context, status=403)


def back_to(
    order: Order, request: HttpRequest, text: str, *, good: bool = True, undo: str = ""
) -> HttpResponse:
    """Return to the order's page with a message; ``undo`` is the address its button posts to."""
    (messages.success if good else messages.error)(request, text, extra_tags=undo)
    return redirect(order_url(order))

"""Override requests from the page of an order: asked for, taken back, refused; their files."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from o2c.shared.files import from_upload
from o2c.shared.problems import Conflict, NotAllowed, Refusal

from .. import services
from ..enums import OverrideStatus
from ..forms import OverrideForm
from ..models import Order, OverrideDocument, OverrideRequest
from .base import OrderView, back_to, in_words, put_on_form, refused
from .page import Decide, OrderPage


class AskOverride(OrderPage):
    """Ask that the order may go all the same; what was typed survives every refusal."""

    permission = "orders.request_override"

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Send the request, or say why not."""
        order = self.find(number)
        form = OverrideForm(request.POST, request.FILES, auto_id="ask_%s")
        if not form.is_valid():
            return self.show(order, asking=form, status=422)
        try:
            services.request_override(
                order_id=order.pk,
                reason=form.cleaned_data["reason"],
                amount=form.cleaned_data["amount"],
                valid_until=form.cleaned_data["valid_until"],
                alternative=form.alternative(),
                documents=[from_upload(file) for file in form.cleaned_data["documents"]],
                by=self.reader,
                at=timezone.now(),
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Conflict as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self.show(order, asking=form, status=refusal.status)
        self.keep_draft(order, "")
        return back_to(order, request, _("The request is sent to whoever may decide."))


class WithdrawOverride(OrderView):
    """Take one's own request back."""

    permission = "orders.request_override"
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """Take it back."""
        order = self.find(number)
        try:
            services.withdraw_override(request_id=_of(order, pk), by=self.reader, at=timezone.now())
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        return back_to(order, request, _("Your request is taken back."))


class RefuseOverride(Decide):
    """Say no to the request that waits; the order stays on hold."""

    def act(self, order: Order, form: Any) -> None:
        """Refuse it with the reason."""
        waiting = order.override_requests.filter(status=OverrideStatus.OPEN).first()
        if waiting is None:
            raise Conflict(_("This request does not wait any more."))
        services.refuse_override(
            request_id=waiting.pk, reason=form.cleaned_data["reason"], by=self.reader, at=timezone.now()
        )

    def done(self, order: Order) -> str:
        """Refused; the order waits on."""
        return _("The request is refused; %(number)s stays on hold.") % {"number": order.number}


class AppealOverride(OrderView):
    """Take a refused request to the next level, once."""

    permission = "orders.request_override"
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """Appeal it with a reason."""
        order = self.find(number)
        try:
            services.appeal_override(
                request_id=_of(order, pk),
                reason=request.POST.get("reason", ""),
                by=self.reader,
                at=timezone.now(),
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        return back_to(order, request, _("The refusal is appealed; the next level decides."))


class TakeCase(OrderView):
    """Look after a held order, or give it back."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Take it; who has it already gives it back."""
        order = self.find(number)
        owner = None if request.POST.get("wish") == "back" else self.reader
        try:
            services.assign_case(order_id=order.pk, owner=owner, by=self.reader, at=timezone.now())
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        return back_to(
            order, request, _("You look after this hold.") if owner else _("Nobody looks after it now.")
        )


class Document(OrderView):
    """A file joined to a request: for those who may see the order."""

    def get(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """Hand it out as a download, never to be shown inside the portal."""
        document = OverrideDocument.objects.filter(pk=pk, request__order=self.find(number)).first()
        if document is None:
            raise Http404
        return FileResponse(
            document.file.open("rb"),
            as_attachment=True,
            filename=document.name,
            content_type=document.content_type,
        )


def _of(order: Order, pk: int) -> int:
    """The key of a request of this order.

    :raises Http404: of another order
    """
    if not OverrideRequest.objects.filter(pk=pk, order=order).exists():
        raise Http404
    return pk

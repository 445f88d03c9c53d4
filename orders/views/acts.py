"""Acts on one order from its page: each says one thing to the domain and turns its answer into words."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from o2c.shared.problems import Conflict, NotAllowed, Refusal

from .. import services
from ..enums import OrderState
from ..forms import DeliveryForm, ReasonForm
from ..models import Order
from ..queries import carriers_of
from ..services.refusals import HeldAgain
from ..tables import order_url
from .base import OrderView, back_to, in_words, put_on_form, refused
from .entry import tell

Text = str | Promise


class OneStep(OrderView):
    """An act without any question: a button of the order's page."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Act and return to the page."""
        order = self.find(number)
        try:
            kept = self.act(order)
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        return self.done(self.find(kept.number))

    def act(self, order: Order) -> Order:
        """Call the act; return the order to go to."""
        raise NotImplementedError

    def done(self, order: Order) -> HttpResponseBase:
        """Say what came of it and go there."""
        tell(self.request, order)
        return redirect(order_url(order))


class Submit(OneStep):
    """Send a draft to the credit check."""

    def act(self, order: Order) -> Order:
        """Submit it."""
        return services.submit(order_id=order.pk, by=self.reader, at=timezone.now())


class Reopen(OneStep):
    """Take a cancelled or closed order up again."""

    def act(self, order: Order) -> Order:
        """Reopen it: it is checked like a new one."""
        return services.reopen(order_id=order.pk, by=self.reader, at=timezone.now())


class Copy(OneStep):
    """A new draft with the same lines."""

    def act(self, order: Order) -> Order:
        """Copy it."""
        return services.copy(order_id=order.pk, by=self.reader, at=timezone.now())

    def done(self, order: Order) -> HttpResponseBase:
        """Open the copy for changes."""
        messages.success(self.request, _("%(number)s is a draft copy.") % {"number": order.number})
        return redirect(order_url(order))


class UndoRelease(OneStep):
    """Put a released order on hold again."""

    permission = "orders.release"

    def act(self, order: Order) -> Order:
        """Take the release back."""
        return services.undo_release(order_id=order.pk, by=self.reader, at=timezone.now())

    def done(self, order: Order) -> HttpResponseBase:
        """On hold again."""
        text = _("The release is undone: %(number)s is on hold again.") % {"number": order.number}
        return back_to(order, self.request, text)


class WithReason(OrderView):
    """An act that asks for its reason on a page of its own."""

    heading: ClassVar[Text]
    consequence: ClassVar[Text]
    button: ClassVar[Text]
    example: ClassVar[Text] = ""
    tone: ClassVar[str] = "p"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Ask."""
        return self._ask(self.find(number), ReasonForm(example=self.example))

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Act, or ask again with what was typed."""
        order = self.find(number)
        form = ReasonForm(request.POST, example=self.example)
        if not form.is_valid():
            return self._ask(order, form, status=422)
        try:
            self.act(order, form.cleaned_data["reason"])
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Conflict as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self._ask(order, form, status=refusal.status)
        return back_to(order, request, self.done(order))

    def act(self, order: Order, reason: str) -> None:
        """Call the act."""
        raise NotImplementedError

    def done(self, order: Order) -> str:
        """Say what came of it."""
        raise NotImplementedError

    def _ask(self, order: Order, form: ReasonForm, *, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {
            "title": self.heading % {"number": order.number},
            "menu": "orders",
            "order": order,
            "form": form,
            "consequence": self.consequence,
            "button": self.button,
            "tone": self.tone,
            "back_url": order_url(order),
        }
        return render(self.request, "orders/act.html", context, status=status)


class Hold(WithReason):
    """Hold an order by hand."""

    permission = "orders.hold"
    heading = gettext_lazy("Hold %(number)s")
    consequence = gettext_lazy(
        "Nothing of it leaves until you or credit lift the hold. Sales rep and order desk are told."
    )
    button = gettext_lazy("Put on hold")
    example = gettext_lazy("For example: delivery address doubtful, waiting for the client's call.")

    def act(self, order: Order, reason: str) -> None:
        """Place the hold."""
        services.hold(order_id=order.pk, comment=reason, by=self.reader, at=timezone.now())

    def done(self, order: Order) -> str:
        """On hold."""
        return _("%(number)s is on hold.") % {"number": order.number}


class Cancel(WithReason):
    """Cancel an order of which nothing has left."""

    permission = "orders.enter"
    heading = gettext_lazy("Cancel %(number)s")
    consequence = gettext_lazy(
        "Its credit is free at once, and held orders of the client are looked at again."
    )
    button = gettext_lazy("Cancel the order")
    example = gettext_lazy("For example: the client has withdrawn the order by mail.")
    tone = "x"

    def act(self, order: Order, reason: str) -> None:
        """Cancel it."""
        services.cancel(order_id=order.pk, reason=reason, by=self.reader, at=timezone.now())

    def done(self, order: Order) -> str:
        """Cancelled."""
        return _("%(number)s is cancelled.") % {"number": order.number}


class Close(WithReason):
    """Close a started order: the rest is dropped."""

    permission = "orders.enter"
    heading = gettext_lazy("Close %(number)s")
    consequence = gettext_lazy("What is not delivered is dropped and its credit is free at once.")
    button = gettext_lazy("Close the order")
    example = gettext_lazy("For example: the client does without the rest.")
    tone = "x"

    def act(self, order: Order, reason: str) -> None:
        """Close it."""
        services.close(order_id=order.pk, reason=reason, by=self.reader, at=timezone.now())

    def done(self, order: Order) -> str:
        """Closed."""
        return _("%(number)s is closed.") % {"number": order.number}


class Deliver(OrderView):
    """Book a goods issue; the order is checked again first."""

    permission = "orders.deliver"

    def get(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Ask what leaves."""
        order = self.find(number)
        if order.state != OrderState.CONFIRMED:
            return back_to(order, request, _("Only a confirmed order is delivered."), good=False)
        form = DeliveryForm(lines=list(order.lines.all()), initial={"on": timezone.localdate()})
        return self._ask(order, form)

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Deliver, or say why not."""
        order = self.find(number)
        form = DeliveryForm(request.POST, lines=list(order.lines.all()))
        if not form.is_valid():
            return self._ask(order, form, status=422)
        try:
            services.deliver(
                order_id=order.pk,
                lines=form.quantities(),
                on=form.cleaned_data["on"],
                carrier=form.cleaned_data["carrier"],
                by=self.reader,
                at=timezone.now(),
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except (HeldAgain, Conflict) as refusal:
            # The page it returns to shows every finding with its figures.
            return back_to(order, request, in_words(refusal), good=False)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self._ask(order, form, status=refusal.status)
        return back_to(order, request, _("The delivery of %(number)s is booked.") % {"number": order.number})

    def _ask(self, order: Order, form: DeliveryForm, *, status: int = 200) -> HttpResponse:
        context = {
            "title": _("Deliver %(number)s") % {"number": order.number},
            "menu": "orders",
            "order": order,
            "form": form,
            "carriers": carriers_of(order.company),
            "back_url": order_url(order),
        }
        return render(self.request, "orders/deliver.html", context, status=status)

"""Writing about a held order, from its page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from o2c.shared.problems import Conflict, NotAllowed, Refusal

from .. import services
from ..forms import MessageForm
from .base import back_to, in_words, put_on_form, refused
from .page import OrderPage


class WriteMessage(OrderPage):
    """Write to whoever is concerned; what was typed survives every refusal."""

    permission = services.WRITE_MESSAGES
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Write it, or say why not."""
        order = self.find(number)
        form = MessageForm(request.POST, auto_id="message_%s")
        if not form.is_valid():
            return self.show(order, writing=form, status=422)
        try:
            services.write_message(
                order_id=order.pk, text=form.cleaned_data["text"], by=self.reader, at=timezone.now()
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Conflict as refusal:
            return back_to(order, request, in_words(refusal), good=False)
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self.show(order, writing=form, status=refusal.status)
        return back_to(order, request, _("Your message is kept with the order; everybody concerned is told."))

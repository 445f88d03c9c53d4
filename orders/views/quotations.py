"""Quotations: the list, the page of one with the credit answer of its day, its acts, its PDF file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.policy import describe_term
from credit.advice import ANSWER_HOURS, Answer
from credit.services import check
from credit.services.checks import answer_in_words
from credit.written.queries import Quote, articles_in, quotes_for, quotes_of, with_quotes
from o2c.shared.badges import badge_for
from o2c.shared.calendar import paris_date
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import NotAllowed, NotFound, Refusal
from o2c.shared.vat import line_net
from o2c.shared.views import Action, Empty, ListPage

from .. import services
from ..enums import QuotationState
from ..filters import QuotationFilter
from ..forms import ReasonForm
from ..journal import journal_of
from ..models import Order, Quotation
from ..paper import quotation_pdf
from ..queries import find_order, find_quotation, quotations_visible
from ..quotation_tables import QuotationTable, quotation_url, shown_state
from ..tables import order_url
from .base import OrderView, in_words, put_on_form
from .entry import tell
from .page import figure_in_words

_RUNNING = (QuotationState.DRAFT, QuotationState.SENT)


class QuotationList(ListPage):
    """Every quotation to a client the reader may see."""

    title = gettext_lazy("Quotations")
    menu, permission = "quotations", "orders.view"
    table_class, filterset_class = QuotationTable, QuotationFilter
    template_name = "orders/list.html"
    export_name = "quotations"
    empty = Empty(
        "file-text",
        gettext_lazy("Quotations will stand here"),
        gettext_lazy(
            "Each one keeps what the credit check answered on its day; it becomes an order in one step."
        ),
    )
    request: Any

    def get_queryset(self) -> QuerySet[Quotation]:
        """Visible quotations, newest first."""
        return quotations_visible(self.request.user, self.request.company)

    def get_actions(self) -> Sequence[Action]:
        """A new quotation, for those who may enter one."""
        if not self.request.user.may("orders.enter", self.request.company):
            return ()
        return (
            Action(_("New quotation"), reverse("orders:quotation_new"), icon="plus", primary=True, key="n"),
        )

    def get_currency(self, rows: QuerySet[Quotation]) -> str:
        """The one currency of the rows; none when they hold several."""
        if not hasattr(self, "_currencies"):
            self._currencies = list(rows.order_by().values_list("currency", flat=True).distinct()[:2])
        return str(self._currencies[0]) if len(self._currencies) == 1 else ""

    def get_totals(self, rows: QuerySet[Quotation]) -> dict[str, Any]:
        """The sum of what is shown; amounts of several currencies have none."""
        return super().get_totals(rows) if self.get_currency(rows) else {}


class QuotationView(OrderView):
    """A page about one quotation; outside the reader's portfolio it does not exist."""

    def found(self, number: str) -> Quotation:
        """The quotation of this number, or the page *not found*."""
        try:
            return find_quotation(self.reader, self.company, number)
        except NotFound as refusal:
            raise Http404 from refusal


class QuotationPage(QuotationView):
    """One quotation: lines, the credit answer of its day beside today's, what may be done."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Show the quotation."""
        quotation = self.found(number)
        language = get_language() or "fr"
        context = {
            "title": quotation.number,
            "menu": "quotations",
            "quotation": quotation,
            "state": shown_state(quotation),
            "lines": [_line(line) for line in quotation.lines.all()],
            "vat": quotation.total_incl_vat - quotation.total_excl_vat,
            "term": describe_term(quotation.term, language),
            "then": _then(quotation),
            "now": self._now(quotation),
            "order_url": order_url(quotation.order) if quotation.order else "",
            "run_out": quotation.state in _RUNNING and quotation.valid_until < timezone.localdate(),
            "acts": self._acts(quotation),
            "journal": journal_of(quotation),
        }
        return render(request, "orders/quotation.html", context)

    def _now(self, quotation: Quotation) -> dict[str, Any] | None:
        """Today's answer: of the order it became, or of the check asked again while it may become one."""
        if quotation.order is not None:
            decision = quotation.order.last_decision
            if decision is None:
                return None
            check_then, day = decision.figures["check"], paris_date(decision.decided_at)
            quotes = quotes_of(
                quotation.company_id,
                articles_in(check_then),
                on=day,
                version_id=decision.policy_version_id,
            )
            return _shown(check_then, quotes) | {"at": decision.decided_at}
        if quotation.state not in (*_RUNNING, QuotationState.ACCEPTED):
            return None
        at = timezone.now()
        result = check(
            account=quotation.account,
            amount=quotation.total_incl_vat,
            currency=quotation.currency,
            term=quotation.term,
            delivery_date=quotation.requested_delivery,
            at=at,
            by=self.reader,
        )
        answer = _shown(result.as_contract(), quotes_for(result))
        return answer | {"at": at, "ways": answer["answer"].ways()}

    def _acts(self, quotation: Quotation) -> dict[str, bool]:
        enters = self.reader.may("orders.enter", self.company)
        running = quotation.state in _RUNNING
        in_time = quotation.valid_until >= paris_date(timezone.now())
        accepted = quotation.state == QuotationState.ACCEPTED
        return {
            "edit": enters and quotation.state == QuotationState.DRAFT,
            "send": enters and quotation.state == QuotationState.DRAFT and in_time,
            "accept": enters and quotation.state == QuotationState.SENT and in_time,
            "decline": enters and (running or accepted),
            "order": enters and (accepted or (running and in_time)),
            "copy": enters,
        }


class QuotationPdf(QuotationView):
    """The quotation as the client receives it."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Send the file."""
        quotation = self.found(number)
        return pdf_response(quotation_pdf(quotation), f"{quotation.number}.pdf")


class OneStep(QuotationView):
    """An act without any question: a button of the quotation's page."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Act and return to the page."""
        quotation = self.found(number)
        try:
            self.acted(quotation)
        except NotAllowed as refusal:
            raise PermissionDenied from refusal
        except Refusal as refusal:
            messages.error(request, in_words(refusal))
            return redirect(quotation_url(quotation))
        return self.done(quotation)

    def acted(self, quotation: Quotation) -> None:
        """Call the act."""
        raise NotImplementedError

    def done(self, quotation: Quotation) -> HttpResponseBase:
        """Return to the page."""
        return redirect(quotation_url(quotation))


class Send(OneStep):
    """Mark a draft as sent."""

    def acted(self, quotation: Quotation) -> None:
        """Send it."""
        services.send_quotation(quotation_id=quotation.pk, by=self.reader, at=timezone.now())
        messages.success(self.request, _("%(number)s is marked as sent.") % {"number": quotation.number})


class Accept(OneStep):
    """The client said yes."""

    def acted(self, quotation: Quotation) -> None:
        """Note it."""
        services.accept_quotation(quotation_id=quotation.pk, by=self.reader, at=timezone.now())
        messages.success(
            self.request, _("%(number)s is accepted: make the order of it.") % {"number": quotation.number}
        )


class MakeOrder(OneStep):
    """Turn it into its one order."""

    order: Order

    def acted(self, quotation: Quotation) -> None:
        """Make the order and send it to the check."""
        self.order, _is_new = services.make_order(
            quotation_id=quotation.pk, by=self.reader, at=timezone.now()
        )
        tell(self.request, find_order(self.reader, self.company, self.order.number))

    def done(self, quotation: Quotation) -> HttpResponseBase:
        """Go to the order."""
        return redirect(order_url(self.order))


class Decline(QuotationView):
    """The client said no: ask why."""

    permission = "orders.enter"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Ask."""
        return self._ask(self.found(number), self._form())

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Note it, or ask again."""
        quotation, form = self.found(number), self._form(request.POST)
        if not form.is_valid():
            return self._ask(quotation, form, status=422)
        try:
            services.refuse_quotation(
                quotation_id=quotation.pk,
                reason=form.cleaned_data["reason"],
                by=self.reader,
                at=timezone.now(),
            )
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self._ask(quotation, form, status=refusal.status)
        messages.success(request, _("%(number)s is declined.") % {"number": quotation.number})
        return redirect(quotation_url(quotation))

    def _form(self, data: Any = None) -> ReasonForm:
        return ReasonForm(data, example=_("For example: a competitor was cheaper by 8 %."))

    def _ask(self, quotation: Quotation, form: ReasonForm, *, status: int = 200) -> HttpResponse:
        context = {
            "title": _("%(number)s is declined by the client") % {"number": quotation.number},
            "menu": "quotations",
            "quotation": quotation,
            "form": form,
            "back_url": quotation_url(quotation),
        }
        return render(self.request, "orders/quotation_decline.html", context, status=status)


def _then(quotation: Quotation) -> dict[str, Any]:
    """The answer of the day it was priced, with the articles in force that day; its ways are past."""
    answer, day = quotation.credit_answer, paris_date(quotation.checked_at)
    return _shown(answer, quotes_of(quotation.company_id, articles_in(answer), on=day))


def _shown(answer: dict[str, Any], quotes: Mapping[str, Quote]) -> dict[str, Any]:
    """A kept or fresh answer of the check as the page draws it."""
    spoken = answer_in_words(answer)
    after = spoken["available_after"]
    return {
        "answer": Answer(spoken),
        "decision": spoken["decision"],
        "after": None if after is None else Decimal(after),
        "currency": spoken["currency"],
        "hours": ANSWER_HOURS,
        "findings": [{**found, "look": badge_for(found["code"])} for found in with_quotes(spoken, quotes)],
    }


def _line(line: Any) -> dict[str, Any]:
    return {
        "row": line,
        "quantity": figure_in_words(line.quantity),
        "price": figure_in_words(line.unit_price, least=2),
        "rate": line.vat_rate / 100,
        "excl": line_net(line.quantity, line.unit_price),
    }

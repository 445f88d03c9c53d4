"""Matching a credit with what is owed, and undoing it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from invoicing import lists, pages, services
from invoicing.forms import MatchForm
from invoicing.models import Allocation, ReceivableItem
from o2c.shared import formats
from o2c.shared.money import ZERO
from o2c.shared.past import look
from o2c.shared.problems import Refusal

from .base import is_ours, needs, translated
from .credit_notes import credit_context


def match_context(
    request: Any, credit: ReceivableItem | None, form: MatchForm | None = None
) -> dict[str, Any]:
    """What the panel of matching needs; nothing for those who may not, and when nothing is left."""
    may = credit is not None and request.user.may("payments.allocate", credit.company_id)
    if credit is None or credit.open_amount == 0 or not may:
        return {"credit": None, "may_unmatch": request.user.may("payments.allocate", request.company)}
    form = form or _match_form(request, credit, None)
    return {"credit": credit, "left": -credit.open_amount, "match_form": form, "may_unmatch": may}


def _match_form(request: Any, credit: ReceivableItem, data: Any) -> MatchForm:
    reference = credit.payment.reference if credit.payment is not None else ""
    candidates = lists.candidates_for(credit, request.user, timezone.localdate(), reference=reference)
    return MatchForm(data, candidates=candidates, left=-credit.open_amount, currency=credit.currency)


@needs("payments.allocate")
@require_http_methods(["GET", "POST"])
def match(request: Any, key: int) -> HttpResponse:
    """Match a credit with the amounts given; GET answers what would be left, while they are typed."""
    seen = ReceivableItem.objects.visible_to(request.user).select_related("account__entity", "company")
    credit = seen.select_related("payment", "invoice").filter(pk=key, amount__lt=0).first()
    if credit is None:
        raise Http404
    form = _match_form(request, credit, request.POST if request.method == "POST" else request.GET)
    valid = form.is_valid()
    if request.method == "GET":
        context = {
            "left": form.left,
            "total": form.total(),
            "rest": form.left - form.total(),
            "credit": credit,
        }
        return render(request, "invoicing/_match_sum.html", context)
    if valid:
        try:
            with translated():
                made = services.allocate_many(
                    [services.MatchPair(credit.pk, item_id, amount) for item_id, amount in form.chosen()],
                    by=request.user,
                    at=timezone.now(),
                )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            undo = reverse("invoicing:unmatch", args=["-".join(str(row.pk) for row in made)])
            sum_ = formats.money(form.total(), get_language() or "fr", credit.currency)
            messages.success(request, _("%(amount)s matched.") % {"amount": sum_}, extra_tags=undo)
            return redirect(pages.credit_url(credit))
    return _again(request, credit, form)


def _again(request: Any, credit: ReceivableItem, form: MatchForm) -> HttpResponse:
    """Show the page of a credit again with what is wrong with the amounts."""
    looked = look(request)
    if credit.payment_id is not None:
        found = lists.find_payment(request.user, credit.payment_id)
        page: Any = pages.payment_page(found, looked, request.user)
        template, own = "invoicing/payment_detail.html", {"menu": "payments", "payment": found}
    elif credit.invoice is not None:
        found_invoice = lists.find_invoice(request.user, credit.company, credit.invoice.number, looked.day)
        page = pages.invoice_page(found_invoice, looked, request.user)
        template = "invoicing/invoice_detail.html"
        own = {"menu": "invoices", "invoice": found_invoice} | credit_context(request, found_invoice)
    else:
        raise Http404
    context = (
        {"title": credit.document, "page": page, "look": looked, "existed": True}
        | own
        | match_context(request, credit, form)
    )
    return render(request, template, context, status=422)


@needs("payments.allocate")
@require_POST
def unmatch(request: Any, keys: str) -> HttpResponse:
    """Undo matches by appending their reversals; the history keeps both. One undone already stays as it is."""
    wanted, undone = _keys(keys), []
    try:
        with translated():
            for key in wanted:
                with suppress(services.AlreadyReversed):
                    undone.append(services.unallocate(allocation_id=key, by=request.user, at=timezone.now()))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        if undone:
            said = ngettext("The match is undone.", "The matches are undone.", len(undone))
            again = reverse(
                "invoicing:match_again", args=["-".join(str(row.reversal_of_id) for row in undone)]
            )
            messages.success(request, said, extra_tags=again)
        else:
            messages.info(request, _("This was undone already: nothing changes."))
    return _back(request, undone)


@needs("payments.allocate")
@require_POST
def match_again(request: Any, keys: str) -> HttpResponse:
    """Match once more what was matched and undone, with the same amounts."""
    made: list[Allocation] = []
    try:
        with translated():
            made = services.match_again(allocation_ids=_keys(keys), by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        amount = formats.money(
            sum((row.amount for row in made), ZERO), get_language() or "fr", made[0].debit.currency
        )
        undo = reverse("invoicing:unmatch", args=["-".join(str(row.pk) for row in made)])
        messages.success(request, _("%(amount)s matched.") % {"amount": amount}, extra_tags=undo)
    return _back(request, made)


def _keys(text: str) -> list[int]:
    wanted = [int(key) for key in text.split("-") if key.isdecimal()]
    if not wanted:
        raise Http404
    return wanted


def _back(request: HttpRequest, matches: Sequence[Allocation]) -> HttpResponse:
    """To where the button was pressed, else to the page of the credit."""
    target = request.POST.get("next", "")
    if not is_ours(request, target):
        target = pages.credit_url(matches[0].credit) if matches else reverse("invoicing:payments")
    return redirect(target)

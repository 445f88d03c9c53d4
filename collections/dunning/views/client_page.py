"""The client's own page, opened by its link: statement, invoices, a payment announced, a disagreement declared."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from disputes.enums import DisputeType
from dunning import policy
from dunning.link_forms import AnnounceForm, ContestForm
from dunning.models import ClientLink, ClientLinkAct
from dunning.services import links as services
from invoicing.enums import FileKind, Origin
from invoicing.facturx.facts import seller_details
from invoicing.file_answers import file_response
from invoicing.models import Invoice, InvoiceLine, ReceivableItem
from invoicing.services.files import StillMade, file_of
from invoicing.statement import own_items_open, own_statement_pdf, payees_of
from o2c.shared import formats
from o2c.shared.calendar import add_business_days
from o2c.shared.files import from_upload
from o2c.shared.link_pages import by_link
from o2c.shared.links import LinkRefused, Why, record
from o2c.shared.money import ZERO
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import NotFound, Refusal

_SHOWN: Final = 200
_INVOICES: Final = 24
_POST: Final = ("POST",)


@by_link(ClientLink)
def page(request: HttpRequest, link: ClientLink, *, token: str) -> HttpResponse:
    """Draw what the client owes and what it may say about it."""
    record(link, "opened", at=timezone.now())
    return _drawn(request, link, token)


@by_link(ClientLink)
def statement(request: HttpRequest, link: ClientLink, *, token: str) -> HttpResponse:
    """Hand out the statement."""
    today = timezone.localdate()
    try:
        content = own_statement_pdf(link.account, on=today)
    except Refusal as refusal:
        return _drawn(request, link, token, trouble=str(refusal))
    record(link, "statement_taken", at=timezone.now())
    name = _("statement-%(code)s") % {"code": link.account.code}
    return pdf_response(content, f"{name}-{today}.pdf")


@by_link(ClientLink)
def invoice(request: HttpRequest, link: ClientLink, *, token: str, key: int) -> HttpResponseBase:
    """Hand out one of the client's own invoices."""
    found = Invoice.objects.filter(pk=key, account=link.account_id).first()
    if found is None:
        raise LinkRefused(Why.OF_ANOTHER, link)
    try:
        file = file_of(found, FileKind.PDF, by=None)
    except StillMade:
        return _drawn(
            request, link, token, trouble=_("The file is being made. Ask for it again in a moment.")
        )
    except Refusal:
        said = _("There is no file of this document here: answer our message, and we send it to you.")
        return _drawn(request, link, token, trouble=said)
    record(link, "document_taken", at=timezone.now(), document=found.number)
    return file_response(file, found.number)


@by_link(ClientLink, _POST)
def announce(request: HttpRequest, link: ClientLink, *, token: str) -> HttpResponse:
    """Note the payment that the client announces."""
    _only_own(link, request.POST.getlist("items"))
    if (before := services.done_before(link, request.POST.get("key", ""))) is not None:
        return _back(request, token, before)
    rows = _rows(link, timezone.localdate())
    form = AnnounceForm(request.POST, _promisable(rows))
    if form.is_valid():
        given = dict(form.cleaned_data)
        items = [int(key) for key in given.pop("items")]
        try:
            act = services.promise_through(link=link, item_ids=items, at=timezone.now(), **given)
        except Refusal as refusal:
            _explain(link, form, refusal)
        else:
            return _back(request, token, act)
    return _drawn(request, link, token, promise=form)


@by_link(ClientLink, _POST)
def contest(request: HttpRequest, link: ClientLink, *, token: str) -> HttpResponse:
    """Open the dispute that the client declares."""
    _only_own(link, request.POST.getlist("item"))
    if (before := services.done_before(link, request.POST.get("key", ""))) is not None:
        return _back(request, token, before)
    rows = _rows(link, timezone.localdate())
    form = ContestForm(request.POST, request.FILES, _contestable(rows))
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            files = [from_upload(file, field="evidence") for file in given.pop("evidence") or ()]
            act = services.dispute_through(
                link=link,
                item_id=int(given.pop("item")),
                type=DisputeType(given.pop("type")),
                files=files,
                at=timezone.now(),
                **given,
            )
        except Refusal as refusal:
            _explain(link, form, refusal)
        else:
            return _back(request, token, act)
    return _drawn(request, link, token, dispute=form)


def _only_own(link: ClientLink, keys: Iterable[str]) -> None:
    """:raises LinkRefused: one of the items is not this client's, or no item at all"""
    wanted = {key for key in keys if key}
    if not all(key.isascii() and key.isdigit() and len(key) < 19 for key in wanted):
        raise LinkRefused(Why.OF_ANOTHER, link)
    own = ReceivableItem.objects.filter(account=link.account_id, pk__in=wanted).count()
    if own < len({int(key) for key in wanted}):
        raise LinkRefused(Why.OF_ANOTHER, link)


def _explain(link: ClientLink, form: forms.Form, refusal: Refusal) -> None:
    """Say why beside the field.

    :raises LinkRefused: it was about somebody else's document
    """
    if isinstance(refusal, NotFound):
        raise LinkRefused(Why.OF_ANOTHER, link) from refusal
    for field, said in refusal.errors.items():
        form.add_error(field if field in form.fields else None, [str(text) for text in said])
    if not refusal.errors:
        form.add_error(None, str(refusal))


def _back(request: HttpRequest, token: str, act: ClientLinkAct) -> HttpResponse:
    spoken = f"&lang={request.GET['lang']}" if request.GET.get("lang") in {"fr", "en"} else ""
    return redirect(f"{reverse('client_link:page', args=[token])}?done={act.pk}{spoken}")


def _rows(link: ClientLink, today: date) -> list[Any]:
    """The oldest open items; each with what is promised of it and the factor it is to be paid to."""
    promised = Count("promises", filter=Q(promises__is_open=True))
    rows = list(own_items_open(link.account, on=today).annotate(is_promised=promised)[: _SHOWN + 1])
    payees = payees_of(rows, on=today)
    for row in rows:
        row.payee = payees.get(row.pk)
    return rows


def _promisable(rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [
        (str(row.pk), _in_words(row, row.open_on - row.disputed_on))
        for row in rows
        if row.amount > 0 and not row.is_promised and row.open_on > row.disputed_on
    ]


def _contestable(rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [
        (str(row.pk), _in_words(row, row.open_on - row.disputed_on))
        for row in rows
        if row.amount > 0 and row.open_on > row.disputed_on
    ]


def _in_words(row: Any, amount: Any) -> str:
    money = formats.money(amount, get_language() or "fr", row.currency)
    return f"{row.document} · {formats.date_short(row.due_on)} · {money}"


def _drawn(
    request: HttpRequest,
    link: ClientLink,
    token: str,
    *,
    promise: AnnounceForm | None = None,
    dispute: ContestForm | None = None,
    trouble: str = "",
) -> HttpResponse:
    today = timezone.localdate()
    account = link.account
    rows = _rows(link, today)
    shown = rows[:_SHOWN]
    late = {str(row.pk) for row in shown if row.days_late and row.amount > 0}
    promisable, contestable = _promisable(shown), _contestable(shown)
    if promise is None:
        day = formats.date_short(add_business_days(today, 3))
        start = {
            "key": uuid.uuid4(),
            "promised_date": day,
            "items": [key for key, _words in promisable if key in late],
        }
        promise = AnnounceForm(None, promisable, initial=start)
    if dispute is None:
        dispute = ContestForm(
            None, None, contestable, initial={"key": uuid.uuid4(), "item": request.GET.get("item", "")}
        )
    seller = seller_details(account.company)
    address = reverse("client_link:page", args=[token])
    context = {
        "title": _("Your account with %(company)s") % {"company": account.company.name},
        "link": link,
        "token": token,
        "account": account,
        "company": account.company,
        "seller": seller,
        "iban": formats.iban(seller.iban),
        "payees": [
            (payee, formats.iban(payee.iban))
            for payee in {row.payee.pk: row.payee for row in shown if row.payee}.values()
        ],
        "today": today,
        "address": address,
        "spoken": get_language(),
        "rows": shown,
        "more": len(rows) > _SHOWN,
        "totals": _totals(shown),
        "invoices": _invoices(link, today),
        "promise": promise if promisable or promise.is_bound else None,
        "dispute": dispute if contestable or dispute.is_bound else None,
        "furthest": policy.FURTHEST_BY_LINK,
        "done": _done(link, request.GET.get("done", "")),
        "trouble": trouble,
    }
    wrong = trouble or promise.errors or dispute.errors
    return render(request, "links/client.html", context, status=422 if wrong else 200)


def _totals(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """What is open, late and contested, per currency."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        mine = found.setdefault(
            row.currency, {"currency": row.currency, "open": ZERO, "late": ZERO, "disputed": ZERO}
        )
        mine["open"] += row.open_on
        if row.amount > 0:
            mine["disputed"] += row.disputed_on
            mine["late"] += row.open_on if row.days_late else ZERO
    return list(found.values())


def _invoices(link: ClientLink, today: date) -> list[Any]:
    """The last documents of twelve months that have a file, paid or not."""
    mine = Invoice.objects.filter(
        account=link.account_id, origin=Origin.ISSUED, issue_date__gte=today - timedelta(days=365)
    )
    has_lines = Exists(InvoiceLine.objects.filter(invoice=OuterRef("pk")))
    return list(mine.filter(has_lines).order_by("-issue_date", "-pk")[:_INVOICES])


def _done(link: ClientLink, key: str) -> ClientLinkAct | None:
    """The act just done, to be confirmed; of this link alone."""
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        return None
    return link.acts.select_related("promise", "dispute").filter(pk=key).first()

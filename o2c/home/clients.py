"""Parts of the client page that speak of orders, documents and the journal (``settings.CLIENT_PANELS``)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import CustomerAccount
from accounts.scope import in_words, readable_events
from accounts.views.answers import signed_in
from accounts.views.parts import Panel
from credit.enums import RequestStatus
from credit.models import AccountBlock, AccountWatch, CreditLimit, LimitRequest
from credit.notes.enums import NoteWeight
from invoicing.enums import ItemKind
from invoicing.lists import outside_items
from invoicing.models import ReceivableItem
from invoicing.queries import items_on
from invoicing.scope import own_items
from invoicing.services import RIGHT_TO_STOP
from invoicing.stops import stop_of_client, stops_of
from o2c.shared.bars import Part
from o2c.shared.models import AuditEvent
from o2c.shared.past import Look, look
from orders.models import HoldCase
from orders.queries import hold_queue

from . import act_words, words
from .decisions import decisions_of

_ITEMS_A_PAGE: Final = 10
_EVENTS_A_PAGE: Final = 12
_DECISIONS_SHOWN: Final = 8
# A limit or a review that ends within these days asks for a look.
_SOON: Final = timedelta(days=30)

_SHOWN: Final[dict[str, tuple[str | Promise, Q]]] = {
    "": (gettext_lazy("All open"), Q()),
    "overdue": (gettext_lazy("Overdue"), Q(days_late__gt=0)),
    "not_due": (gettext_lazy("Not due"), Q(amount__gt=0, days_late=0)),
    "disputed": (gettext_lazy("In dispute"), Q(disputed_on__gt=0)),
    "payments": (
        gettext_lazy("Unmatched payments"),
        Q(amount__lt=0) & ~Q(kind=ItemKind.CREDIT_NOTE),
    ),
    "credit_notes": (gettext_lazy("Unmatched credit notes"), Q(kind=ItemKind.CREDIT_NOTE)),
    "penalties": (gettext_lazy("Penalties"), Q(kind=ItemKind.PENALTY)),
}

# The ageing of what is owed: upper bounds in days late.
_AGES: Final = ((30, gettext_lazy("1–30 days")), (60, gettext_lazy("31–60 days")), (90, gettext_lazy("61–90 days")),
                (120, gettext_lazy("91–120 days")))  # fmt: skip


def needs_action(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """Held orders, a limit to decide or to renew, a block or a watch to look at again; of today alone."""
    if look(request).is_past:
        return None
    user, today = signed_in(request), timezone.localdate()
    rows = [_held(case) for case in hold_queue(user, account.company).filter(order__account=account)[:6]]
    waiting = LimitRequest.objects.filter(asked_for=account, status=RequestStatus.SUBMITTED)
    rows += [_limit_request(each) for each in waiting.select_related("requested_by")[:3]]
    limit = CreditLimit.objects.filter(
        account=account, closed_on=None, valid_until__lte=today + _SOON
    ).first()
    if limit is not None:
        rows.append(
            {
                "tone": "warn",
                "icon": "calendar-off",
                "word": _("Limit"),
                "title": _("The credit limit has expired")
                if limit.valid_until < today
                else _("The credit limit ends soon"),
                "sub": _("a new decision is needed"),
                "url": f"{reverse('credit:limit_request_new')}?client={account.code}",
                "amount": limit.amount,
                "currency": limit.currency,
                "day": limit.valid_until,
            }
        )
    for model, word, icon, permission, lift in (
        (AccountBlock, _("Blocked"), "lock", "accounts.block", "credit:unblock"),
        (AccountWatch, _("On watch"), "eye", "accounts.watch", "credit:unwatch"),
    ):
        flag = model.objects.filter(account=account, lifted_at=None, review_on__lte=today + _SOON).first()
        if flag is not None:
            rows.append(
                {
                    "tone": "bad" if model is AccountBlock else "warn",
                    "icon": icon,
                    "word": word,
                    "title": _("To be looked at again"),
                    "sub": flag.reason,
                    "url": reverse(lift, args=[account.code])
                    if user.may(permission, account.company)
                    else "#timeline",
                    "amount": None,
                    "day": flag.review_on,
                }
            )
    return Panel("home/_needs_action.html", {"rows": rows, "now": timezone.now()})


def _held(case: HoldCase) -> dict[str, Any]:
    reasons = ", ".join(str(hold.get_reason_display()).lower() for hold in case.active)  # type: ignore[attr-defined]
    return {
        "tone": "warn",
        "icon": "hand-stop",
        "word": _("On hold"),
        "title": case.order.number,
        "short": case.over_limit_by if case.over_limit_by > 0 else None,
        "sub": reasons,
        "url": _link("orders:detail", case.order.number),
        "amount": case.order.total_incl_vat,
        "currency": case.order.currency,
        "seconds": int((case.target_at - timezone.now()).total_seconds()),
    }


def _limit_request(wish: LimitRequest) -> dict[str, Any]:
    return {
        "tone": "info",
        "icon": "adjustments-dollar",
        "word": _("Limit"),
        "title": str(wish.get_kind_display()),
        "sub": _("asked for by %(name)s") % {"name": wish.requested_by.label()},
        "url": reverse("credit:limit_request", args=[wish.pk]),
        "amount": wish.amount,
        "currency": wish.currency,
        "day": timezone.localtime(wish.submitted_at).date() if wish.submitted_at else None,
    }


def items(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """Ageing of what is open, and the open items themselves, filtered by ``?show=`` and page by page.

    ``?as_of=`` shows the book of a past day: what was open, matched and disputed at its end.
    """
    if not signed_in(request).may("invoicing.view", account.company):
        return None
    looked = look(request)
    book = items_on(CustomerAccount.objects.filter(pk=account.pk), on=looked.day, open_only=True)
    shown = request.GET.get("show", "")
    shown = shown if shown in _SHOWN else ""
    user = signed_in(request)
    own = book.filter(own_items(user, account.company))
    rows = own.filter(_SHOWN[shown][1]).select_related("invoice", "payment")
    pages = Paginator(rows.order_by("due_date", "document", "pk"), _ITEMS_A_PAGE)
    page = pages.get_page(request.GET.get("items"))
    stops = stops_of(page.object_list, on=looked.day)
    for item in page.object_list:
        item.url = _item_url(item, looked)  # type: ignore[attr-defined]
        item.stop = stops[item.pk].of_item  # type: ignore[attr-defined]
    counts = _counts(own)
    return Panel(
        "home/_items.html",
        {
            "look": looked,
            "ages": _ageing(book, account, looked),
            "page": page,
            "shown": shown,
            "chips": [
                (key, label, counts[key])
                for key, (label, _q) in _SHOWN.items()
                if key in {"", shown} or counts[key]
            ],
            "all_url": _query("invoicing:items", account, looked),
            "outside": in_words(outside_items(user, account.company, looked.day, account.code)),
            "stop": stop_of_client(account, on=looked.day),
            "may_stop": user.may(RIGHT_TO_STOP, account.company) and not looked.is_past,
        },
    )


def _counts(book: Any) -> dict[str, int]:
    found: dict[str, int] = book.aggregate(
        **{f"n_{key}": Count("pk", filter=condition) for key, (_label, condition) in _SHOWN.items() if key},
        n_=Count("pk"),
    )
    return {name.removeprefix("n_"): count for name, count in found.items()}


def _ageing(book: Any, account: CustomerAccount, looked: Look) -> list[dict[str, Any]]:
    """What is owed by age, per currency; credits are no debts and stand apart."""
    bounds = [0, *(upper for upper, _label in _AGES)]
    sums = {"not_due": Sum("open_on", filter=Q(amount__gt=0, days_late=0))}
    for low, high in pairwise(bounds):
        sums[f"to_{high}"] = Sum("open_on", filter=Q(days_late__gt=low, days_late__lte=high))
    sums["beyond"] = Sum("open_on", filter=Q(days_late__gt=bounds[-1]))
    sums["credits"] = Sum("open_on", filter=Q(amount__lt=0))
    # The key of the client twice: GROUP BY needs the annotations' own subqueries out of it.
    found = book.order_by().values("currency").annotate(**sums, documents=Count("pk"))
    page = reverse("accounts:detail", args=[account.code])
    late = f"{page}?show=overdue{looked.more}#items"
    blocks = []
    for row in found:
        words_and_sums = [(str(_("Not due")), row["not_due"], f"{page}?show=not_due{looked.more}#items")]
        words_and_sums += [(str(label), row[f"to_{upper}"], late) for upper, label in _AGES]
        words_and_sums.append((str(_("Beyond 120 days")), row["beyond"], late))
        buckets = [Part(label=w, amount=s or Decimal(0), url=url) for w, s, url in words_and_sums]
        blocks.append(
            {
                "currency": row["currency"],
                "buckets": buckets,
                "owed": sum((bucket["amount"] for bucket in buckets), Decimal(0)),
                "credits": row["credits"],
                "documents": row["documents"],
            }
        )
    return blocks


def _item_url(item: ReceivableItem, looked: Look) -> str:
    if item.invoice is not None:
        return _link("invoicing:detail", item.invoice.number) + looked.first
    return _link("invoicing:payment", item.payment_id) + looked.first if item.payment_id else ""


def timeline(request: HttpRequest, account: CustomerAccount) -> Panel:
    """What happened with the client by the day looked at, newest first, filtered by ``?events=``."""
    chosen, looked = request.GET.get("events", ""), look(request)
    events = readable_events(signed_in(request), AuditEvent.objects.filter(account_id=account.pk))
    if looked.is_past:
        events = events.filter(at__lt=looked.end)
    if chosen in act_words.GROUPS:
        events = events.filter(action__in=act_words.GROUPS[chosen])
    else:
        chosen, events = "", events.exclude(action__in=act_words.QUIET)
    wanted = min(max(_whole(request.GET.get("until"), _EVENTS_A_PAGE), _EVENTS_A_PAGE), 200)
    rows = list(events.order_by("-at", "-pk")[: wanted + 1])
    more = len(rows) > wanted
    names = words.people(rows)
    entries = []
    for event in rows[:wanted]:
        seen = words.words_of(event.action)
        subs = [words.actor_of(event, names), event.reason]
        subs.insert(1, ", ".join(v for n, v in words.facts_of(_told(event))))
        entries.append(
            {
                "at": event.at,
                "tone": seen.tone,
                "icon": seen.icon,
                "title": words.title_of(event),
                "url": words.address_of(event),
                "sub": " · ".join(part for part in subs if part),
                "amount": words.amount_of(event),
                "currency": account.currency,
            }
        )
    filters = [
        ("", _("All")),
        (act_words.DECISIONS, _("Decisions")),
        (act_words.ORDERS, _("Orders")),
        (act_words.MONEY, _("Money")),
        (act_words.CLIENT, _("Client")),
    ]
    return Panel(
        "home/_timeline.html",
        {
            "items": entries,
            "filters": filters,
            "chosen": chosen,
            "look": looked,
            "next": wanted + _EVENTS_A_PAGE if more else None,
        },
    )


def decisions(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """What was decided about the client's held orders and limits and how it turned out; of today alone."""
    if look(request).is_past or not signed_in(request).may("orders.view", account.company):
        return None
    return Panel(
        "home/_client_decisions.html", {"rows": decisions_of(account, signed_in(request))[:_DECISIONS_SHOWN]}
    )


def _told(event: AuditEvent) -> dict[str, Any]:
    """What the timeline says of an act beside who did it: why an order waits, what kind of note it is."""
    after = event.after or {}
    told = {name: after[name] for name in ("reasons", "note_kind", "topic", "weight") if after.get(name)}
    return {name: value for name, value in told.items() if value != NoteWeight.NEUTRAL}


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else default


def _link(name: str, *args: Any) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _query(name: str, account: CustomerAccount, looked: Look) -> str:
    address = _link(name)
    return f"{address}?account={account.code}{looked.more}" if address else ""

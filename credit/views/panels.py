"""Credit's parts of the client page: exposure, the question "can I sell?", twelve months, limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import CustomerAccount, User
from accounts.queries import belonging_on
from accounts.views.answers import now, signed_in
from accounts.views.parts import Panel
from credit import history, queries, services
from credit.advice import ANSWER_HOURS, Answer
from credit.authority import role_label
from credit.drawing import PART_LABELS, binding_of, limit_of
from credit.enums import Level, LimitedPart
from credit.exposure import Cuts, read
from credit.forms import SellForm
from credit.horizon import BEYOND
from credit.models import AccountBlock, ExposureSnapshot
from credit.part_limit_queries import by_kind, part_limits_on
from credit.services.part_limits import RIGHT as LIMITS_PARTS
from credit.suggestion.gathering import suggestion_of
from credit.written.queries import quotes_for, with_quotes
from o2c.shared import bars
from o2c.shared.calendar import add_months, end_of_month
from o2c.shared.menu import url_or_nothing
from o2c.shared.past import Look, look

from .suggested import shown

ZERO = Decimal("0.00")
_MONTHS = 12
_KIN_SHOWN = 4
# Parts that are shown also when they are zero; the others only when they are not.
_ALWAYS = {
    "overdue", "disputed", "not_due", "delivered_not_invoiced", "open_orders", "unallocated_payments",
    "unallocated_credit_notes",
}  # fmt: skip


@dataclass(frozen=True)
class LevelLine:
    """A level as its line in the card shows it."""

    label: str
    limit: Decimal | None
    unlimited: bool
    decided: bool
    net: Decimal
    available: Decimal | None
    use: Decimal | None
    binds: bool


def _live(request: HttpRequest, account: CustomerAccount) -> queries.ExposureView:
    """Today's exposure, read once for all parts of one page."""
    read_already: dict[int, queries.ExposureView] = request.__dict__.setdefault("live_exposure", {})
    if account.pk not in read_already:
        read_already[account.pk] = queries.exposure_of(account, on=timezone.localdate())
    return read_already[account.pk]


def _then(request: HttpRequest, account: CustomerAccount) -> queries.ExposureView:
    """The exposure of the day the page looks at.

    :raises NoSnapshot: a past day, and nothing was recorded by then
    """
    looked = look(request)
    return history.view_by(account, on=looked.day) if looked.is_past else _live(request, account)


def state(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """What everybody must know first: blocked, no limit, expired, in credit; on a past day, what was so then."""
    looked = look(request)
    held = Q(lifted_at=None)
    if looked.is_past:
        held = Q(set_at__lt=looked.end) & (held | Q(lifted_at__gte=looked.end))
    blocks = AccountBlock.objects.filter(held, account=account).select_related("set_by")
    block = blocks.order_by("-set_at").first()
    try:
        view = _then(request, account)
    except history.NoSnapshot:
        return Panel("credit/_state.html", {"block": block, "look": looked}) if block else None
    kind = view.limit.kind.value
    calls = {
        "block": block,
        "no_limit": kind == "none",
        "prepaid": account.term == "PREPAID",
        "expired": view.limit if kind == "expired" else None,
        "credit": -view.net if view.net < 0 else None,
    }
    if not any(calls[name] for name in ("block", "no_limit", "expired", "credit")):
        return None
    return Panel("credit/_state.html", calls | {"currency": view.currency, "look": looked})


def exposure(request: HttpRequest, account: CustomerAccount) -> Panel:
    """The exposure by parts against the limit, today or as it was recorded on another day (``?as_of=``)."""
    looked = look(request)
    context: dict[str, Any] = {"look": looked}
    try:
        view = _then(request, account)
    except history.NoSnapshot as refusal:
        return Panel("credit/_exposure.html", context | {"missing": str(refusal)})
    figures = history.told(view) if looked.is_past else view.as_contract()
    parts = _parts(account, figures, looked)
    context["left_out"] = [
        (PART_LABELS[part["code"]], Decimal(part["amount"]), _documents(account, part["code"], looked))
        for part in figures["left_out"]
    ]
    context["sold"] = _decimal(figures["sold"])
    return Panel(
        "credit/_exposure.html",
        context
        | {
            "insured": view.cover,
            "insured_counts": view.cover_counts,
            "secured": Decimal(figures["guarantees"]) > 0,
            "figures": _decimals(figures),
            "kind": figures["limit"]["kind"],
            "bar": {"parts": parts, "limit": limit_of(figures)},
            "legend": bars.exposure_bar(parts).legend,
            "total": sum((part["amount"] for part in parts), ZERO),
            "limit_until": _iso(figures["limit"]["valid_until"]),
            "currency": figures["currency"],
            "levels": _levels(account, figures, looked),
            "binding": figures["binding_level"],
            "use": _decimal(figures["utilisation"]),
            "kin": None if looked.is_past else _kin(request, account, figures),
        },
    )


def sell(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """ "Can I sell X to this client?", answered in one sentence; a question stores nothing. Of today alone."""
    if look(request).is_past:
        return None
    asked = "amount" in request.GET
    form = SellForm(request.GET if asked else None, currency=account.currency)
    context: dict[str, Any] = {"form": form, "currency": account.company.currency}
    if asked and form.is_valid():
        user = signed_in(request)
        result = services.check(account=account, amount=form.cleaned_data["amount"], at=now(), by=user)
        answer, quotes = result.as_contract(), quotes_for(result)
        others_hold = any(f.holds and f.code != "OVER_LIMIT" for f in result.found)
        available = result.available_before
        context |= {
            "result": result,
            "findings": with_quotes(answer, quotes),
            "ways": Answer(answer).ways() if result.holding else [],
            "hours": ANSWER_HOURS,
            "short": result.over_limit_by if result.over_limit_by > 0 else None,
            "left": result.available_after,
            "would_pass": available if available is not None and available > 0 and not others_hold else None,
            "role": role_label(result.mandate.role) if result.holding else "",
            "order_url": url_or_nothing("orders:new") if user.may("orders.enter", account.company) else "",
        }
    return Panel("credit/_sell.html", context)


def trend(request: HttpRequest, account: CustomerAccount) -> Panel:
    """Net exposure against the limit over the twelve months before the day looked at; today live."""
    looked = look(request)
    try:
        view = _then(request, account)
    except history.NoSnapshot:
        return Panel("credit/_trend.html", {"spec": None, "look": looked})
    spec = trend_spec(account, view)
    if spec is None:
        return Panel("credit/_trend.html", {"spec": None, "look": looked})
    known = [Decimal(str(value)) for value in spec["sets"][0]["data"] if value is not None]
    return Panel(
        "credit/_trend.html",
        {"spec": spec, "first": known[0], "last": view.net, "highest": max(known), "currency": view.currency}
        | {"look": looked},
    )


def trend_spec(
    account: CustomerAccount, view: queries.ExposureView, *, asked: Decimal | None = None
) -> dict[str, Any] | None:
    """The drawing of twelve months (``charts.js``); None before two months are recorded.

    :param asked: a limit asked for, drawn dashed beside the limits in force
    """
    days = [end_of_month(add_months(view.on, back)) for back in range(-_MONTHS, 0)]
    rows = list(
        ExposureSnapshot.objects.filter(
            level=Level.ACCOUNT, target_id=account.pk, day__gte=days[0] - timedelta(days=366)
        )
        .order_by("day")
        .values_list("day", "net_exposure", "effective_limit")
    )
    points = [_last_by(rows, day) for day in days]
    if sum(point is not None for point in points) < 2:
        return None
    own = view.levels[0].limit.effective if view.levels[0].decided else None
    points.append((view.net, own))
    nets = [None if point is None else float(point[0]) for point in points]
    limits = [None if point is None or point[1] is None else float(point[1]) for point in points]
    sets = [_line(_("Net exposure"), nets, "--o-brand", fill="origin", alpha="1c", width=2.25)]
    if any(value is not None for value in limits):
        sets.append(_line(_("Limit"), limits, "--o-p-over", stepped=True, width=2))
    if asked is not None:
        sets.append(_line(_("Asked for"), [float(asked)] * len(points), "--o-p-new", dash=[6, 4], width=2))
    labels = [f"{day:%m/%y}" for day in (*days, view.on)]
    return {
        "type": "line", "labels": labels, "min": 0, "ticks": 6, "currency": view.currency, "sets": sets
    }  # fmt: skip


def _line(label: str, data: list[float | None], colour: str, **look: Any) -> dict[str, Any]:
    return {"label": label, "data": data, "color": colour, **look}


def limits(request: HttpRequest, account: CustomerAccount) -> Panel:
    """Every limit that was decided for the client, its legal entity and its group, by the day looked at."""
    looked = look(request)
    rows = (
        queries.limit_history(account, on=looked.day, decided_before=looked.end)
        if looked.is_past
        else queries.limit_history(account)
    )
    people = {
        user.username: user.label()
        for user in User.objects.filter(username__in={row["decided_by"] for row in rows})
    }
    for row in rows:
        row["by"] = people.get(row["decided_by"], row["decided_by"])
        row["amount"] = _decimal(row["amount"])
        row["level_label"] = Level.from_word(row["level"]).label
        row["state"] = _limit_state(row, looked.day)
        if row["closed_on"] is not None and row["closed_on"] > looked.day:
            row["closed_on"] = None  # closed later: on that day it ran to its own end
    context: dict[str, Any] = {"rows": rows}
    if not looked.is_past:
        context |= _kinds(request, account, looked.day)
        suggestion = suggestion_of(account, on=looked.day)
        context["suggested"] = shown(suggestion, account, signed_in(request))
    return Panel("credit/_limits.html", context)


# --- pieces ---


def _limit_state(row: dict[str, Any], today: date) -> str:
    if row["closed_on"] is not None and row["closed_on"] <= today:
        return "closed"
    if row["valid_until"] is not None and row["valid_until"] < today:
        return "expired"
    return "active" if row["valid_from"] <= today else "queued"


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


_AMOUNTS = {"gross_exposure", "net_exposure", "effective_limit", "available", "disputed", "on_hold_orders"}


def _decimals(figures: dict[str, Any]) -> dict[str, Any]:
    """The contract's figures with amounts to calculate and write with."""
    read_back = {key: _decimal(value) if key in _AMOUNTS else value for key, value in figures.items()}
    if "overdue" in figures:
        overdue = figures["overdue"]
        read_back["overdue"] = {**overdue, "amount": _decimal(overdue["amount"])}
    read_back["limit"] = {
        **figures["limit"],
        "amount": _decimal(figures["limit"]["amount"]),
        "temporary": _decimal(figures["limit"]["temporary"]),
    }
    return read_back


def _iso(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _parts(account: CustomerAccount, figures: dict[str, Any], looked: Look) -> list[bars.Part]:
    """The parts in the order of the bar; open invoices split into overdue, disputed and not due."""
    amounts = {part["code"]: Decimal(part["amount"]) for part in figures["parts"]}
    invoices = amounts.pop("open_invoices")
    undisputed = _decimal(figures["overdue"]["undisputed_amount"])
    # A snapshot does not say how much of the overdue was disputed: there the split is overdue and not due.
    overdue = undisputed if undisputed is not None else Decimal(figures["overdue"]["amount"])
    disputed = Decimal(figures["disputed"]) if undisputed is not None else ZERO
    split = {"overdue": overdue, "disputed": disputed, "not_due": invoices - overdue - disputed}
    shown = split | amounts
    binding = binding_of(figures)
    if binding is not None:
        # A limit above the account also carries what its relatives owe.
        shown["others"] = Decimal(binding["net_exposure"]) - Decimal(figures["net_exposure"])
    return [
        bars.Part(
            code=code, label=str(PART_LABELS[code]), amount=amount, url=_documents(account, code, looked)
        )
        for code, amount in shown.items()
        if amount or code in _ALWAYS
    ]


_ITEM_FILTERS = {
    "overdue": "overdue",
    "disputed": "disputed",
    "not_due": "not_due",
    "claimed_penalties": "penalties",
    "unallocated_payments": "payments",
    "unallocated_credit_notes": "credit_notes",
}


def _documents(account: CustomerAccount, code: str, looked: Look) -> str:
    """Where the documents of a part stand: items of this page, or the orders below them, which are of today."""
    page = reverse("accounts:detail", args=[account.code])
    if code in _ITEM_FILTERS:
        return f"{page}?show={_ITEM_FILTERS[code]}{looked.more}#items"
    if code == "bills_not_matured" and not looked.is_past:
        payments = url_or_nothing("invoicing:payments")
        return f"{payments}?{urlencode({'account': account.code, 'state': 'clearing'})}" if payments else ""
    of_orders = code in {"open_orders", "delivered_not_invoiced", BEYOND} and not looked.is_past
    return f"{page}#orders" if of_orders else ""


def _levels(account: CustomerAccount, figures: dict[str, Any], looked: Look) -> list[LevelLine]:
    """Legal entity and group: limit, net exposure and available, no more (design 3.5)."""
    lines = []
    group = belonging_on(account, looked.day).group if looked.is_past else account.entity.group
    for level in figures["levels"][1:]:
        kind = level["limit"]["kind"]
        limit, net = _decimal(level["effective_limit"]), Decimal(level["net_exposure"])
        label = _("Legal entity") if level["level"] == "entity" else str(group)
        lines.append(
            LevelLine(
                label=label,
                limit=limit,
                unlimited=kind == "unlimited",
                decided=kind != "none",
                net=net,
                available=_decimal(level["available"]),
                use=net / limit if limit else None,
                binds=level["level"] == figures["binding_level"],
            )
        )
    return lines


def _kin(request: HttpRequest, account: CustomerAccount, figures: dict[str, Any]) -> dict[str, Any] | None:
    """The other clients that share a limit: those the reader sees by name, the others as count and total."""
    relatives = queries.relatives_of(account)
    others = [pk for pk in relatives.account_ids if pk != account.pk]
    if not others:
        return None
    seen = list(
        CustomerAccount.objects.visible_to(signed_in(request))
        .filter(pk__in=others)
        .select_related("company")
        .order_by("sort_key", "code")
    )
    book = read([a.pk for a in seen], currency=figures["currency"], cuts=Cuts.on(timezone.localdate()))
    nets = {a.pk: book.of(a.pk).exposure().net for a in seen}
    rows = [{"account": a, "net": nets[a.pk]} for a in seen]
    whole = Decimal(figures["levels"][-1]["net_exposure"])
    unseen = len(others) - len(seen)
    rest = whole - Decimal(figures["net_exposure"]) - sum(nets.values(), ZERO)
    return {
        "rows": rows[:_KIN_SHOWN],
        "more": max(0, len(rows) - _KIN_SHOWN),
        "unseen": unseen,
        "unseen_net": rest if unseen else None,
    }


def _last_by(
    rows: Iterable[tuple[date, Decimal, Decimal | None]], day: date
) -> tuple[Decimal, Decimal | None] | None:
    found = None
    for recorded, net, limit in rows:
        if recorded > day:
            break
        found = (net, limit)
    return found


def _kinds(request: HttpRequest, account: CustomerAccount, day: date) -> dict[str, Any]:
    """Kinds of risk with a limit of their own, with what the client has of each."""
    rows = part_limits_on(account, day)
    used = by_kind(_live(request, account)) if rows else {}
    return {
        "kinds": [
            (row, used[LimitedPart(row.part)], used[LimitedPart(row.part)] > row.amount) for row in rows
        ],
        "may_limit_parts": signed_in(request).may(LIMITS_PARTS, account.company),
        "account": account,
        "currency": account.company.currency,
    }

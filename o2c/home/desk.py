"""What waits for one person: figures, an inbox by urgency, what happened since last night. One shape for all roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Company, CustomerAccount, User
from credit.lists import with_standing
from credit.models import AccountBlock, AccountWatch, LimitRequest
from o2c.shared import formats
from o2c.shared.bars import Part
from o2c.shared.calendar import PARIS
from o2c.shared.menu import url_or_nothing
from orders.models import HoldCase

from . import queries

_ROWS: Final = 10
_EVENING: Final = time(18)
_REVIEW_AHEAD: Final = timedelta(days=7)
_LIMIT_ANSWER: Final = timedelta(days=1)
ORDERS, LIMITS, ALERTS = "orders", "limits", "alerts"

Text = str | Promise


@dataclass(frozen=True)
class Waiting:
    """One line of the inbox; ``due`` is what the lines are sorted by."""

    kind: str
    tone: str
    icon: str
    word: Text
    title: Text
    sub: Text
    url: str
    due: datetime
    amount: Decimal | None = None
    currency: str = "EUR"
    seconds: int | None = None
    note: Text = ""


@dataclass(frozen=True)
class Desk:
    """The reader, where they work, and when they look."""

    user: User
    company: Company
    at: datetime

    def may(self, permission: str) -> bool:
        """Whether the reader may do this here."""
        return self.user.may(permission, self.company)

    @property
    def decides(self) -> bool:
        """Whether held orders wait for the reader's decision, rather than concern their clients."""
        return self.may("orders.release")

    @property
    def watches_only(self) -> bool:
        """Whether the reader looks at what others did: auditors and administrators."""
        return self.may("audit.view") and not (self.decides or self.may("orders.enter"))

    @property
    def clients(self) -> Any:
        """The reader's clients."""
        return CustomerAccount.objects.visible_to(self.user, self.company)

    # --- figures ---

    def figures(self, held: queries.Sums, overdue: queries.Overdue) -> list[dict[str, Any]]:
        """The strip of figures, each opening its documents."""
        shown = [self._held_figure(held)]
        if self.may("credit.decide_limit"):
            count = queries.limits_for(self.user, self.company).count()
            state = "?state=mine_to_decide"
            shown.append(
                _figure(
                    "adjustments-dollar",
                    _("Limits to decide"),
                    str(count),
                    _("within your authority"),
                    reverse("credit:limit_requests") + state,
                )
            )
        if self.may("payments.allocate"):
            unmatched = queries.unmatched_sums(self.user, self.company)
            shown.append(
                _figure(
                    "cash",
                    _("Unmatched payments"),
                    self.money(unmatched.amount),
                    ngettext("%(n)d payment", "%(n)d payments", unmatched.count) % {"n": unmatched.count},
                    url_or_nothing("invoicing:payments"),
                )
            )
        shown.append(self._overdue_figure(overdue))
        if not self.watches_only and self.may("orders.enter"):
            drafts = queries.drafts_of(self.user, self.company).count()
            shown.append(
                _figure(
                    "pencil",
                    _("My drafts"),
                    str(drafts),
                    _("orders not sent yet"),
                    f"{url_or_nothing('orders:list')}?status=draft",
                )
            )
        shown.append(self._nightly_figure())
        return shown

    def _held_figure(self, held: queries.Sums) -> dict[str, Any]:
        url = url_or_nothing("orders:holds")
        return _figure("hand-stop", _("Orders on hold"), str(held.count), self.money(held.amount), url)

    def _overdue_figure(self, overdue: queries.Overdue) -> dict[str, Any]:
        detail = _("nothing is late")
        if overdue.amount:
            share = formats.percent(overdue.share, _language())
            detail = ngettext("%(n)d client", "%(n)d clients", overdue.clients) % {"n": overdue.clients}
            detail = f"{detail} · " + _("%(share)s of what is owed") % {"share": share}
        url = (
            url_or_nothing("reports:aged_balance")
            or reverse("accounts:list") + "?state=overdue&sort=-overdue"
        )
        return _figure("clock-exclamation", _("Overdue"), self.money(overdue.amount), detail, url)

    def _nightly_figure(self) -> dict[str, Any]:
        run = queries.last_nightly()
        if run is None or run.finished_at is None:
            return _figure("moon", _("Nightly run"), formats.NOTHING, _("none yet"), "")
        when = formats.moment(timezone.localtime(run.finished_at), timezone.localdate())
        found = len(run.differences)
        detail = (
            ngettext("%(n)d difference", "%(n)d differences", found) % {"n": found}
            if found
            else _("no difference")
        )
        return _figure("moon", _("Nightly run"), when, detail, "", tone="bad" if found else "")

    # --- inbox ---

    def inbox(self) -> list[Waiting]:
        """What waits for the reader, the most urgent first: the first lines of each source."""
        rows = self._held() + self._limits() + self._reviews()
        if self.may("orders.enter"):
            rows += self._drafts()
        if self.may("payments.allocate"):
            rows += self._payments()
        if not self.decides and not self.watches_only:
            rows += self._late_clients()
        return sorted(rows, key=lambda row: row.due)

    def counts(self, rows: Sequence[Waiting]) -> dict[str, int]:
        """How many lines of each kind there are in all, also those that are not drawn."""
        found = {kind: sum(1 for row in rows if row.kind == kind) for kind in (ORDERS, LIMITS, ALERTS)}
        drawn = sum(1 for row in rows if row.kind == ORDERS and row.seconds is not None)
        if drawn >= _ROWS:
            found[ORDERS] += queries.held_for(self.user, self.company).count() - drawn
        return found

    def _held(self) -> list[Waiting]:
        return [self._held_row(case) for case in queries.held_for(self.user, self.company)[:_ROWS]]

    def _held_row(self, case: HoldCase) -> Waiting:
        order = case.order
        reasons = ", ".join(str(hold.get_reason_display()).lower() for hold in case.active)  # type: ignore[attr-defined]
        parts = [order.number, reasons]
        if case.over_limit_by > 0:
            short = formats.money(case.over_limit_by, _language(), self.company.currency)
            parts.append(_("%(amount)s short") % {"amount": short})
        return Waiting(
            kind=ORDERS,
            tone="warn",
            icon="hand-stop",
            word=_("Order"),
            title=order.account.name,
            sub=" · ".join(part for part in parts if part),
            url=reverse("orders:detail", args=[order.number]),
            due=case.target_at,
            amount=order.total_incl_vat,
            currency=order.currency,
            seconds=int((case.target_at - self.at).total_seconds()),
        )

    def _limits(self) -> list[Waiting]:
        return [self._limit_row(wish) for wish in queries.limits_for(self.user, self.company)[:_ROWS]]

    def _limit_row(self, wish: LimitRequest) -> Waiting:
        sent = wish.submitted_at or wish.created_at
        waited = int((self.at - sent).total_seconds())
        return Waiting(
            kind=LIMITS,
            tone="info",
            icon="adjustments-dollar",
            word=_("Limit"),
            title=wish.asked_for.name,
            sub=_("%(kind)s, asked for by %(name)s")
            % {"kind": wish.get_kind_display(), "name": wish.requested_by.label()},
            url=reverse("credit:limit_request", args=[wish.pk]),
            due=sent + _LIMIT_ANSWER,
            amount=wish.amount,
            currency=wish.currency,
            note=_("waiting for %(time)s") % {"time": formats.duration(waited, _language())},
        )

    def _reviews(self) -> list[Waiting]:
        day = timezone.localdate(self.at) + _REVIEW_AHEAD
        blocks, watches = queries.reviews_until(self.user, self.company, day)
        rows = []
        if self.may("accounts.block"):
            rows += [self._review_row(flag, "lock", "bad", _("Block")) for flag in blocks[:_ROWS]]
        if self.may("accounts.watch"):
            rows += [self._review_row(flag, "eye", "warn", _("Watch")) for flag in watches[:_ROWS]]
        return rows

    def _review_row(self, flag: AccountBlock | AccountWatch, icon: str, tone: str, word: str) -> Waiting:
        assert flag.review_on is not None
        today = timezone.localdate(self.at)
        return Waiting(
            kind=ALERTS,
            tone=tone,
            icon=icon,
            word=word,
            title=flag.account.name,
            sub=flag.reason,
            url=reverse("accounts:detail", args=[flag.account.code]),
            due=datetime.combine(flag.review_on, _EVENING, PARIS),
            note=_("look again %(when)s")
            % {"when": formats.relative_day(flag.review_on, today, _language())},
        )

    def _drafts(self) -> list[Waiting]:
        return [
            Waiting(
                kind=ORDERS,
                tone="mute",
                icon="pencil",
                word=_("Draft"),
                title=order.account.name,
                sub=_("%(number)s is not sent yet") % {"number": order.number},
                url=reverse("orders:detail", args=[order.number]),
                due=order.created_at + timedelta(days=2),
                amount=order.total_incl_vat,
                currency=order.currency,
            )
            for order in queries.drafts_of(self.user, self.company)[:_ROWS]
        ]

    def _payments(self) -> list[Waiting]:
        return [
            Waiting(
                kind=ALERTS,
                tone="info",
                icon="cash",
                word=_("Payment"),
                title=item.account.name,
                sub=" · ".join(
                    part for part in (item.document, item.payment.reference if item.payment else "") if part
                ),
                url=reverse("invoicing:payment", args=[item.payment_id]) if item.payment_id else "",
                due=datetime.combine(item.effective_date, _EVENING, PARIS),
                amount=-item.open_amount,
                currency=item.currency,
                note=formats.relative_day(item.effective_date, timezone.localdate(self.at), _language()),
            )
            for item in queries.unmatched_payments(self.user, self.company)[:_ROWS]
        ]

    def _late_clients(self) -> list[Waiting]:
        """The reader's clients who owe most that is late."""
        annotated: Any = with_standing(self.clients)
        late = annotated.filter(overdue__gt=0).order_by("-overdue", "sort_key")[:_ROWS]
        today = timezone.localdate(self.at)
        rows = []
        for client in late:
            days = (today - client.oldest_due).days if client.oldest_due else 0
            rows.append(
                Waiting(
                    kind=ALERTS,
                    tone="bad",
                    icon="clock-exclamation",
                    word=_("Overdue"),
                    title=client.name,
                    sub=_("the oldest: %(days)s late; the next order may be held")
                    % {"days": formats.days_in_words(days, _language())},
                    url=reverse("accounts:detail", args=[client.code]) + "?show=overdue#items",
                    due=self.at + timedelta(days=30) - timedelta(days=min(days, 29)),
                    amount=client.overdue,
                    currency=self.company.currency,
                )
            )
        return rows

    # --- since last night ---

    def since(self) -> list[dict[str, Any]]:
        """What happened since the evening before, in three or four lines."""
        yesterday = timezone.localdate(self.at) - timedelta(days=1)
        start = datetime.combine(yesterday, _EVENING, PARIS)
        lines: list[dict[str, Any]] = []
        self._note(
            lines,
            queries.freed_since(self.user, self.company, start),
            "circle-check",
            "ok",
            lambda n: ngettext("%(n)d order went by itself", "%(n)d orders went by themselves", n),
        )
        self._note(
            lines,
            queries.held_since(self.user, self.company, start),
            "hand-stop",
            "warn",
            lambda n: ngettext("%(n)d order newly on hold", "%(n)d orders newly on hold", n),
        )
        self._note(
            lines,
            queries.paid_since(self.user, self.company, start),
            "cash",
            "ok",
            lambda n: ngettext("%(n)d payment came in", "%(n)d payments came in", n),
        )
        run = queries.last_nightly()
        if run is not None and run.finished_at is not None and run.finished_at >= start:
            seconds = (run.finished_at - run.started_at).total_seconds()
            lines.append(
                {
                    "icon": "moon",
                    "tone": "bad" if run.differences else "2",
                    "title": _("Nightly run with differences")
                    if run.differences
                    else _("Nightly run without difference"),
                    "sub": _("%(accounts)s clients · %(at)s · %(seconds)s s")
                    % {
                        "accounts": formats.number(run.accounts, _language()),
                        "at": f"{timezone.localtime(run.finished_at):%H:%M}",
                        "seconds": formats.number(Decimal(str(seconds)), _language(), decimals=1),
                    },
                }
            )
        return lines

    def _note(
        self,
        lines: list[dict[str, Any]],
        found: queries.Sums,
        icon: str,
        tone: str,
        words: Callable[[int], str],
    ) -> None:
        if found.count:
            title = words(found.count) % {"n": found.count}
            lines.append({"icon": icon, "tone": tone, "title": title, "sub": self.money(found.amount)})

    # --- further cards ---

    def ageing(self) -> dict[str, Any] | None:
        """What is owed by age, for those who answer for it."""
        if not self.may("reports.view") or self.may("orders.enter") or self.watches_only:
            return None
        day, currency = timezone.localdate(self.at), self.company.currency
        sums = queries.ages_of(self.clients, on=day, currency=currency)
        if not any(sums):
            return None
        labels = [_("Not due"), _("1–30 days"), _("31–60 days"), _("61–90 days"), _("91–120 days")]
        labels.append(_("Beyond 120 days"))
        url = url_or_nothing("reports:aged_balance")
        buckets = [Part(label=w, amount=s, url=url) for w, s in zip(labels, sums, strict=True)]
        return {"buckets": buckets, "owed": sum(sums, Decimal(0)), "currency": currency, "url": url}

    def decisions(self) -> dict[str, Any] | None:
        """How the reader's releases of a year turned out; None before the first."""
        if not self.decides:
            return None
        found = queries.my_releases(self.user, self.at - timedelta(days=365))
        count = sum(part.count for part in found.values())
        if not count:
            return None
        order = (
            ("paid", "p-ok", _("Paid on time")),
            ("late", "p-warn", _("Paid late")),
            ("lost", "p-over", _("Lost")),
            ("open", "p-bill", _("Still open")),
        )
        nothing = queries.Sums(0, Decimal(0))
        parts = [
            {"code": code, "css": css, "label": label, **vars(found.get(code, nothing))}
            for code, css, label in order
        ]
        return {"count": count, "parts": parts}

    def sentence(self, held: queries.Sums, inbox: Sequence[Waiting]) -> str:
        """The answer to "what waits for me?" in one line."""
        late = sum(1 for row in inbox if row.seconds is not None and row.seconds <= 0)
        if self.decides and held.count:
            text = ngettext(
                "%(n)d order waits for your answer", "%(n)d orders wait for your answer", held.count
            )
            text %= {"n": held.count}
            if late:
                text += ", " + ngettext("%(n)d of them late", "%(n)d of them late", late) % {"n": late}
            return text
        if not self.decides and held.count and not self.watches_only:
            text = ngettext(
                "%(n)d order of your clients is on hold",
                "%(n)d orders of your clients are on hold",
                held.count,
            )
            return text % {"n": held.count}
        if inbox:
            return ngettext("%(n)d thing waits for you", "%(n)d things wait for you", len(inbox)) % {
                "n": len(inbox)
            }
        return _("Nothing waits for you")

    def money(self, amount: Decimal) -> str:
        """An amount in the company's currency."""
        return formats.money(amount, _language(), self.company.currency)


def _figure(icon: str, label: Text, value: str, detail: Text, url: str, *, tone: str = "") -> dict[str, Any]:
    return {"icon": icon, "label": label, "value": value, "detail": detail, "url": url, "tone": tone}


def _language() -> str:
    return get_language() or "fr"

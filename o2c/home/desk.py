"""The home page: figures, what waits, what happened since last night. One shape for all roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from o2c.shared import formats
from o2c.shared.bars import Part
from o2c.shared.calendar import PARIS
from o2c.shared.menu import url_or_nothing

from . import queries
from .inbox import Inbox, language
from .inbox_line import EVENING, Text, Waiting


class Desk(Inbox):
    """Everything the home page shows to one reader."""

    def figures(self, held: queries.Sums, overdue: queries.Overdue) -> list[dict[str, Any]]:
        """The strip of figures, each opening its documents."""
        shown = [self._held_figure(held)] if self.may("orders.view") else []
        if self.may("credit.decide_limit"):
            count = queries.limits_for(self.user, self.company).count()
            state = "?state=mine_to_decide"
            shown.append(
                _figure(
                    "adjustments-dollar",
                    _("Limits to decide"),
                    str(count),
                    _("above the credit manager")
                    if self.user.authority_in(self.company) >= queries.SENIOR
                    else _("within your authority"),
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
            share = formats.percent(overdue.share, language())
            detail = ngettext("%(n)d client", "%(n)d clients", overdue.clients) % {"n": overdue.clients}
            detail = f"{detail} · " + _("%(share)s of what is owed") % {"share": share}
        url = (
            url_or_nothing("reports:aged_balance")
            or reverse("accounts:list") + "?state=overdue&sort=-overdue"
        )
        if not self.may("reports.view"):
            url = url_or_nothing("invoicing:items")
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

    def since(self) -> list[dict[str, Any]]:
        """What happened since the evening before, in three or four lines."""
        yesterday = timezone.localdate(self.at) - timedelta(days=1)
        start = datetime.combine(yesterday, EVENING, PARIS)
        lines: list[dict[str, Any]] = []
        self._note(
            lines,
            queries.freed_since(self.user, self.company, start),
            "circle-check",
            "ok",
            lambda n: ngettext("%(n)s order went by itself", "%(n)s orders went by themselves", n),
        )
        self._note(
            lines,
            queries.held_since(self.user, self.company, start),
            "hand-stop",
            "warn",
            lambda n: ngettext("%(n)s order newly on hold", "%(n)s orders newly on hold", n),
        )
        self._note(
            lines,
            queries.paid_since(self.user, self.company, start),
            "cash",
            "ok",
            lambda n: ngettext("%(n)s payment came in", "%(n)s payments came in", n),
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
                        "accounts": formats.number(run.accounts, language()),
                        "at": f"{timezone.localtime(run.finished_at):%H:%M}",
                        "seconds": formats.number(Decimal(str(seconds)), language(), decimals=1),
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
            title = words(found.count) % {"n": formats.number(found.count, language())}
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
        n = held.count
        if self.decides and n:
            text = ngettext("%(n)d order waits for your answer", "%(n)d orders wait for your answer", n)
            if late:
                text += ", " + ngettext("%(late)d of them late", "%(late)d of them late", late)
            return text % {"n": n, "late": late}
        if self.has_portfolio and n:
            text = ngettext(
                "%(n)d order of your clients is on hold", "%(n)d orders of your clients are on hold", n
            )
            return text % {"n": n}
        if self.handles_orders and n:
            return ngettext("%(n)d order is on hold", "%(n)d orders are on hold", n) % {"n": n}
        if inbox:
            n = len(inbox)
            return ngettext("%(n)d thing waits for you", "%(n)d things wait for you", n) % {"n": n}
        return _("Nothing waits for you")


def _figure(icon: str, label: Text, value: str, detail: Text, url: str, *, tone: str = "") -> dict[str, Any]:
    return {"icon": icon, "label": label, "value": value, "detail": detail, "url": url, "tone": tone}

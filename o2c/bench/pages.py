"""``pages``: every list and the client page at full volume: how many queries each takes, and how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount
from credit import nightly
from credit.models import CreditStanding
from invoicing.models import Invoice
from o2c.shared.calendar import paris_date
from orders.models import Order

from .browsing import browser
from .report import milliseconds
from .session import Session

_TURNS: Final = 3
# A page this slow need not be opened again to know.
_PATIENCE: Final = 3.0
_API: Final = (
    "accounts",
    "orders",
    "holds",
    "invoices",
    "payments",
    "items",
    "allocations",
    "limit-requests",
    "audit",
)
# Who opens a page: somebody who sees every client of the company, or a rep with a portfolio.
_LEAD, _REP, _CLERK = "credit", "rep-01", "accountant"
_HEAD: Final = ("Page", "As", "Queries", "Time", "Of it SQL", "Slowest", "Verdict")


@dataclass(frozen=True)
class Page:
    """An address and who opens it."""

    name: str
    url: str
    roles: tuple[str, ...] = (_LEAD, _REP)


@dataclass
class Seen:
    """The statements of one request: how many, how long together, and the slowest."""

    count: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    statement: str = ""

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Take the time of a statement."""
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            taken = time.perf_counter() - began
            self.count += 1
            self.seconds += taken
            if taken > self.slowest:
                self.slowest, self.statement = taken, sql


@dataclass
class Opened:
    """One page opened some times by one person."""

    status: int
    seen: list[Seen] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def run(session: Session) -> None:
    """Open every page and print its figures; the slowest statements at the end."""
    company = session.book()
    _figures(session, company)
    rows, slow = [], []
    browsers = {role: browser(session.member(role).username) for role in (_LEAD, _REP, _CLERK)}
    for page in _pages(company):
        for role in page.roles:
            opened = _open(browsers[role], page.url)
            taken = median(opened.seconds)
            last = opened.seen[-1]
            verdict = session.report.judge("pages", taken * 1000)[-1]
            if opened.status != 200:
                verdict = f"answers {opened.status}"
                session.report.judge("pages.well", 1)
            rows.append(
                [page.name, role, str(last.count), milliseconds(taken), milliseconds(last.seconds),
                 milliseconds(last.slowest), verdict]
            )  # fmt: skip
            slow.append((last.slowest, page.name, role, last.statement))
    session.report.judge("pages.well", 0)
    session.report.table("pages: every list and the client page", _HEAD, rows)
    session.report.say("\nslowest statements")
    for seconds, name, role, statement in sorted(slow, reverse=True)[:8]:
        session.report.say(f"{milliseconds(seconds)} {name} ({role}): {' '.join(statement.split())[:600]}")


def _figures(session: Session, company: Company) -> None:
    """Lists show the figures of the last nightly run: there must have been one."""
    if not CreditStanding.objects.filter(level=3, target_id__in=company.accounts.values("pk")[:1]).exists():
        began = time.monotonic()
        nightly.run_in_foreground(at=timezone.now(), company=company)
        session.report.say(f"figures for lists computed in {time.monotonic() - began:.0f} s")


def _open(client: Client, url: str) -> Opened:
    opened = Opened(0)
    for _turn in range(_TURNS):
        seen = Seen()
        began = time.perf_counter()
        with connection.execute_wrapper(seen):
            response: Any = client.get(url)
            opened.status = response.status_code
            for _piece in response.streaming_content if response.streaming else ():
                pass
        opened.seconds.append(time.perf_counter() - began)
        opened.seen.append(seen)
        if opened.seconds[-1] > _PATIENCE:
            break
    return opened


def _pages(company: Company) -> Iterator[Page]:
    heavy = (
        CustomerAccount.objects.filter(company=company)
        .annotate(n=Count("items"))
        .order_by("-n")
        .values_list("code", flat=True)[0]
    )
    # A rep opens the clients of the own portfolio only.
    yield Page("my work", reverse("home"), (_LEAD, _REP, _CLERK))
    yield from _lists(company)
    yield Page("client page, largest", reverse("accounts:detail", args=[heavy]), (_LEAD,))
    for part in settings.CLIENT_PANELS:
        yield Page(f"client part {part}", reverse("accounts:part", args=[heavy, part]), (_LEAD,))
    account = CustomerAccount.objects.get(company=company, code=heavy)
    yield Page("client part orders", reverse("orders:panel", args=[account.pk]), (_LEAD,))
    yield Page("client part documents", reverse("invoicing:panel", args=[heavy]), (_LEAD,))
    order = Order.objects.filter(company=company, state="CONFIRMED").order_by("-pk")[0]
    yield Page("order", reverse("orders:detail", args=[order.number]), (_LEAD,))
    held = Order.objects.filter(company=company, cases__closed_at=None, state="SUBMITTED").first()
    if held is not None:
        yield Page("order on hold", reverse("orders:detail", args=[held.number]), (_LEAD,))
    invoice = Invoice.objects.filter(company=company).order_by("-pk")[0]
    yield Page("invoice", reverse("invoicing:detail", args=[invoice.number]), (_CLERK,))
    yield Page("aged balance", reverse("reports:aged_balance"))
    drilled = f"?{urlencode({'client': heavy, 'currency': account.currency, 'bucket': 'total'})}"
    yield Page("aged balance, items of one client", reverse("reports:aged_balance_items") + drilled, (_LEAD,))
    yield Page("exposure", reverse("reports:exposure"))
    yield Page("overdue history", reverse("reports:overdue_history"))
    for resource in _API:
        yield Page(f"api {resource}", f"/api/v1/{resource}/")


def _lists(company: Company) -> Iterator[Page]:
    past = paris_date(timezone.now()).replace(day=1).isoformat()
    asked: list[tuple[str, str, dict[str, str], tuple[str, ...]]] = [
        ("clients", "accounts:list", {}, (_LEAD, _REP)),
        ("clients, found by name", "accounts:list", {"q": "bretagne"}, (_LEAD,)),
        ("clients, by exposure", "accounts:list", {"sort": "-net_exposure"}, (_LEAD,)),
        ("clients, last page", "accounts:list", {"page": "999999"}, (_LEAD,)),
        ("orders", "orders:list", {}, (_LEAD, _REP)),
        ("orders, found by client", "orders:list", {"q": "bretagne"}, (_LEAD,)),
        ("orders on hold", "orders:list", {"status": "on_hold"}, (_LEAD,)),
        ("orders delivered", "orders:list", {"status": "delivered"}, (_LEAD,)),
        ("orders, last page", "orders:list", {"page": "999999"}, (_LEAD,)),
        ("hold queue", "orders:holds", {}, (_LEAD, _REP)),
        ("limit requests", "credit:limit_requests", {}, (_LEAD, _REP)),
        ("can I sell", "credit:can_i_sell", {}, (_REP,)),
        ("invoices", "invoicing:list", {}, (_LEAD, _REP)),
        ("invoices, found by client", "invoicing:list", {"q": "bretagne"}, (_LEAD,)),
        ("invoices, by client", "invoicing:list", {"sort": "account"}, (_LEAD,)),
        ("invoices overdue", "invoicing:list", {"status": "overdue"}, (_LEAD,)),
        ("invoices, last page", "invoicing:list", {"page": "999999"}, (_LEAD,)),
        ("open items", "invoicing:items", {}, (_LEAD, _REP)),
        ("open items overdue", "invoicing:items", {"state": "overdue"}, (_LEAD,)),
        ("open items disputed", "invoicing:items", {"state": "disputed"}, (_LEAD,)),
        ("open items of a past day", "invoicing:items", {"as_of": past}, (_LEAD,)),
        ("matching", "invoicing:payments", {}, (_CLERK,)),
        ("journal", "journal", {}, (_LEAD,)),
        ("journal, found by number", "journal", {"q": "VF1"}, (_LEAD,)),
        ("search, a name", "search", {"q": "charpentes savoie"}, (_LEAD, _REP)),
        ("search, a number", "search", {"q": "VF10"}, (_LEAD,)),
        ("notices", "notifications", {}, (_LEAD,)),
        ("imports", "imports:list", {}, (_CLERK,)),
        ("background work", "jobs", {}, (_CLERK,)),
    ]  # fmt: skip
    for name, address, query, roles in asked:
        yield Page(name, reverse(address) + (f"?{urlencode(query)}" if query else ""), roles)

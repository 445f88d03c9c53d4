"""Every list, page and API alike, asks the database as often for three of each thing as for one.

``LISTS`` names the addresses that show several rows of one kind, ``OTHERS`` those that show one thing, a form or
a file; together they are every address that can be read, so that a new one fails here until it stands in one of
them. A page of one client counts as a list: its panels hold rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.api.base import CompanyViewSet
from accounts.models import CustomerAccount, User
from credit import services as credit
from credit.models import CreditLimit
from invoicing import services as invoicing
from invoicing.models import Invoice, Payment
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from o2c.shared.views import ListPage
from orders.models import Order
from orders.services import add_evidence
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.orders import give_limit

from .addresses import readable
from .expected import ACCESS, ANYONE, HOLDERS, ROLES, SIGNED_IN, Entry
from .test_access import fill
from .world import NOBODY, World, make_world

# What is asked beside what the access table asks, where a list shows nothing without it.
LISTS: Final[Mapping[str, Mapping[str, str]]] = {
    address: {}
    for address in (
        "", "search/", "journal/", "notifications/", "work/", "decisions/", "decisions/mine/", "substitutes/",
        "outbox/", "clients/", "clients/search/", "clients/<code>/", "clients/<code>/part/<name>/",
        "credit/client-options/", "credit/limit-requests/", "credit/limit-requests/<pk>/", "orders/",
        "orders/holds/", "orders/quotations/", "orders/of-client/<account>/", "orders/<number>/papers/",
        "orders/<number>/", "invoicing/", "invoicing/items/",
        "invoicing/payments/", "invoicing/payments/<key>/", "invoicing/clients/<code>/panel/",
        "invoicing/periods/", "invoicing/<number>/", "reports/aged-balance/", "reports/aged-balance/items/",
        "reports/aged-balance/history/", "reports/duties/", "imports/", "imports/mappings/",
        "api/v1/audit/", "api/v1/outbox/", "api/v1/accounts/", "api/v1/accounts/<code>/limits/",
        "api/v1/accounts/<code>/timeline/", "api/v1/accounts/<code>/exposure/", "api/v1/limit-requests/",
        "api/v1/orders/", "api/v1/orders/<number>/evidence/", "api/v1/holds/", "api/v1/override-requests/",
        "api/v1/quotations/", "api/v1/invoices/", "api/v1/invoices/<number>/credit/", "api/v1/payments/",
        "api/v1/payments/<pk>/propose/", "api/v1/allocations/", "api/v1/items/", "api/v1/periods/",
        "api/v1/reports/aged-balance/", "api/v1/reports/duties/",
    )
} | {"search/": {"q": "OWN"}, "reports/aged-balance/items/": {"bucket": "d1_30"}}  # fmt: skip

# Always as many rows: the latest events, the months of some years, what a payment suffices for.
ALWAYS_AS_MANY: Final = frozenset({
    "clients/<code>/part/<name>/", "invoicing/periods/", "api/v1/periods/", "api/v1/payments/<pk>/propose/",
})  # fmt: skip

# One thing, a form, a file, or the machine itself.
OTHERS: Final = frozenset({
    "health/live", "health/ready", "metrics", "i18n/setlang/", "login/", "notifications/<pk>/", "work/<pk>/",
    "outbox/<pk>/", "my-mail/", "clients/new/", "clients/check/", "credit/can-i-sell/",
    "credit/limit-requests/new/", "credit/clients/<code>/edit/", "credit/clients/<code>/move/",
    "credit/clients/<code>/block/", "credit/clients/<code>/unblock/", "credit/clients/<code>/watch/",
    "credit/clients/<code>/unwatch/", "orders/new/", "orders/holds/decided/<pk>/", "orders/quotations/new/",
    "orders/quotations/<number>/", "orders/quotations/<number>/edit/", "orders/quotations/<number>/pdf/",
    "orders/quotations/<number>/decline/", "orders/<number>/papers/evidence/",
    "orders/<number>/papers/evidence/<pk>/", "orders/<number>/papers/accept/",
    "orders/<number>/papers/purchase-order/", "orders/<number>/confirmation/",
    "orders/<number>/confirmation/<issue>/", "orders/<number>/edit/", "orders/<number>/hold/",
    "orders/<number>/release/", "orders/<number>/refuse/", "orders/<number>/override/",
    "orders/<number>/refuse-override/", "orders/<number>/documents/<pk>/", "orders/<number>/cancel/",
    "orders/<number>/close/", "orders/<number>/deliver/", "invoicing/items/<key>/match/",
    "invoicing/items/<key>/due-date/",
    "invoicing/periods/<year>-<month>/close/", "invoicing/periods/<year>-<month>/reopen/",
    "imports/new/",
    "imports/sample/<kind>/", "imports/mappings/<key>/", "imports/<key>/", "imports/<key>/mapping/",
    "imports/<key>/refused/", "imports/<key>/progress/", "api/v1/schema/", "api/v1/docs/",
    "api/v1/jobs/<pk>/", "api/v1/outbox/<pk>/", "api/v1/accounts/<code>/", "api/v1/limit-requests/<pk>/",
    "api/v1/orders/<number>/", "api/v1/orders/<number>/purchase-order/",
    "api/v1/orders/<number>/confirmation/", "api/v1/override-requests/<pk>/",
    "api/v1/quotations/<number>/", "api/v1/quotations/<number>/pdf/", "api/v1/invoices/<number>/",
    "api/v1/payments/<pk>/", "api/v1/allocations/<pk>/", "api/v1/items/<pk>/",
})  # fmt: skip


def by_class() -> dict[str, type]:
    """The view class behind every address, where one of ours has any."""
    found: dict[str, type] = {}

    def walk(patterns: Any, before: str) -> None:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                view: Any = pattern.callback
                if view_class := getattr(view, "view_class", None) or getattr(view, "cls", None):
                    found[readable(route)] = view_class

    walk(get_resolver().url_patterns, "")
    return found


def test_every_address_that_can_be_read_is_a_list_or_something_else():
    read = {address for address, entry in ACCESS.items() if entry.get}
    assert set(LISTS) | OTHERS == read, "put it into LISTS or OTHERS"
    assert set(LISTS) & OTHERS == set()


def test_what_is_made_as_a_list_stands_among_the_lists():
    pages = {address for address, made in by_class().items() if issubclass(made, ListPage)}
    api = {
        address
        for address, made in by_class().items()
        if issubclass(made, CompanyViewSet) and "<" not in address and ACCESS[address].get
    }
    assert pages
    assert api
    assert (pages | api) - set(LISTS) == set()


def readers_of(entry: Entry) -> list[str]:
    """Who asks: one who sees every client and may do most, and a rep bound to the own portfolio."""
    if entry.get in {ANYONE, SIGNED_IN}:
        return ["executive", "sales"]
    holders = HOLDERS[entry.get]
    best = next(
        role for role in ("executive", "receivables_accountant", "administrator", *ROLES) if role in holders
    )
    return [best, *(["sales"] if "sales" in holders else [])]


def ask(client: Client, address: str, world: World, role: str) -> tuple[list[str], int]:
    """The statements that one request sends, and how long its answer is."""
    entry = ACCESS[address]
    values = world.values_for(role)
    given = iter([*([str(values[entry.about])] if entry.about else []), *fill(list(entry.then), values)])
    path = "/" + "/".join(next(given) if part.startswith("<") else part for part in address.split("/"))
    query = fill(dict(entry.asks) | dict(LISTS[address]), values)
    with CaptureQueriesContext(connection) as sent:
        answer: Any = client.get(f"{path}?{urlencode(query)}", headers={"accept-language": "en"})
    assert answer.status_code == 200, f"{address} as {role}: {answer.status_code} {answer.content[:200]!r}"
    return [each["sql"] for each in sent.captured_queries], len(answer.content)


def one_more_within(own: World, name: str, people: dict[str, User]) -> None:
    """What the pages of one thing list: a limit of the client, an evidence of the order, notes and matches."""
    at, books = timezone.now(), people["receivables_accountant"]
    account = CustomerAccount.objects.get(pk=own.client_id)
    start = timezone.localdate() - timedelta(days=1000 + 100 * CreditLimit.objects.count())
    end = start + timedelta(days=9)
    give_limit(
        account, "10", decided_by=people["executive"], valid_from=start, valid_until=end, closed_on=end
    )
    file = ReceivedFile(name=f"{name}.pdf", content=name.encode(), content_type="application/pdf")
    add_evidence(
        order_id=Order.objects.get(number=own.order).pk,
        channel="email",
        file=file,
        by=people["adv_officer"],
        at=at,
    )
    wish = credit.create_limit_request(
        account=account, amount=Decimal(7), currency="EUR", kind="base", level="entity",
        valid_from=paris_date(at), valid_until=None, reason=name, submit=True, by=people["adv_officer"], at=at,
    )  # fmt: skip
    credit.refuse_limit_request(request_id=wish.pk, reason=name, by=people["executive"], at=at)
    invoice = Invoice.objects.get(number=own.invoice)
    invoicing.credit_invoice(invoice_id=invoice.pk, amount=Decimal(1), reason=name, by=books, at=at)
    invoicing.allocate(from_item_id=own.credit, to_item_id=own.item, amount=Decimal(1), by=books, at=at)


@pytest.mark.django_db
def test_three_rows_ask_as_often_as_one():
    at = timezone.now()
    company = CompanyFactory(code="HERE", name="Here")
    people = {role: make_user(role, company, role) for role in ROLES}
    people[NOBODY] = make_user(None, company, NOBODY)
    own = make_world("OWN", company, people["sales"], people, at)
    account = CustomerAccount.objects.get(pk=own.client_id)
    clients = {role: Client() for role in people}
    for role, person in people.items():
        clients[role].force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    one_more_within(own, "OWN", people)
    # The text of a payment names what it settles, and so what is proposed for it.
    Payment.objects.filter(pk=own.payment).update(reference="OWN-I")
    asked = [(address, role) for address in LISTS for role in readers_of(ACCESS[address])]
    for address, role in asked:  # what is read once per process is read here
        ask(clients[role], address, own, role)
    before = {key: ask(clients[key[1]], key[0], own, key[1]) for key in asked}
    for name in ("OWN2", "OWN3"):
        one_more_within(own, name, people)
        make_world(name, company, people["sales"], people, at)
        make_world(f"{name}X", company, people["sales"], people, at, account=account)
    wrong = []
    for address, role in asked:
        (statements, length), (now, longer) = before[address, role], ask(clients[role], address, own, role)
        if len(now) != len(statements):
            extra = list(now)
            for each in statements:
                if each in extra:
                    extra.remove(each)
            wrong.append(f"{address or 'home'} as {role}: {len(statements)} became {len(now)}:")
            wrong += [f"    {sql[:1500]}" for sql in extra[:40]]
        if longer <= length and address not in ALWAYS_AS_MANY:
            wrong.append(f"{address or 'home'} as {role}: {length} bytes became {longer}, nothing was added")
    assert not wrong, "\n" + "\n".join(wrong)

"""Every list, page and API alike, asks the database as often for three of each thing as for one.

The lists are those of ``lists.py``; ``./portal check`` asks for a new one's line there.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CustomerAccount, User
from credit import services as credit
from credit.models import CreditLimit, FinancialStatement
from credit.scorecard import services as scorecard
from invoicing import services as invoicing
from invoicing.models import Invoice, Payment
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from orders.models import Delivery, HoldCase, HoldMessage, Order
from orders.services import add_evidence
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.orders import give_limit

from .expected import ACCESS, ANYONE, HOLDERS, ROLES, SIGNED_IN, Entry
from .lists import ALWAYS_AS_MANY, LISTS
from .test_access import fill
from .world import NOBODY, World, make_world


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
    # The log of statements has an end: what no longer fits would not be counted.
    reset_queries()
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
    year = date(2020 - FinancialStatement.objects.count(), 12, 31)
    scorecard.record_statement(
        account_id=account.pk, closed_on=year, equity=Decimal(1), by=people["credit_analyst"], at=at
    )
    scorecard.refresh_cards([account.pk], at=at)
    file = ReceivedFile(name=f"{name}.pdf", content=name.encode(), content_type="application/pdf")
    add_evidence(
        order_id=Order.objects.get(number=own.order).pk,
        channel="email",
        file=file,
        by=people["adv_officer"],
        at=at,
    )
    order = Order.objects.get(number=own.order)
    case = HoldCase.objects.filter(order=order).order_by("pk").first()
    assert case is not None
    HoldMessage.objects.create(case=case, text=name, written_by=people["sales"], written_at=at)
    shipment = Delivery.objects.create(
        order=order, number=f"{name}-S", delivered_on=paris_date(at), recorded_by=books, recorded_at=at
    )
    shipment.lines.create(order_line=order.lines.all()[0], quantity=Decimal(1))
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

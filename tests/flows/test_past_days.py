"""Pages of a past day: what stood then, whatever is done today, and nothing to do there (design 3.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import CustomerAccount, TeamMember, User
from accounts.queries import belonging_on
from accounts.services.membership import move_entity, replace_rep
from credit import services as credit
from credit.enums import Level
from credit.models import ExposureSnapshot
from invoicing import services
from invoicing.models import Invoice, Payment
from o2c.shared.calendar import paris_date
from o2c.shared.past import look
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.invoicing import make_invoice, make_payment
from tests.factories.orders import give_limit

pytestmark = pytest.mark.django_db
TODAY = paris_date(timezone.now())
YESTERDAY, LAST_WEEK = TODAY - timedelta(days=1), TODAY - timedelta(days=7)
# What differs from request to request and says nothing of the book.
NOISE = re.compile(
    r'csrf\w*["\'][^>]*|X-CSRFToken[^}]*|<header class="o-top.*?</header>|data-count="\d+"', re.S
)


@dataclass(frozen=True)
class Book:
    """A client with an invoice half paid last week, and who works on it."""

    account: CustomerAccount
    invoice: Invoice
    payment: Payment
    rep: User
    books: User
    manager: User


@pytest.fixture
def book() -> Book:
    company = CompanyFactory(code="DEMO")
    rep, books = make_user("sales", company, "rep"), make_user("receivables_accountant", company, "books")
    manager = make_user("credit_manager", company, "manager")
    account = CustomerAccountFactory(company=company, code="C0001", rep=rep)
    give_limit(account, "1000", decided_by=manager)
    at = timezone.now() - timedelta(days=7)
    invoice = make_invoice(account, "100.00", by=books, number="F-1", at=at)
    payment = make_payment(account, "60.00", by=books, external_id="P-1", received=LAST_WEEK, at=at)
    services.allocate(
        from_item_id=payment.items.get().pk, to_item_id=invoice.items.get().pk, amount=Decimal(25), by=books, at=at
    )  # fmt: skip
    ExposureSnapshot.objects.create(
        level=Level.ACCOUNT, target_id=account.pk, day=YESTERDAY, currency="EUR",
        parts=[Decimal("75.00"), *[Decimal(0)] * 8], overdue=Decimal("75.00"), gross_exposure=Decimal("75.00"),
        net_exposure=Decimal("75.00"), recorded_at=timezone.now(),
    )  # fmt: skip
    return Book(account, invoice, payment, rep, books, manager)


def browser(user: User) -> Client:
    found = Client(headers={"accept-language": "en"})
    found.force_login(user)
    return found


def page(user: User, url: str, on: date | None = None, **query: Any) -> str:
    answer = browser(user).get(url, query | ({"as_of": on.isoformat()} if on else {}))
    assert answer.status_code == 200, url
    return answer.content.decode()


def main(html: str) -> str:
    """What a page says of the book, without what every request makes anew."""
    return NOISE.sub("", html[html.index("<main") : html.index("</main>")])


def pages_of(book: Book) -> list[str]:
    return [
        reverse("accounts:detail", args=["C0001"]),
        reverse("invoicing:detail", args=["F-1"]),
        reverse("invoicing:payment", args=[book.payment.pk]),
        reverse("invoicing:items"),
    ]


def everything_moves(book: Book) -> None:
    """One of each act that changes what the pages show."""
    now, item, money = timezone.now(), book.invoice.items.get(), book.payment.items.get()
    # Said to be of today: by itself a match takes effect on the later day of its two items (design 3.2).
    services.allocate(
        from_item_id=money.pk, to_item_id=item.pk, amount=Decimal(35), date=TODAY, by=book.books, at=now
    )
    services.dispute_amount(item_id=item.pk, amount=Decimal(10), on=TODAY, by=book.books, at=now)
    sooner = item.due_date - timedelta(days=1)
    services.change_due_date(item_id=item.pk, due_date=sooner, reason="agreed", by=book.manager, at=now)
    make_invoice(book.account, "500.00", by=book.books, number="F-NEW", issued=TODAY, due=TODAY, at=now)
    credit.block(account_id=book.account.pk, reason="two cheques back", by=book.manager, at=now)
    other = make_user("sales", book.account.company, "other rep", last_name="Otherrep")
    replace_rep(book.account, other, on=TODAY)
    move_entity(book.account, LegalEntityFactory(name="Other entity"), on=TODAY, by=book.manager, at=now)


@pytest.mark.parametrize("which", range(4))
def test_an_act_of_today_does_not_change_yesterdays_page(book: Book, which: int) -> None:
    url = pages_of(book)[which]
    before, today = main(page(book.manager, url, YESTERDAY)), main(page(book.manager, url))
    everything_moves(book)
    assert main(page(book.manager, url, YESTERDAY)) == before
    assert main(page(book.manager, url)) != today


@pytest.mark.parametrize("which", range(4))
def test_a_past_page_says_its_day_and_offers_nothing(book: Book, which: int) -> None:
    url = pages_of(book)[which]
    for user in (book.manager, book.books):
        html = main(page(user, url, YESTERDAY))
        assert f"{YESTERDAY:%d/%m/%Y}" in html
        assert 'id="past"' in html
        assert f'href="{url}"' in html, "the way back to today"
        assert 'method="post"' not in html
        for act in (
            "/block/",
            "/edit/",
            "/move/",
            "/watch/",
            "/due-date/",
            "/undo/",
            "/match/",
            "limit-requests",
        ):
            assert act not in html, act
    assert 'id="past"' not in page(book.manager, url)


def test_what_was_matched_by_a_day(book: Book) -> None:
    everything_moves(book)
    url = reverse("invoicing:detail", args=["F-1"])
    assert "€75.00" in main(page(book.books, url, YESTERDAY))
    assert "€35.00" not in main(page(book.books, url, YESTERDAY))
    assert "€35.00" in main(page(book.books, url))
    early = main(page(book.books, url, LAST_WEEK - timedelta(days=1)))
    assert "€25.00" not in early
    assert "Nothing has been matched yet" in early
    paid = reverse("invoicing:payment", args=[book.payment.pk])
    assert "€35.00" in main(page(book.books, paid, YESTERDAY))
    assert "had not come in yet" in main(page(book.books, paid, LAST_WEEK - timedelta(days=1)))


def test_a_document_is_not_there_before_its_day(book: Book) -> None:
    url = reverse("invoicing:detail", args=["F-1"])
    html = main(page(book.books, url, book.invoice.issue_date - timedelta(days=1)))
    assert "did not exist yet" in html
    assert 'id="matches"' not in html


def test_a_day_ahead_or_unreadable_is_today_with_a_word(book: Book) -> None:
    for url in pages_of(book)[:3]:
        assert "lies ahead" in main(page(book.manager, url, TODAY + timedelta(days=1)))
        assert "does not exist" in main(page(book.manager, url, as_of="31/02/2026"))


def test_links_of_a_past_page_stay_on_its_day(book: Book) -> None:
    html = main(page(book.manager, reverse("accounts:detail", args=["C0001"]), YESTERDAY))
    assert f"{reverse('invoicing:detail', args=['F-1'])}?as_of={YESTERDAY.isoformat()}" in html
    assert re.search(r"show=overdue&(amp;)?as_of=", html)


def test_belongings_of_a_day(book: Book) -> None:
    account, before = book.account, book.account.entity
    other, entity = make_user("sales", account.company, "other"), LegalEntityFactory(name="New parent")
    replace_rep(account, other, on=TODAY)
    TeamMember.objects.create(account=account, user=book.books, role=TeamRole.COLLECTOR, valid_from=TODAY)
    move_entity(account, entity, on=TODAY, by=book.manager, at=timezone.now())
    then, now = belonging_on(account, YESTERDAY), belonging_on(account, TODAY)
    assert (then.entity, then.rep, len(then.team)) == (before, book.rep, 1)
    assert (now.entity, now.rep, len(now.team)) == (entity, other, 2)
    assert belonging_on(account, date(1990, 1, 1)).entity == before


def test_another_rep_sees_no_past_of_a_client_that_is_not_theirs(book: Book) -> None:
    stranger = browser(make_user("sales", book.account.company, "stranger"))
    for url in pages_of(book)[:3]:
        assert stranger.get(url, {"as_of": YESTERDAY.isoformat()}).status_code == 404


def test_the_way_back_keeps_the_rest_of_the_address(rf: Any) -> None:
    looked = look(rf.get("/clients/C1/", {"show": "overdue", "as_of": YESTERDAY.isoformat()}))
    assert (looked.day, looked.is_past, looked.back) == (YESTERDAY, True, "/clients/C1/?show=overdue")
    assert looked.more == f"&as_of={YESTERDAY.isoformat()}"
    assert look(rf.get("/clients/C1/")).more == ""

"""Who is told what, in which language, at once or in the morning; the outbox page and its API."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.conf import LazySettings
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Company, CustomerAccount, User
from accounts.services import name_substitute
from credit import services as credit
from o2c.home import letters
from o2c.home.outbox import messages_visible
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import MailChoice, Notice, OutboxMessage
from orders import services
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def people(company: Company) -> dict[str, User]:
    roles = {
        "sales": "sales", "adv": "adv_officer", "analyst": "credit_analyst", "credit": "credit_manager",
        "admin": "administrator",
    }  # fmt: skip
    return {
        name: make_user(role, company, name, email=f"{name}@valmont.test", language="en")
        for name, role in roles.items()
    }


@pytest.fixture
def account(company: Company, people: dict[str, User]) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire", rep=people["sales"])
    give_limit(account, "1000", decided_by=people["credit"])
    return account


@pytest.fixture
def held(account: CustomerAccount, people: dict[str, User]) -> Order:
    return submitted(account, "5000", by=people["adv"], number="CDE-1")


def to(kind: str) -> dict[str, bool]:
    """Who gets messages of a kind, and whether they wait for the digest."""
    return dict(OutboxMessage.objects.filter(kind=kind).values_list("user__username", "in_digest"))


def test_a_hold_is_told_to_the_rep_and_at_once_to_who_decides(held: Order) -> None:
    work.drain()
    assert to("order.held") == {"sales": True, "adv": True, "analyst": False}
    message = OutboxMessage.objects.get(user__username="analyst")
    assert message.subject == "CDE-1 of Bâti-Loire is on hold"
    for words in (
        "(€5,000.00)", "The order exceeds the credit limit by €4,000.00.", "€4,000.00 is missing.",
        "Who decides: Credit analyst.", "Answer due: ", "What now: release or refuse it",
        "http://localhost:8000/orders/CDE-1/",
    ):  # fmt: skip
        assert words in message.text
    assert (message.to, message.state) == ("analyst@valmont.test", "waiting")
    assert message.account_id == held.account_id


def test_each_reads_their_own_language(held: Order, people: dict[str, User]) -> None:
    User.objects.filter(username="sales").update(language="fr")
    work.drain()
    message = OutboxMessage.objects.get(user__username="sales")
    assert message.language == "fr"
    assert message.subject == "CDE-1 (Bâti-Loire) est bloquée"
    assert "Qui décide" in message.text


def test_no_rating_is_told(held: Order) -> None:
    work.drain()
    assert not [text for text in OutboxMessage.objects.values_list("text", flat=True) if "lass" in text]


def test_release_request_and_limit_are_told(
    held: Order, people: dict[str, User], account: CustomerAccount
) -> None:
    asked = services.request_override(
        order_id=held.pk, reason="Signed by the town", by=people["sales"], at=timezone.now()
    )
    work.drain()
    assert to("override.requested") == {"adv": True, "analyst": False}
    assert (
        "Signed by the town" in OutboxMessage.objects.get(kind="override.requested", user=people["adv"]).text
    )
    services.approve_override(request_id=asked.pk, reason="Fine", by=people["analyst"], at=timezone.now())
    work.drain()
    assert to("override.approved") == {"sales": True, "adv": True}
    assert to("order.released") == {"sales": True, "adv": True}
    wish = credit.create_limit_request(
        account=account, amount=Decimal(9000), kind="base", reason="r", by=people["sales"], at=timezone.now(),
        submit=True,
    )  # fmt: skip
    work.drain()
    assert to("limit.submitted") == {"analyst": False}
    credit.refuse_limit_request(request_id=wish.pk, reason="No", by=people["analyst"], at=timezone.now())
    work.drain()
    assert to("limit.refused") == {"sales": True}


def test_a_substitute_is_told_too(held: Order, people: dict[str, User]) -> None:
    day = paris_date(timezone.now())
    name_substitute(
        absent=people["analyst"], substitute=people["admin"], company=held.company, valid_from=day,
        valid_until=day, reason="Away", by=people["analyst"], at=timezone.now(),
    )  # fmt: skip
    work.drain()
    assert to("order.held") == {"sales": True, "adv": True, "analyst": False, "admin": False}


def test_choices_are_kept_but_decisions_are_always_told(held: Order, people: dict[str, User]) -> None:
    for name, how in (("sales", "off"), ("adv", "at_once"), ("analyst", "off")):
        data = {"order.held": how, "unknown": "off", "order.released": "nonsense"}
        assert browse(people[name]).post(reverse("mail_choices"), data).status_code == 302
    assert MailChoice.objects.count() == 3
    work.drain()
    assert to("order.held") == {"adv": False, "analyst": False}
    assert Notice.objects.filter(user=people["sales"]).exists()
    assert 'value="off" selected' in browse(people["sales"]).get(reverse("mail_choices")).content.decode()


def test_the_digest_carries_what_waited_once(
    held: Order, people: dict[str, User], settings: LazySettings
) -> None:
    settings.EMAIL_URL = "smtp://mail.valmont.test"
    work.drain()
    sent_at_once = len(mail.outbox)
    for _number in range(2):
        work.add("outbox.digest", "day:2026-11-26", {"day": "2026-11-26"})
        work.drain()
    digests = OutboxMessage.objects.filter(kind=letters.DIGEST)
    assert sorted(digests.values_list("to", flat=True)) == ["adv@valmont.test", "sales@valmont.test"]
    assert len(mail.outbox) == sent_at_once + 2
    assert "CDE-1 of Bâti-Loire is on hold" in mail.outbox[-1].body
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"sent"}


def test_the_page_shows_messages_about_clients_one_sees(held: Order, people: dict[str, User]) -> None:
    work.drain()
    stranger = make_user("sales", held.company, "sales2")
    assert messages_visible(stranger, held.company).count() == 0
    page = text_of(browse(people["sales"]).get(reverse("outbox")))
    assert "CDE-1 of Bâti-Loire is on hold" in page
    assert "No mail server is set up" in page
    message = OutboxMessage.objects.get(user=people["analyst"])
    address = reverse("outbox_message", args=[message.pk])
    assert "What now: release or refuse it" in text_of(browse(people["admin"]).get(address))
    assert browse(stranger).get(address).status_code == 404
    assert browse(people["sales"]).post(address, {"wish": "cancel"}).status_code == 403
    OutboxMessage.objects.filter(pk=message.pk).update(state="uncertain")
    assert "nobody knows whether it arrived" in text_of(browse(people["admin"]).get(address))
    browse(people["admin"]).post(address, {"wish": "arrived"})
    message.refresh_from_db()
    assert message.state == "sent"


def test_the_api_lists_by_client_and_kind(
    held: Order, people: dict[str, User], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    work.drain()
    client = APIClient(headers={"accept-language": "en"})
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=people['credit']).key}")
    answer = client.get("/api/v1/outbox/?account=C0001&kind=order.held")
    assert answer.status_code == 200
    row = answer.json()["results"][0]
    assert {"kind", "to", "subject", "state", "time", "files"} <= set(row)
    assert (row["kind"], row["state"], row["account"]) == ("order.held", "waiting", "C0001")
    assert client.get("/api/v1/outbox/?account=C9999").json()["count"] == 0
    assert client.get(f"/api/v1/outbox/{row['id']}/").json()["subject"] == row["subject"]
    assert client.get("/api/v1/outbox/0/").status_code == 404
    with django_assert_max_num_queries(8):
        assert client.get("/api/v1/outbox/").json()["count"] == 3

"""Subscriptions and deliveries: who may, what is written with the act, what arrives signed, what is tried again."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import services as credit
from disputes import services as disputes
from disputes.enums import DisputeOrigin, DisputeType
from invoicing import services as invoicing
from o2c.hooks import services
from o2c.hooks.enums import HookEvent
from o2c.hooks.models import Webhook, WebhookDelivery
from o2c.hooks.policy import TargetRefused
from o2c.hooks.services.deliveries import StillWaiting
from o2c.shared import work
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from orders import services as orders
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_invoice, make_item
from tests.factories.orders import give_limit, submitted

from .conftest import Receiver

pytestmark = pytest.mark.django_db

NOW = timezone.now()
PUBLIC = "https://93.184.215.14/hooks"


def subscribe(company: Company, by: User, url: str = PUBLIC, *events: str) -> services.Subscribed:
    return services.subscribe(company=company, url=url, events=events or ["payment.matched"], by=by, at=NOW)


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C0001")


def match(account: CustomerAccount, by: User, amount: str = "60") -> Any:
    debit, credit_ = make_item(account, by=by), make_credit(account, amount, by=by)
    return invoicing.allocate(
        from_item_id=credit_.pk, to_item_id=debit.pk, amount=Decimal(amount), by=by, at=NOW
    )


def test_who_may_not_manage_webhooks_may_not(company: Company, admin: User, accountant: User):
    hook = subscribe(company, admin).webhook
    acts: list[Any] = [
        lambda: subscribe(company, accountant, "https://93.184.215.14/other"),
        lambda: services.change_webhook(webhook_id=hook.pk, is_active=False, by=accountant, at=NOW),
        lambda: services.renew_secret(webhook_id=hook.pk, by=accountant, at=NOW),
        lambda: services.end_webhook(webhook_id=hook.pk, by=accountant, at=NOW),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


def test_another_companys_webhook_does_not_exist(company: Company, admin: User):
    hook = subscribe(company, admin).webhook
    far = make_user("integration", CompanyFactory(code="FAR"))

    with pytest.raises(NotFound):
        services.end_webhook(webhook_id=hook.pk, by=far, at=NOW)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost:8000/", "http://169.254.169.254/latest", "x"]
)
def test_private_targets_are_refused_when_saved_and_when_changed(company: Company, admin: User, url: str):
    hook = subscribe(company, admin).webhook

    with pytest.raises(TargetRefused) as refusal:
        subscribe(company, admin, url)
    assert (refusal.value.status, set(refusal.value.errors)) == (422, {"url"})
    with pytest.raises(TargetRefused):
        services.change_webhook(webhook_id=hook.pk, url=url, by=admin, at=NOW)
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize("events", [[], ["order.eaten"], ["order.held", "x"]])
def test_events_that_are_none_are_refused(company: Company, admin: User, events: list[str]):
    with pytest.raises(Invalid) as refusal:
        services.subscribe(company=company, url=PUBLIC, events=events, by=admin, at=NOW)
    assert set(refusal.value.errors) == {"events"}


def test_the_secret_is_shown_once_and_stands_in_no_journal(company: Company, admin: User):
    first = subscribe(company, admin)
    assert first.is_new
    assert len(first.secret) >= 40

    again = subscribe(company, admin)
    assert (again.webhook.pk, again.secret, again.is_new) == (first.webhook.pk, "", False)
    with pytest.raises(services.WebhookKnown):
        subscribe(company, admin, PUBLIC, "order.held")
    renewed = services.renew_secret(webhook_id=first.webhook.pk, by=admin, at=NOW)
    assert renewed.secret != first.secret
    for event in AuditEvent.objects.filter(action__startswith="webhook."):
        assert first.secret not in f"{event.object_label}{event.after}{event.before}"
        assert event.object_label == "93.184.215.14"


@pytest.mark.usefixtures("loopback_allowed")
def test_an_event_arrives_signed(
    company: Company, account: CustomerAccount, admin: User, accountant: User, receiver: Receiver
):
    made = subscribe(company, admin, receiver.url)
    match(account, accountant)
    work.drain()

    headers, body = receiver.got[0]
    assert headers["X-Portal-Signature"] == hmac.new(made.secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Portal-Event"] == "payment.matched"
    told = json.loads(body)
    assert (told["event"], told["company"], told["account"]) == ("payment.matched", "HERE", "C0001")
    assert told["data"]["amount"] == "60"
    assert headers["X-Portal-Delivery"] == told["id"]
    row = WebhookDelivery.objects.get()
    assert (row.state, row.status_code, row.attempts) == ("delivered", 200, 1)
    work.drain()
    assert len(receiver.got) == 1


def test_it_is_written_in_the_acts_own_transaction(
    company: Company, account: CustomerAccount, admin: User, accountant: User
):
    subscribe(company, admin)

    with transaction.atomic():
        match(account, accountant)
        assert WebhookDelivery.objects.count() == 1
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()
    assert not Work.objects.filter(kind="hooks.send").exists()


def test_only_what_was_asked_for_and_only_of_its_company(
    company: Company, account: CustomerAccount, admin: User, accountant: User
):
    far = CompanyFactory(code="FAR")
    other = subscribe(company, admin, "https://93.184.215.14/orders", "order.held").webhook
    theirs = subscribe(far, make_user("integration", far)).webhook
    paused = subscribe(company, admin, "https://93.184.215.14/paused").webhook
    services.change_webhook(webhook_id=paused.pk, is_active=False, by=admin, at=NOW)

    match(account, accountant)

    assert not WebhookDelivery.objects.filter(webhook__in=[other, theirs, paused]).exists()


def test_a_credit_note_put_on_an_invoice_is_no_payment(
    company: Company, account: CustomerAccount, admin: User, accountant: User
):
    subscribe(company, admin)
    invoice = make_invoice(account, "100", by=accountant, at=NOW)
    invoicing.credit_invoice(invoice_id=invoice.pk, amount=Decimal(10), reason="x", by=accountant, at=NOW)

    assert not WebhookDelivery.objects.exists()


def test_orders_limits_blocks_and_disputes_are_told(company: Company, account: CustomerAccount, admin: User):
    subscribe(company, admin, PUBLIC, *HookEvent.values)
    adv, manager = make_user("adv_officer", company), make_user("credit_manager", company)
    chief, books = make_user("executive", company), make_user("receivables_accountant", company)
    give_limit(account, "100", decided_by=manager)
    held = submitted(account, "1000.00", by=adv, at=NOW, number="O1")
    orders.release(order_id=held.pk, comment="ok", by=chief, at=NOW)
    second = submitted(account, "1000.00", by=adv, at=NOW, number="O2")
    orders.refuse(order_id=second.pk, reason="no", by=chief, at=NOW)
    wish = credit.create_limit_request(
        account=account, amount=Decimal(500), currency="EUR", kind="base", level="account",
        valid_from=NOW.date(), valid_until=None, reason="asked", submit=True, by=manager, at=NOW,
    )  # fmt: skip
    credit.approve_limit_request(request_id=wish.pk, reason="ok", by=chief, at=NOW)
    credit.block(account_id=account.pk, reason="late", by=chief, at=NOW)
    item = make_item(account, by=books)
    case = disputes.open_dispute(
        contested=[disputes.Contested(item_id=item.pk, amount=Decimal(10))], type=DisputeType.PRICE,
        origin=DisputeOrigin.CALL, by=books, at=NOW,
    )  # fmt: skip
    disputes.withdraw(dispute_id=case.pk, by=books, at=NOW)

    told = list(WebhookDelivery.objects.order_by("pk").values_list("event", flat=True))
    assert told == [
        "order.held", "order.released", "order.held", "order.refused", "limit.changed", "account.blocked",
        "dispute.opened", "dispute.closed",
    ]  # fmt: skip
    assert "@" not in "".join(WebhookDelivery.objects.values_list("body", flat=True))


@pytest.mark.usefixtures("loopback_allowed")
def test_what_is_not_taken_is_tried_again_until_it_is(
    company: Company, account: CustomerAccount, admin: User, accountant: User, receiver: Receiver
):
    receiver.answers = [500, 302, 204]
    subscribe(company, admin, receiver.url)
    match(account, accountant)
    for tries in (1, 2):
        work.drain()
        row = WebhookDelivery.objects.get()
        assert (row.state, row.attempts) == ("waiting", tries)
        assert row.next_try_at is not None
        assert row.next_try_at > timezone.now() + timedelta(seconds=25)
        Work.objects.filter(kind="hooks.send", state="queued").update(not_before=timezone.now())
    work.drain()

    row = WebhookDelivery.objects.get()
    assert (row.state, row.status_code, row.attempts, row.error) == ("delivered", 204, 3, "")
    assert len({body for _headers, body in receiver.got}) == 1


@pytest.mark.usefixtures("loopback_allowed")
def test_after_a_day_it_has_failed_and_may_be_sent_again_by_hand(
    company: Company, account: CustomerAccount, admin: User, accountant: User, receiver: Receiver
):
    receiver.answers = [503, 200]
    subscribe(company, admin, receiver.url)
    match(account, accountant)
    WebhookDelivery.objects.update(round_began_at=NOW - timedelta(days=1))
    work.drain()
    row = WebhookDelivery.objects.get()
    assert (row.state, row.error) == ("failed", "HTTP 503")

    with pytest.raises(NotAllowed):
        services.replay(delivery_id=row.pk, by=accountant, at=NOW)
    services.replay(delivery_id=row.pk, by=admin, at=NOW)
    with pytest.raises(StillWaiting):
        services.replay(delivery_id=row.pk, by=admin, at=NOW)
    work.drain()
    row.refresh_from_db()
    assert row.state == "delivered"
    assert receiver.got[0][1] == receiver.got[1][1]


def test_a_target_that_became_private_is_not_called(
    company: Company, account: CustomerAccount, admin: User, accountant: User, receiver: Receiver
):
    subscribe(company, admin)
    Webhook.objects.update(url=receiver.url)
    match(account, accountant)
    work.drain()

    assert receiver.got == []
    assert WebhookDelivery.objects.get().error == "refused: target_refused"


@pytest.mark.usefixtures("loopback_allowed")
def test_ended_nothing_more_is_sent_and_the_secret_is_gone(
    company: Company, account: CustomerAccount, admin: User, accountant: User, receiver: Receiver
):
    hook = subscribe(company, admin, receiver.url).webhook
    match(account, accountant)
    services.end_webhook(webhook_id=hook.pk, by=admin, at=NOW)
    match(account, accountant)
    work.drain()

    hook.refresh_from_db()
    assert (receiver.got, hook.secret) == ([], "")
    assert [row.state for row in WebhookDelivery.objects.all()] == ["cancelled"]
    assert subscribe(company, admin, receiver.url).is_new


def test_the_database_wants_one_subscription_per_address_with_its_secret(company: Company, admin: User):
    hook = subscribe(company, admin).webhook
    fields = {"company": company, "created_by": admin, "created_at": NOW, "events": ["order.held"]}
    broken: list[dict[str, Any]] = [
        {"url": hook.url, "secret": "x"},
        {"url": "https://93.184.215.14/2", "secret": ""},
        {"url": "https://93.184.215.14/3", "secret": "x", "events": []},
    ]
    for each in broken:
        with pytest.raises(IntegrityError), transaction.atomic():
            Webhook.objects.create(**fields | each)

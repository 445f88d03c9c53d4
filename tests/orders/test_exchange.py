"""Sales and credit write about a held order: kept with it, told to whoever is concerned, closed with the hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from accounts.models import CustomerAccount, User
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import Invalid, NotAllowed
from orders import services
from orders.models import HoldMessage, Order
from orders.services.refusals import WrongState
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.orders import submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(account: CustomerAccount, adv: User) -> Order:
    return submitted(account, "12000", by=adv, number="CDE-1")


def write(order: Order, by: User, text: str = "Signed by the town") -> tuple[HoldMessage, bool]:
    return services.write_message(order_id=order.pk, text=text, by=by, at=timezone.now())


def test_rep_and_credit_write_to_each_other_on_the_page(held: Order, rep: User, manager: User) -> None:
    page = text_of(browse(rep).post(url("write_message", held), {"text": "Signed by the town"}, follow=True))
    assert "everybody concerned is told" in page
    assert "1 message" in page
    browse(manager).post(url("write_message", held), {"text": "Send me their order, please"})
    page = text_of(browse(rep).get(url("detail", held)))
    assert page.index("Signed by the town") < page.index("Send me their order, please")
    assert "Helen Carter" in page
    assert AuditEvent.objects.filter(action="order.message_written").count() == 2


def test_who_is_concerned_is_told_and_not_who_wrote(
    held: Order, rep: User, adv: User, manager: User, analyst: User, work_drain: Callable[[], int]
) -> None:
    def told() -> dict[str, str]:
        found = Notice.objects.filter(kind="order.message")
        return {notice.user.username: notice.figures["reason"] for notice in found.order_by("pk")}

    write(held, rep)
    work_drain()
    assert told() == {"adv": "Signed by the town", "analyst": "Signed by the town"}
    services.assign_case(order_id=held.pk, owner=manager, by=manager, at=timezone.now())
    write(held, adv, "They pay on Friday")
    work_drain()
    assert told()["manager"] == "They pay on Friday"
    assert told()["rep"] == "They pay on Friday"
    assert told()["analyst"] == "Signed by the town", "somebody looks after it: not everybody who might"


def test_the_same_words_sent_twice_are_one_message(held: Order, rep: User, manager: User) -> None:
    first, is_new = write(held, rep)
    assert is_new
    assert write(held, rep) == (first, False)
    write(held, manager, "Yes?")
    assert write(held, rep)[1], "said again after an answer"


def test_what_is_not_taken(held: Order, rep: User, manager: User, account: CustomerAccount) -> None:
    for text in ("", "  ", "x" * 2001):
        with pytest.raises(Invalid):
            write(held, rep, text)
    with pytest.raises(NotAllowed):
        write(held, make_user("auditor", account.company))
    page = browse(rep).post(url("write_message", held), {"text": ""})
    assert page.status_code == 422
    services.release(order_id=held.pk, comment="known", by=manager, at=timezone.now())
    with pytest.raises(WrongState):
        write(held, rep)
    assert "This order is not on hold." in text_of(
        browse(rep).post(url("write_message", held), {"text": "Thanks"}, follow=True)
    )
    other = make_user("sales", account.company, "other")
    CustomerAccountFactory(company=account.company, rep=other)
    assert browse(other).post(url("write_message", held), {"text": "Thanks"}).status_code == 404


def test_a_message_is_never_changed(held: Order, rep: User) -> None:
    message, _is_new = write(held, rep)
    message.text = "Never said"
    for act in (message.save, message.delete):
        with pytest.raises(InternalError, match="hold_message_append_only"), transaction.atomic():
            act()
    with pytest.raises(IntegrityError, match="hold_message_not_empty"):
        HoldMessage.objects.create(case=message.case, text="", written_by=rep, written_at=timezone.now())

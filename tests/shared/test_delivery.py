"""What became of messages: reports are noted once, addresses that take none are named and freed."""

from __future__ import annotations

from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from o2c.shared import delivery, mail_in, outbox, work
from o2c.shared.models import AuditEvent, BouncedAddress, OutboxEvent, OutboxMessage
from tests.factories.accounts import make_user

from .reports import report

pytestmark = pytest.mark.django_db
State = OutboxMessage.State
TO = "billing@client.test"


def sent(key: str = "k1", **fields: Any) -> OutboxMessage:
    """A message that has left."""
    return OutboxMessage.objects.create(
        kind="reminder", key=key, to="Billing@Client.test", subject="s", text="t", created_at=timezone.now(),
        **{"state": State.SENT, "sent_at": timezone.now(), **fields},
    )  # fmt: skip


def now(message: OutboxMessage) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.bounce


def take(message: OutboxMessage, **said: str) -> list[delivery.Heard]:
    return delivery.take(report(message.pk, **said), at=timezone.now())


def test_a_hard_bounce_marks_message_and_address() -> None:
    message = sent()
    (heard,) = take(message)
    assert heard.is_new
    assert now(message) == (State.BOUNCED, "hard")
    assert message.error == "550 5.1.1 user unknown"
    (event,) = message.events.all()
    assert (event.what, event.code) == ("bounced", "5.1.1")
    assert list(delivery.bounced(["BILLING@client.test", "other@client.test"])) == [TO]
    assert AuditEvent.objects.filter(action="message.bounced").count() == 1


def test_heard_twice_it_is_noted_once() -> None:
    message = sent()
    take(message)
    (again,) = take(message)
    assert not again.is_new
    assert OutboxEvent.objects.count() == BouncedAddress.objects.count() == 1


def test_a_soft_bounce_leaves_the_address_alone() -> None:
    message = sent()
    take(message, code="5.2.2", text="mailbox full")
    assert now(message) == (State.BOUNCED, "soft")
    assert delivery.bounced([TO]) == {}


def test_a_delay_changes_nothing_and_proves_that_it_left() -> None:
    message, unclear = sent(), sent("k2", state=State.UNCERTAIN, sent_at=None)
    take(message, action="delayed", code="4.4.1")
    take(unclear, action="relayed", code="2.1.5")
    assert now(message) == now(unclear) == (State.SENT, "")
    assert [event.what for event in message.events.all()] == ["delayed"]
    assert [event.what for event in unclear.events.all()] == ["sent", "relayed"]


def test_delivered_and_then_back_after_all() -> None:
    message = sent()
    take(message, action="delivered", code="2.0.0", text="250 ok")
    assert now(message) == (State.DELIVERED, "")
    take(message)
    assert now(message) == (State.BOUNCED, "hard")


def test_what_arrives_frees_the_address() -> None:
    take(sent())
    take(sent("k2"), action="delivered", code="2.0.0")
    assert delivery.bounced([TO]) == {}


@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED])
def test_a_message_that_never_left_keeps_its_state(state: str) -> None:
    message = sent(state=state, sent_at=None)
    take(message)
    assert now(message) == (state, "")
    assert message.events.count() == 1


def test_a_copy_that_comes_back_is_noted_alone() -> None:
    message = sent(cc="boss@client.test")
    take(message, to="boss@client.test")
    assert now(message) == (State.SENT, "")
    assert delivery.bounced(["boss@client.test"]) == {}


def test_nobody_makes_a_message_come_back_by_guessing() -> None:
    message = sent()
    with pytest.raises(delivery.NotOurMessage):
        take(message, name=f"<outbox-{message.pk}-{'0' * 24}@localhost>")
    with pytest.raises(delivery.NotAReport):
        delivery.take(b"Subject: hello\n\n", at=timezone.now())
    assert now(message) == (State.SENT, "")


def test_an_address_that_came_back_is_not_written_to(settings: LazySettings) -> None:
    settings.EMAIL_URL = "smtp://mail.valmont.test"
    take(sent())
    later = OutboxMessage(kind="k", key="k9", to=TO, subject="s", text="t", created_at=timezone.now())
    outbox.write([later])
    work.drain()
    assert OutboxMessage.objects.get(key="k9").state == State.FAILED
    person = make_user("administrator")
    with transaction.atomic():
        assert delivery.trust([TO], by=person, at=timezone.now()) == 1
        assert delivery.trust([TO], by=person, at=timezone.now()) == 0
    outbox.answer(
        message_id=OutboxMessage.objects.get(key="k9").pk, arrived=False, by=person, at=timezone.now()
    )
    work.drain()
    assert OutboxMessage.objects.get(key="k9").state == State.SENT


@pytest.mark.django_db(transaction=True)
def test_the_folder_is_read_and_put_away(tmp_path: Path, settings: LazySettings) -> None:
    settings.MAIL_FOLDER = tmp_path
    (tmp_path / "in").mkdir()
    message = sent()
    (tmp_path / "in" / "1.eml").write_bytes(report(message.pk))
    (tmp_path / "in" / "2.eml").write_bytes(b"Subject: away\n\n")
    (tmp_path / "in" / "3.eml").write_bytes(report(7, name="<x@elsewhere>"))
    (tmp_path / "in" / ".half").write_bytes(b"not whole yet")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "in" / "1.eml")
    assert mail_in.fetch() == {"done": 1, "other": 1, "refused": 1}
    assert now(message) == (State.BOUNCED, "hard")
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()}
    assert names >= {"done/1.eml", "other/2.eml", "refused/3.eml", "refused/3.eml.txt", "in/.half"}
    assert mail_in.fetch() == {"done": 0, "other": 0, "refused": 0}


def test_a_pipe_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message, out = sent(), StringIO()
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(report(message.pk))))
    call_command("read_mail", stdout=out)
    path = tmp_path / "two.eml"
    path.write_bytes(report(message.pk))
    call_command("read_mail", str(path), stdout=out)
    path.write_bytes(b"Subject: away\n\n")
    call_command("read_mail", str(path), stdout=out)
    said = out.getvalue().splitlines()
    assert said[0] == f"-: message {message.pk} failed 5.1.1"
    assert said[1].endswith("5.1.1 (known)")
    assert said[2].endswith("not_a_report")


def test_the_database_keeps_history() -> None:
    message = sent()
    take(message)
    with pytest.raises(InternalError, match="outbox_event_append_only"), transaction.atomic():
        OutboxEvent.objects.update(text="other")
    with pytest.raises(InternalError, match="outbox_event_append_only"), transaction.atomic():
        OutboxEvent.objects.all().delete()
    row = BouncedAddress.objects.get()
    with pytest.raises(IntegrityError, match="address_bounced_once"), transaction.atomic():
        BouncedAddress.objects.create(address=row.address, message=message, at=timezone.now())
    event = message.events.get()
    with pytest.raises(IntegrityError, match="mail_report_heard_once"), transaction.atomic():
        OutboxEvent.objects.create(message=message, what="bounced", at=timezone.now(), report=event.report)
    row.lifted_by = make_user("administrator")
    with pytest.raises(IntegrityError, match="bounce_lifted_with_its_time"), transaction.atomic():
        row.save()

"""Text messages and letters leave once by their carrier; what it says of them is heard once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import LazySettings
from django.db import InternalError, transaction

from o2c.shared import carriers, carrying, outbox, outbox_files, work
from o2c.shared.calendar import PARIS
from o2c.shared.carriers import NotTaken, Parcel, Refused, Unclear
from o2c.shared.models import BouncedAddress, OutboxMessage, Work
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db
State = OutboxMessage.State
NUMBER = "+33612345678"
ADDRESS = "Menuiserie Aubert\n12 rue des Lilas\n69003 LYON"
NOON = datetime(2026, 11, 23, 12, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OUTBOX_CARRIERS = {
        "sms": ("o2c.shared.carriers.TextFiles", tmp_path / "sms"),
        "post": ("o2c.shared.carriers.LetterFiles", tmp_path / "post"),
    }
    at(monkeypatch, NOON)


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(outbox.timezone, "now", lambda: moment)


def write(channel: str = "sms", **fields: Any) -> OutboxMessage:
    fields = {"to": NUMBER if channel == "sms" else ADDRESS, "text": "10 € restent dus."} | fields
    message = OutboxMessage(
        kind="k", key=f"k{OutboxMessage.objects.count()}", channel=channel, subject="s", from_name="VALMONT",
        created_at=NOON, **fields,
    )  # fmt: skip
    outbox.write([message])
    work.drain()
    return OutboxMessage.objects.get(key=message.key)


def again(message: OutboxMessage) -> OutboxMessage:
    """Wake what waits, whenever it may."""
    Work.objects.filter(state=Work.State.QUEUED).update(not_before=NOON - timedelta(days=9))
    work.drain()
    message.refresh_from_db()
    return message


def report(tmp_path: Path, channel: str, name: str = "1.json", **said: Any) -> None:
    folder = tmp_path / channel / "in"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(said))


def test_a_text_message_is_a_file_with_its_number_and_parts(tmp_path: Path) -> None:
    message = write()
    assert (message.state, message.attempts) == (State.SENT, 1)
    found = json.loads((tmp_path / "sms" / "out" / f"sms-{message.pk}.json").read_text())
    assert found | {"written_at": ""} == {
        "id": f"sms-{message.pk}", "message": message.pk, "sender": "VALMONT", "language": "fr", "written_at": "",
        "to": NUMBER, "text": "10 € restent dus.", "coding": "GSM-7", "places": 18, "parts": 1,
    }  # fmt: skip


def test_a_letter_is_a_folder_with_papers_address_and_manifest(tmp_path: Path) -> None:
    papers = [outbox_files.keep(f"{n}.pdf", f"%PDF-{n}".encode(), "application/pdf").as_row() for n in (1, 2)]
    message = write("post", files=papers)
    folder = tmp_path / "post" / "out" / f"post-{message.pk}"
    assert sorted(path.name for path in folder.iterdir()) == [
        "01-1.pdf",
        "02-2.pdf",
        "address.txt",
        "manifest.json",
    ]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["address"] == ADDRESS.split("\n")
    assert [row["file"] for row in manifest["papers"]] == ["01-1.pdf", "02-2.pdf"]
    assert (folder / "01-1.pdf").read_bytes() == b"%PDF-1"
    assert (folder / "address.txt").read_text() == f"{ADDRESS}\n"


def test_what_was_written_before_a_worker_died_is_not_written_twice(tmp_path: Path) -> None:
    message = write()
    # The file lay there, the state was not stored: the worker died in between.
    OutboxMessage.objects.update(state=State.WAITING, sent_at=None)
    work.add(outbox.SEND, "again", {"message_id": message.pk})
    assert again(message).state == State.SENT
    assert len(list((tmp_path / "sms" / "out").iterdir())) == 1


def test_what_a_carrier_may_have_taken_is_uncertain(tmp_path: Path) -> None:
    message = write()
    OutboxMessage.objects.update(state=State.WAITING, sent_at=None)
    (tmp_path / "sms" / "out" / f"sms-{message.pk}.json").unlink()
    work.add(outbox.SEND, "again", {"message_id": message.pk})
    assert again(message).state == State.UNCERTAIN
    assert list((tmp_path / "sms" / "out").iterdir()) == []
    # Somebody who knows that it did not arrive sends it again, under another name.
    outbox.answer(message_id=message.pk, arrived=False, by=make_user("administrator"), at=NOON)
    assert again(message).state == State.SENT
    assert [path.name for path in (tmp_path / "sms" / "out").iterdir()] == [f"sms-{message.pk}-2.json"]


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (datetime(2026, 11, 23, 21, tzinfo=PARIS), datetime(2026, 11, 24, 8, tzinfo=PARIS)),
        (datetime(2026, 11, 29, 12, tzinfo=PARIS), datetime(2026, 11, 30, 8, tzinfo=PARIS)),
    ],
)
def test_a_text_message_waits_for_the_day_a_letter_does_not(
    monkeypatch: pytest.MonkeyPatch, moment: datetime, until: datetime
) -> None:
    at(monkeypatch, moment)
    message = write()
    assert (message.state, message.attempts) == (State.WAITING, 0)
    assert Work.objects.get(kind=outbox.SEND, state=Work.State.QUEUED).not_before == until
    assert write("post").state == State.SENT


class Stub:
    """A carrier that does not know a parcel it was given before."""

    knows_again = False
    answer: ClassVar[Exception | None] = None
    taken: ClassVar[list[Parcel]] = []

    def __init__(self, folder: Path) -> None:
        del folder

    def deliver(self, parcel: Parcel) -> None:
        if self.answer is not None:
            raise self.answer
        self.taken.append(parcel)

    def reports(self) -> Iterator[tuple[str, bytes]]:
        return iter(())

    def done(self, name: str, problem: str = "") -> None:
        raise AssertionError(name, problem)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, State.SENT),
        (NotTaken("busy"), State.WAITING),
        (Refused("no such network"), State.FAILED),
        (Unclear("gone"), State.UNCERTAIN),
        (TimeoutError("slow"), State.UNCERTAIN),
    ],
)
def test_what_the_carrier_says_decides(
    settings: LazySettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Exception | None,
    state: str,
) -> None:
    settings.OUTBOX_CARRIERS = {"sms": ("tests.shared.test_carriers.Stub", tmp_path)}
    monkeypatch.setattr(Stub, "answer", answer)
    monkeypatch.setattr(Stub, "taken", [])
    message = write()
    assert message.state == state
    assert message.error == (str(answer) if answer else "")
    assert [parcel.to for parcel in Stub.taken] == ([NUMBER] if answer is None else [])


def test_one_that_knows_nothing_again_is_not_asked_twice(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTBOX_CARRIERS = {"sms": ("tests.shared.test_carriers.Stub", tmp_path)}
    monkeypatch.setattr(Stub, "taken", [])
    OutboxMessage.objects.bulk_create(
        [OutboxMessage(kind="k", key="k9", channel="sms", to=NUMBER, subject="s", text="t", created_at=NOON)]
    )
    message = OutboxMessage.objects.get(key="k9")
    work.add(outbox.SEND, "k9", {"message_id": message.pk})
    Work.objects.update(attempts=1)
    assert again(message).state == State.UNCERTAIN
    assert Stub.taken == []


def test_a_carrier_that_never_takes_it_ends_in_failed(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTBOX_CARRIERS = {"sms": ("tests.shared.test_carriers.Stub", tmp_path)}
    monkeypatch.setattr(Stub, "answer", NotTaken("busy"))
    message = write()
    for _number in range(carrying.MOST_TRIES):
        again(message)
    assert (message.state, message.attempts) == (State.FAILED, carrying.MOST_TRIES)


def test_a_full_disk_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, path: Path, parcel: Parcel) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(carriers.TextFiles, "_write", full)
        message = write()
    assert (message.state, message.error) == (State.WAITING, "no space left")
    assert again(message).state == State.SENT
    assert len(list((tmp_path / "sms" / "out").iterdir())) == 1


@pytest.mark.django_db(transaction=True)
def test_reports_are_heard_once_and_put_away(tmp_path: Path) -> None:
    message, letter = write(), write("post")
    report(tmp_path, "sms", message=message.pk, id=f"sms-{message.pk}", state="delivered")
    report(tmp_path, "post", message=letter.pk, state="failed", permanent=False, text="boîte\n inaccessible")
    assert carrying.fetch() == {"done": 2, "refused": 0}
    message.refresh_from_db()
    letter.refresh_from_db()
    assert message.state == State.DELIVERED
    assert (letter.state, letter.bounce, letter.error) == (State.BOUNCED, "soft", "boîte inaccessible")
    assert [path.name for path in (tmp_path / "sms" / "done").iterdir()] == ["1.json"]
    report(tmp_path, "sms", message=message.pk, state="delivered")
    carrying.fetch()
    assert message.events.filter(what="delivered").count() == 1
    assert not BouncedAddress.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_number_from_which_one_came_back_takes_no_more(tmp_path: Path) -> None:
    message = write()
    report(tmp_path, "sms", message=message.pk, state="failed", text="unknown subscriber")
    carrying.fetch()
    message.refresh_from_db()
    assert (message.state, message.bounce) == (State.BOUNCED, "hard")
    assert BouncedAddress.objects.get().address == NUMBER
    assert write().state == State.FAILED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not an object"),
        (b'{"message": true, "state": "delivered"}', "no number of a message"),
        (b'{"message": 1, "state": "read"}', "is none of delivered"),
        (b'{"message": 1, "state": ["delivered"]}', "is none of delivered"),
        (b'{"message": 999999, "state": "delivered"}', "none that left this way"),
        (b'{"message": 1, "state": "delivered", "text": 7}', "text: a text"),
        (b'{"message": 1, "state": "delivered", "at": "yesterday"}', "is not a time"),
        (b" " * 100_001, "longer than"),
    ],
)
def test_a_wrong_report_is_put_aside_with_the_reason(tmp_path: Path, content: bytes, words: str) -> None:
    folder = tmp_path / "sms" / "in"
    folder.mkdir(parents=True)
    (folder / "1.json").write_bytes(content)
    (folder / ".2.json").write_bytes(b"half")
    assert carrying.fetch() == {"done": 0, "refused": 1}
    assert words in (tmp_path / "sms" / "refused" / "1.json.txt").read_text()
    assert [path.name for path in folder.iterdir()] == [".2.json"]


@pytest.mark.django_db(transaction=True)
def test_a_report_names_a_message_that_left_this_way(tmp_path: Path) -> None:
    letter = write("post")
    report(tmp_path, "sms", message=letter.pk, state="delivered")
    report(tmp_path, "post", message=letter.pk, id=f"post-{letter.pk}1", state="delivered")
    assert carrying.fetch() == {"done": 0, "refused": 2}
    letter.refresh_from_db()
    assert letter.state == State.SENT


def test_what_leaves_by_which_way_never_changes() -> None:
    message = write()
    with pytest.raises(InternalError, match="message_text_frozen"), transaction.atomic():
        OutboxMessage.objects.filter(pk=message.pk).update(channel="post")

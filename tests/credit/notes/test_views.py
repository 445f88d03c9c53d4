"""Notes on screen: the form that loses nothing, the client's part, the page, the list and its file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import CustomerAccount, User
from credit.models import ClientNote
from credit.notes.enums import NoteKind, NoteTopic, NoteWeight
from credit.notes.services import withdraw_note
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

from .conftest import signed_in

pytestmark = pytest.mark.django_db
Write = Callable[..., ClientNote]


def entered(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "MARKET", "topic": "STRIKE", "text": "Site closed", "weight": "NEUTRAL", "seen_on": "1/2/2026",
        "key": str(uuid4()),
    } | fields  # fmt: skip


def test_a_rep_notes_something_in_one_form(account: CustomerAccount, rep: User) -> None:
    client = signed_in(rep)
    address = f"/credit/clients/{account.code}/note/"
    assert address in client.get(f"/clients/{account.code}/").content.decode()
    form = client.get(address).content.decode()
    assert "Nothing about health, family" in form
    assert "Restricted to credit management" not in form
    sent = entered(source="Visit", url="https://presse.example/a")
    made = client.post(address, sent)
    assert (made.status_code, made.headers["Location"]) == (302, "/clients/C0001/#notes")
    client.post(address, sent)
    note = ClientNote.objects.get()
    assert (note.seen_on, note.topic, note.source) == (date(2026, 2, 1), "STRIKE", "Visit")
    page = client.get(f"/clients/{account.code}/").content.decode()
    assert "Strike or closure" in page
    assert '<a class="o-u" href="https://presse.example/a" target="_blank" rel="noopener noreferrer">' in page
    # And in the timeline, without its words.
    assert "Note on client C0001" in page


def test_what_was_typed_survives_a_mistake_and_risky_words_are_confirmed(
    account: CustomerAccount, rep: User
) -> None:
    client, address = signed_in(rep), f"/credit/clients/{account.code}/note/"
    sent = entered(topic="", text="Le gérant est malade", url="javascript:alert(1)")
    answer = client.post(address, sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    for kept in ("Le gérant est malade", "javascript:alert(1)", sent["key"], "Say what it is about"):
        assert kept in page
    answer = client.post(address, sent | {"topic": "OTHER", "url": ""})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“malade” (health)" in page
    assert 'name="confirmed"' in page
    assert client.post(address, sent | {"topic": "OTHER", "url": "", "confirmed": "on"}).status_code == 302
    assert ClientNote.objects.get().risky_words == ["malade"]


def test_restricted_notes_are_offered_to_credit_management_alone(
    account: CustomerAccount, rep: User, manager: User, write: Write
) -> None:
    address = f"/credit/clients/{account.code}/note/"
    sent = entered(kind="RESTRICTED", topic="")
    assert signed_in(rep).post(address, sent).status_code == 422
    assert signed_in(manager).post(address, sent).status_code == 302
    note = ClientNote.objects.get()
    assert signed_in(rep).get(f"/credit/notes/{note.pk}/").status_code == 404
    assert "Site closed" not in signed_in(rep).get(f"/clients/{account.code}/").content.decode()
    assert "Site closed" in signed_in(manager).get(f"/clients/{account.code}/").content.decode()


def test_a_note_is_corrected_and_withdrawn_from_its_page(
    account: CustomerAccount, rep: User, manager: User, collector: User, write: Write
) -> None:
    note = write("Opens in Nantes")
    page = f"/credit/notes/{note.pk}/"
    assert "Withdraw the note" not in signed_in(collector).get(page).content.decode()
    assert signed_in(collector).get(f"{page}correct/").status_code == 403
    assert signed_in(collector).post(f"{page}withdraw/", {"reason": "x"}).status_code == 403
    assert "Opens in Nantes" in signed_in(rep).get(f"{page}correct/").content.decode()
    sent = entered(kind="NEWS", topic="", text="Opens in Angers")
    assert signed_in(rep).post(f"{page}correct/", sent).status_code == 302
    assert signed_in(rep).get(f"{page}correct/").status_code == 404
    assert signed_in(collector).get(page).status_code == 404
    later = ClientNote.objects.get(supersedes=note)
    assert f"/credit/notes/{later.pk}/" in signed_in(rep).get(page).content.decode()
    mine = f"/credit/notes/{later.pk}/"
    assert signed_in(manager).post(f"{mine}withdraw/", {"reason": ""}).status_code == 422
    assert signed_in(manager).post(f"{mine}withdraw/", {"reason": "Not this client"}).status_code == 302
    shown = signed_in(manager).get(mine).content.decode()
    assert "Not this client" in shown
    assert "Withdraw the note" not in shown
    assert signed_in(manager).post(f"{mine}withdraw/", {"reason": "Not this client"}).status_code == 302


def test_the_part_of_the_client_shows_one_kind_and_five_notes(
    account: CustomerAccount, rep: User, manager: User, write: Write
) -> None:
    part = f"/clients/{account.code}/part/notes/"
    assert "Nothing is noted about this client yet" in signed_in(rep).get(part).content.decode()
    for number in range(6):
        write(f"News {number}")
    write("A strike", kind=NoteKind.MARKET, topic=NoteTopic.STRIKE)
    page = signed_in(rep).get(part).content.decode()
    assert page.count("<li>") == 5
    assert "export=csv" not in page
    only = signed_in(rep).get(f"{part}?notes=MARKET").content.decode()
    assert "A strike" in only
    assert "News 5" not in only
    assert "state=all&amp;export=csv" in signed_in(manager).get(part).content.decode()
    past = signed_in(rep).get(f"{part}?as_of=2020-01-01").content.decode()
    assert "A strike" not in past
    assert "Note something" not in past


def test_the_list_filters_and_its_file_holds_everything(
    account: CustomerAccount, rep: User, manager: User, today: date, write: Write
) -> None:
    write("Old shop", seen_on=today - timedelta(days=400))
    write("Fire in Nantes", kind=NoteKind.PRESS, weight=NoteWeight.WORRYING, source="Ouest-France")
    write("Gérant malade", confirmed=True)
    wrong = write("Wrong client")
    withdraw_note(note_id=wrong.pk, reason="mistake", by=rep, at=wrong.written_at)
    other = CustomerAccountFactory(company=account.company, name="Elsewhere", code="C0002")
    write("Of another", about=other, by=manager)

    def listed(query: str, by: User = manager) -> set[str]:
        page = signed_in(by).get(f"/credit/notes/?{query}").content.decode()
        words = ("Old shop", "Fire in Nantes", "Gérant malade", "Wrong client", "Of another")
        return {text for text in words if text in page}

    standing = {"Old shop", "Fire in Nantes", "Gérant malade", "Of another"}
    assert listed("") == standing
    assert listed("", rep) == standing - {"Of another"}
    assert listed("state=worrying") == listed("kind=PRESS") == listed("q=ouest-france") == {"Fire in Nantes"}
    assert listed("state=risky") == {"Gérant malade"}
    assert listed("state=gone") == {"Wrong client"}
    assert listed("client=C0002") == listed("q=elsewhere") == {"Of another"}
    assert listed(f"seen_until={today - timedelta(days=300):%d/%m/%Y}") == {"Old shop"}
    assert listed(f"seen_from={today - timedelta(days=300):%d/%m/%Y}&weight=WORRYING") == {"Fire in Nantes"}

    answer: Any = signed_in(manager).get("/credit/notes/?client=C0001&state=all&export=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    for told in ("Old shop", "Ouest-France", "malade", "Wrong client", "mistake"):
        assert told in text
    assert "Of another" not in text


def test_the_tabs_of_those_who_look_after_the_words(
    account: CustomerAccount, rep: User, manager: User
) -> None:
    assert "state=risky" in signed_in(manager).get("/credit/notes/").content.decode()
    assert "state=risky" not in signed_in(rep).get("/credit/notes/").content.decode()


def test_notes_of_another_company_are_not_shown(account: CustomerAccount, write: Write) -> None:
    note = write("Fire in Nantes")
    other = signed_in(make_user("credit_manager", CompanyFactory(code="OTHER")))
    assert "Fire in Nantes" not in other.get("/credit/notes/").content.decode()
    assert other.get(f"/credit/notes/{note.pk}/").status_code == 404


@pytest.mark.parametrize("address", ["/credit/notes/?state=all", "/clients/C0001/part/notes/"])
def test_as_many_readings_for_three_notes_as_for_one(
    address: str, account: CustomerAccount, manager: User, write: Write
) -> None:
    client = signed_in(manager)

    def readings() -> int:
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    write("News 1", by=make_user("adv_officer", account.company))
    few = readings()
    for number in (2, 3):
        other = write(f"News {number}", by=make_user("adv_officer", account.company))
        write(f"Better {number}", by=manager, supersedes_id=other.pk)
    assert readings() == few

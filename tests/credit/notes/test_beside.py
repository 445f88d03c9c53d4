"""The latest worrying note beside a decision, and the latest notes on the call sheet, for who may read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import CustomerAccount, User
from credit.models import ClientNote
from credit.notes.enums import NoteKind, NoteTopic, NoteWeight
from tests.factories.accounts import make_user
from tests.factories.invoicing import make_invoice
from tests.factories.orders import open_item, submitted

from .conftest import signed_in

pytestmark = pytest.mark.django_db
Write = Callable[..., ClientNote]
SAID = "Loses the town hall"


@pytest.fixture
def worry(write: Write, manager: User) -> ClientNote:
    write("Opens a shop")
    write("The insurer asks", kind=NoteKind.RESTRICTED, weight=NoteWeight.WORRYING, by=manager)
    return write(SAID, kind=NoteKind.MARKET, topic=NoteTopic.CUSTOMER_LOST, weight=NoteWeight.WORRYING)


def test_beside_the_answer_whether_one_can_sell(
    account: CustomerAccount, rep: User, worry: ClientNote
) -> None:
    address = "/credit/can-i-sell/?client=C0001&amount=100"
    assert SAID in signed_in(rep).get(address).content.decode()


def test_on_the_page_of_a_held_order_and_of_no_other(
    account: CustomerAccount, rep: User, manager: User, worry: ClientNote
) -> None:
    adv = make_user("adv_officer", account.company)
    held = submitted(account, "50000", by=adv, number="CDE-1")
    passed = submitted(account, "10", by=adv, number="CDE-2")
    for reader in (rep, manager, adv):
        page = signed_in(reader).get(f"/orders/{held.number}/").content.decode()
        assert f"/credit/notes/{worry.pk}/" in page
    assert SAID not in signed_in(manager).get(f"/orders/{passed.number}/").content.decode()


def test_what_is_restricted_worries_credit_management_alone(
    account: CustomerAccount, rep: User, manager: User, write: Write
) -> None:
    write("The insurer asks", kind=NoteKind.RESTRICTED, weight=NoteWeight.WORRYING, by=manager)
    address = "/credit/can-i-sell/?client=C0001&amount=100"
    assert "The insurer asks" not in signed_in(rep).get(address).content.decode()
    assert "The insurer asks" in signed_in(manager).get(address).content.decode()


def test_on_the_call_sheet_three_of_them(
    account: CustomerAccount, rep: User, collector: User, worry: ClientNote, write: Write
) -> None:
    open_item(account, "100", due=worry.seen_on - timedelta(days=20))
    write("Third", seen_on=worry.seen_on - timedelta(days=1))
    write("Fourth", seen_on=worry.seen_on - timedelta(days=2))
    page = signed_in(collector).get("/collections/work/?client=C0001").content.decode()
    for shown in (SAID, "Opens a shop", "Third", "/credit/clients/C0001/note/"):
        assert shown in page
    for hidden in ("Fourth", "The insurer asks"):
        assert hidden not in page


def test_a_partner_reads_none_of_them(account: CustomerAccount, worry: ClientNote) -> None:
    agency = make_user("partner", account.company)
    account.team.create(role="partner", user=agency, valid_from=worry.seen_on - timedelta(days=9))
    open_item(account, "100", due=worry.seen_on - timedelta(days=20))
    page = signed_in(agency).get("/collections/work/?client=C0001").content.decode()
    assert account.name in page
    assert SAID not in page


def test_a_document_to_contest_is_chosen_from_the_clients_own(
    account: CustomerAccount, rep: User, collector: User
) -> None:
    make_invoice(account, "120", by=collector, number="FA-1")
    page = signed_in(rep).get("/disputes/open/?client=C0001").content.decode()
    assert "/disputes/open/?invoice=FA-1" in page
    other = make_user("sales", account.company)
    assert signed_in(other).get("/disputes/open/?client=C0001").status_code == 404

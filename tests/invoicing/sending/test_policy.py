"""Who gets a document, which addresses are left out, and where a document stands over all of them."""

from __future__ import annotations

import pytest

from accounts.enums import ContactRole as Role
from invoicing.sending.policy import Addressee, LeftOut, MailState, addressees, hindrances, worst

BILLING = Addressee("billing@client.test", Role.INVOICE_RECEIPT)
SECOND = Addressee("Second@client.test", Role.INVOICE_RECEIPT)
PAYABLE = Addressee("payable@client.test", Role.ACCOUNTS_PAYABLE)
HEAD = Addressee("head@client.test", Role.FINANCE_HEAD)
BUYER = Addressee("buyer@client.test", Role.BUYER)


def test_contacts_for_invoices_come_first() -> None:
    found = addressees(
        [PAYABLE, BILLING, BUYER, SECOND, Addressee("BILLING@client.test", Role.INVOICE_RECEIPT)]
    )
    assert (found.chosen, found.fallback) == ((BILLING, SECOND), None)


@pytest.mark.parametrize(
    ("contacts", "chosen", "fallback"),
    [
        ([HEAD, PAYABLE], (PAYABLE,), Role.ACCOUNTS_PAYABLE),
        ([BUYER, HEAD], (HEAD,), Role.FINANCE_HEAD),
        ([BUYER], (), None),
        ([Addressee("", Role.INVOICE_RECEIPT), Addressee("no address", Role.INVOICE_RECEIPT)], (), None),
    ],
)
def test_others_stand_in_and_are_named(
    contacts: list[Addressee], chosen: tuple[Addressee, ...], fallback: Role | None
) -> None:
    found = addressees(contacts)
    assert (found.chosen, found.fallback) == (chosen, fallback)


@pytest.mark.parametrize(
    ("state", "again", "why"),
    [
        (None, False, None), ("bounced", False, None), ("failed", False, None),
        ("waiting", False, LeftOut.WAITING), ("waiting", True, LeftOut.WAITING),
        ("sent", False, LeftOut.SENT), ("sent", True, None), ("delivered", False, LeftOut.SENT),
        ("uncertain", False, LeftOut.UNCERTAIN), ("uncertain", True, None),
    ],
)  # fmt: skip
def test_nothing_is_doubled_unless_asked(state: str | None, again: bool, why: LeftOut | None) -> None:
    under_way = {"second@client.test": state} if state else {}
    assert hindrances([SECOND], under_way=under_way, bounced=(), again=again) == {SECOND: why}


def test_an_address_that_came_back_is_left_out() -> None:
    judged = hindrances([BILLING, SECOND], under_way={}, bounced={"second@client.test"}, again=True)
    assert judged == {BILLING: None, SECOND: LeftOut.BOUNCED}


def test_the_worst_counts() -> None:
    assert worst([]) is None
    assert worst(["cancelled"]) is None
    assert worst(["delivered", "sent"]) == MailState.SENT
    assert worst(["delivered", "waiting", "bounced"]) == MailState.BOUNCED

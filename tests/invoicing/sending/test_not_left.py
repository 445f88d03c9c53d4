"""Documents that did not leave by themselves are a task: which, why, what to do; it closes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.enums import TeamRole
from accounts.models import Contact, CustomerAccount, TeamMember, User
from invoicing.einvoicing import gateway
from invoicing.enums import FileKind
from invoicing.models import BuyerDetails, Invoice, SellerDetails
from invoicing.sending import services
from invoicing.sending.not_left import MAILED, NotLeft, not_left, remedy
from invoicing.services import files
from o2c.shared import work
from o2c.shared.models import Work
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, day, line
from tests.invoicing.facturx.test_documents import issued

from .conftest import contact, with_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def automatic(account: CustomerAccount, settings: Any, tmp_path: Path) -> SellerDetails:
    settings.EINVOICING_FOLDER = tmp_path
    return SellerDetails.objects.create(
        company=account.company, hands_over_documents=True, mails_documents=False
    )


def made(account: CustomerAccount, by: User, reference: str = "PO-1", *, proved: bool = True) -> Invoice:
    invoice = with_file(issued(account, line("2", "10"), by=by, customer_reference=reference))
    if proved:
        files.keep(invoice, FileKind.XML, b"<proved/>", at=AT)
    return invoice


def waiting(user: User, invoice: Invoice, **rights: bool) -> list[NotLeft]:
    rights = {"mails": True, "platform": True} | rights
    return not_left(user, invoice.company, timezone.now(), most=10, **rights)


def fail(invoice: Invoice) -> None:
    """Try as often as work is tried."""
    row = Work.objects.filter(kind="einvoicing.hand_over", payload__invoice_id=invoice.pk).latest("pk")
    for _attempt in range(work.MAX_ATTEMPTS):
        Work.objects.filter(pk=row.pk).update(not_before=timezone.now())
        work.run(row.pk)


@pytest.fixture
def closed_door(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def refuse(*_args: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(gateway.FileGateway, "deposit", refuse)
    return monkeypatch


def browse(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.usefixtures("automatic")
def test_a_platform_that_takes_nothing_is_a_task_until_it_does(
    account: CustomerAccount, accountant: User, closed_door: pytest.MonkeyPatch
) -> None:
    invoice = made(account, accountant)
    assert waiting(accountant, invoice) == []  # it is still on its way
    fail(invoice)
    (row,) = waiting(accountant, invoice)
    assert (row.invoice, row.by_mail, row.refused) == (invoice, False, False)
    assert row.why == "OSError: no space left on device"
    assert remedy(row) == "The platform did not take it: try again once the way to it works."
    page = browse(accountant).get("/").content.decode()
    assert invoice.number in page
    assert f'action="{reverse("invoicing:hand_over")}"' in page
    # Asked for again it waits for nobody; failed again it is back, once.
    browse(accountant).post(reverse("invoicing:hand_over"), {"ids": [invoice.pk]})
    assert waiting(accountant, invoice) == []
    fail(invoice)
    assert len(waiting(accountant, invoice)) == 1
    closed_door.undo()
    browse(accountant).post(reverse("invoicing:hand_over"), {"ids": [invoice.pk]})
    work.drain()
    assert waiting(accountant, invoice) == []
    assert reverse("invoicing:hand_over") not in browse(accountant).get("/").content.decode()


@pytest.mark.usefixtures("automatic")
def test_a_document_that_breaks_a_rule_names_it_at_once(
    account: CustomerAccount, accountant: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = issued(account, line("1", "10"), by=accountant, customer_reference="PO-9")
    broken = {"findings": [{"code": "BR-16", "source": "x", "message": "needs a line", "place": "/"}]}
    monkeypatch.setattr(files, "make", lambda **_facts: broken)
    work.drain()
    (row,) = waiting(accountant, invoice)
    assert row.refused
    assert "BR-16, needs a line" in row.why
    assert remedy(row) == "Correct what the rule names, then try again."


@pytest.mark.usefixtures("automatic", "closed_door")
def test_the_adv_of_the_client_is_asked_and_nobody_without_the_right(
    account: CustomerAccount, accountant: User, rep: User
) -> None:
    invoice = made(account, accountant)
    fail(invoice)
    adv = make_user("adv_officer", account.company, "their adv")
    TeamMember.objects.create(account=account, user=adv, role=TeamRole.ADV, valid_from=day(-500))
    assert len(waiting(adv, invoice)) == 1
    assert waiting(accountant, invoice) == []
    assert waiting(adv, invoice, platform=False) == []
    assert reverse("invoicing:hand_over") not in browse(rep).get("/").content.decode()


@pytest.mark.usefixtures("automatic")
def test_a_plain_page_is_nothing_for_a_platform(account: CustomerAccount, accountant: User) -> None:
    invoice = made(account, accountant, proved=False)
    Work.objects.filter(kind="einvoicing.hand_over").update(state=Work.State.FAILED, message="PDF alone")
    assert waiting(accountant, invoice) == []


def test_a_client_without_an_address_is_a_task_until_the_document_left(
    account: CustomerAccount, accountant: User
) -> None:
    SellerDetails.objects.create(company=account.company, mails_documents=True)
    invoice = made(account, accountant)
    work.drain()
    (row,) = waiting(accountant, invoice)
    assert (row.by_mail, row.refused) == (True, True)
    assert row.why.startswith("No contact of this client has an e-mail address")
    assert waiting(accountant, invoice, mails=False) == []
    page = browse(accountant).get("/").content.decode()
    assert f'action="{reverse("invoicing:send_many")}"' in page
    BuyerDetails.objects.create(account=account, mails_documents=BuyerDetails.Mailing.NEVER)
    assert waiting(accountant, invoice) == []
    BuyerDetails.objects.update(mails_documents="")
    contact(account, "billing@client.test")
    services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now())
    assert waiting(accountant, invoice) == []


def test_what_was_sent_already_is_no_task(account: CustomerAccount, accountant: User) -> None:
    SellerDetails.objects.create(company=account.company, mails_documents=True)
    contact(account, "billing@client.test")
    invoice = made(account, accountant)
    services.send_document(invoice_id=invoice.pk, by=accountant, at=timezone.now())
    row = Work.objects.get(kind=MAILED)
    assert work.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.result) == (Work.State.DONE, {"sent": 0, "why": "sent_already"})
    assert Contact.objects.count() == 1


@pytest.mark.usefixtures("automatic", "closed_door")
def test_three_cost_what_one_costs(account: CustomerAccount, accountant: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            waiting(accountant, first)
        return len(seen)

    first = made(account, accountant)
    fail(first)
    one = queries()
    for number in (2, 3):
        fail(made(account, accountant, f"PO-{number}"))
    assert len(waiting(accountant, first)) == 3
    assert queries() == one

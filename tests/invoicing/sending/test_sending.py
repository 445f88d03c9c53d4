"""Documents leave once to each address; what came back waits for somebody; the outbox says everything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from accounts.enums import ContactRole, TeamRole
from accounts.models import Contact, CustomerAccount, TeamMember, User
from invoicing.models import DocumentMail, Invoice, InvoiceFile, SellerDetails
from invoicing.sending import files, services
from invoicing.sending.policy import LeftOut, MailState
from invoicing.sending.queries import in_mail_state, troubles, with_mail_state
from invoicing.services.files import NoLines
from o2c.shared import delivery, outbox, work
from o2c.shared.models import AuditEvent, Notice, OutboxMessage, Work
from o2c.shared.outbox_files import CannotAttach, StillMade
from o2c.shared.problems import NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import day, line, make_invoice
from tests.invoicing.facturx.test_documents import issued
from tests.shared.reports import report

from .conftest import PDF, contact, with_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail_server(settings: LazySettings) -> None:
    settings.EMAIL_URL = "smtp://mail.valmont.test"


def send(invoice: Invoice, by: User | None, **wish: Any) -> services.Sending:
    return services.send_document(invoice_id=invoice.pk, by=by, at=timezone.now(), **wish)


def state(invoice: Invoice) -> str | None:
    found: str | None = with_mail_state(Invoice.objects.filter(pk=invoice.pk)).get().mail_state
    return found


def bounce(message: OutboxMessage, **said: str) -> None:
    delivery.take(report(message.pk, to=message.to, **said), at=timezone.now())


@pytest.mark.usefixtures("mail_server")
def test_it_leaves_with_its_file_in_the_clients_language(
    invoice: Invoice, accountant: User, receiver: Contact
) -> None:
    SellerDetails.objects.create(company=invoice.company, email="adv@valmont.test")
    made = send(invoice, accountant)
    assert (len(made.messages), made.left_out) == (1, ())
    assert state(invoice) == "waiting"
    work.drain()
    (sent,) = mail.outbox
    assert (sent.to, sent.reply_to) == (["Billing@Client.test"], ["adv@valmont.test"])
    assert sent.subject == f"Facture {invoice.number} de {invoice.company.name}"
    for words in ("1\u202f481,40", "Votre référence\u00a0: PO-7", "à régler"):
        assert words in sent.body
    assert [tuple(file) for file in sent.attachments] == [(f"{invoice.number}.pdf", PDF, "application/pdf")]
    assert state(invoice) == "sent"
    event = AuditEvent.objects.get(action="invoice.mailed")
    assert event.after == {"messages": 1, "to": ["INVOICE_RECEIPT"]}


@pytest.mark.usefixtures("mail_server")
def test_in_english_and_a_credit_note_asks_for_no_money(
    account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    CustomerAccount.objects.filter(pk=account.pk).update(language="en")
    invoice = issued(account, line("10", "100"), by=accountant)
    from invoicing import services as invoicing

    credit = invoicing.credit_invoice(
        invoice_id=invoice.pk,
        amount=invoice.total_incl_vat,
        reason="price",
        by=make_user("executive", account.company),
        at=timezone.now(),
    ).credit_note
    assert credit is not None
    message = send(with_file(credit), accountant).messages[0]
    assert message.subject.startswith(f"Credit note {credit.number} of ")
    assert "payable" not in message.text


def test_without_a_server_it_is_kept_as_a_file(invoice: Invoice, accountant: User, receiver: Contact) -> None:
    from django.core.files.storage import default_storage

    message = send(invoice, accountant).messages[0]
    work.drain()
    assert OutboxMessage.objects.get(pk=message.pk).state == "waiting"
    assert b"application/pdf" in default_storage.open(f"outbox/{message.pk}.eml").read()


@pytest.mark.usefixtures("mail_server")
def test_sent_again_only_when_asked(invoice: Invoice, accountant: User, receiver: Contact) -> None:
    send(invoice, accountant)
    for again in (False, True):  # it is on its way: never doubled
        with pytest.raises(services.SentAlready):
            send(invoice, accountant, again=again)
    work.drain()
    with pytest.raises(services.SentAlready):
        send(invoice, accountant)
    send(invoice, accountant, again=True)
    work.drain()
    assert len(mail.outbox) == 2
    assert [row.superseded_at is None for row in DocumentMail.objects.order_by("pk")] == [False, True]


@pytest.mark.usefixtures("mail_server")
def test_one_address_that_has_it_does_not_keep_the_other_from_it(
    invoice: Invoice, account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    send(invoice, accountant)
    work.drain()
    contact(account, "second@client.test")
    made = send(invoice, accountant)
    assert [message.to for message in made.messages] == ["second@client.test"]
    assert [(each.address, why) for each, why in made.left_out] == [("Billing@Client.test", LeftOut.SENT)]


@pytest.mark.usefixtures("mail_server")
def test_what_came_back_is_a_task_until_it_is_sent_again(
    invoice: Invoice, account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    adv = make_user("adv_officer", account.company, "their adv")
    other = make_user("adv_officer", account.company, "another adv")
    TeamMember.objects.create(account=account, user=adv, role=TeamRole.ADV, valid_from=day(-500))

    def waiting(user: User) -> int:
        return troubles(user, account.company, timezone.now()).count()

    message = send(invoice, accountant).messages[0]
    work.drain()
    assert waiting(adv) == 0
    bounce(message)
    work.drain()
    assert state(invoice) == "mail_bounced"
    assert (waiting(adv), waiting(other), waiting(accountant)) == (1, 0, 0)
    assert list(Notice.objects.filter(kind="invoice.bounced").values_list("user__username", flat=True)) == [
        "their adv"
    ]
    # To the same address nothing leaves, and the refusal names it.
    with pytest.raises(services.AddressesBounced) as refused:
        send(invoice, adv, again=True)
    assert refused.value.errors == {"to": ["Billing@Client.test"]}
    # The contact is corrected: the task is over; the document goes to the new address.
    Contact.objects.filter(pk=receiver.pk).update(email="new@client.test")
    assert waiting(adv) == 0
    assert send(invoice, adv).messages[0].to == "new@client.test"
    work.drain()
    assert state(invoice) == "sent"


@pytest.mark.usefixtures("mail_server")
def test_an_address_that_works_again_is_written_to(
    invoice: Invoice, accountant: User, receiver: Contact
) -> None:
    bounce(send(invoice, accountant).messages[0])
    work.drain()
    send(invoice, accountant, trusted=["BILLING@client.test", "never@mentioned.test"])
    work.drain()
    assert state(invoice) == "sent"
    assert AuditEvent.objects.filter(action="address.trusted").count() == 1
    assert not troubles(accountant, invoice.company, timezone.now()).exists()


@pytest.mark.usefixtures("mail_server")
def test_a_mailbox_that_was_full_is_tried_again_without_ado(
    invoice: Invoice, accountant: User, receiver: Contact
) -> None:
    message = send(invoice, accountant).messages[0]
    work.drain()
    bounce(message, code="5.2.2", text="full")
    assert troubles(accountant, invoice.company, timezone.now()).count() == 1
    send(invoice, accountant)
    work.drain()
    assert len(mail.outbox) == 2


@pytest.mark.usefixtures("mail_server")
def test_an_interrupted_one_is_uncertain_and_asks_first(
    invoice: Invoice, accountant: User, receiver: Contact
) -> None:
    message = send(invoice, accountant).messages[0]
    Work.objects.filter(kind=outbox.SEND).update(attempts=1)
    work.drain()
    assert state(invoice) == "uncertain"
    with pytest.raises(services.SentAlready):
        send(invoice, accountant)
    assert mail.outbox == []
    outbox.answer(message_id=message.pk, arrived=True, by=accountant, at=timezone.now())
    assert state(invoice) == "sent"


def test_who_stands_in_is_told(invoice: Invoice, account: CustomerAccount, accountant: User) -> None:
    with pytest.raises(services.NobodyToSendTo):
        send(invoice, accountant)
    contact(account, "payable@client.test", ContactRole.ACCOUNTS_PAYABLE)
    send(invoice, accountant)
    assert DocumentMail.objects.get().role == "ACCOUNTS_PAYABLE"


def test_what_cannot_be_sent(account: CustomerAccount, accountant: User, receiver: Contact) -> None:
    with pytest.raises(services.NothingToSend):
        send(make_invoice(account, by=accountant), accountant)
    bare = issued(account, line(), by=accountant)
    assert not InvoiceFile.objects.filter(invoice=bare).exists()
    with pytest.raises(NotAllowed):
        send(bare, make_user("sales_manager", account.company))
    with pytest.raises(NotFound):
        send(bare, make_user("adv_officer", CompanyFactory(code="FAR")))
    assert not OutboxMessage.objects.exists()
    assert NoLines.code == "no_lines"


@pytest.mark.usefixtures("mail_server")
def test_a_file_that_breaks_a_rule_fails_the_message_and_says_which(
    account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    invoice = issued(account, line(), by=accountant)
    with pytest.raises(StillMade):
        files.pdf(invoice.pk)
    found = {"findings": [{"code": "BR-FR-12", "message": "no SIREN", "source": "s", "place": "p"}]}
    Work.objects.filter(kind="invoicing.files").update(state="done", finished_at=timezone.now(), result=found)
    with pytest.raises(CannotAttach, match="BR-FR-12 no SIREN"):
        files.pdf(invoice.pk)
    send(invoice, accountant)
    work.drain()
    assert state(invoice) == "failed"
    assert "BR-FR-12" in OutboxMessage.objects.get().error
    # After a while it may be otherwise: the file is asked for anew.
    Work.objects.update(finished_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(StillMade):
        files.pdf(invoice.pk)


@pytest.mark.usefixtures("mail_server")
def test_lists_by_state(
    invoice: Invoice, account: CustomerAccount, accountant: User, receiver: Contact
) -> None:
    other = with_file(issued(account, line(), by=accountant))

    def found(state: str) -> list[Invoice]:
        return list(in_mail_state(Invoice.objects.order_by("pk"), state))

    assert found("none") == [invoice, other]
    message = send(invoice, accountant).messages[0]
    send(other, accountant)
    work.drain()
    bounce(message)
    assert (found("none"), found("trouble"), found(MailState.BOUNCED)) == ([], [invoice], [invoice])
    assert found(MailState.SENT) == [other]


def test_a_stopped_message_counts_for_nothing(invoice: Invoice, accountant: User, receiver: Contact) -> None:
    message = send(invoice, accountant).messages[0]
    outbox.cancel(message_id=message.pk, by=accountant, at=timezone.now())
    assert state(invoice) is None
    assert send(invoice, accountant).messages[0].pk != message.pk


def test_an_act_that_is_undone_sends_nothing(invoice: Invoice, accountant: User, receiver: Contact) -> None:
    with transaction.atomic():
        send(invoice, accountant)
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert not Work.objects.filter(kind=outbox.SEND).exists()


def test_the_database_refuses(invoice: Invoice, accountant: User, receiver: Contact) -> None:
    send(invoice, accountant)
    row = DocumentMail.objects.get()
    twin = OutboxMessage.objects.create(
        kind="k", key="twin", to="a@b.c", subject="s", text="t", created_at=timezone.now()
    )
    with pytest.raises(IntegrityError, match="document_on_one_way_to_an_address"), transaction.atomic():
        DocumentMail.objects.create(
            invoice=invoice, message=twin, address=row.address, role=row.role, asked_at=timezone.now()
        )
    with pytest.raises(InternalError, match="document_mail_frozen"), transaction.atomic():
        DocumentMail.objects.update(address="other@client.test")
    with pytest.raises(InternalError, match="document_mail_not_deleted"), transaction.atomic():
        row.delete()

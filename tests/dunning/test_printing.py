"""Letters that are printed here: with the statement of their day and copies of invoices, one after the other."""

from __future__ import annotations

from io import BytesIO

import pikepdf
import pytest
from django.test import Client
from pypdf import PdfReader

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from dunning import printing
from dunning.enums import StepChannel
from dunning.models import DunningRun, Reminder
from dunning.services import runs, sending
from dunning.services.scenarios import ensure_scenario
from invoicing.enums import FileKind
from invoicing.models import Invoice, InvoiceFile
from o2c.shared import outbox_files
from o2c.shared.models import Work
from o2c.shared.outbox_files import StillMade
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, line, make_item
from tests.invoicing.facturx.test_documents import issued

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending.timezone, "now", lambda: AT)


def pages_of(content: bytes) -> int:
    with pikepdf.open(BytesIO(content)) as pdf:
        return len(pdf.pages)


def sent(account: CustomerAccount, by: User, *, takes: bool = True) -> DunningRun:
    """A letter on paper that has left, about a document issued here."""
    scenario = ensure_scenario(account.company)
    scenario.steps.filter(number=2).update(channel=StepChannel.LETTER, attaches_invoices=takes)
    run = runs.plan_run(company=account.company, as_of=day(14), by=by, at=AT)
    runs.approve_run(run_id=run.pk, by=by, at=AT)
    for row in Work.objects.filter(kind=runs.SEND, state="queued"):
        sending.send(work=row, **row.payload)
    return run


def keep_file(invoice: Invoice, content: bytes) -> None:
    """The PDF of a document as the worker keeps it."""
    kept = outbox_files.keep(f"{invoice.number}.pdf", content, "application/pdf")
    InvoiceFile.objects.create(
        invoice=invoice, kind=FileKind.PDF, file=kept.path, sha256=kept.sha256, size=len(content), made_at=AT
    )


def test_a_printed_letter_takes_statement_and_copies_along(
    account: CustomerAccount, accountant: User, company: Company
):
    Contact.objects.create(account=account, name="Jo", role=ContactRole.ACCOUNTS_PAYABLE)
    here = issued(account, line(), by=accountant, due_date=day(5))
    letter = sent(account, accountant).reminders.get()
    statement, copy = letter.enclosures
    assert (statement["path"] != "", copy["source"], copy["key"]) == (True, "invoice", here.pk)
    assert "source" not in statement

    # What came in since is in the book, and not in what was put into the envelope.
    before = outbox_files.contents(outbox_files.resolved([statement]))[0][1]
    make_item(account, "99.00", by=accountant, issued=day(-40), due=day(-9))
    assert outbox_files.contents(outbox_files.resolved([statement]))[0][1] == before

    with pytest.raises(StillMade):
        printing.paper_of([letter])
    with letter.file.open("rb") as stored:
        alone = stored.read()
    keep_file(here, before)
    paper = printing.paper_of([letter])
    assert pages_of(paper.content) == pages_of(alone) + 2 * pages_of(before)
    assert paper.missing == []


def test_a_step_without_copies_prints_the_letter_alone(account: CustomerAccount, accountant: User):
    issued(account, line(), by=accountant, due_date=day(5))
    letter = sent(account, accountant, takes=False).reminders.get()
    assert letter.enclosures == []
    assert pages_of(printing.paper_of([letter]).content) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "relevé de compte, copie de 1 facture"), ("en", "statement of account, copy of 1 invoice")],
)
def test_the_letter_says_what_is_enclosed(
    account: CustomerAccount, accountant: User, language: str, words: str
):
    account.language = language
    account.save(update_fields=["language"])
    issued(account, line(), by=accountant, due_date=day(5))
    letter = sent(account, accountant).reminders.get()
    with letter.file.open("rb") as stored:
        said = " ".join(PdfReader(stored).pages[0].extract_text().split())
    assert words in said


def test_a_run_is_printed_in_one_go_by_whoever_may(
    account: CustomerAccount, accountant: User, company: Company
):
    ensure_scenario(company).steps.filter(number=2).update(channel=StepChannel.LETTER)
    others = [CustomerAccountFactory(company=company) for _ in range(2)]
    for client in (account, *others):
        make_item(client, by=accountant, issued=day(-40), due=day(-9))
    run = sent_today(company, accountant)
    browser = Client()
    browser.force_login(accountant)
    answer = browser.get(f"/collections/runs/{run.pk}/print/")
    assert answer["Content-Type"] == "application/pdf"
    # Nothing was issued here: each has its letter and its statement.
    assert pages_of(answer.content) == 6
    assert (
        f"/collections/runs/{run.pk}/print/" in browser.get(f"/collections/runs/{run.pk}/").content.decode()
    )
    one = Reminder.objects.filter(run=run).first()
    assert one is not None
    assert pages_of(browser.get(f"/collections/reminders/{one.pk}/print/").content) == 2
    assert browser.get(f"/collections/runs/{run.pk}/print/", {"part": "2"}).status_code == 302
    for part in ("0", "x", "-1"):
        assert browser.get(f"/collections/runs/{run.pk}/print/", {"part": part}).status_code == 404
    browser.force_login(make_user("receivables_accountant", CompanyFactory()))
    assert browser.get(f"/collections/runs/{run.pk}/print/").status_code == 404
    assert browser.get(f"/collections/reminders/{one.pk}/print/").status_code == 404
    browser.force_login(make_user("sales", company))
    assert browser.get(f"/collections/runs/{run.pk}/print/").status_code == 403


def sent_today(company: Company, by: User) -> DunningRun:
    run = runs.plan_run(company=company, as_of=TODAY, by=by, at=AT)
    runs.approve_run(run_id=run.pk, by=by, at=AT)
    for row in Work.objects.filter(kind=runs.SEND, state="queued"):
        sending.send(work=row, **row.payload)
    return run

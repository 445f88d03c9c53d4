"""What a letter comes to: credits counted once, money that came in for something else, what is due later."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from credit.models import LegalNotice
from dunning.enums import Exclusion, StepChannel
from dunning.letters import Asked, Written, write_letter
from dunning.models import DunningRun
from dunning.queries.plan import read_plan
from dunning.services import runs, sending
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from invoicing.models import BankAccount, ReceivableItem, SellerDetails
from o2c.shared import formats
from o2c.shared.models import OutboxMessage, Work
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item, make_payment

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def _at_that_day(account: CustomerAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending.timezone, "now", lambda: AT)
    account.language = "en"
    account.save(update_fields=["language"])
    Contact.objects.create(account=account, name="Jo", role=ContactRole.FINANCE_HEAD, email="jo@client.test")


def late(account: CustomerAccount, by: User, days: int, amount: str) -> ReceivableItem:
    return make_item(account, amount, by=by, issued=day(-days - 30), due=day(-days))


def sent(account: CustomerAccount, by: User) -> tuple[DunningRun, str]:
    """A run of today, let go; and the one message that left."""
    ensure_scenario(account.company)
    run = runs.plan_run(company=account.company, as_of=TODAY, by=by, at=AT)
    runs.approve_run(run_id=run.pk, by=by, at=AT)
    for row in Work.objects.filter(kind=runs.SEND, state="queued"):
        sending.send(work=row, **row.payload)
    return run, OutboxMessage.objects.get(kind="dunning.reminder", account_id=account.pk).text


def written(account: CustomerAccount, item: ReceivableItem, number: int = 3, language: str = "en") -> Written:
    step = ensure_scenario(account.company).steps.select_related("scenario").get(number=number)
    return write_letter(
        account, step, [Asked(item, item.open_amount)], on=TODAY, contact=None, language=language
    )


def test_a_credit_that_covers_what_is_left_out_is_not_taken_off_once_more(
    account: CustomerAccount, accountant: User
):
    old, new = late(account, accountant, 20, "400.00"), late(account, accountant, 10, "900.00")
    make_credit(account, "500.00", by=accountant)
    run, text = sent(account, accountant)
    assert run.exclusions.get().item == old
    # The client owes 400 + 900 − 500.
    assert "To be paid: €800.00" in text
    assert "Credits and payments on your account: −€100.00" in text
    assert "€400.00 cover older documents" in text
    assert new.document in text
    assert old.document not in text


def test_a_credit_that_covers_nothing_wholly_is_taken_off_in_full(account: CustomerAccount, accountant: User):
    late(account, accountant, 20, "400.00")
    make_credit(account, "150.00", by=accountant)
    _run, text = sent(account, accountant)
    assert "To be paid: €250.00" in text
    assert "older documents" not in text


def test_money_that_surely_settles_one_document_pays_no_other(account: CustomerAccount, accountant: User):
    paid = make_item(account, "812.37", by=accountant, issued=day(-50), due=day(-20), number="FA-2026-0917")
    owed = late(account, accountant, 10, "500.00")
    make_payment(
        account, "812.37", by=accountant, reference=f"FACTURE {paid.document}", payer_name=account.name
    )
    run, text = sent(account, accountant)
    assert dict(run.exclusions.values_list("item", "reason")) == {paid.pk: Exclusion.PROPOSED_PAYMENT}
    assert "Total: €500.00" in text
    assert "To be paid" not in text
    assert owed.document in text


def test_what_is_due_later_is_what_the_client_is_to_pay_us(account: CustomerAccount, accountant: User):
    item = late(account, accountant, 20, "400.00")
    plain = make_item(account, "111.00", by=accountant, issued=day(-1), due=day(20))
    part = make_item(account, "222.00", by=accountant, issued=day(-1), due=day(21))
    whole = make_item(account, "333.00", by=accountant, issued=day(-1), due=day(22))
    for row, amount in ((part, "22.00"), (whole, "333.00")):
        invoicing.dispute_amount(item_id=row.pk, amount=D(amount), on=TODAY, by=accountant, at=AT)
    lines = written(account, item).context["not_due"]
    assert [(line["document"], line["amount"]) for line in lines] == [
        (plain.document, "€111.00"),
        (part.document, "€200.00"),
    ]


def test_what_a_judgement_froze_is_not_told_as_due_later(account: CustomerAccount, accountant: User):
    frozen = make_item(account, "111.00", by=accountant, issued=day(-30), due=day(20))
    since = make_item(account, "222.00", by=accountant, issued=day(-5), due=day(21))
    late_since = make_item(account, "333.00", by=accountant, issued=day(-9), due=day(-4))
    LegalNotice.objects.create(
        company=account.company, entity=account.entity, kind="RECEIVERSHIP", judgement_on=day(-20),
        published_on=day(-15), reference="A-1", recorded_by=accountant, recorded_at=AT,
    )  # fmt: skip
    lines = written(account, late_since).context["not_due"]
    assert [line["document"] for line in lines] == [since.document]
    assert frozen.document not in written(account, late_since).text


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "and 3 more documents of €30.00"), ("fr", "et 3 autres documents pour 30,00\u00a0€")],
)
def test_more_than_a_page_of_documents_due_later_is_summed(
    account: CustomerAccount, accountant: User, language: str, words: str
):
    item = late(account, accountant, 20, "400.00")
    for offset in range(23):
        make_item(account, "10.00", by=accountant, issued=day(-1), due=day(20 + offset))
    found = written(account, item, language=language)
    assert len(found.context["not_due"]) == 20
    assert found.context["not_due_more"] == words
    assert words in found.text


def test_where_no_account_is_written_for_invoices_the_bank_account_of_the_currency_is_named(
    account: CustomerAccount, accountant: User, company: Company
):
    item = late(account, accountant, 20, "400.00")
    assert written(account, item).context["iban"] == ""
    BankAccount.objects.create(
        company=company, name="Main", iban="FR7630006000011234567890189", key="main", currency="EUR",
        created_by=accountant, created_at=AT,
    )  # fmt: skip
    assert "FR76 3000 6000 0112 3456 7890 189" in written(account, item).text


def test_a_letter_carries_the_mentions_of_a_company(
    account: CustomerAccount, accountant: User, company: Company
):
    company.legal_form = "SAS"
    company.siren = "732829320"
    company.save()
    SellerDetails.objects.create(company=company, share_capital=D("50000"), register_town="Lyon")
    line = written(account, late(account, accountant, 20, "400.00")).context["legal_line"]
    assert line == f"SAS au capital de 50\u202f000,00\u00a0€, RCS Lyon {formats.siren('732829320')}"


def test_a_step_that_names_penalties_names_them_though_its_words_do_not(
    account: CustomerAccount, accountant: User
):
    item = late(account, accountant, 20, "4000.00")
    scenario = ensure_scenario(account.company)
    scenario.steps.filter(number=3).update(body_en="Please pay.")
    assert "D441-5" in written(account, item).text
    scenario.steps.filter(number=3).update(quotes_penalties=False)
    assert "D441-5" not in written(account, item).text


def test_a_file_for_hand_over_is_no_letter(account: CustomerAccount, accountant: User):
    late(account, accountant, 20, "400.00")
    ensure_scenario(account.company).steps.filter(number=3).update(channel=StepChannel.FILE)
    run = runs.plan_run(company=account.company, as_of=TODAY, by=accountant, at=AT)
    runs.approve_run(run_id=run.pk, by=accountant, at=AT)
    for row in Work.objects.filter(kind=runs.SEND, state="queued"):
        sending.send(work=row, **row.payload)
    made = run.reminders.get()
    assert (made.status, made.text, bool(made.file), made.sent_to) == ("sent", "", False, "")
    assert account.name in made.subject
    assert not OutboxMessage.objects.exists()


# --- at most so many contacts within thirty days --------------------------------------------------------------------


def test_a_client_is_contacted_as_often_as_the_scenario_allows(account: CustomerAccount, accountant: User):
    scenario = ensure_scenario(account.company)
    scenario.most_contacts = 2
    scenario.save()
    first = late(account, accountant, 8, "400.00")
    other = CustomerAccountFactory(company=account.company)
    for offset in (0, 7):
        runs.plan_run(company=account.company, as_of=day(offset), by=accountant, at=AT)
    late(other, accountant, 8, "400.00")
    letters, left_out = read_plan(account.company, as_of=day(14))
    assert [letter.account for letter in letters] == [other.code]
    assert {row.item: row.reason for row in left_out} == {first.pk: Exclusion.CONTACT_CAP}
    # Thirty days after the first contact there is one within thirty days.
    assert read_plan(account.company, as_of=day(29))[0][0].account == other.code
    (mine,) = [each for each in read_plan(account.company, as_of=day(30))[0] if each.account == account.code]
    assert mine.step == 4


def test_a_notified_sale_is_not_told_as_due_later(account: CustomerAccount, accountant: User):
    make_agreement(account.company, is_notified=True)
    sold = make_item(account, "111.00", by=accountant, issued=day(-1), due=day(20))
    approve(account)
    sell(sold, by=accountant)
    item = late(account, accountant, 20, "400.00")
    assert sold.document not in written(account, item).text

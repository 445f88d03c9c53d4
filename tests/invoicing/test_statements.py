from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from accounts.models import Company, CustomerAccount, User
from invoicing import proofs, services
from invoicing.bank import TotalsDoNotTie, Unreadable
from invoicing.enums import Continuity, LineOutcome, ReturnStatus
from invoicing.models import (
    BankAccount,
    BankStatement,
    PayerLink,
    Payment,
    PaymentReturn,
    ReceivableItem,
    ReturnProposal,
    StatementLine,
)
from invoicing.services import UnknownBankAccount
from invoicing.services.bank_returns import AlreadyDecided, OtherAmount
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import AT, TODAY, make_item, make_payment
from tests.factories.statements import IBAN, camt053, cfonb120, entry, make_bank_account

pytestmark = pytest.mark.django_db

OTHER_IBAN = "FR7630006000011234567890189"


@pytest.fixture
def bank(company: Company, accountant: User) -> BankAccount:
    return make_bank_account(company, accountant)


def bring(company: Company, content: bytes, by: User, **facts: Any) -> services.StatementResult:
    (result,) = services.import_statements(company=company, content=content, by=by, at=AT, **facts)
    return result


def nothing_booked() -> bool:
    rows = (BankStatement, StatementLine, Payment, ReceivableItem, ReturnProposal)
    return not any(model.objects.exists() for model in rows)


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["sales", "adv_officer", "credit_manager", "auditor", "administrator"])
def test_only_who_may_brings_statements_in(company: Company, bank: BankAccount, role: str):
    by = make_user(role, company)
    with pytest.raises(NotAllowed):
        bring(company, cfonb120(entry("10")), by)
    with pytest.raises(NotAllowed):
        services.add_bank_account(company=company, iban=IBAN, currency="USD", by=by, at=AT)
    assert nothing_booked()


@pytest.mark.parametrize("role", ["receivables_accountant", "finance_director", "integration"])
def test_who_may(company: Company, bank: BankAccount, role: str):
    assert bring(company, cfonb120(entry("10")), make_user(role, company)).created == 1


def test_an_account_nobody_named_is_refused_and_read_in_a_dry_run(company: Company, accountant: User):
    make_bank_account(company, accountant, currency="USD")
    with pytest.raises(UnknownBankAccount, match="0000157841Z"):
        bring(company, cfonb120(entry("10")), accountant)
    seen = bring(company, cfonb120(entry("10")), accountant, dry_run=True)
    assert (seen.created, seen.stored, seen.bank_account) == (1, None, None)
    assert nothing_booked()


def test_an_account_of_another_company_is_unknown(company: Company, accountant: User):
    far = CompanyFactory(code="FAR")
    make_bank_account(far, make_user("receivables_accountant", far))
    with pytest.raises(UnknownBankAccount):
        bring(company, cfonb120(entry("10")), accountant)


def test_one_bad_statement_of_a_file_keeps_all_of_it_out(
    company: Company, bank: BankAccount, accountant: User
):
    good, bad = cfonb120(entry("10")), cfonb120(entry("10"), account="0000000000X")
    for content, refusal in (
        (good + bad, UnknownBankAccount),
        (good + good.replace(b"0000000010100{", b"0000000010101{"), TotalsDoNotTie),
        (good + good[:200], Unreadable),
    ):
        with pytest.raises(refusal):
            services.import_statements(company=company, content=content, by=accountant, at=AT)
    assert nothing_booked()
    assert not AuditEvent.objects.filter(action="statement.imported").exists()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "iban"), ({"iban": "FR7612"}, "iban"), ({"iban": IBAN, "currency": "€"}, "currency"),
        ({"iban": IBAN, "bank": "1", "branch": "2", "number": "3"}, "account"), ({"number": "1" * 40}, "account"),
    ],
)  # fmt: skip
def test_a_bank_account_that_cannot_be_one(
    company: Company, accountant: User, fields: dict[str, str], named: str
):
    with pytest.raises(Invalid) as refusal:
        services.add_bank_account(company=company, by=accountant, at=AT, **({"currency": "EUR"} | fields))
    assert list(refusal.value.errors) == [named]


def test_one_bank_account_by_iban_or_by_its_parts(company: Company, bank: BankAccount, accountant: User):
    again = services.add_bank_account(company=company, iban=IBAN, currency="eur", by=accountant, at=AT)
    assert (again.row, again.is_new) == (bank, False)
    assert AuditEvent.objects.filter(action="bank_account.added").count() == 1


# --- what becomes of the lines --------------------------------------------------------------------------------


def test_credits_become_payments_and_the_rest_is_kept(company: Company, bank: BankAccount, accountant: User):
    result = bring(
        company,
        cfonb120(
            entry("480.00", NPY="DUPONT", RCN="E2E-1", LIB="FA2026-1", IPY=OTHER_IBAN),
            entry("150.00", "REMISE CHEQUES 3", code="02", value=2),
            entry("-18.00", "COMMISSION IMPAYE"),
            entry("-900.00", "VIR SEPA SALAIRES"),
        ),
        accountant,
        file_name="nov.txt",
    )
    assert result.outcomes == (
        LineOutcome.PAYMENT, LineOutcome.PAYMENT, LineOutcome.FEE, LineOutcome.OTHER
    )  # fmt: skip
    transfer, cheque = Payment.objects.order_by("external_id")
    assert (transfer.account, transfer.amount, transfer.method) == (None, Decimal("480.00"), "transfer")
    assert (transfer.payer_name, transfer.payer_iban) == ("DUPONT", OTHER_IBAN)
    assert transfer.reference == "VIR SEPA DUPONT FA2026-1 E2E-1"
    assert transfer.external_id == f"BQ{bank.pk}-{TODAY:%Y%m%d}-001"
    assert transfer.statement_line.end_to_end_id == "E2E-1"
    # It counts from the day the money can be used.
    assert (cheque.received_on, cheque.method) == (TODAY + timedelta(days=2), "cheque")
    stored = BankStatement.objects.get()
    assert (stored.continuity, stored.file_name, stored.imported_by) == (
        Continuity.FIRST,
        "nov.txt",
        accountant,
    )
    event = AuditEvent.objects.get(action="statement.imported")
    assert event.after is not None
    assert (event.after["payment"], event.after["fee"], event.after["closing"]) == (2, 1, "712.00")
    assert not ReceivableItem.objects.exists()


def test_a_value_day_before_the_booking_changes_nothing_of_the_past(
    company: Company, bank: BankAccount, accountant: User
):
    bring(company, cfonb120(entry("10", value=-5)), accountant)
    assert Payment.objects.get().received_on == TODAY


def test_what_came_in_a_closed_month_counts_from_the_first_open_day(
    company: Company, bank: BankAccount, accountant: User
):
    services.close_period(company=company, month=date(2026, 10, 1), by=accountant, at=AT)
    bring(company, cfonb120(entry("10", days=-40)), accountant)
    assert Payment.objects.get().received_on == date(2026, 11, 1)
    assert StatementLine.objects.get().booked_on == TODAY - timedelta(days=40)


def test_the_client_who_alone_pays_from_an_iban_is_known(
    company: Company, account: CustomerAccount, bank: BankAccount, accountant: User
):
    link = PayerLink.objects.create(company=company, account=account, iban=OTHER_IBAN, learned_at=AT)
    bring(company, cfonb120(entry("10", IPY=OTHER_IBAN)), accountant)
    payment = Payment.objects.get()
    assert payment.account == account
    assert ReceivableItem.objects.get(payment=payment).open_amount == -10
    assert list(proofs.differences()) == []
    # Ended, it says nothing any more.
    PayerLink.objects.filter(pk=link.pk).update(ended_at=AT)
    bring(company, cfonb120(entry("11", IPY=OTHER_IBAN), opening=Decimal(1010)), accountant)
    assert Payment.objects.get(amount=11).account is None


# --- twice is once --------------------------------------------------------------------------------------------


def test_the_same_file_twice_books_nothing(company: Company, bank: BankAccount, accountant: User):
    content = cfonb120(entry("10"), entry("10"), entry("-3", "FRAIS"))
    first, again = bring(company, content, accountant), bring(company, content, accountant)
    assert (first.created, first.duplicates) == (3, 0)
    assert (again.created, again.duplicates, again.is_known) == (0, 3, True)
    assert again.stored == first.stored
    assert (Payment.objects.count(), StatementLine.objects.count()) == (2, 3)


def test_overlapping_statements_book_each_line_once_and_say_so(
    company: Company, bank: BankAccount, accountant: User
):
    first, second, third = entry("10", days=-2), entry("20", days=-1), entry("30")
    bring(company, cfonb120(first, second), accountant)
    result = bring(company, cfonb120(second, third, opening=Decimal(1010)), accountant)
    assert result.outcomes == (LineOutcome.DUPLICATE, LineOutcome.PAYMENT)
    assert (result.continuity, result.balance_before) == (Continuity.OVERLAP, Decimal("1030.00"))
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [10, 20, 30]
    repeated = StatementLine.objects.get(outcome=LineOutcome.DUPLICATE)
    assert repeated.duplicate_of is not None
    assert repeated.duplicate_of.payment is not None


def test_a_second_statement_of_the_day_with_an_equal_line_is_new_money(
    company: Company, bank: BankAccount, accountant: User
):
    bring(company, cfonb120(entry("10")), accountant)
    result = bring(company, cfonb120(entry("10"), opening=Decimal(1010)), accountant)
    assert (result.created, result.continuity) == (1, Continuity.CONTINUES)
    assert Payment.objects.count() == 2


def test_a_gap_is_said_and_booked(company: Company, bank: BankAccount, accountant: User):
    bring(company, cfonb120(entry("10", days=-3)), accountant)
    result = bring(company, cfonb120(entry("5"), opening=Decimal(1500)), accountant)
    assert (result.continuity, result.balance_before, result.created) == (
        Continuity.GAP,
        Decimal("1010.00"),
        1,
    )


def test_one_account_in_two_formats(company: Company, bank: BankAccount, accountant: User):
    bring(company, cfonb120(entry("10", days=-1)), accountant)
    result = bring(company, camt053([("5", "FA1")], opening=Decimal(1010)), accountant)
    assert (result.bank_account, result.continuity) == (bank, Continuity.CONTINUES)


def test_a_dry_run_says_the_same_and_stores_nothing(company: Company, bank: BankAccount, accountant: User):
    content = cfonb120(entry("10"), entry("-5", "IMPAYE PRLV X"))
    seen = bring(company, content, accountant, dry_run=True)
    assert nothing_booked()
    done = bring(company, content, accountant)
    assert (seen.outcomes, seen.continuity) == (done.outcomes, done.continuity)


# --- money the bank took back ---------------------------------------------------------------------------------


@pytest.fixture
def paid(company: Company, account: CustomerAccount, accountant: User) -> Payment:
    debit = make_item(account, "72.00", by=accountant)
    payment = make_payment(
        account, "72.00", by=accountant, payer_name="LEROY SAS", method="direct_debit",
        received=TODAY - timedelta(days=5),
    )  # fmt: skip
    services.allocate_payment(payment_id=payment.pk, items=[(debit.pk, Decimal(72))], by=accountant, at=AT)
    return payment


def taken_back(company: Company, by: User, label: str = "IMPAYE PRLV SEPA LEROY SAS") -> ReturnProposal:
    bring(company, cfonb120(entry("-72.00", label, code="B3", LIB="MOTIF AM04")), by)
    return ReturnProposal.objects.get()


def test_a_return_proposes_its_payment_and_a_person_settles_it(
    company: Company, bank: BankAccount, accountant: User, paid: Payment
):
    proposal = taken_back(company, accountant)
    assert (proposal.payment, proposal.hint, proposal.status) == (paid, "name", ReturnStatus.OPEN)
    assert not PaymentReturn.objects.exists()

    for _ in range(2):
        services.settle_return(proposal_id=proposal.pk, fee=Decimal(12), by=accountant, at=AT)

    row = PaymentReturn.objects.get()
    assert (row.payment, row.returned_on, row.fee) == (paid, TODAY, Decimal(12))
    assert row.reason == "AM04 · IMPAYE PRLV SEPA LEROY SAS"
    assert AuditEvent.objects.filter(action="return_proposal.returned").count() == 1
    assert list(proofs.differences()) == []
    with pytest.raises(AlreadyDecided):
        services.leave_return(proposal_id=proposal.pk, reason="no", by=accountant, at=AT)


def test_a_return_whose_payment_nobody_knows_waits_for_a_choice(
    company: Company, account: CustomerAccount, bank: BankAccount, accountant: User, paid: Payment
):
    make_payment(account, "72.00", by=accountant, method="direct_debit")
    proposal = taken_back(company, accountant, "IMPAYE PRLV SEPA INCONNU")
    assert proposal.payment is None
    with pytest.raises(Invalid):
        services.settle_return(proposal_id=proposal.pk, by=accountant, at=AT)
    other = make_payment(account, "71.00", by=accountant)
    with pytest.raises(OtherAmount):
        services.settle_return(proposal_id=proposal.pk, payment_id=other.pk, by=accountant, at=AT)
    services.settle_return(proposal_id=proposal.pk, payment_id=paid.pk, by=accountant, at=AT)
    assert paid.returns.exists()


def test_a_return_is_left_aside_with_a_reason(
    company: Company, bank: BankAccount, accountant: User, paid: Payment
):
    proposal = taken_back(company, accountant)
    with pytest.raises(Invalid):
        services.leave_return(proposal_id=proposal.pk, reason=" ", by=accountant, at=AT)
    for _ in range(2):
        left = services.leave_return(proposal_id=proposal.pk, reason="Ours", by=accountant, at=AT)
    assert (left.status, left.payment) == (ReturnStatus.DISMISSED, None)
    with pytest.raises(AlreadyDecided):
        services.settle_return(proposal_id=proposal.pk, payment_id=paid.pk, by=accountant, at=AT)


def test_who_may_decide_on_a_return(company: Company, bank: BankAccount, accountant: User, paid: Payment):
    proposal = taken_back(company, accountant)
    acts: list[Callable[[User], object]] = [
        lambda by: services.settle_return(proposal_id=proposal.pk, by=by, at=AT),
        lambda by: services.leave_return(proposal_id=proposal.pk, reason="x", by=by, at=AT),
    ]
    far = make_user("receivables_accountant", CompanyFactory(code="FAR"))
    for act in acts:
        with pytest.raises(NotAllowed):
            act(make_user("finance_director", company))
        for nobody in (far, make_user("sales", company)):
            with pytest.raises(NotFound):
                act(nobody)
    assert ReturnProposal.objects.get().status == ReturnStatus.OPEN


# --- what the database refuses --------------------------------------------------------------------------------


def test_what_the_bank_wrote_never_changes(company: Company, bank: BankAccount, accountant: User):
    bring(company, cfonb120(entry("10")), accountant)
    for change in (
        lambda: StatementLine.objects.update(amount=11),
        lambda: StatementLine.objects.all()._raw_delete("default"),
        lambda: BankStatement.objects.update(closing_balance=0),
        lambda: BankStatement.objects.all()._raw_delete("default"),
    ):
        with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"position": 1}, "statement_line_in_its_place"),
        ({"position": 2}, "statement_line_has_a_place"),
        ({"position": 2, "outcome": "payment"}, "statement_line_became_one_thing"),
        ({"position": 2, "same": True}, "statement_line_booked_once"),
    ],
)
def test_no_line_is_added_to_a_stored_statement(
    company: Company, bank: BankAccount, accountant: User, changes: dict[str, Any], constraint: str
):
    bring(company, cfonb120(entry("10")), accountant)
    line = StatementLine.objects.get()
    line.pk, line.payment, line.outcome = None, None, "fee"
    line.fingerprint = line.fingerprint if changes.pop("same", False) else "other"
    for name, value in changes.items():
        setattr(line, name, value)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        line.save(force_insert=True)


def test_a_statement_that_does_not_tie_is_not_stored(company: Company, bank: BankAccount, accountant: User):
    bring(company, cfonb120(entry("10")), accountant)
    stored = BankStatement.objects.get()
    stored.pk, stored.fingerprint, stored.line_count = None, "other", 0
    stored.save(force_insert=True)
    with pytest.raises(IntegrityError, match="bank_statement_ties"):
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_payer_link_stays_in_its_company(company: Company, account: CustomerAccount):
    with pytest.raises(IntegrityError, match="payer_link_in_one_company"), transaction.atomic():
        PayerLink.objects.create(
            company=CompanyFactory(code="FAR"), account=account, iban=IBAN, learned_at=AT
        )
    PayerLink.objects.create(company=company, account=account, iban=IBAN, learned_at=AT)
    with pytest.raises(IntegrityError, match="one_payer_link_in_force"), transaction.atomic():
        PayerLink.objects.create(company=company, account=account, iban=IBAN, learned_at=AT)

"""Claimed interest: what the reading takes from the book, notes and their undoing, waivers, agreed terms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from credit.enums import LegalNoticeKind
from credit.queries import exposure_of
from credit.services.legal import end_notice, record_notice
from invoicing import proofs, services
from invoicing.interest_policy import HalfYear, InterestTerms, RateMissing, Regime
from invoicing.interest_queries import InvoiceInterest, interest_of, penalty_rate_text, terms_of
from invoicing.models import (
    AgreedTerms,
    Invoice,
    NumberSeries,
    PenaltyClaim,
    PenaltyNote,
    PenaltyWaiver,
    ReceivableItem,
)
from invoicing.penalty_paper import note_pdf
from invoicing.policy import DatedAhead, Instalment
from invoicing.services import penalties, waivers
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_invoice, make_item

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def credit(company: Company) -> User:
    return make_user("credit_manager", company)


@pytest.fixture
def invoice(account: CustomerAccount, accountant: User) -> Invoice:
    """10 000 issued 60 days ago, due 30 days ago: 12.40 % for 30 days make 101.92."""
    return make_invoice(account, "10000.00", by=accountant)


def read(invoice: Invoice, on: date = TODAY) -> InvoiceInterest:
    return interest_of([invoice.pk], on)[invoice.pk]


def claim(by: User, *invoices: Invoice, on: date = TODAY, at: Any = AT) -> PenaltyNote:
    return penalties.claim_interest(
        account_id=invoices[0].account_id, invoice_ids=[i.pk for i in invoices], as_of=on, by=by, at=at
    )


def pay(invoice: Invoice, amount: str, on: date, by: User) -> None:
    money = make_credit(invoice.account, amount, by=by, received=on)
    item = invoice.items.get()
    services.allocate(from_item_id=money.pk, to_item_id=item.pk, amount=D(amount), by=by, at=AT)


# --- the reading -------------------------------------------------------------------------------------------------


def test_interest_and_indemnity_of_what_is_late(invoice: Invoice):
    found = read(invoice)
    assert found.whole is not None
    assert (found.whole.days, found.whole.interest, found.whole.fee) == (30, D("101.92"), D(40))
    assert (found.claimable_interest, found.claimable_fee) == (D("101.92"), D(40))
    on_time = read(invoice, day(-30))
    assert not on_time.is_claimable
    assert interest_of([invoice.pk], day(-61)) == {}
    assert interest_of([], TODAY) == {}


def test_a_payment_stops_it_from_the_day_after_it_came(invoice: Invoice, accountant: User):
    pay(invoice, "10000.00", day(-10), accountant)
    found = read(invoice).whole
    assert found is not None
    assert (found.days, found.interest, found.fee) == (20, D("67.95"), D(40))
    # On an earlier day the payment is not there yet.
    earlier = read(invoice, day(-15)).whole
    assert earlier is not None
    assert earlier.days == 15


def test_interest_does_not_vanish_once_the_principal_is_paid(
    invoice: Invoice, accountant: User, credit: User
):
    pay(invoice, "10000.00", TODAY, accountant)
    assert claim(credit, invoice).interest == D("101.92")


@pytest.mark.parametrize(("code", "interest"), [("PRICE", "50.96"), ("", "50.96"), ("GOODWILL", "101.92")])
def test_a_credit_note_was_never_owed_unless_it_is_a_gesture(
    invoice: Invoice, company: Company, code: str, interest: str
):
    services.credit_invoice(
        invoice_id=invoice.pk,
        amount=D("5000.00"),
        reason="agreed",
        reason_code=code,
        by=make_user("finance_director", company),
        at=AT,
    )
    assert read(invoice).claimable_interest == D(interest)


def test_instalments_run_each_for_itself_with_one_indemnity(account: CustomerAccount, accountant: User):
    parts = [Instalment(day(-30), D(5000)), Instalment(day(-10), D(5000)), Instalment(day(10), D(5000))]
    found = read(make_invoice(account, "15000.00", by=accountant, instalments=parts)).whole
    assert found is not None
    assert [(s.instalment, s.days) for s in found.segments] == [(1, 30), (2, 10)]
    assert (found.interest, found.fee) == (D("67.95"), D(40))


def test_a_due_date_put_off_moves_the_first_day(invoice: Invoice, credit: User):
    services.change_due_date(
        item_id=invoice.items.get().pk, due_date=day(-5), reason="agreed", by=credit, at=AT
    )
    assert [read(invoice).whole.days, read(invoice, day(-1)).whole.days] == [5, 29]  # type: ignore[union-attr]


def test_many_invoices_cost_what_one_does(account: CustomerAccount, accountant: User):
    invoices = [make_invoice(account, "100.00", by=accountant) for _ in range(3)]
    pay(invoices[0], "40.00", day(-10), accountant)
    counts = []
    for wanted in (invoices[:1], invoices):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = interest_of([each.pk for each in wanted], TODAY)
        counts.append(len(queries))
        assert len(found) == len(wanted)
    assert counts == [2, 2]


def test_a_missing_rate_stops_nothing_but_the_claim(invoice: Invoice, credit: User):
    found = interest_of([invoice.pk], date(2027, 1, 1))[invoice.pk]
    assert (found.whole, found.missing, found.is_claimable) == (None, HalfYear(2027, 1), False)
    later = AT.replace(year=2027, month=1, day=4)
    with pytest.raises(RateMissing, match="2027-S1"):
        claim(credit, invoice, on=date(2027, 1, 4), at=later)
    assert not PenaltyNote.objects.exists()
    # Up to the last day whose rate is known it may be claimed.
    assert claim(credit, invoice, on=date(2026, 12, 31), at=later).fee == 40


def test_what_an_invoice_prints_about_its_rate():
    text = penalty_rate_text(issued=date(2026, 3, 1), language="en")
    assert "12.15" in text
    assert "10 points" in text
    assert "12,15" in penalty_rate_text(issued=date(2026, 3, 1), language="fr")
    missing = penalty_rate_text(issued=date(2027, 3, 1), language="fr")
    assert "au taux légal applicable" in missing
    contract = InterestTerms(Regime.CONTRACT, D("9.5"))
    assert "9.50" in penalty_rate_text(issued=date(2027, 3, 1), language="en", terms=contract)
    assert "8 points" in penalty_rate_text(
        issued=date(2026, 3, 1), language="en", terms=InterestTerms(Regime.PUBLIC8)
    )
    assert "%" not in penalty_rate_text(
        issued=date(2026, 3, 1), language="en", terms=InterestTerms(Regime.CONSUMER)
    )


# --- notes -------------------------------------------------------------------------------------------------------


def test_a_note_freezes_its_segments_and_becomes_items_of_its_own(
    invoice: Invoice, account: CustomerAccount, credit: User, accountant: User
):
    second = make_invoice(account, "1000.00", by=accountant)
    before = exposure_of(account, on=TODAY)
    note = claim(credit, invoice, second)
    assert (note.number, note.interest, note.fee) == ("IR2026-000001", D("112.11"), D(80))
    items = ReceivableItem.objects.filter(kind="PENALTY").order_by("instalment")
    assert [(i.document, i.amount, i.open_amount, i.due_date) for i in items] == [
        (note.number, D("112.11"), D("112.11"), day(30)),
        (note.number, D(80), D(80), day(30)),
    ]
    rows = list(note.claims.all())
    assert [(r.first_day, r.until, r.days, r.interest, r.fee) for r in rows] == [
        (day(-29), TODAY, 30, D("101.92"), D(40)),
        (day(-29), TODAY, 30, D("10.19"), D(40)),
    ]
    assert rows[0].segments[0] == {
        "instalment": 1, "from": day(-29).isoformat(), "to": TODAY.isoformat(), "days": 30,
        "balance": "10000.00", "rate": "12.4000", "basis": 365, "amount": "101.92",
    }  # fmt: skip
    after = exposure_of(account, on=TODAY)
    # Told apart, unless the company counts what it claims (domain.md 4.1, E9).
    assert (after.net, after.figures.left_out) == (before.net, {"claimed_penalties": D("192.11")})
    assert AuditEvent.objects.get(action="penalty_note.issued").after == {
        "amount": "112.11", "currency": "EUR", "fee": "80.00", "until": TODAY.isoformat(), "invoices": 2,
    }  # fmt: skip
    assert list(proofs.differences()) == []


def test_the_next_note_goes_on_from_there_and_the_indemnity_is_claimed_once(invoice: Invoice, credit: User):
    first = claim(credit, invoice, on=day(-20))
    with pytest.raises(penalties.NothingToClaim, match=invoice.number):
        claim(credit, invoice, on=day(-20))
    second = claim(credit, invoice)
    assert [(n.claims.get().first_day, n.claims.get().until, n.fee) for n in (first, second)] == [
        (day(-29), day(-20), D(40)),
        (day(-19), TODAY, D(0)),
    ]
    assert first.interest + second.interest == D("101.92")
    assert (second.number, second.fee_item) == ("IR2026-000002", None)


@pytest.mark.parametrize(
    "role", ["sales", "sales_manager", "adv_manager", "auditor", "administrator", "integration"]
)
def test_others_do_not_claim(invoice: Invoice, company: Company, account: CustomerAccount, role: str):
    by = make_user(role, company)
    with pytest.raises((NotAllowed, NotFound)):
        claim(by, invoice)


def test_what_is_not_there_to_claim(
    invoice: Invoice, account: CustomerAccount, credit: User, accountant: User
):
    other = make_invoice(CustomerAccountFactory(company=account.company), "100.00", by=accountant)
    with pytest.raises(NotFound):  # another client's
        claim(credit, invoice, other)
    abroad = make_user("credit_manager", CompanyFactory(code="FAR"))
    with pytest.raises(NotFound):
        claim(abroad, invoice)
    with pytest.raises(penalties.NothingToClaim):
        penalties.claim_interest(account_id=account.pk, invoice_ids=[], as_of=TODAY, by=credit, at=AT)
    with pytest.raises(DatedAhead):
        claim(credit, invoice, on=day(1))
    dollars = make_invoice(account, "100.00", by=accountant, currency="USD")
    with pytest.raises(penalties.SeveralCurrencies):
        claim(credit, invoice, dollars)
    assert not NumberSeries.objects.filter(prefix="IR").exists()


def test_disputed_interest_waits_until_the_dispute_has_ended(
    invoice: Invoice, credit: User, accountant: User
):
    row = services.dispute_amount(
        item_id=invoice.items.get().pk, amount=D(10), reference="L1", on=TODAY, by=accountant, at=AT
    )
    found = read(invoice)
    assert found.whole is not None
    assert (found.whole.interest, found.is_claimable, found.disputed) == (D("101.92"), False, D(10))
    with pytest.raises(penalties.NothingToClaim, match="disputed"):
        claim(credit, invoice)
    assert row.pk


def test_a_note_is_taken_back_by_another_one(
    invoice: Invoice, account: CustomerAccount, credit: User, accountant: User
):
    note = claim(credit, invoice)
    for reason, by, refusal in (
        (" ", credit, Invalid),
        ("wrong", make_user("sales_manager", account.company), NotAllowed),
    ):
        with pytest.raises(refusal):
            penalties.cancel_penalty_note(note_id=note.pk, reason=reason, by=by, at=AT)
    # 40 of it are paid: they stay a credit of the client.
    money = make_credit(account, "40.00", by=accountant)
    assert note.fee_item_id is not None
    services.allocate(from_item_id=money.pk, to_item_id=note.fee_item_id, amount=D(40), by=accountant, at=AT)
    back = penalties.cancel_penalty_note(note_id=note.pk, reason="agreed", by=credit, at=AT)
    assert (back.number, back.interest, back.fee) == ("IR2026-000002", -note.interest, D(-40))
    open_now = ReceivableItem.objects.filter(kind="PENALTY").exclude(open_amount=0)
    assert [(i.document, i.open_amount) for i in open_now] == [(back.number, D(-40))]
    for twice in (note, back):
        with pytest.raises(penalties.AlreadyCancelled):
            penalties.cancel_penalty_note(note_id=twice.pk, reason="again", by=credit, at=AT)
    again = claim(credit, invoice)
    assert (again.number, again.interest, again.fee) == ("IR2026-000003", note.interest, D(40))
    assert list(proofs.differences()) == []


def test_the_last_note_is_taken_back_first(invoice: Invoice, credit: User):
    first = claim(credit, invoice, on=day(-20))
    second = claim(credit, invoice)
    with pytest.raises(penalties.LaterNote):
        penalties.cancel_penalty_note(note_id=first.pk, reason="wrong", by=credit, at=AT)
    for note in (second, first):
        penalties.cancel_penalty_note(note_id=note.pk, reason="wrong", by=credit, at=AT)
    assert read(invoice).claimable_interest == D("101.92")


def broken_claim(note: PenaltyNote, invoice: Invoice, **facts: Any) -> None:
    row = {"first_day": day(1), "until": day(2), "interest": D(1), "fee": D(0), "regime": "BCE10"} | facts
    PenaltyClaim.objects.create(note=note, invoice=invoice, **row)


@pytest.mark.parametrize(
    "facts",
    [
        {"first_day": TODAY, "until": day(5)},  # a day that is claimed
        {"first_day": day(-200), "until": day(200)},
        {"fee": D(40)},  # a second indemnity
        {"fee": D(20)},
        {"interest": D(0)},
        {"first_day": None, "until": None},
        {"first_day": day(3)},
    ],
)
def test_the_database_refuses_a_claim_that_must_not_be(
    invoice: Invoice, credit: User, account: CustomerAccount, accountant: User, facts: dict[str, Any]
):
    claim(credit, invoice)
    other = claim(credit, make_invoice(account, "100.00", by=accountant))
    with pytest.raises(IntegrityError), transaction.atomic():
        broken_claim(other, invoice, **facts)


def test_days_beside_those_claimed_may_be_claimed(
    invoice: Invoice, credit: User, account: CustomerAccount, accountant: User
):
    claim(credit, invoice)
    other = claim(credit, make_invoice(account, "100.00", by=accountant))
    broken_claim(other, invoice, first_day=day(1), until=day(2))


def test_nothing_of_a_note_is_changed_or_deleted(invoice: Invoice, credit: User):
    note = claim(credit, invoice)
    row = note.claims.get()
    acts: list[Callable[[], Any]] = [
        note.delete,
        row.delete,
        lambda: PenaltyNote.objects.update(fee=0),
        lambda: PenaltyClaim.objects.update(interest=1),
        lambda: PenaltyClaim.objects.update(segments=[]),
    ]
    for act in acts:
        with pytest.raises(Exception, match=r"Cannot (update|delete)|protected"), transaction.atomic():
            act()


def test_the_paper_is_in_the_clients_language(invoice: Invoice, credit: User):
    note = claim(credit, invoice)
    assert note_pdf(note).startswith(b"%PDF-")
    back = penalties.cancel_penalty_note(note_id=note.pk, reason="wrong", by=credit, at=AT)
    assert note_pdf(back).startswith(b"%PDF-")


# --- waivers and terms -------------------------------------------------------------------------------------------


def waive(
    invoice: Invoice, by: User, *, interest: bool = True, fee: bool = True, reason: str = "goodwill"
) -> PenaltyWaiver:
    return waivers.waive_interest(
        invoice_id=invoice.pk, interest=interest, fee=fee, reason=reason, by=by, at=AT
    )


def test_what_is_waived_is_not_claimed_until_the_waiver_is_lifted(invoice: Invoice, credit: User):
    row = waive(invoice, credit, fee=False)
    assert waive(invoice, credit, fee=False) == row
    with pytest.raises(waivers.AlreadyWaived):
        waive(invoice, credit, reason="another")
    assert (read(invoice).claimable_interest, read(invoice).claimable_fee) == (D(0), D(40))
    note = claim(credit, invoice)
    assert note.interest == 0
    assert note.interest_item is None
    assert note.claims.get().until is None
    with pytest.raises(waivers.FeeClaimed):
        waive(invoice, credit, interest=False)
    with pytest.raises(Invalid):
        waivers.lift_waiver(waiver_id=row.pk, reason=" ", by=credit, at=AT)
    waivers.lift_waiver(waiver_id=row.pk, reason="promise broken", by=credit, at=AT)
    with pytest.raises(waivers.AlreadyLifted):
        waivers.lift_waiver(waiver_id=row.pk, reason="again", by=credit, at=AT)
    assert claim(credit, invoice).interest == D("101.92")
    assert AuditEvent.objects.filter(action__startswith="penalty.w").count() == 2


def test_waiving_takes_the_right_and_a_reason(
    invoice: Invoice, company: Company, credit: User, accountant: User
):
    for by in (accountant, make_user("adv_manager", company), make_user("sales_manager", company)):
        with pytest.raises(NotAllowed):
            waive(invoice, by)
    with pytest.raises(NotFound):
        waive(invoice, make_user("credit_manager", CompanyFactory(code="FAR")))
    with pytest.raises(Invalid):
        waive(invoice, credit, reason=" ")
    with pytest.raises(Invalid):
        waive(invoice, credit, interest=False, fee=False)


def test_the_database_refuses_a_waiver_that_must_not_be(invoice: Invoice, credit: User):
    row = waive(invoice, credit)
    facts: dict[str, Any] = {"invoice": invoice, "waived_by": credit, "waived_at": AT, "reason": "x"}
    for wrong in ({"interest": True}, {"fee": True}, {}, {"interest": True, "reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PenaltyWaiver.objects.create(**facts | wrong)
    for changed in ({"reason": "other"}, {"lifted_at": AT}):
        with pytest.raises(Exception, match=r"Cannot update|penalty_waiver"), transaction.atomic():
            PenaltyWaiver.objects.filter(pk=row.pk).update(**changed)


def agree(account: CustomerAccount, by: User, **facts: Any) -> AgreedTerms:
    given: dict[str, Any] = {
        "regime": Regime.CONTRACT,
        "contract_rate": D("8.00"),
        "valid_from": day(-100),
        "reason": "clause 7",
    }
    return waivers.agree_on_terms(account_id=account.pk, by=by, at=AT, **given | facts)


def test_terms_count_for_invoices_issued_from_their_day(
    invoice: Invoice, account: CustomerAccount, credit: User
):
    agree(account, credit, valid_from=day(-59))
    assert read(invoice).terms.regime == Regime.BCE10
    agree(account, credit)
    found = read(invoice)
    assert found.whole is not None
    assert (found.whole.interest, found.whole.floor_breach) == (D("65.75"), True)  # 8 % below 8.25 %
    assert terms_of(account.company_id, account.pk, invoice.issue_date) == found.terms
    agree(account, credit, regime=Regime.CONSUMER, contract_rate=None)
    assert not read(invoice).is_claimable


def test_terms_of_the_company_count_where_a_client_has_none(
    invoice: Invoice, account: CustomerAccount, credit: User
):
    facts = {"valid_from": day(-100), "recorded_by": credit, "recorded_at": AT, "reason": "general terms"}
    AgreedTerms.objects.create(company=account.company, regime="CONTRACT", contract_rate=D("12.00"), **facts)
    assert read(invoice).terms.contract_rate == D(12)
    agree(account, credit, contract_rate=D("9.00"))
    assert read(invoice).terms.contract_rate == D(9)


def test_proceedings_stop_interest_of_what_was_owed_before(
    invoice: Invoice, account: CustomerAccount, credit: User
):
    notice = record_notice(
        account_id=account.pk, kind=LegalNoticeKind.RECEIVERSHIP, judgement_on=day(-9), published_on=day(-5),
        reference="A-1", by=credit, at=AT,
    )  # fmt: skip
    found = read(invoice).whole
    assert found is not None
    assert (found.days, found.segments[-1].last) == (20, day(-10))
    manager = make_user("credit_manager", account.company)
    end_notice(notice_id=notice.pk, reason="another company", was_mistake=True, by=manager, at=AT)
    assert read(invoice).whole.days == 30  # type: ignore[union-attr]


def test_terms_need_their_rate_and_their_right(account: CustomerAccount, credit: User, company: Company):
    for wrong in (
        {"contract_rate": None},
        {"contract_rate": D(0)},
        {"contract_rate": D(100)},
        {"regime": Regime.BCE10},
        {"reason": " "},
    ):
        with pytest.raises(Invalid):
            agree(account, credit, **wrong)
    with pytest.raises(NotAllowed):
        agree(account, make_user("receivables_accountant", company))
    row = agree(account, credit)
    for act in (row.delete, lambda: AgreedTerms.objects.update(reason="x")):
        with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
            act()


# --- two at once -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_claim_at_once_claim_once(
    company: Company, account: CustomerAccount, accountant: User, credit: User
):
    invoice = make_invoice(account, "10000.00", by=accountant)
    ready, results = threading.Barrier(2), []

    def one() -> None:
        ready.wait()
        try:
            results.append(claim(credit, invoice).number)
        except penalties.NothingToClaim:
            results.append("nothing")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["IR2026-000001", "nothing"]
    assert make_item(account, "1.00", by=accountant).pk

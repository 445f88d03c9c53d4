"""A claim file from the threat of loss to its end: what it may hold, what follows, what cannot be undone."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Company, CustomerAccount, ExchangeRate, User
from credit.models import LegalNotice
from dunning.enums import Exclusion
from dunning.queries.plan import read_plan
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from invoicing.claims import services
from invoicing.claims.alerts import indemnities_due
from invoicing.claims.cap import cover_year
from invoicing.claims.enums import ClaimOutcome
from invoicing.declarations import declarations_due
from invoicing.models import InsuranceClaim, InsuranceClaimItem, InsuranceClaimStep, ReceivableItem
from invoicing.proofs import differences
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.insurance import cover, insure
from tests.factories.invoicing import AT, TODAY, day, make_item, make_payment
from tests.invoicing.test_proofs import behind_the_back

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    made = CustomerAccountFactory(company=company, entity=LegalEntityFactory(siren="732829320"))
    insure(company)
    cover(made)
    return made


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company)


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_item(account, "1200", by=accountant)


def opened(*items: ReceivableItem, by: User, **given: Any) -> InsuranceClaim:
    keys = [item.pk for item in items]
    return services.open_claim(item_ids=keys, by=by, **{"told_on": TODAY, "at": AT} | given)


def declared(item: ReceivableItem, by: User) -> InsuranceClaim:
    claim = opened(item, by=by)
    return services.declare(claim_id=claim.pk, on=TODAY, reference="ALZ-77", by=by, at=AT)


def left_out(account: CustomerAccount) -> dict[str, str]:
    ensure_scenario(account.company)
    _letters, rows = read_plan(account.company, as_of=TODAY)
    return {row.document: row.reason for row in rows}


def test_from_the_threat_to_the_indemnity(item: ReceivableItem, account: CustomerAccount, manager: User):
    claim = opened(item, by=manager, note="no answer since October")
    assert (claim.number, claim.status, claim.policy.insurer) == ("SI-2026-0001", "THREAT", "Insurer SA")
    # 20 % VAT off, all within the limit of 30 000, 90 % of it insured; told by 60 days after the due date.
    assert (claim.amount, claim.covered, claim.expected) == (D("1200.00"), D("1000.00"), D("900.00"))
    assert (claim.deadline, claim.told_late, claim.is_insolvency) == (day(30), False, False)
    assert opened(item, by=manager) == claim

    claim = services.declare(claim_id=claim.pk, on=TODAY, reference=" ALZ-77 ", by=manager, at=AT)
    assert (claim.status, claim.reference, claim.waits_until) == ("DECLARED", "ALZ-77", day(90))
    assert left_out(account) == {}
    claim = services.leave_recovery(claim_id=claim.pk, on=TODAY, words="their office", by=manager, at=AT)
    assert left_out(account) == {item.document: Exclusion.HANDED_OVER}
    for amount, reference in (("500", "V1"), ("500", "V1"), ("400", "V2")):
        claim = services.indemnify(
            claim_id=claim.pk, amount=D(amount), on=TODAY, words=reference, by=manager, at=AT
        )
    assert (claim.status, claim.indemnity) == ("INDEMNIFIED", D("900.00"))
    claim = services.close_claim(
        claim_id=claim.pk, outcome=ClaimOutcome.INDEMNIFIED, reason="done", by=manager, at=AT
    )
    assert (claim.status, claim.outcome, claim.badge) == (
        "CLOSED",
        "INDEMNIFIED",
        "insurance_claim_indemnified",
    )
    assert left_out(account) == {}
    steps = list(claim.steps.values_list("status", "amount"))
    assert steps == [
        ("THREAT", None), ("DECLARED", None), ("IN_RECOVERY", None), ("INDEMNIFIED", D("500.00")),
        ("INDEMNIFIED", D("400.00")), ("CLOSED", None),
    ]  # fmt: skip
    events = AuditEvent.objects.filter(action__startswith="insurance_claim.").order_by("pk")
    assert [event.action.partition(".")[2] for event in events] == [
        "opened", "declared", "in_recovery", "indemnified", "indemnified", "closed",
    ]  # fmt: skip
    assert list(differences(company=account.company, today=TODAY)) == []


def test_each_step_once_more_changes_nothing(item: ReceivableItem, manager: User):
    claim = declared(item, manager)
    assert declared(item, manager).steps.count() == claim.steps.count() == 2
    for _ in range(2):
        services.leave_recovery(claim_id=claim.pk, on=TODAY, by=manager, at=AT)
    for _ in range(2):
        services.close_claim(
            claim_id=claim.pk, outcome=ClaimOutcome.REFUSED, reason="too late", by=manager, at=AT
        )
    assert claim.steps.count() == 4
    with pytest.raises(services.WrongStep):
        services.close_claim(
            claim_id=claim.pk, outcome=ClaimOutcome.WITHDRAWN, reason="ours", by=manager, at=AT
        )
    with pytest.raises(services.WrongStep):
        services.declare(claim_id=claim.pk, on=TODAY, reference="other", by=manager, at=AT)


def test_what_may_not_be_claimed_is_named_with_its_reason(
    account: CustomerAccount, item: ReceivableItem, accountant: User, manager: User
):
    later = make_item(account, by=accountant, issued=TODAY, due=day(30))
    contested = make_item(account, "100", by=accountant)
    invoicing.dispute_amount(item_id=contested.pk, amount=D(100), on=TODAY, by=accountant, at=AT)
    with pytest.raises(services.NotClaimable) as refused:
        opened(item, later, contested, by=manager)
    assert set(refused.value.errors) == {later.document, contested.document}
    assert not InsuranceClaim.objects.exists()
    invoicing.dispute_amount(item_id=item.pk, amount=D(200), on=TODAY, by=accountant, at=AT)
    assert opened(item, by=manager).amount == D(1000)


def test_a_cancelled_cover_leaves_what_was_issued_before_it(
    account: CustomerAccount, accountant: User, manager: User
):
    cover(account, "0", status="CANCELLED", effective_on=day(-40))
    before = make_item(account, by=accountant, issued=day(-50), due=day(-10))
    after = make_item(account, by=accountant, issued=day(-39), due=day(-9))
    with pytest.raises(services.NotClaimable) as refused:
        opened(before, after, by=manager)
    assert set(refused.value.errors) == {after.document}
    assert opened(before, by=manager).amount == before.amount


def test_a_blind_cover_counts_where_the_insurer_never_named_the_client(
    company: Company, accountant: User, manager: User
):
    account = CustomerAccountFactory(company=company)
    insure(company, blind_limit=D(50), blind_pct=D(80), vat_insured=True)
    claim = opened(make_item(account, "100", by=accountant), by=manager)
    assert (claim.covered, claim.expected) == (D(50), D(40))


def test_a_limit_in_another_currency_counts_at_the_rate_of_the_day(
    company: Company, account: CustomerAccount, accountant: User, manager: User
):
    ExchangeRate.objects.create(currency="USD", day=TODAY, units_per_eur=D(2))
    cover(account, "1000", currency="USD", effective_on=day(-90))
    claim = opened(make_item(account, "1200", by=accountant), by=manager)
    assert claim.covered == D(500)


def capped(company: Company, cap: str, **terms: Any) -> Any:
    """The terms of the same policy from ten days ago on, whose years begin on 1 January."""
    return insure(
        company, aggregate_cap=D(cap), valid_from=day(-10), year_from=day(0).replace(month=1, day=1), **terms
    )


def test_what_is_left_of_the_year_limits_a_claim(
    company: Company, account: CustomerAccount, accountant: User, manager: User
):
    terms = capped(company, "1500")
    first, second, third, last = (make_item(account, "1200", by=accountant) for _ in range(4))
    claim = opened(first, by=manager)
    assert (claim.expected, claim.beyond_cap) == (D("900.00"), D(0))
    other = opened(second, by=manager)
    assert (other.insured, other.expected, other.beyond_cap) == (D("900.00"), D("600.00"), D("300.00"))
    none = opened(third, by=manager)
    assert (none.covered, none.expected, none.beyond_cap) == (D("1000.00"), D(0), D("900.00"))
    # What an ended file did not bring is left again; what was paid is not.
    services.declare(claim_id=other.pk, on=TODAY, reference="R", by=manager, at=AT)
    services.indemnify(claim_id=other.pk, amount=D(100), on=TODAY, words="V", by=manager, at=AT)
    year = cover_year(terms, told_on=TODAY, on=TODAY)
    assert year is not None
    assert (year.begins, year.ends) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (year.paid, year.promised, year.left) == (D(100), D(1400), D(0))
    services.close_claim(claim_id=other.pk, outcome=ClaimOutcome.REFUSED, reason="x", by=manager, at=AT)
    assert opened(last, by=manager).expected == D("500.00")


def test_claims_of_another_year_or_policy_leave_the_cap_alone(
    company: Company, account: CustomerAccount, accountant: User, manager: User
):
    items = [make_item(account, "1200", by=accountant, issued=day(-400), due=day(-370)) for _ in range(3)]
    assert opened(items[0], by=manager, told_on=date(2025, 12, 31)).beyond_cap == D(0)
    terms = capped(company, "1000")
    assert opened(items[1], by=manager, told_on=date(2026, 1, 1)).beyond_cap == D(0)
    assert opened(items[2], by=manager).beyond_cap == D("800.00")
    assert cover_year(terms, told_on=date(2025, 6, 1), on=TODAY).left == D(100)  # type: ignore[union-attr]
    terms.number = "P-2"
    assert cover_year(terms, told_on=TODAY, on=TODAY).left == D(1000)  # type: ignore[union-attr]
    terms.aggregate_cap = None
    assert cover_year(terms, told_on=TODAY, on=TODAY) is None


def test_the_cap_counts_in_the_currency_of_the_claim(
    company: Company, account: CustomerAccount, accountant: User, manager: User
):
    ExchangeRate.objects.create(currency="USD", day=TODAY, units_per_eur=D(2))
    terms = capped(company, "400")
    claim = opened(make_item(account, "1200", by=accountant, currency="USD"), by=manager)
    assert (claim.expected, claim.beyond_cap) == (D("800.00"), D("100.00"))
    assert cover_year(terms, told_on=TODAY, on=TODAY).promised == D(400)  # type: ignore[union-attr]


def test_insolvency_is_declared_at_once_and_waits_for_nothing(
    account: CustomerAccount, accountant: User, manager: User
):
    LegalNotice.objects.create(
        entity=account.entity, kind="RECEIVERSHIP", judgement_on=day(-5), published_on=day(-3), reference="B1",
        company=account.company, recorded_at=AT, recorded_by=manager,
    )  # fmt: skip
    not_due = make_item(account, "120", by=accountant, issued=day(-20), due=day(30))
    claim = opened(not_due, by=manager)
    assert (claim.is_insolvency, claim.deadline) == (True, day(7))
    claim = services.declare(claim_id=claim.pk, on=TODAY, reference="ALZ", by=manager, at=AT)
    assert claim.waits_until == TODAY


def test_bad_input_is_named_and_nothing_is_half_done(
    account: CustomerAccount, item: ReceivableItem, accountant: User, manager: User
):
    with pytest.raises(Invalid) as refused:
        opened(by=manager)
    assert "items" in refused.value.errors
    for told in (day(1), day(-61)):
        with pytest.raises(Invalid) as refused:
            opened(item, by=manager, told_on=told)
        assert "told_on" in refused.value.errors
    other = make_item(CustomerAccountFactory(company=account.company), by=accountant)
    with pytest.raises(Invalid):
        opened(item, other, by=manager)
    claim = opened(item, by=manager)
    with pytest.raises(Invalid):
        services.declare(claim_id=claim.pk, on=TODAY, reference=" ", by=manager, at=AT)
    for on in (day(-1), day(1)):
        with pytest.raises(Invalid):
            services.declare(claim_id=claim.pk, on=on, reference="R", by=manager, at=AT)
    with pytest.raises(services.WrongStep):
        services.leave_recovery(claim_id=claim.pk, on=TODAY, by=manager, at=AT)
    services.declare(claim_id=claim.pk, on=TODAY, reference="R", by=manager, at=AT)
    for amount in ("0", "-1", "0.001", "1200.01", "NaN"):
        with pytest.raises(Invalid):
            services.indemnify(claim_id=claim.pk, amount=D(amount), on=TODAY, words="V", by=manager, at=AT)
    with pytest.raises(Invalid):
        services.indemnify(claim_id=claim.pk, amount=D(1), on=TODAY, words="", by=manager, at=AT)
    for outcome in (ClaimOutcome.PAID, ClaimOutcome.INDEMNIFIED):
        with pytest.raises(Invalid) as refused:
            services.close_claim(claim_id=claim.pk, outcome=outcome, reason="x", by=manager, at=AT)
        assert "outcome" in refused.value.errors
    with pytest.raises(Invalid):
        services.close_claim(claim_id=claim.pk, outcome=ClaimOutcome.REFUSED, reason="", by=manager, at=AT)
    assert claim.steps.count() == 2


def test_rights_and_scope(item: ReceivableItem, company: Company, accountant: User, manager: User):
    with pytest.raises(NotAllowed):
        opened(item, by=accountant)
    stranger = make_user("credit_manager", CompanyFactory(code="ELSE"))
    with pytest.raises(NotFound):
        opened(item, by=stranger)
    claim = opened(item, by=manager)
    for by, error in ((accountant, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            services.declare(claim_id=claim.pk, on=TODAY, reference="R", by=by, at=AT)
    assert claim.status == "THREAT"


def test_without_a_policy_nothing_is_claimed(company: Company, accountant: User, manager: User):
    item = make_item(CustomerAccountFactory(company=company), by=accountant)
    with pytest.raises(services.NoInsurance):
        opened(item, by=manager)


def test_what_the_insurer_was_told_of_is_to_be_declared_no_more(
    account: CustomerAccount, item: ReceivableItem, manager: User
):
    def due() -> list[Any]:
        return list(declarations_due(account_ids=[account.pk], since=day(-30), on=day(25)))

    (event,) = due()
    assert event.amount == item.open_amount
    claim = opened(item, by=manager)
    assert due() == []
    services.close_claim(
        claim_id=claim.pk, outcome=ClaimOutcome.WITHDRAWN, reason="by mistake", by=manager, at=AT
    )
    assert len(due()) == 1


def test_an_indemnity_is_asked_for_once_the_waiting_period_is_over(
    account: CustomerAccount, item: ReceivableItem, manager: User
):
    claim = declared(item, manager)

    def due(on: int) -> list[Any]:
        return list(indemnities_due(account_ids=[account.pk], since=day(-30), on=day(on)))

    assert due(89) == []
    (event,) = due(90)
    assert (event.amount, event.figures["document"]) == (claim.expected, claim.number)
    later = AT + timedelta(days=91)
    services.indemnify(claim_id=claim.pk, amount=D(1), on=day(91), words="V", by=manager, at=later)
    assert due(91) == []


def test_paid_by_the_client(account: CustomerAccount, item: ReceivableItem, accountant: User, manager: User):
    claim = declared(item, manager)
    paid = make_payment(account, "1200", by=accountant).items.get()
    invoicing.allocate(from_item_id=paid.pk, to_item_id=item.pk, amount=D(1200), by=accountant, at=AT)
    claim = services.close_claim(
        claim_id=claim.pk, outcome=ClaimOutcome.PAID, reason="paid", by=manager, at=AT
    )
    assert claim.outcome == "PAID"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoicing_insuranceclaim SET expected = 1",
        "UPDATE invoicing_insuranceclaim SET beyond_cap = 1",
        "UPDATE invoicing_insuranceclaim SET indemnity = 2000",
        "UPDATE invoicing_insuranceclaim SET status = 'CLOSED'",
        "UPDATE invoicing_insuranceclaim SET status = 'DECLARED'",
        "UPDATE invoicing_insuranceclaim SET declared_on = '2020-01-01', waits_until = '2020-01-01'",
        "DELETE FROM invoicing_insuranceclaimstep",
        "UPDATE invoicing_insuranceclaimstep SET words = 'other'",
        "UPDATE invoicing_insuranceclaimitem SET amount = 1",
        "DELETE FROM invoicing_insuranceclaimitem",
        "DELETE FROM invoicing_insuranceclaim",
    ],
)
def test_the_database_keeps_what_was_told(item: ReceivableItem, manager: User, statement: str):
    opened(item, by=manager)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_item_is_in_one_open_file_at_a_time(item: ReceivableItem, manager: User):
    claim = opened(item, by=manager)
    row = claim.items.get()
    other = InsuranceClaim.objects.get(pk=claim.pk)
    other.pk, other.number = None, "SI-2026-0002"
    other.save(force_insert=True)
    with pytest.raises(IntegrityError, match="one_open_insurance_claim_per_item"), transaction.atomic():
        InsuranceClaimItem.objects.create(
            claim=other, item=item, amount=1, due_date=row.due_date, limit=1, insured_pct=1
        )


def test_the_proof_finds_a_file_that_does_not_add_up(item: ReceivableItem, manager: User):
    claim = opened(item, by=manager)
    behind_the_back("UPDATE invoicing_insuranceclaim SET amount = amount + 1")
    InsuranceClaimStep.objects.create(
        claim=claim, status="INDEMNIFIED", on=TODAY, amount=D(5), words="x", by=manager, at=AT
    )
    found = {row.proof for row in differences(company=claim.company, today=TODAY)}
    assert found == {"items of a claim file", "indemnities of a claim file"}


@pytest.mark.parametrize("beyond", [D("-0.01"), D("100.01")])
def test_no_more_is_beyond_the_cap_than_the_insurers_share(
    item: ReceivableItem, manager: User, beyond: Decimal
):
    other = InsuranceClaim.objects.get(pk=opened(item, by=manager).pk)
    other.pk, other.number, other.beyond_cap = None, "SI-2026-0002", beyond
    with pytest.raises(IntegrityError, match="insurance_claim_beyond_cap_of_its_share"), transaction.atomic():
        other.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_claims_at_once_share_what_is_left_of_the_year(company: Company, accountant: User, manager: User):
    capped(company, "1500")
    items = []
    for _ in range(3):
        made = CustomerAccountFactory(company=company)
        cover(made)
        items.append(make_item(made, "1200", by=accountant))
    barrier, refused = threading.Barrier(3), []

    def claim(item: ReceivableItem) -> None:
        try:
            barrier.wait()
            opened(item, by=manager)
        except Exception as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=[item]) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert sorted(InsuranceClaim.objects.values_list("expected", flat=True)) == [D(0), D(600), D(900)]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_claim_the_same_make_one_file(
    account: CustomerAccount, item: ReceivableItem, manager: User
):
    barrier, made, refused = threading.Barrier(4), [], []

    def claim() -> None:
        try:
            barrier.wait()
            made.append(opened(item, by=manager).pk)
        except Exception as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (refused, len(set(made)), InsuranceClaimItem.objects.count()) == ([], 1, 1)

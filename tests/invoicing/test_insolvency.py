"""What a judgement freezes in the ledger: matching, proposals, interest, expected money, alerts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import CustomerAccount, User
from credit.enums import CoverStatus
from credit.models import BuyerCover, InsurancePolicy, LegalNotice
from invoicing import insolvency, services
from invoicing.declarations import declarations_due
from invoicing.expected.policy import Why
from invoicing.expected.queries import expected_days
from invoicing.insolvency import Sides, sides_of
from invoicing.interest_queries import interest_of, terms_of
from invoicing.matching.reading import proposals_for
from invoicing.models import Allocation, Payment, ReceivableItem
from invoicing.policy import FrozenItem
from invoicing.queries import with_open_amount
from tests.factories.invoicing import AT, TODAY, assume_rates, day, make_invoice, make_payment

D = Decimal


@pytest.fixture
def notice(account: CustomerAccount, accountant: User) -> LegalNotice:
    return LegalNotice.objects.create(
        company=account.company, entity=account.entity, kind="RECEIVERSHIP", judgement_on=day(-20),
        published_on=day(-10), reference="A-1", recorded_by=accountant, recorded_at=AT,
    )  # fmt: skip


@pytest.fixture
def before(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_invoice(
        account, "100.00", by=accountant, number="FA-1", issued=day(-60), due=day(-30)
    ).items.get()


@pytest.fixture
def since(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_invoice(
        account, "40.00", by=accountant, number="FA-2", issued=day(-19), due=day(-4)
    ).items.get()


def paid(account: CustomerAccount, amount: str, by: User, on: int = -1, **fields: Any) -> ReceivableItem:
    payment = make_payment(account, amount, by=by, received=day(on), **fields)
    return payment.items.get()


def match(one: ReceivableItem, other: ReceivableItem, amount: str, by: User) -> Allocation:
    return services.allocate(from_item_id=one.pk, to_item_id=other.pk, amount=D(amount), by=by, at=AT)


def test_new_money_pays_what_is_owed_since_alone(
    account: CustomerAccount,
    notice: LegalNotice,
    before: ReceivableItem,
    since: ReceivableItem,
    accountant: User,
):
    money = paid(account, "60.00", accountant)
    with pytest.raises(FrozenItem):
        match(money, before, "10", accountant)
    with pytest.raises(FrozenItem):
        match(before, money, "10", accountant)
    with pytest.raises(FrozenItem):
        services.allocate_payment(
            payment_id=money.payment_id or 0,
            items=[(since.pk, D(40)), (before.pk, D(20))],
            by=accountant,
            at=AT,
        )
    assert not Allocation.objects.exists()
    match(money, since, "40", accountant)
    # What came in before the judgement may be matched still.
    match(paid(account, "5.00", accountant, on=-21, external_id="V-2"), before, "5", accountant)


def test_a_credit_note_corrects_what_is_frozen(
    account: CustomerAccount, notice: LegalNotice, before: ReceivableItem, accountant: User
):
    services.credit_invoice(
        invoice_id=before.invoice_id or 0, amount=D(12), reason="returned", by=accountant, at=AT
    )
    before.refresh_from_db()
    assert before.open_amount == 88


def test_the_plan_pays_what_was_frozen(
    account: CustomerAccount, notice: LegalNotice, before: ReceivableItem, accountant: User
):
    LegalNotice.objects.create(
        company=account.company, entity=account.entity, kind="PLAN", judgement_on=day(-3), published_on=day(-2),
        reference="A-2", recorded_by=accountant, recorded_at=AT,
    )  # fmt: skip
    with pytest.raises(FrozenItem):
        match(paid(account, "10.00", accountant, on=-4), before, "10", accountant)
    match(paid(account, "10.00", accountant, on=-3, external_id="V-2"), before, "10", accountant)


def test_money_matched_as_it_comes_in_leaves_frozen_items_alone(
    account: CustomerAccount,
    notice: LegalNotice,
    before: ReceivableItem,
    since: ReceivableItem,
    accountant: User,
):
    payment = services.record_payment(
        company=account.company, account=account, external_id="V-9", received_on=day(-1), amount=D(140),
        currency="EUR", method="transfer", reference="FA-1 FA-2", match=True, by=accountant, at=AT,
    )  # fmt: skip
    before.refresh_from_db()
    since.refresh_from_db()
    assert (before.open_amount, since.open_amount) == (D(100), D(0))
    assert payment.items.get().open_amount == -100


def test_frozen_items_are_not_proposed(
    account: CustomerAccount,
    notice: LegalNotice,
    before: ReceivableItem,
    since: ReceivableItem,
    accountant: User,
):
    paid(account, "140.00", accountant, reference="FA-1 FA-2")
    (case,) = proposals_for(account.company, list(Payment.objects.values_list("pk", flat=True)))
    assert {line.item.key for proposal in case.proposals for line in proposal.lines} <= {since.pk}


def told(account: CustomerAccount) -> list[tuple[Any, ...]]:
    found = insolvency.frozen_payments(account_ids=[account.pk], since=day(-30), on=TODAY)
    return [(event.amount, event.figures["received_on"]) for event in found]


def test_money_for_a_frozen_debt_is_told(
    account: CustomerAccount,
    notice: LegalNotice,
    before: ReceivableItem,
    since: ReceivableItem,
    accountant: User,
):
    paid(account, "40.00", accountant, external_id="V-1", reference="your invoice FA-2")
    assert told(account) == []
    paid(account, "30.00", accountant, external_id="V-2", on=-2, reference="invoice fa 1")
    assert told(account) == [(D("30.00"), day(-2))]
    Payment.objects.filter(external_id="V-2").update(reference="")
    assert told(account) == []
    paid(account, "40.01", accountant, external_id="V-3", on=-3)
    assert told(account) == [(D("40.01"), day(-3))]


def test_nothing_is_told_where_nothing_is_frozen(
    account: CustomerAccount, before: ReceivableItem, accountant: User
):
    paid(account, "500.00", accountant, reference="FA-1")
    assert told(account) == []
    for tell in (insolvency.claims_to_file, insolvency.titles_to_claim):
        assert list(tell(account_ids=[account.pk], since=day(-30), on=TODAY)) == []


def test_claims_are_told_until_no_relief_is_left(
    account: CustomerAccount, notice: LegalNotice, before: ReceivableItem, since: ReceivableItem
):
    def claims(on: int) -> list[Any]:
        found = insolvency.claims_to_file(account_ids=[account.pk], since=day(on - 30), on=day(on))
        return [(event.amount, event.until) for event in found]

    (first,) = claims(0)
    assert first == (D("100.00"), insolvency.deadlines(day(-10)).claim)
    assert claims(160) == [first]
    assert claims(190) == []
    titles = insolvency.titles_to_claim(account_ids=[account.pk], since=day(-30), on=TODAY)
    assert [event.until for event in titles] == [insolvency.deadlines(day(-10)).title]


def test_an_insured_client_is_declared_days_after_the_publication(
    account: CustomerAccount,
    notice: LegalNotice,
    before: ReceivableItem,
    since: ReceivableItem,
    accountant: User,
):
    def due() -> list[Any]:
        found = declarations_due(account_ids=[account.pk], since=day(-30), on=TODAY)
        return [(e.amount, e.figures["day"]) for e in found if "judgement_on" in e.figures]

    assert due() == []
    BuyerCover.objects.create(
        company=account.company, entity=account.entity, amount=D(500), currency="EUR", insured_pct=90,
        status=CoverStatus.ACTIVE, effective_on=day(-90), recorded_at=AT,
    )  # fmt: skip
    InsurancePolicy.objects.create(
        company=account.company, insurer="I", number="1", valid_from=day(-90), insolvency_days=12,
        recorded_by=accountant, recorded_at=AT,
    )  # fmt: skip
    assert due() == [(D("100.00"), day(2))]


def test_interest_runs_on_what_is_owed_since(
    account: CustomerAccount, notice: LegalNotice, before: ReceivableItem, since: ReceivableItem
):
    assume_rates(TODAY)
    found = interest_of([before.invoice_id or 0, since.invoice_id or 0], TODAY)
    old, new = found[before.invoice_id or 0].whole, found[since.invoice_id or 0].whole
    assert old is not None
    assert new is not None
    assert (old.days, old.segments[-1].last) == (9, day(-21))
    assert (new.days, new.fee) == (4, D(40))
    assert terms_of(account.company_id, account.pk, day(-21)).judgement == day(-20)
    assert terms_of(account.company_id, account.pk, day(-20)).judgement is None


def test_nothing_is_expected_of_what_is_frozen(
    account: CustomerAccount, notice: LegalNotice, before: ReceivableItem, since: ReceivableItem
):
    rows = with_open_amount(ReceivableItem.objects.filter(amount__gt=0).select_related("account"), on=TODAY)
    found = expected_days(rows, on=TODAY)
    assert (found[before.pk].day, found[before.pk].why) == (None, Why.INSOLVENT)
    assert found[since.pk].day is not None


def test_both_sides_of_the_account(
    account: CustomerAccount, notice: LegalNotice, before: ReceivableItem, since: ReceivableItem
):
    assert sides_of(account, day(-20)) == [Sides("EUR", D("100.00"), D("40.00"))]
    assert sides_of(account, day(-99)) == [Sides("EUR", D(0), D("140.00"))]

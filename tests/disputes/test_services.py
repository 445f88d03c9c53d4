"""Opening a dispute and working on it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Company, CustomerAccount, User
from disputes import policy, proofs, services
from disputes.enums import DisputeOrigin, DisputeStatus, DisputeType, StepKind
from disputes.models import Dispute, DisputeLine, DisputeRule, DisputeStep
from disputes.queries import resolutions_expected
from disputes.services.shared import NotTheOwner
from invoicing import services as invoicing
from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.einvoicing.services import record_status
from invoicing.models import DisputedAmount, Invoice
from invoicing.policy import Instalment
from o2c.shared.files import ReceivedFile
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_invoice

from .build import opened, qualified, react, ten_days_on

pytestmark = pytest.mark.django_db


def sound() -> bool:
    return list(proofs.differences()) == []


def test_a_dispute_contests_exactly_its_amount_from_today(invoice: Invoice, adv: User):
    made = opened(invoice, by=adv)

    row = DisputedAmount.objects.get()
    assert (made.number, made.status, made.amount) == (f"LIT-{TODAY.year}-0001", "OPEN", Decimal("400.00"))
    assert (row.amount, row.effective_from, row.effective_to) == (Decimal("400.00"), TODAY, None)
    assert (made.department, made.agreed_due_on, made.owner) == ("LOGISTICS", None, None)
    assert made.first_answer_due_on == policy.first_answer_due(TODAY)
    assert list(made.steps.values_list("kind", "status", "text")) == [
        ("state", "OPEN", "Two pallets are missing.")
    ]
    assert AuditEvent.objects.filter(action="dispute.opened", object_id=made.pk).exists()
    assert sound()


def test_the_oldest_instalments_are_contested_first(account: CustomerAccount, accountant: User, adv: User):
    parts = [Instalment(day(30), Decimal(600)), Instalment(day(-5), Decimal(400))]
    invoice = make_invoice(account, "1000.00", by=accountant, instalments=parts)

    made = opened(invoice, "500.00", by=adv)

    lines = made.lines.order_by("item__due_date").values_list("item__due_date", "amount")
    assert list(lines) == [(day(-5), Decimal("400.00")), (day(30), Decimal("100.00"))]


def test_without_an_amount_all_that_is_left_is_disputed(invoice: Invoice, adv: User):
    opened(invoice, "300.00", by=adv)
    assert opened(invoice, None, by=adv).amount == Decimal("700.00")


def test_two_disputes_never_stand_on_one_amount(invoice: Invoice, adv: User):
    opened(invoice, "600.00", by=adv)
    with pytest.raises(policy.DisputedTwice):
        opened(invoice, "400.01", by=adv)
    opened(invoice, "400.00", by=adv)
    with pytest.raises(policy.DisputedTwice) as refused:
        opened(invoice, "0.01", by=adv)
    assert str(refused.value) == "All that is open of this document is disputed already."


def test_more_than_open_paid_credited_and_credits_are_refused(
    account: CustomerAccount, invoice: Invoice, accountant: User, adv: User
):
    with pytest.raises(policy.DisputedTwice):
        opened(invoice, "1000.01", by=adv)
    paid = make_invoice(account, "50.00", by=accountant)
    credit = make_credit(account, "50.00", by=accountant)
    invoicing.allocate(
        from_item_id=credit.pk, to_item_id=paid.items.get().pk, amount=Decimal(50), by=accountant, at=AT
    )
    with pytest.raises(policy.NothingOpen) as refused:
        opened(paid, "1.00", by=adv)
    assert "paid" in str(refused.value)
    cancelled = make_invoice(account, "40.00", by=accountant)
    invoicing.credit_invoice(invoice_id=cancelled.pk, amount=Decimal(40), reason="x", by=accountant, at=AT)
    with pytest.raises(policy.NothingOpen) as refused:
        opened(cancelled, "1.00", by=adv)
    assert "cancelled by a credit note" in str(refused.value)
    with pytest.raises(policy.NothingOpen):
        services.open_dispute(
            contested=[services.Contested(item_id=make_credit(account, "5", by=accountant).pk)],
            type=DisputeType.PRICE, origin=DisputeOrigin.MAIL, by=adv, at=AT,
        )  # fmt: skip
    assert not Dispute.objects.exists()


def test_who_sees_nothing_finds_nothing_and_without_the_right_nobody_opens(
    invoice: Invoice, company: Company
):
    with pytest.raises(NotFound):
        opened(invoice, by=make_user("sales", company))
    with pytest.raises(NotAllowed):
        opened(invoice, by=make_user("auditor", company))


def test_qualifying_sets_owner_and_date_from_the_companys_own_rule(
    invoice: Invoice, adv: User, logistics: User, company: Company
):
    made = qualified(invoice, by=adv, owner=logistics)
    assert (made.status, made.owner, made.agreed_due_on) == ("QUALIFIED", logistics, ten_days_on())
    assert resolutions_expected([invoice.items.get().pk]) == [(invoice.items.get().pk, ten_days_on())]

    DisputeRule.objects.create(company=company, type="PRICE", department="CREDIT", agreed_days=4)
    other = opened(invoice, "10.00", by=adv, kind=DisputeType.PRICE)
    other = services.qualify(dispute_id=other.pk, owner=logistics, by=adv, at=AT)
    assert (other.department, other.agreed_due_on) == ("CREDIT", TODAY + timedelta(days=4))

    with pytest.raises(policy.WrongState):
        services.qualify(dispute_id=made.pk, owner=adv, by=adv, at=AT)


def test_an_owner_works_on_disputes_there(invoice: Invoice, adv: User, company: Company):
    made = opened(invoice, by=adv)
    with pytest.raises(Invalid) as refused:
        services.qualify(dispute_id=made.pk, owner=make_user("auditor", company), by=adv, at=AT)
    assert "owner" in refused.value.errors
    with pytest.raises(Invalid):
        services.qualify(dispute_id=made.pk, owner=adv, agreed_due_on=day(-1), by=adv, at=AT)


def test_the_owner_accepts_waits_goes_on_and_proposes(
    invoice: Invoice, adv: User, logistics: User, accountant: User
):
    made = qualified(invoice, by=adv, owner=logistics)
    key = made.pk
    with pytest.raises(NotTheOwner):
        services.accept(dispute_id=key, by=adv, at=AT)
    assert services.accept(dispute_id=key, by=logistics, at=AT).accepted_at == AT
    assert services.wait(dispute_id=key, for_client=True, by=logistics, at=AT).status == "WAITING_CUSTOMER"
    assert services.resume(dispute_id=key, by=logistics, at=AT).status == "IN_PROGRESS"
    with pytest.raises(NotTheOwner):
        services.propose(dispute_id=key, proposal="Credit it", by=accountant, at=AT)
    done = services.propose(dispute_id=key, proposal="Credit it", by=logistics, at=AT)
    assert (done.status, done.proposal, done.agreed_due_on) == ("PROPOSED", "Credit it", ten_days_on())
    with pytest.raises(Invalid):
        services.propose(dispute_id=key, proposal=" ", by=logistics, at=AT)


def test_assigning_keeps_the_date_and_qualifies_what_is_not(
    invoice: Invoice, adv: User, logistics: User, manager: User
):
    made = qualified(invoice, by=adv, owner=logistics)
    services.accept(dispute_id=made.pk, by=logistics, at=AT)
    given = services.assign(dispute_id=made.pk, owner=manager, by=adv, at=AT)
    assert (given.owner, given.accepted_at, given.agreed_due_on) == (manager, None, ten_days_on())

    fresh = opened(invoice, "5.00", by=adv)
    assert services.assign(dispute_id=fresh.pk, owner=logistics, by=adv, at=AT).status == "QUALIFIED"


def test_the_first_answer_is_kept_and_evidence_is_joined(invoice: Invoice, adv: User):
    made = opened(invoice, by=adv)
    file = ReceivedFile("note.pdf", "application/pdf", b"%PDF-1.4")
    services.comment_on(dispute_id=made.pk, text="We look into it", answers_client=True, by=adv, at=AT)
    services.comment_on(dispute_id=made.pk, text="", files=(file,), by=adv, at=AT + timedelta(hours=1))
    services.comment_on(
        dispute_id=made.pk, text="Once more", answers_client=True, by=adv, at=AT + timedelta(hours=2)
    )
    made.refresh_from_db()
    assert made.first_answered_at == AT
    assert list(made.evidence.values_list("name", flat=True)) == ["note.pdf"]
    kinds = list(made.steps.order_by("pk").values_list("kind", flat=True))
    assert kinds == [StepKind.STATE, StepKind.ANSWER, StepKind.EVIDENCE, StepKind.ANSWER]
    with pytest.raises(Invalid):
        services.comment_on(dispute_id=made.pk, text=" ", by=adv, at=AT)


def test_two_people_edit_one_case_and_the_second_is_told(
    invoice: Invoice, adv: User, logistics: User, manager: User
):
    made = opened(invoice, by=adv)
    services.qualify(dispute_id=made.pk, owner=logistics, version=made.version, by=manager, at=AT)
    with pytest.raises(services.ChangedMeanwhile) as refused:
        services.qualify(dispute_id=made.pk, owner=adv, version=made.version, by=adv, at=AT)
    assert manager.label() in str(refused.value)
    made.refresh_from_db()
    assert made.owner == logistics


def test_correcting_a_case(invoice: Invoice, adv: User, logistics: User):
    made = opened(invoice, by=adv)
    changed = services.change(
        dispute_id=made.pk,
        description="Three pallets",
        type=DisputeType.QUALITY,
        is_urgent=True,
        by=adv,
        at=AT,
    )
    assert (changed.description, changed.department, changed.is_urgent, changed.status) == (
        "Three pallets", "QUALITY", True, "OPEN",
    )  # fmt: skip
    services.qualify(dispute_id=made.pk, owner=logistics, by=adv, at=AT)
    with pytest.raises(policy.WrongState):
        services.change(dispute_id=made.pk, type=DisputeType.PRICE, by=adv, at=AT)


class TestAdoption:
    """Amounts contested elsewhere get a case."""

    def test_a_short_payment(self, invoice: Invoice, accountant: User):
        row = invoicing.dispute_amount(
            item_id=invoice.items.get().pk, amount=Decimal(25), on=TODAY, by=accountant, at=AT,
            reference="Short payment P1", origin="short-payment", type="DEDUCTION",
        )  # fmt: skip
        assert sound()
        react()
        made = Dispute.objects.get()
        assert (made.type, made.origin, made.amount, made.opened_by) == (
            "DEDUCTION", "short-payment", Decimal(25), accountant,
        )  # fmt: skip
        assert (made.lines.get().contested, made.description) == (row, "Short payment P1")
        assert sound()

    def test_twice_is_once(self, invoice: Invoice, accountant: User):
        row = invoicing.dispute_amount(
            item_id=invoice.items.get().pk, amount=Decimal(25), on=TODAY, by=accountant, at=AT
        )
        for _ in range(2):
            services.adopt(work=None, row_ids=[row.pk])
        assert Dispute.objects.count() == 1

    def test_a_status_of_the_platform_and_its_approval(self, invoice: Invoice, adv: User):
        record_status(
            invoice_id=invoice.pk, status=EInvoiceStatus.DISPUTED, reason_code="PU_ERR", amount=Decimal(90),
            comment="Price of March", by=adv, at=AT,
        )  # fmt: skip
        react()
        made = Dispute.objects.get()
        assert (made.type, made.origin, made.amount) == ("PRICE", "e-invoice", Decimal(90))
        assert made.description == "PU_ERR · Price of March"

        record_status(invoice_id=invoice.pk, status=EInvoiceStatus.APPROVED, by=adv, at=AT)
        assert sound()
        react()
        made.refresh_from_db()
        assert (made.status, made.lines.get().closed_on is None) == ("WITHDRAWN", False)
        assert sound()

    def test_an_amount_without_case_is_a_difference(self, invoice: Invoice, accountant: User):
        item = invoice.items.get()
        DisputedAmount.objects.create(
            item=item, account=item.account, amount=5, effective_from=TODAY, recorded_at=AT
        )
        found = list(proofs.differences())
        assert [(each.proof, each.document) for each in found] == [("disputed amount with its case", "F-1")]


class TestConstraints:
    """What must never be false is refused by the database."""

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("dispute_amount_positive", {"amount": 0}),
            ("dispute_ended_with_its_day", {"status": "WITHDRAWN"}),
            ("dispute_decided_with_outcome_and_cause", {"outcome": "GOODWILL"}),
            ("dispute_qualified_with_owner_and_date", {"status": "IN_PROGRESS"}),
            ("dispute_agreed_date_after_opening", {"agreed_due_on": day(-1)}),
            ("dispute_reopened_once", {"times_reopened": 2}),
        ],
    )
    def test_a_case(self, invoice: Invoice, adv: User, name: str, change: dict[str, object]):
        made = opened(invoice, by=adv)
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Dispute.objects.filter(pk=made.pk).update(**change)

    def test_its_lines_stay_within_the_item_and_are_their_contested_amount(
        self, invoice: Invoice, adv: User, account: CustomerAccount, accountant: User
    ):
        made = opened(invoice, "700.00", by=adv)
        other = opened(make_invoice(account, "10.00", by=accountant), by=adv, amount=None)
        item = invoice.items.get()
        row = DisputedAmount.objects.create(
            item=item, account=item.account, amount=400, effective_from=TODAY, recorded_at=AT
        )
        with pytest.raises(IntegrityError, match="dispute_lines_within_the_item"), transaction.atomic():
            DisputeLine.objects.create(dispute=other, item=item, amount=400, contested=row)
        with (
            pytest.raises(IntegrityError, match="dispute_line_is_its_contested_amount"),
            transaction.atomic(),
        ):
            DisputeLine.objects.filter(dispute=made).update(amount=1)

    def test_history_is_not_rewritten(self, invoice: Invoice, adv: User):
        made = opened(invoice, by=adv)
        with pytest.raises(Exception, match="append"), transaction.atomic():
            DisputeStep.objects.filter(dispute=made).update(text="else")

    def test_numbers_are_one_series_a_year(self, invoice: Invoice, adv: User):
        numbers = [opened(invoice, "10.00", by=adv).number for _ in range(3)]
        assert numbers == [f"LIT-{TODAY.year}-000{n}" for n in (1, 2, 3)]


def test_a_list_of_disputes_reads_in_as_many_queries_whatever_its_length(invoice: Invoice, adv: User):
    from django.test.utils import CaptureQueriesContext

    from disputes.api.shapes import dispute_answer
    from disputes.queries import disputes_visible

    counts = []
    for _ in range(2):
        opened(invoice, "10.00", by=adv)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            [dispute_answer(row, TODAY) for row in disputes_visible(adv)]
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert DisputeStatus.OPEN in policy.UNDECIDED

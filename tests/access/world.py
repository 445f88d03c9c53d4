"""One client with everything that addresses name, three times: the own one, another rep's, another company's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pikepdf
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, Substitution, TeamMember, User
from credit import services as credit
from credit.models import (
    BuyerCover,
    CreditAlert,
    CreditPolicyVersion,
    DelegationRule,
    FactorAgreement,
    FactorApproval,
    InsurancePolicy,
    LegalNotice,
)
from credit.notes.enums import NoteKind
from credit.notes.services import Content, write_note
from credit.scorecard import services as scorecard
from credit.services.guarantees import record_guarantee
from credit.written.queries import newest
from disputes import services as disputes
from disputes.enums import DisputeOrigin, DisputeType
from disputes.models import Committee, Dispute, DisputeEvidence
from disputes.services.links import send_link
from dunning.models import (
    AccountRelay,
    DunningRun,
    HandOver,
    HandOverItem,
    PaymentPlan,
    Reminder,
    ReminderLine,
)
from dunning.plan_policy import Part
from dunning.services import payment_plans, promises
from dunning.services.calls import record_call
from dunning.services.links import make_link
from dunning.services.plan_judging import judge_plans
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from invoicing.models import (
    Assignment,
    AssignmentBatch,
    CreditNoteRequest,
    InsuranceClaim,
    InsuranceClaimItem,
    InsuranceClaimStep,
    Invoice,
    ReturnProposal,
    StatementFile,
)
from invoicing.policy import LineInput
from invoicing.recurring.services import create_schedule
from invoicing.services import penalties, waivers
from o2c.hooks.models import Webhook, WebhookDelivery
from o2c.imports.models import ImportRun, SavedMapping
from o2c.reports.models import MonthlyStatement
from o2c.shared import results
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.files import ReceivedFile
from o2c.shared.models import Notice, OutboxMessage, Work
from o2c.shared.outbox_files import keep
from orders.models import Delivery, DeliveryNote, HoldCase, MassDecision, Order, OrderConfirmation, Quotation
from orders.papers import content_hash
from orders.services import (
    PurchaseOrderLineInput,
    add_evidence,
    create_quotation,
    record_purchase_order,
    request_override,
)
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import assume_rates, make_invoice, make_payment
from tests.factories.orders import draft, give_limit, line, submitted
from tests.factories.policies import begun, published

from .expected import ROLES

NOBODY = "nobody"
_TOLD = {"opened": 1, "ended": 1, "average_days": "3.0", "open": 0, "cost": "0.00"}
MAPPING = (Path(__file__).parents[1] / "data" / "ledger_small.toml").read_text()


@dataclass(frozen=True)
class World:
    """What stands for the placeholders of an address. Every label of it begins with ``mark``.

    ``told``, ``notice``, ``job``, ``written``, ``substitution`` and ``mass`` belong to one person:
    ``personal`` has those of each role.
    """

    mark: str
    company: str
    client: str
    client_id: int
    member: int
    order: str
    draft: str
    case: int
    override: int
    dispute: str
    committee: int
    validated: int
    evidence_file: int
    document: int
    decision: int
    quotation: str
    evidence: int
    shipment: int
    limit_request: int
    alert: int
    guarantee: int
    legal_notice: int
    note: int
    policy: int
    authority_change: int
    invoice: str
    invoice_key: int
    later_due: str
    item: int
    payment: int
    credit: int
    match: int
    credit_request: int
    penalty_note: int
    waiver: int
    promise: int
    plan: int
    late_plan: int
    hand_over: int
    client_relay: int
    client_link: int
    client_token: str
    resolver_link: int
    case_token: str
    dunning_run: int
    scenario: int
    call: int
    reminder: int
    webhook: int
    delivery: int
    run: int
    message: int
    mapping: int
    statement: int
    statement_file: int
    bank_return: int
    deposit: int
    recurring: int
    batch: int
    assignment: int
    to_pass_on: int
    insurance_claim: int
    personal: dict[str, dict[str, int]] = field(default_factory=dict)

    def values_for(self, role: str) -> dict[str, Any]:
        """Every placeholder as this role meets it."""
        return vars(self) | (self.personal.get(role) or next(iter(self.personal.values())))


@dataclass(frozen=True)
class Worlds:
    """The three clients, a colleague's sales to the first, and one person per role of the first company."""

    own: World
    colleague: World
    other_rep: World
    other_company: World
    people: dict[str, User]

    def by_owner(self) -> dict[str, World]:
        """All of them by whose they are."""
        return {
            "own": self.own,
            "colleague": self.colleague,
            "other_rep": self.other_rep,
            "other_company": self.other_company,
        }


def make_worlds() -> Worlds:
    """Make all of it."""
    at = timezone.now()
    company, other = CompanyFactory(code="HERE", name="Here"), CompanyFactory(code="ZZFAR", name="ZZFAR")
    people = {role: make_user(role, company, role) for role in ROLES}
    people[NOBODY] = make_user(None, company, NOBODY)
    rep = make_user("sales", company, "another rep")
    own = make_world("OWN", company, people["sales"], people, at)
    return Worlds(
        own=own,
        colleague=_colleagues_sales("ZZCOL", own, rep, at),
        other_rep=make_world("ZZREP", company, rep, {}, at),
        other_company=make_world("ZZFAR", other, make_user("sales", other, "rep abroad"), {}, at),
        people=people,
    )


def make_world(
    mark: str,
    company: Company,
    rep: User,
    people: dict[str, User],
    at: Any,
    *,
    account: CustomerAccount | None = None,
) -> World:
    """Make a client with one of everything, or one more of everything for a client that has a limit already."""
    adv = make_user("adv_officer", company, f"adv of {mark}")
    analyst = make_user("credit_analyst", company, f"analyst of {mark}")
    books = make_user("receivables_accountant", company, f"accountant of {mark}")
    if account is None:
        account = CustomerAccountFactory(company=company, code=f"{mark}-C", name=f"{mark} world", rep=rep)
        give_limit(account, "1000", decided_by=analyst)
    if "partner" in people:
        # Entrusted to the outside partner.
        TeamMember.objects.get_or_create(
            account=account, user=people["partner"], role=TeamRole.PARTNER, valid_from=date(2021, 1, 1)
        )
    held = submitted(account, "1010.00", by=adv, at=at, number=f"{mark}-O")
    waiting = draft(account, "120.00", by=adv, at=at, number=f"{mark}-D")
    asked = request_override(
        order_id=held.pk, reason="asked", by=adv, at=at,
        documents=[ReceivedFile(name=f"{mark}-order.pdf", content=b"%PDF-1.4", content_type="application/pdf")],
    )  # fmt: skip
    offer = create_quotation(
        company=company, account=account, lines=[line("120.00")], number=f"{mark}-Q", by=adv, at=at
    )
    proof = add_evidence(
        order_id=held.pk, channel="email", by=adv, at=at,
        file=ReceivedFile(name=f"{mark}-po.pdf", content=b"%PDF-1.4", content_type="application/pdf"),
    )  # fmt: skip
    record_purchase_order(
        order_id=held.pk, number=f"{mark}-PO", by=adv, at=at,
        lines=[PurchaseOrderLineInput(Decimal(2), Decimal(10), sku="A1")],
    )  # fmt: skip
    order = Order.objects.get(pk=held.pk)
    OrderConfirmation.objects.create(
        order=order, issue=1, content_hash=content_hash(order, list(order.lines.all())), language="fr",
        file=ContentFile(b"%PDF-1.4", name="confirmation.pdf"), sha256="0" * 64, issued_by=adv, issued_at=at,
    )  # fmt: skip
    # One who has left again, so that nobody's sight of the client hangs on it.
    member = TeamMember.objects.create(
        account=account,
        user=analyst,
        role=TeamRole.CREDIT,
        valid_from=date(2021, 1, 1),
        valid_to=date(2021, 2, 1),
    )
    wish = credit.create_limit_request(
        account=account, amount=Decimal(100), currency="EUR", kind="base", level="account",
        valid_from=paris_date(at), valid_until=None, reason="asked", submit=True, by=adv, at=at,
    )  # fmt: skip
    BuyerCover.objects.get_or_create(
        company=company, entity=account.entity, effective_on=date(2026, 1, 1),
        defaults={
            "amount": 1000, "currency": "EUR", "insured_pct": 90, "status": "ACTIVE", "recorded_at": at,
            "recorded_by": adv,
        },
    )  # fmt: skip
    alert = CreditAlert.objects.create(
        account=account, kind="UTILISATION", key=mark, raised_at=at, due_on=paris_date(at),
        figures={"used_pct": 85, "net": "85.00", "limit": "100.00"},
    )  # fmt: skip
    # One that freezes nothing and holds no order.
    notice = LegalNotice.objects.create(
        company=company, entity=account.entity, kind="DISSOLUTION", judgement_on=date(2026, 1, 5),
        published_on=date(2026, 1, 9), reference=f"{mark}-A", recorded_by=adv, recorded_at=at,
    )  # fmt: skip
    noted = write_note(
        account_id=account.pk, content=Content(kind=NoteKind.NEWS, text=f"{mark} note", seen_on=date(2026, 1, 5)),
        by=adv, at=at,
    )  # fmt: skip
    guarantee = record_guarantee(
        account_id=account.pk, level="account", kind="BANK", guarantor="Bank", reference=f"{mark}-G",
        amount=Decimal(10), currency="EUR", valid_from=paris_date(at), by=analyst, at=at,
        document=ReceivedFile(name=f"{mark}-g.pdf", content_type="application/pdf", content=b"%PDF-1.4"),
    )  # fmt: skip
    if not account.class_overrides.exists():
        scorecard.ask_override(
            account_id=account.pk, risk_class="D", cause="judgement", reason="asked", valid_until=paris_date(at),
            by=analyst, at=at,
        )  # fmt: skip
    invoice = make_invoice(account, "100.00", by=books, number=f"{mark}-I", at=at)
    payment = make_payment(account, "60.00", by=books, external_id=f"{mark}-P", at=at)
    item, credit_item = invoice.items.get(), payment.items.get()
    made = invoicing.allocate(
        from_item_id=credit_item.pk, to_item_id=item.pk, amount=item.amount / 5, by=books, at=at
    )
    assume_rates(paris_date(at))
    note = penalties.claim_interest(
        account_id=account.pk, invoice_ids=[invoice.pk], as_of=paris_date(at), by=analyst, at=at
    )
    waiver = waivers.waive_interest(
        invoice_id=invoice.pk, interest=True, fee=False, reason="goodwill", by=analyst, at=at
    )
    promised = promises.make_promise(
        item_ids=[item.pk], amount=Decimal(1), promised_date=paris_date(at), by=books, at=at
    )
    link = make_link(account_id=account.pk, by=books, at=at)
    proposed = _reminder(account, item.pk, books, at)
    run = ImportRun.objects.create(
        company_code=company.code, company=company, original_name=f"{mark}-file.csv", mapping_text=MAPPING,
        requested_by=books, created_at=at, status="done", finished_at=at,
        refused=ContentFile(b"line", name="refused.csv"),
    )  # fmt: skip
    message = OutboxMessage.objects.create(
        kind="order.held", key=mark, company_id=company.pk, account_id=account.pk, user=adv, to="x@y.test",
        subject=f"{mark}-M", text="held", created_at=at,
    )  # fmt: skip
    kept = SavedMapping.objects.create(
        company=company, kind="ledger", name=f"{mark} mapping", text=MAPPING, headers=["n"], updated_by=books,
        updated_at=at,
    )  # fmt: skip
    bank_account = invoicing.add_bank_account(
        company=company, number=f"{mark}0001", currency="EUR", name=mark, by=books, at=at
    ).row
    today = f"{paris_date(at):%y%m%d}"
    (brought,) = invoicing.import_statements(
        company=company, by=books, at=at,
        content="\n".join((
            ":20:X", f":25:{bank_account.number}", ":28C:1", f":60F:C{today}EUR0,00", f":61:{today}C5,00NTRFX",
            f":86:{mark} PAYS", f":61:{today}D4,00NRTIX", f":86:{mark} IMPAYE", f":62F:C{today}EUR1,00",
        )).encode(),
    )  # fmt: skip
    assert brought.stored is not None
    brought_file = StatementFile.objects.create(
        company=company, original_name=f"{mark}.sta", size=1, status="done", requested_by=books, created_at=at,
        finished_at=at, file=ContentFile(b"x", name="x.sta"),
    )  # fmt: skip
    hook = Webhook.objects.create(
        company=company, url=f"https://93.184.215.14/{mark}", events=["order.held"], secret=mark, created_by=books,
        created_at=at,
    )  # fmt: skip
    sent = WebhookDelivery.objects.create(
        webhook=hook, event="order.held", body="{}", state="failed", created_at=at, round_began_at=at
    )
    case = _dispute(mark, invoice, books, at)
    DisputeEvidence.objects.create(
        dispute=case, name=f"{mark}-note.pdf", content_type="application/pdf", size=8,
        file=ContentFile(b"%PDF-1.4", name="note.pdf"), added_by=books, added_at=at,
    )  # fmt: skip
    resolver = send_link(dispute_id=case.pk, name=mark, email="x@y.test", by=adv, at=at)
    return World(
        mark=mark,
        company=company.code,
        client=account.code,
        client_id=account.pk,
        member=member.pk,
        order=held.number,
        draft=waiting.number,
        dispute=case.number,
        committee=_committee(company, adv, 2100 + len(mark), "planned", at),
        validated=_committee(company, adv, 2200 + len(mark), "closed", at),
        evidence_file=case.evidence.get().pk,
        case=HoldCase.objects.get(order=Order.objects.get(pk=held.pk), closed_at=None).pk,
        override=asked.pk,
        document=asked.documents.get().pk,
        decision=asked.facts_id,
        quotation=offer.number,
        evidence=proof.pk,
        shipment=_shipment(order, adv, at),
        limit_request=wish.pk,
        alert=alert.pk,
        guarantee=guarantee.pk,
        note=noted.pk,
        legal_notice=notice.pk,
        policy=_policy(company, analyst, at),
        authority_change=_authority_change(company, analyst, at),
        invoice=invoice.number,
        invoice_key=invoice.pk,
        later_due=f"{item.due_date + timedelta(days=1):%Y-%m-%d}",
        item=item.pk,
        payment=payment.pk,
        credit=credit_item.pk,
        match=made.pk,
        credit_request=_credit_request(invoice, books, at),
        penalty_note=note.pk,
        waiver=waiver.pk,
        promise=promised.pk,
        plan=_plan(account, f"{mark}-K", books, at).pk,
        late_plan=_plan(account, f"{mark}-L", books, at, is_late=True).pk,
        hand_over=_hand_over(account, f"{mark}-H", books, at),
        client_relay=AccountRelay.objects.create(
            company=company, account=account, from_level="adv", to_level="credit", on=paris_date(at), at=at
        ).pk,
        client_link=link.link.pk,
        client_token=link.address.rstrip("/").rsplit("/", 1)[1],
        resolver_link=resolver.pk,
        case_token=_token_in(OutboxMessage.objects.get(key=f"case-link:{resolver.pk}").text),
        call=record_call(account_id=account.pk, outcome="other", by=books, at=at).pk,
        dunning_run=proposed.run_id,
        scenario=proposed.step.scenario_id,
        reminder=proposed.pk,
        webhook=sent.webhook_id,
        delivery=sent.pk,
        run=run.pk,
        message=message.pk,
        mapping=kept.pk,
        statement=brought.stored.pk,
        statement_file=brought_file.pk,
        deposit=invoicing.request_deposit(
            order_id=order.pk, amount=Decimal(1), due_date=paris_date(at), by=books, at=at
        ).pk,
        **_sold(account, mark, books, at),
        insurance_claim=_insurance_claim(account, mark, books, at),
        recurring=create_schedule(
            company=company,
            account=account,
            lines=[LineInput("Rent", Decimal(1), Decimal(10))],
            rhythm="month",
            timing="advance",
            first_day=paris_date(at) + timedelta(days=9),
            by=books,
            at=at,
        ).pk,
        bank_return=ReturnProposal.objects.get(line__statement=brought.stored).pk,
        personal={
            role: _personal(person, mark, at, company) for role, person in (people or {"": adv}).items()
        },
    )


def _policy(company: Company, by: User, at: Any) -> int:
    """A version of the written policy, of a number no other company has, and the draft of the next."""
    found = newest(company)
    if found is None:
        number = 1 + 10 * CreditPolicyVersion.objects.count()
        found = published(company, by=by, at=at, number=number)
        begun(company, by=by, at=at)
    return found.number


def _authority_change(company: Company, by: User, at: Any) -> int:
    """A change of the delegation matrix that waits for somebody else."""
    row, _made = DelegationRule.objects.get_or_create(
        company=company, level=3, set_by__isnull=False,
        defaults={
            "role": "credit_manager", "release_amount": 51000, "limit_amount": 150000, "write_off_amount": 5000,
            "effective_from": date(2099, 12, 31), "reason": "asked", "set_by": by, "set_at": at,
        },
    )  # fmt: skip
    return row.pk


def _colleagues_sales(mark: str, own: World, rep: User, at: Any) -> World:
    """What another rep sold to the first client: it is in the team's totals, and not the rep's to read."""
    account = CustomerAccount.objects.get(pk=own.client_id)
    adv = make_user("adv_officer", account.company, f"adv of {mark}")
    books = make_user("receivables_accountant", account.company, f"accountant of {mark}")
    held = submitted(account, "1010.00", by=adv, at=at, number=f"{mark}-O")
    waiting = draft(account, "120.00", by=adv, at=at, number=f"{mark}-D")
    offer = create_quotation(
        company=account.company, account=account, lines=[line("120.00")], number=f"{mark}-Q", by=adv, at=at
    )
    asked = request_override(order_id=held.pk, reason="asked", by=adv, at=at)
    deposit = invoicing.request_deposit(
        order_id=held.pk, amount=Decimal(1), due_date=paris_date(at), by=books, at=at
    )
    Order.objects.filter(pk__in=[held.pk, waiting.pk]).update(sales_rep=rep)
    Quotation.objects.filter(pk=offer.pk).update(sales_rep=rep)
    today = paris_date(at)
    TeamMember.objects.create(
        account=account, user=rep, role=TeamRole.SALES_REP, valid_from=today - timedelta(days=500),
        valid_to=today - timedelta(days=300),
    )  # fmt: skip
    invoice = make_invoice(
        account, "100.00", by=books, number=f"{mark}-I", at=at, issued=today - timedelta(days=400)
    )
    analyst = make_user("credit_analyst", account.company, f"analyst of {mark}")
    waiver = waivers.waive_interest(
        invoice_id=invoice.pk, interest=True, fee=True, reason="goodwill", by=analyst, at=at
    )
    promised = promises.make_promise(
        item_ids=[invoice.items.get().pk], amount=Decimal(1), promised_date=today, by=books, at=at
    )
    return replace(
        own,
        mark=mark,
        waiver=waiver.pk,
        deposit=deposit.pk,
        promise=promised.pk,
        plan=_plan(account, f"{mark}-K", books, at, issued=today - timedelta(days=400)).pk,
        late_plan=_plan(account, f"{mark}-L", books, at, issued=today - timedelta(days=400), is_late=True).pk,
        order=held.number,
        draft=waiting.number,
        case=HoldCase.objects.get(order_id=held.pk, closed_at=None).pk,
        override=asked.pk,
        quotation=offer.number,
        shipment=_shipment(held, adv, at),
        invoice=invoice.number,
        dispute=_dispute(mark, invoice, books, at).number,
        item=invoice.items.get().pk,
        credit_request=_credit_request(invoice, books, at),
    )


def _plan(
    account: CustomerAccount, number: str, by: User, at: Any, *, is_late: bool = False, **fields: Any
) -> PaymentPlan:
    """A draft about an invoice of its own; a late one runs and misses its only instalment, whatever the
    client has on account."""
    invoice = make_invoice(account, "90.00", by=by, number=number, at=at, **fields)
    began = at - timedelta(days=20) if is_late else at
    made = payment_plans.make_plan(
        account_id=account.pk, item_ids=[invoice.items.get().pk], signatory="Anne", capacity="manager",
        instalments=[Part(paris_date(began), Decimal(90))], by=by, at=began,
    )  # fmt: skip
    if is_late:
        payment_plans.sign_plan(plan_id=made.pk, by=by, at=began)
        judge_plans(account_ids=[account.pk], on=paris_date(at))
    return made


def _hand_over(account: CustomerAccount, number: str, by: User, at: Any) -> int:
    """A debt at an agency, with its file."""
    item = make_invoice(account, "1.00", by=by, number=number, at=at).items.get()
    made = HandOver.objects.create(
        company=account.company, account=account, to="agency", route="amicable", recipient="Agency", amount=1,
        currency="EUR", reason="no answer", handed_on=paris_date(at), handed_at=at, handed_by=by,
        file=keep("file.zip", b"PK", "application/zip").as_row(),
    )  # fmt: skip
    HandOverItem.objects.create(hand_over=made, item=item, amount=1)
    return made.pk


def _sold(account: CustomerAccount, mark: str, by: User, at: Any) -> dict[str, int]:
    """A document on its way to the factor, and one sold that the client paid to us."""
    today, company = paris_date(at), account.company
    agreement, _new = FactorAgreement.objects.get_or_create(
        company=company, valid_from=today,
        defaults={
            "factor": "Factor", "number": "F-1", "with_recourse": True, "is_notified": False, "advance_pct": 85,
            "guarantee_fund_pct": 10, "commission_pct": 1, "max_term_days": 90, "max_overdue_days": 60,
            "recorded_at": at, "recorded_by": by,
        },
    )  # fmt: skip
    FactorApproval.objects.get_or_create(
        company=company, entity=account.entity, effective_on=today,
        defaults={
            "agreement": agreement, "amount": 1000, "currency": "EUR", "status": "APPROVED", "recorded_at": at,
            "recorded_by": by,
        },
    )  # fmt: skip
    rows = []
    for letter, received in (("S", None), ("T", today)):
        receipt: dict[str, Any] = (
            {"received_on": today, "received_at": at, "received_by": by} if received else {}
        )
        invoice = make_invoice(account, "2.00", by=by, number=f"{mark}-{letter}", at=at)
        batch = AssignmentBatch.objects.create(
            company=company, agreement=agreement, number=f"{mark}-B{letter}", currency="EUR", eligible=2, financed=1,
            fund=0, sent_on=today, sent_at=at, sent_by=by, **receipt,
        )  # fmt: skip
        rows.append(
            Assignment.objects.create(
                batch=batch, company=company, account=account, item=invoice.items.get(), amount=2, with_recourse=True,
                is_notified=False, effective_from=received,
            )
        )  # fmt: skip
    paid = make_payment(account, "1.00", by=by, external_id=f"{mark}-Q", at=at).items.get()
    match = invoicing.allocate(
        from_item_id=paid.pk, to_item_id=rows[1].item_id, amount=Decimal(1), by=by, at=at
    )
    return {"batch": rows[0].batch_id, "assignment": rows[0].pk, "to_pass_on": match.pk}


def _insurance_claim(account: CustomerAccount, mark: str, by: User, at: Any) -> int:
    """What the insurer was told of one document."""
    today, company = paris_date(at), account.company
    policy, _new = InsurancePolicy.objects.get_or_create(
        company=company, valid_from=today,
        defaults={"insurer": "Insurer", "number": "P-1", "recorded_at": at, "recorded_by": by},
    )  # fmt: skip
    item = account.items.filter(amount__gt=0, insurance_claims=None).order_by("pk")[0]
    claim = InsuranceClaim.objects.create(
        company=company, account=account, policy=policy, number=f"{mark}-SI", currency="EUR", told_on=today,
        deadline=today, amount=2, covered=2, expected=1, opened_at=at, opened_by=by,
    )  # fmt: skip
    InsuranceClaimItem.objects.create(
        claim=claim, item=item, amount=2, due_date=item.due_date, limit=1000, insured_pct=90
    )
    InsuranceClaimStep.objects.create(claim=claim, status="THREAT", on=today, by=by, at=at)
    return claim.pk


def _committee(company: Company, by: User, year: int, state: str, at: Any) -> int:
    """A sitting on a day of its own; a closed one with its minutes."""
    taken = Committee.objects.filter(company=company).count()
    closed: dict[str, Any] = {}
    if state == "closed":
        closed = {
            "closed_at": at, "closed_by": by, "sha256": "0" * 64,
            "minutes": ContentFile(b"%PDF-1.4", name="minutes.pdf"),
        }  # fmt: skip
    return Committee.objects.create(
        company=company,
        held_on=date(year, 1, 1 + taken),
        starts_at=time(10),
        planned_by=by,
        state=state,
        **closed,
    ).pk


def _shipment(order: Order, by: User, at: Any) -> int:
    """A delivery whose note is drawn already."""
    row = Delivery.objects.create(
        order=order, number=f"{order.number}-L1", delivered_on=paris_date(at), recorded_by=by, recorded_at=at
    )
    DeliveryNote.objects.create(
        delivery=row, language="fr", file=ContentFile(b"%PDF-1.4", name="note.pdf"), sha256="0" * 64, size=8,
        made_at=at,
    )  # fmt: skip
    return row.pk


def _dispute(mark: str, invoice: Invoice, by: User, at: Any) -> Dispute:
    """A case under a number of its own: companies count theirs apart, and would use the same."""
    made = disputes.open_dispute(
        contested=[disputes.Contested(invoice_id=invoice.pk, amount=Decimal(10))], type=DisputeType.PRICE,
        origin=DisputeOrigin.CALL, comment=f"{mark} contested", by=by, at=at,
    )  # fmt: skip
    made.number = f"{mark}-L"
    made.save(update_fields=["number"])
    return made


def _token_in(text: str) -> str:
    """What opens the page whose address stands in a mail."""
    return text.partition("/case/")[2].partition("/")[0]


def _credit_request(invoice: Invoice, asked_by: User, at: Any) -> int:
    """A credit note that was refused: whoever sees it finds that it waits no more."""
    return CreditNoteRequest.objects.create(
        company=invoice.company, account=invoice.account, invoice=invoice, amount=Decimal(1), currency="EUR",
        reason="asked", status="refused", requested_by=asked_by, requested_at=at,
    ).pk  # fmt: skip


def _blank_page() -> bytes:
    """A PDF that can be joined with others."""
    out = BytesIO()
    with pikepdf.Pdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out)
    return out.getvalue()


def _reminder(account: CustomerAccount, item: int, books: User, at: Any) -> Reminder:
    """A letter that was sent and named the item of the client."""
    today = paris_date(at)
    run = DunningRun.objects.create(
        company=account.company,
        as_of=today,
        created_by=books,
        created_at=at,
        status="reviewed",
        approved_at=at,
    )
    made = Reminder.objects.create(
        company=account.company, run=run, account=account, number=3, channel="letter", language="fr", as_of=today,
        step=ensure_scenario(account.company).steps.get(number=3), currency="EUR", total=Decimal(100), status="sent",
        sent_at=at, subject="asked", text="asked", file=ContentFile(_blank_page(), name="reminder.pdf"),
    )  # fmt: skip
    ReminderLine.objects.create(
        reminder=made,
        item_id=item,
        step=3,
        as_of=today,
        due_date=today - timedelta(days=30),
        amount=Decimal(100),
    )
    return made


def _personal(person: User, mark: str, at: Any, company: Company) -> dict[str, int]:
    notice = Notice.objects.create(user=person, kind="order_held", key=mark, url="/", created_at=at)
    job = Work.objects.create(
        kind="api.bulk", key=f"{mark}-{person.pk}", state="done", not_before=at, created_at=at,
        requested_by=person,
    )  # fmt: skip
    written = Work.objects.create(
        kind="lists.file", key=f"{mark}-{person.pk}", state="done", not_before=at, created_at=at,
        requested_by=person,
    )  # fmt: skip
    written.result = results.keep(
        written, [b"file"], name="list.csv", content_type="text/csv", permission="", company_id=company.pk
    )
    written.save()
    substitution = Substitution.objects.create(
        company=company, absent=person,
        substitute=make_user("adv_officer", company, f"{mark} stands in for {person.username}"),
        valid_from=date(2020, 1, 1), valid_until=date(2020, 1, 2), reason="away", named_by=person, named_at=at,
    )  # fmt: skip
    mass = MassDecision.objects.create(
        token=uuid4(), company=company, act="release", reason="asked", decided_by=person, decided_at=at
    )
    message = OutboxMessage.objects.create(
        kind="statement.sent_causes", key=f"statement-{mark}-{person.pk}", company_id=company.pk, user=person,
        to="x@y.test", subject="Told", text="told", created_at=at,
    )  # fmt: skip
    month = add_months(date(2020, 1, 1), MonthlyStatement.objects.filter(owner=person).count())
    told = MonthlyStatement.objects.create(
        company=company, kind="causes", month=month, owner=person, subjects=["department:SALES"],
        figures=_TOLD, files=[keep("told.pdf", b"%PDF-1.4", "application/pdf").as_row()], language="fr",
        message=message, made_at=at,
    )  # fmt: skip
    return {
        "told": told.pk, "notice": notice.pk, "job": job.pk, "work": job.pk, "written": written.pk,
        "substitution": substitution.pk, "mass": mass.pk,
    }  # fmt: skip

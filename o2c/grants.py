"""What the application's database role may do: everything, but not change what is history (ADR 0012).

The owner of the tables migrates; the web, the worker and every ordinary command run as another role, to which
``grant_application`` gives the rights below after each migration. The triggers refuse the same to everybody; a
role without the right cannot even take the triggers off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.apps import apps
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Rows that are never changed nor deleted: corrections are new rows.
APPEND_ONLY: Final = (
    "shared.AuditEvent",
    "shared.AuditSeal",
    "shared.OutboxEvent",
    "credit.BuyerCover",
    "credit.DecisionDocument",
    "credit.InsurancePolicy",
    "credit.ThresholdChange",
    "credit.FactorAgreement",
    "credit.FactorApproval",
    "credit.FinancialStatement",
    "credit.EntityFacts",
    "credit.ScoreCard",
    "credit.CreditPolicyVersion",
    "credit.PolicyArticle",
    "credit.PolicyAcknowledgement",
    "orders.Delivery",
    "orders.DeliveryLine",
    "orders.DeliveryNote",
    "orders.OverrideDocument",
    "orders.HoldMessage",
    "orders.OrderEvidence",
    "orders.Reexamination",
    "orders.ReexaminedOrder",
    "invoicing.Invoice",
    "invoicing.InvoiceLine",
    "invoicing.InvoiceAnomaly",
    "invoicing.InvoiceFile",
    "invoicing.Allocation",
    "invoicing.DueDateChange",
    "invoicing.BankStatement",
    "invoicing.StatementLine",
    "invoicing.Matching",
    "invoicing.FactorRemittance",
    "invoicing.InsuranceClaimStep",
    "invoicing.LegalRate",
    "invoicing.AgreedTerms",
    "invoicing.PenaltyNote",
    "invoicing.RecurringLine",
    "invoicing.RecurringPeriod",
    "dunning.Call",
    "dunning.RunExclusion",
    "dunning.HandOverCost",
    "dunning.Relay",
    "dunning.AccountRelay",
    "dunning.AccountStatement",
    "dunning.LimitationInterruption",
    "disputes.DisputeStep",
    "disputes.DisputeEvidence",
    "disputes.DisputeCredit",
    "disputes.CommitteeDecision",
    "disputes.ResolverLinkAct",
    "reports.MonthlyStatement",
)

# Rows that are never deleted, and of which these columns alone change: the rest was decided, issued or received.
CHANGING: Final[dict[str, tuple[str, ...]]] = {
    "shared.OutboxMessage": (
        "state", "bounce", "in_digest", "digest", "sent_at", "attempts", "error", "files",
    ),
    "shared.BouncedAddress": ("lifted_at", "lifted_by"),
    "invoicing.DocumentMail": ("superseded_at",),
    "credit.CreditAlert": (
        "figures", "due_on", "owner", "status", "outcome", "comment", "ended_at", "ended_by", "is_found",
    ),
    "credit.LegalNotice": ("ended_on", "ended_at", "ended_by", "end_reason", "was_mistake"),
    "credit.ClientNote": ("withdrawn_at", "withdrawn_by", "withdraw_reason"),
    "credit.Guarantee": (
        "confirmed_at", "confirmed_by", "on_behalf_of", "ended_on", "ended_at", "ended_by", "end_reason",
    ),
    "credit.DelegationRule": (
        "effective_from", "decided_by", "decided_at", "is_accepted", "decision_reason",
    ),
    "credit.CreditDecision": ("outcome", "days_late"),
    "credit.CreditLimit": ("closed_on",),
    "credit.ExposureSwitch": ("effective_to", "ended_by", "ended_at", "end_reason"),
    "credit.PartLimit": ("effective_to", "ended_by", "ended_at", "end_reason"),
    "credit.OrderHorizon": ("effective_to", "ended_by", "ended_at", "end_reason"),
    "credit.LimitSignature": ("ended_at",),
    "credit.ClassOverride": (
        "status", "decided_by", "on_behalf_of", "decided_at", "decision_reason", "class_before", "ended_at", "ended_by",
        "end_reason",
    ),
    "credit.AccountBlock": ("lifted_by", "lifted_at", "lift_reason"),
    "credit.AccountWatch": ("lifted_by", "lifted_at", "lift_reason"),
    "accounts.Substitution": ("ended_at",),
    "orders.Release": ("consumed", "voided_at", "voided_by"),
    "orders.ReleaseCondition": ("status", "ended_at"),
    "orders.ConditionalRelease": ("status", "ended_at", "end_reason"),
    "orders.OverrideRequest": (
        "status", "decided_by", "on_behalf_of", "ended_at", "decision_reason", "decision", "required_level",
        "countersigned_by",
    ),
    "orders.OverrideSignature": ("ended_at",),
    "orders.OrderHold": ("lifted_at", "lifted_by", "lift_reason", "figures", "decided_by"),
    "orders.OrderConfirmation": ("replaced_at",),
    "orders.PurchaseOrder": ("replaced_at",),
    "invoicing.ReceivableItem": ("open_amount", "due_date"),
    "invoicing.DepositRequest": ("met_at", "cancelled_at", "cancelled_by", "cancel_reason"),
    "invoicing.RecurringInvoice": (
        "next_position", "next_on", "problem_code", "problem", "paused_at", "paused_by", "pause_reason", "ended_at",
        "ended_by", "end_reason",
    ),
    "invoicing.DunningStop": ("ended_on", "ended_by", "ended_at"),
    "invoicing.DisputedAmount": ("effective_to",),
    "invoicing.AssignmentBatch": ("received_on", "received_at", "received_by"),
    "invoicing.InsuranceClaim": (
        "status", "reference", "declared_on", "waits_until", "indemnity", "outcome",
    ),
    "invoicing.InsuranceClaimItem": ("is_open",),
    "invoicing.Assignment": ("effective_from", "ended_on", "ended_at", "ended_by", "end_reason"),
    "disputes.DisputeLine": ("closed_on",),
    "disputes.Committee": ("state", "opened_at", "closed_at", "closed_by", "minutes", "sha256"),
    "invoicing.EInvoiceEvent": ("sent_at",),
    "invoicing.PaymentReturn": ("undone_by", "undone_at"),
    "invoicing.ReturnProposal": ("payment", "hint", "status", "decided_by", "decided_at", "reason"),
    "invoicing.PayerLink": ("payer_name", "seen", "ended_by", "ended_at"),
    "invoicing.PenaltyClaim": ("undone_by",),
    "invoicing.PenaltyWaiver": ("lifted_by", "lifted_at", "lift_reason"),
    "dunning.PromiseToPay": ("status", "received", "ended_at", "ended_on", "ended_by", "reason"),
    "dunning.PromiseItem": ("is_open",),
    "dunning.PaymentPlan": (
        "status", "sent_at", "signatory", "capacity", "signed_on", "signed_by", "approved_by", "began_at", "received",
        "late_since", "noticed_on", "noticed_by", "ended_at", "ended_on", "ended_by", "reason",
    ),
    "dunning.PlanInstalment": ("paid_on", "missed_on"),
    "dunning.PlanItem": ("is_open",),
    "dunning.HandOver": (
        "reference", "file", "missing", "outcome", "end_reason", "ended_on", "ended_at", "ended_by",
    ),
    "dunning.HandOverItem": ("is_open",),
    "dunning.ClientLink": ("revoked_at", "revoked_by"),
    "dunning.ClientLinkAct": ("promise", "dispute"),
    "disputes.ResolverLink": ("revoked_at", "revoked_by"),
    "dunning.DunningRun": ("status", "approved_by", "approved_at", "sent_at"),
    "dunning.Reminder": (
        "status", "total", "sent_to", "sent_at", "subject", "text", "file", "approved_by", "registered_number",
        "problem", "enclosures",
    ),
    "dunning.ReminderLine": ("dropped", "amount"),
    "invoicing.AccountingPeriod": (
        "is_closed", "closed_by", "closed_at", "reopened_by", "reopened_at", "reopen_reason",
    ),
}  # fmt: skip

# Written by migrations and ``sync_roles`` alone, which run as the owner: nobody gives himself a right.
READ_ONLY: Final = ("accounts.Role",)
_READ_ONLY_TABLES: Final = ("django_migrations",)


class RoleMissing(Exception):
    """There is no such role in the database."""


def grant(connection: BaseDatabaseWrapper, role: str) -> None:
    """Give the application's role its rights, and take those away that it may not have; safe to repeat.

    Runs as the owner of the tables, in one transaction: the application never has more or less for a moment.

    :raises RoleMissing: nobody made it
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            raise RoleMissing(role)
        for statement in statements(connection, role):
            cursor.execute(statement)


def statements(connection: BaseDatabaseWrapper, role: str) -> Iterator[str]:
    """The statements, in their order: all rights on what is there and will be, then what is taken away."""
    quote = connection.ops.quote_name
    whom = quote(role)
    yield f"GRANT CONNECT, TEMPORARY ON DATABASE {quote(str(connection.settings_dict['NAME']))} TO {whom}"
    yield f"GRANT USAGE ON SCHEMA public TO {whom}"
    for what, rights in (
        ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
        ("SEQUENCES", "USAGE, SELECT, UPDATE"),
    ):
        yield f"GRANT {rights} ON ALL {what} IN SCHEMA public TO {whom}"
        yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON {what} TO {whom}"
    for label in APPEND_ONLY:
        yield f"REVOKE UPDATE, DELETE, TRUNCATE ON {quote(_table(label))} FROM {whom}"
    for label, names in CHANGING.items():
        columns = ", ".join(quote(apps.get_model(label)._meta.get_field(name).column) for name in names)
        yield f"REVOKE UPDATE, DELETE, TRUNCATE ON {quote(_table(label))} FROM {whom}"
        yield f"GRANT UPDATE ({columns}) ON {quote(_table(label))} TO {whom}"
    for table in (*map(_table, READ_ONLY), *_READ_ONLY_TABLES):
        yield f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {quote(table)} FROM {whom}"


def _table(label: str) -> str:
    return str(apps.get_model(label)._meta.db_table)

"""What clients ask for: orders and their lines, deliveries, hold cases with their holds, releases."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of
from credit.enums import Finding
from credit.models import CreditDecision

from .condition_models import ConditionalRelease, ReleaseCondition
from .document_models import Quotation, QuotationLine
from .enums import CaseStatus, OrderState, ReleaseScope
from .exchange_models import HoldMessage
from .override_models import MassDecision, MassDecisionItem, OverrideDocument, OverrideRequest
from .paper_models import (
    AcceptedDifference,
    DeliveryNote,
    OrderConfirmation,
    OrderEvidence,
    PurchaseOrder,
    PurchaseOrderLine,
)
from .reexamination_models import Reexamination, ReexaminedOrder
from .scope import own_sales
from .signature_models import OverrideSignature

__all__ = [
    "AcceptedDifference",
    "ConditionalRelease",
    "Delivery",
    "DeliveryLine",
    "DeliveryNote",
    "HoldCase",
    "HoldMessage",
    "MassDecision",
    "MassDecisionItem",
    "Order",
    "OrderConfirmation",
    "OrderEvidence",
    "OrderHold",
    "OrderLine",
    "OverrideDocument",
    "OverrideRequest",
    "OverrideSignature",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "Quotation",
    "QuotationLine",
    "Reexamination",
    "ReexaminedOrder",
    "Release",
    "ReleaseCondition",
]


class OrderQuerySet(models.QuerySet["Order"]):
    """Chainable readings of orders."""

    def visible_to(self, user: User, company: Company | None = None) -> OrderQuerySet:
        """Orders of the accounts this user may see, without colleagues' sales to them."""
        return self.of_accounts_of(user, company).filter(own_sales(user, company))

    def of_accounts_of(self, user: User, company: Company | None = None) -> OrderQuerySet:
        """All orders of the accounts this user may see: for counts and totals."""
        return self.filter(documents_of(user, company))

    def held(self) -> OrderQuerySet:
        """Orders with an open hold case."""
        return self.filter(cases__closed_at=None, cases__isnull=False)


class Order(models.Model):
    """A client's order. Its money is that of its lines; ``approved_*`` is what the exposure counts."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="orders")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="orders")
    number = models.CharField(_("number"), max_length=60)
    state = models.CharField(max_length=9, choices=OrderState.choices, default=OrderState.DRAFT)
    currency = models.CharField(_("currency"), max_length=3)
    term = models.CharField(_("payment term"), max_length=40)
    order_date = models.DateField(_("order date"))
    requested_delivery = models.DateField(_("requested delivery"), null=True, blank=True)
    customer_reference = models.CharField(_("client's reference"), max_length=120, blank=True)
    total_excl_vat = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    total_incl_vat = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    # Last approved total incl. VAT: set when the order is confirmed or a raise is approved (design 3.7).
    approved_total = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    # The lines and term as last approved: what a refused change goes back to.
    approved_lines = models.JSONField(default=list)
    approved_term = models.CharField(max_length=40, blank=True)
    # Whether anything was delivered or invoiced: then the exposure looks at the lines, else at the total.
    is_started = models.BooleanField(default=False)
    # Whether anything of it still counts in the exposure: to deliver, or delivered and not invoiced.
    is_open = models.BooleanField(default=False)
    # Confirmed, and beyond the horizon of orders when last looked at: entering it, the order is checked once more.
    is_beyond_horizon = models.BooleanField(default=False, db_default=False)
    # When it entered: its place among the orders of its client, where that is not its confirmation.
    entered_horizon_at = models.DateTimeField(null=True, blank=True)
    # Whether there is anything to read in the tables of papers: the check of most orders need not look.
    has_evidence = models.BooleanField(default=False, db_default=False)
    has_purchase_order = models.BooleanField(default=False, db_default=False)
    production_started_at = models.DateTimeField(null=True, blank=True)
    production_started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sales_rep = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.TextField(blank=True)
    last_decision = models.ForeignKey(
        CreditDecision, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Hash of the creation body (contract §3): a repeated POST with the same body is a replay.
    creation_hash = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="order_number_once_per_company"),
            models.CheckConstraint(
                condition=Q(total_excl_vat__gte=0, total_incl_vat__gte=0, approved_total__gte=0),
                name="order_totals_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(state="CONFIRMED") | Q(confirmed_at__isnull=False, submitted_by__isnull=False),
                name="confirmed_order_was_submitted",
            ),
            models.CheckConstraint(
                condition=Q(is_open=False) | Q(state__in=["CONFIRMED", "CLOSED"]),
                name="only_approved_orders_count",
            ),
            models.CheckConstraint(
                condition=Q(is_beyond_horizon=False) | Q(requested_delivery__isnull=False),
                name="only_an_order_with_a_day_lies_beyond",
            ),
            models.CheckConstraint(
                condition=Q(entered_horizon_at=None) | Q(entered_horizon_at__gte=F("confirmed_at")),
                name="order_enters_after_it_is_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(production_started_at=None, production_started_by=None)
                | Q(production_started_at__isnull=False, production_started_by__isnull=False),
                name="production_started_by_somebody",
            ),
        ]
        indexes = [
            # What a check reads of confirmed orders: the index alone answers.
            models.Index(
                fields=["account"],
                include=[
                    "currency",
                    "approved_total",
                    "requested_delivery",
                    "is_started",
                    "confirmed_at",
                    "is_beyond_horizon",
                    "entered_horizon_at",
                    "id",
                ],
                condition=Q(is_open=True),
                name="order_open_by_account",
            ),
            # Few orders lie beyond a horizon: every new day asks which of them entered it.
            models.Index(
                fields=["company", "requested_delivery"],
                condition=Q(is_beyond_horizon=True),
                name="order_beyond_horizon",
            ),
            models.Index(fields=["account", "-order_date"], name="order_by_account"),
            models.Index(fields=["company", "-created_at"], name="order_by_company"),
            models.Index(
                fields=["account"],
                include=["currency", "total_incl_vat", "requested_delivery", "id"],
                condition=Q(state="SUBMITTED"),
                name="order_waiting_by_account",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def counted_since(self) -> datetime | None:
        """Since when it has its place among the orders of its client; None before it is confirmed."""
        return self.entered_horizon_at or self.confirmed_at


class OrderLine(models.Model):
    """One line: prices excl. VAT; quantities ordered, cancelled, delivered, invoiced, and last approved."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    line = models.PositiveIntegerField()
    sku = models.CharField(_("article"), max_length=60)
    description = models.CharField(_("description"), max_length=300)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2, default=Decimal("20"))
    cancelled = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    delivered = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    invoiced = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    approved_quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    approved_price = models.DecimalField(max_digits=14, decimal_places=4, default=0)

    class Meta:
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(fields=["order", "line"], name="order_line_number_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_line_price_not_negative"),
            models.CheckConstraint(
                condition=Q(vat_rate__gte=0, vat_rate__lte=100), name="order_line_vat_rate"
            ),
            models.CheckConstraint(
                condition=Q(cancelled__gte=0, delivered__gte=0, invoiced__gte=0),
                name="order_line_progress_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(delivered__lte=F("quantity") - F("cancelled")),
                name="order_line_delivered_within_ordered",
            ),
            models.CheckConstraint(
                condition=Q(invoiced__lte=F("quantity") - F("cancelled")),
                name="order_line_invoiced_within_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.line}"


class Delivery(models.Model):
    """A goods issue or, with negative quantities, a return."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="deliveries")
    number = models.CharField(max_length=60)
    delivered_on = models.DateField()
    is_return = models.BooleanField(default=False)
    # Who brought it, as people say it; empty where nobody said.
    carrier = models.CharField(_("carrier"), max_length=80, blank=True, default="", db_default="")
    reason = models.TextField(blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="delivery_number_once_per_order")
        ]

    def __str__(self) -> str:
        return self.number


class DeliveryLine(models.Model):
    """Quantity of one order line in a delivery; negative in a return."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="delivery_line_not_zero")]

    def __str__(self) -> str:
        return f"{self.order_line_id} {self.quantity}"


class HoldCase(models.Model):
    """Why and since when an order waits, who decides by when, and how it ended. One open per order."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="cases")
    status = models.CharField(max_length=14, choices=CaseStatus.choices, default=CaseStatus.OPEN)
    opened_at = models.DateTimeField()
    target_at = models.DateTimeField()
    # When the deciders are reminded, when they were, and when the next level was told that it is late.
    alert_at = models.DateTimeField(null=True, blank=True)
    alerted_at = models.DateTimeField(null=True, blank=True)
    overdue_told_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    over_limit_by = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    required_level = models.PositiveSmallIntegerField(default=2)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(closed_at=None), name="one_open_case_per_order"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, status__in=["OPEN", "IN_NEGOTIATION"])
                | Q(closed_at__isnull=False, status__in=["RELEASED", "REFUSED", "CANCELLED", "EXPIRED"]),
                name="case_closed_with_an_end",
            ),
        ]
        indexes = [models.Index(fields=["target_at"], condition=Q(closed_at=None), name="case_queue")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"


class OrderHold(models.Model):
    """One reason of a case with the figures it saw; one active per case and reason."""

    case = models.ForeignKey(HoldCase, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=20, choices=Finding.choices)
    figures = models.JSONField(default=dict)
    policy_article = models.CharField(max_length=10, blank=True)
    decided_by = models.CharField(max_length=40, blank=True)
    comment = models.TextField(blank=True)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lift_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "reason"], condition=Q(lifted_at=None), name="one_active_hold_per_reason"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=False) | Q(lifted_by=None), name="hold_lifted_by_with_lifted_at"
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class Release(models.Model):
    """A decision by somebody with authority that lets an order through in spite of its findings."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="releases")
    case = models.ForeignKey(
        HoldCase, null=True, blank=True, on_delete=models.PROTECT, related_name="releases"
    )
    decision = models.ForeignKey(CreditDecision, on_delete=models.PROTECT, related_name="releases")
    scope = models.CharField(max_length=8, choices=ReleaseScope.choices, default=ReleaseScope.ORDER)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    term = models.CharField(max_length=40)
    # Codes covered, each with the figures seen: one that worsens by more than 10 % is covered no longer.
    covers = models.JSONField(default=dict)
    valid_until = models.DateField()
    reason = models.TextField()
    # What goes with it in words: [{"kind": "text", "text": …}].
    conditions = models.JSONField(default=list, blank=True)
    override = models.OneToOneField(
        OverrideRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="release"
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    # The order's submitter at that time: four eyes hold in the database too.
    order_submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    # What may leave on it; None of releases older than this figure: their amount counts.
    goods = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    # What has left on it: it lets nothing through twice.
    consumed = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    # Margin and expected loss as they stood (``credit.stake_policy``); empty in releases older than them.
    stake = models.JSONField(default=dict, blank=True, db_default={})
    # What the order was before: what undoing the release goes back to.
    before = models.JSONField(default=dict, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(approved_by=F("order_submitted_by")), name="release_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(voided_by=None) | Q(voided_at__isnull=False),
                name="release_voided_by_with_voided_at",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="release_has_a_reason"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="release_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(consumed__gte=0) & (Q(goods=None) | Q(goods__gte=0)),
                name="release_goods_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.amount}"

    @property
    def margin_at_stake(self) -> Decimal | None:
        """The margin as the decision weighed it, in the company's currency; None where it was not known."""
        kept = self.stake.get("margin")
        return None if kept is None else Decimal(kept)

    @property
    def expected_loss(self) -> Decimal | None:
        """The loss to be expected as the decision weighed it; None of releases older than it."""
        kept = self.stake.get("loss")
        return None if kept is None else Decimal(kept)

"""Rows of claimed interest: what a client agreed to owe when late, notes with what they claim, the choice not to."""

from __future__ import annotations

from typing import Any, Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of

from .dated_models import refusing_closed_days
from .document_models import Invoice
from .interest_policy import DayBasis, Regime

_WHO: Final[dict[str, Any]] = {"on_delete": models.PROTECT, "related_name": "+"}


class AgreedTerms(models.Model):
    """What a company, or one client of it, agreed on for late payment, for invoices from a day on.

    Never changed: the newest row is the one that counts. Without any the law's own rate does.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    # None: of every client of the company that has no row of its own.
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    valid_from = models.DateField(_("for invoices issued from"))
    regime = models.CharField(_("rate"), max_length=8, choices=Regime.choices, default=Regime.BCE10)
    contract_rate = models.DecimalField(
        _("rate of the contract, % a year"), max_digits=7, decimal_places=4, null=True, blank=True
    )
    day_basis = models.CharField(
        _("days of a year"), max_length=3, choices=DayBasis.choices, default=DayBasis.FIXED
    )
    reason = models.TextField(_("reason"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, **_WHO)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(regime="CONTRACT", contract_rate__gt=0, contract_rate__lt=100)
                | Q(~Q(regime="CONTRACT"), contract_rate=None),
                name="agreed_terms_rate_with_its_regime",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="agreed_terms_have_a_reason"),
        ]
        indexes = [models.Index(fields=["company", "account", "-valid_from"], name="agreed_terms_in_force")]
        triggers = [
            pgtrigger.Protect(name="agreed_terms_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.account_id or self.company_id} {self.regime}"


class PenaltyNoteQuerySet(models.QuerySet["PenaltyNote"]):
    """Chainable readings of interest notes."""

    def visible_to(self, user: User, company: Company | None = None) -> PenaltyNoteQuerySet:
        """Notes to the accounts this user may see: of the whole client, so no colleague's sale."""
        return self.filter(documents_of(user, company))


class PenaltyNote(models.Model):
    """Late-payment interest and indemnities claimed from a client, frozen; without VAT. Never changed.

    A mistake is taken back by another note that cancels it, with the opposite amounts.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="penalty_notes")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="penalty_notes")
    number = models.CharField(_("number"), max_length=20)
    issue_date = models.DateField(_("issue date"))
    due_date = models.DateField(_("due date"))
    # Interest is claimed up to the end of this day.
    as_of = models.DateField(_("claimed up to"))
    currency = models.CharField(max_length=3)
    # In the currency of the invoices; the fee is in euro whatever they are in.
    interest = models.DecimalField(max_digits=14, decimal_places=2)
    fee = models.DecimalField(max_digits=14, decimal_places=2)
    language = models.CharField(max_length=2)
    # Seller and client as they were, and every segment: what the paper shows.
    frozen = models.JSONField(default=dict)
    cancels = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="cancelled_by"
    )
    reason = models.TextField(_("reason"), blank=True)
    interest_item = models.OneToOneField(
        "invoicing.ReceivableItem",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="interest_note",
    )
    fee_item = models.OneToOneField(
        "invoicing.ReceivableItem", null=True, blank=True, on_delete=models.PROTECT, related_name="fee_note"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, **_WHO)
    recorded_at = models.DateTimeField()

    objects = PenaltyNoteQuerySet.as_manager()

    class Meta:
        ordering = ["-issue_date", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="penalty_note_number_once"),
            models.CheckConstraint(
                condition=Q(cancels=None, interest__gte=0, fee__gte=0)
                | Q(~Q(reason=""), cancels__isnull=False, interest__lte=0, fee__lte=0),
                name="penalty_note_sign_fits",
            ),
            models.CheckConstraint(condition=~Q(interest=0, fee=0), name="penalty_note_claims_something"),
            models.CheckConstraint(
                condition=(Q(interest=0, interest_item=None) | Q(~Q(interest=0), interest_item__isnull=False))
                & (Q(fee=0, fee_item=None) | Q(~Q(fee=0), fee_item__isnull=False)),
                name="penalty_note_with_its_items",
            ),
        ]
        indexes = [models.Index(fields=["company", "-issue_date", "-id"], name="penalty_note_by_issue_date")]
        triggers = [
            pgtrigger.Protect(name="penalty_note_immutable", operation=pgtrigger.Update | pgtrigger.Delete),
            refusing_closed_days("penalty_note_in_open_period", "SELECT company_id, issue_date FROM fresh"),
        ]

    def __str__(self) -> str:
        return self.number


class PenaltyClaim(models.Model):
    """What a note claims of one invoice: days with their segments, and the indemnity.

    No day of an invoice is claimed twice and no invoice bears two indemnities, unless a note was taken back. The
    migration makes the first: an invoice and its days are a box, and an exclusion constraint lets none overlap.
    """

    note = models.ForeignKey(PenaltyNote, on_delete=models.PROTECT, related_name="claims")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="penalty_claims")
    # None where the indemnity alone is claimed.
    first_day = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    days = models.PositiveIntegerField(default=0)
    interest = models.DecimalField(max_digits=14, decimal_places=2)
    fee = models.DecimalField(max_digits=14, decimal_places=2)
    regime = models.CharField(max_length=8, choices=Regime.choices)
    is_assumed = models.BooleanField(default=False)
    floor_breach = models.BooleanField(default=False)
    # From, to, days, balance, rate, amount of each, as claimed.
    segments = models.JSONField(default=list)
    undone_by = models.ForeignKey(
        PenaltyNote, null=True, blank=True, on_delete=models.PROTECT, related_name="undoes"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(undone_by=None, fee__gt=0), name="one_indemnity_per_invoice"
            ),
            models.UniqueConstraint(fields=["note", "invoice"], name="penalty_claim_once_per_note"),
            models.CheckConstraint(
                condition=Q(first_day=None, until=None, interest=0)
                | Q(first_day__isnull=False, until__gte=F("first_day"), interest__gt=0),
                name="penalty_claim_interest_with_its_days",
            ),
            models.CheckConstraint(
                condition=Q(fee=0) | Q(fee=40), name="penalty_claim_indemnity_is_forty_or_none"
            ),
            models.CheckConstraint(condition=~Q(interest=0, fee=0), name="penalty_claim_of_something"),
        ]
        triggers = [
            pgtrigger.Protect(name="penalty_claim_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="penalty_claim_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "note", "invoice", "first_day", "until", "days", "interest", "fee", "regime", "is_assumed",
                    "floor_breach", "segments",
                ),
            ),
            pgtrigger.Protect(
                name="penalty_claim_undone_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.undone_by_id IS NOT NULL"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.note_id}: {self.invoice_id}"


class PenaltyWaiver(models.Model):
    """The choice not to claim interest, the indemnity or both of an invoice, with who chose it and why.

    Lifted, it stays: what was waived may be claimed again.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="penalty_waivers")
    interest = models.BooleanField(_("interest"), default=False)
    fee = models.BooleanField(_("indemnity"), default=False)
    reason = models.TextField(_("reason"))
    waived_by = models.ForeignKey(settings.AUTH_USER_MODEL, **_WHO)
    waived_at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, **_WHO)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-waived_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(lifted_at=None, interest=True), name="one_waiver_of_interest"
            ),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(lifted_at=None, fee=True), name="one_waiver_of_the_indemnity"
            ),
            models.CheckConstraint(
                condition=Q(interest=True) | Q(fee=True), name="penalty_waiver_of_something"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="penalty_waiver_has_a_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None, lift_reason="")
                | Q(~Q(lift_reason=""), lifted_at__isnull=False, lifted_by__isnull=False),
                name="penalty_waiver_lifted_by_somebody",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="penalty_waiver_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="penalty_waiver_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "invoice", "interest", "fee", "reason", "waived_by", "waived_at"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}"

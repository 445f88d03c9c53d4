"""Money that came in, and money that the bank took back."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.enums import PaymentMethod
from accounts.models import Company, CustomerAccount, User, documents_of
from orders.models import Order

from .dated_models import refusing_closed_days


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Chainable readings of payments."""

    def visible_to(self, user: User, company: Company | None = None) -> PaymentQuerySet:
        """Payments of the accounts this user may see, and what nobody has identified of companies seen whole."""
        whole = [held_in for held_in, role in user.grants if role.sees_all_accounts]
        keys = [held_in for held_in in whole if held_in is not None]
        found = Company.objects.filter(pk__in=keys) if len(keys) == len(whole) else Company.objects.all()
        if company is not None:
            found = found.filter(pk=company.pk)
        return self.filter(documents_of(user, company) | Q(account=None, company__in=found))


class Payment(models.Model):
    """Money that came in, or is announced for a later date."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="payments")
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    external_id = models.CharField(max_length=120)
    received_on = models.DateField()
    # The first day the money is good; None: at once. Set by the clearing days of its method when it is recorded.
    clears_on = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=12, choices=PaymentMethod.choices, default=PaymentMethod.TRANSFER)
    reference = models.CharField(max_length=300, blank=True)
    payer_name = models.CharField(max_length=200, blank=True)
    payer_iban = models.CharField(max_length=34, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    creation_hash = models.CharField(max_length=64, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "external_id"], name="payment_once_per_company"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(clears_on=None) | Q(clears_on__gt=F("received_on")),
                name="payment_clears_after_it_came",
            ),
        ]
        indexes = [
            # What had to wait until it was good: exposure looks at the last days of it.
            models.Index(
                fields=["account", "clears_on"],
                include=["received_on", "currency", "amount", "id"],
                condition=Q(clears_on__isnull=False),
                name="payment_to_be_cleared",
            ),
            models.Index(fields=["company", "-received_on"], name="payment_by_company"),
            # The few that are deposits: exposure begins here.
            models.Index(fields=["account"], condition=Q(order__isnull=False), name="payment_for_an_order"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="returned_payment_is_nobodys",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("account_id"),
                condition=pgtrigger.Condition("OLD.account_id IS NULL AND NEW.account_id IS NOT NULL"),
                func="""
                    IF EXISTS (
                        SELECT FROM invoicing_paymentreturn WHERE payment_id = NEW.id AND undone_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'payment % went back to the bank, it is no client''s', NEW.id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'returned_payment_is_nobodys';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class PaymentReturn(models.Model):
    """A payment that the bank took back: an unpaid cheque, bill or direct debit, a transfer recalled.

    ``item`` stands against the payment's own item and closes it; ``fee_item`` is what the bank charges for it. One
    return of a payment is in force at a time. An undone one stays, with counter-entries beside its items.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="returns")
    # Whose payment it was: every credit check asks what of it is unpaid.
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    returned_on = models.DateField()
    reason = models.TextField()
    fee = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    # None of money nobody has identified: it is in no client's book.
    item = models.OneToOneField(
        "invoicing.ReceivableItem", null=True, blank=True, on_delete=models.PROTECT, related_name="returned"
    )
    fee_item = models.OneToOneField(
        "invoicing.ReceivableItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Keys of the matches it undid: its own undoing makes them again.
    undid = ArrayField(models.BigIntegerField(), default=list, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], condition=Q(undone_at=None), name="one_return_in_force_per_payment"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="payment_return_has_a_reason"),
            models.CheckConstraint(
                condition=Q(fee=None, fee_item=None) | Q(fee__gt=0, fee_item__isnull=False),
                name="payment_return_fee_with_its_item",
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="payment_return_undone_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(undone_at=None), name="payment_return_in_force")
        ]
        triggers = [
            pgtrigger.Protect(name="payment_return_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="payment_return_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "payment",
                    "account",
                    "returned_on",
                    "reason",
                    "fee",
                    "item",
                    "fee_item",
                    "undid",
                    "recorded_by",
                    "recorded_at",
                ),
            ),
            pgtrigger.Trigger(
                name="payment_returned_after_it_came",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("received", "date")],
                func="""
                    SELECT received_on INTO received FROM invoicing_payment WHERE id = NEW.payment_id;
                    IF NEW.returned_on < received THEN
                        RAISE EXCEPTION 'payment % came in on %, it cannot be returned on %',
                            NEW.payment_id, received, NEW.returned_on
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_returned_after_it_came';
                    END IF;
                    RETURN NEW;
                """,
            ),
            refusing_closed_days(
                "payment_return_in_open_period",
                """SELECT p.company_id, f.returned_on FROM fresh f
                JOIN invoicing_payment p ON p.id = f.payment_id""",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.returned_on}"

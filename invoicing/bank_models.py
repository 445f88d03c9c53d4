"""The company's bank accounts, the statements the bank sends of them, and who pays from which account."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User

from .enums import Continuity, FileStatus, LineOutcome, ReturnStatus, StatementFormat
from .payment_models import Payment


class BankQuerySet(models.QuerySet[models.Model]):
    """Chainable readings of what the bank says of a company."""

    company_field = "company"

    def visible_to(self, user: User, company: Company | None = None) -> BankQuerySet:
        """Rows of the companies in which this user may see the bank."""
        if not user.may("bank.view"):
            return self.none()
        found, allowed = self, user.company_ids()
        if allowed is not None:
            keys = [key for key in allowed if user.may("bank.view", key)]
            found = found.filter(**{f"{self.company_field}__in": keys})
        return found if company is None else found.filter(**{self.company_field: company})


class LineQuerySet(BankQuerySet):
    """The same for lines of statements."""

    company_field = "statement__company"


class ProposalQuerySet(BankQuerySet):
    """The same for proposals to return a payment."""

    company_field = "line__statement__company"


class BankAccount(models.Model):
    """An account of a company at a bank, known by its IBAN or by bank, branch and number."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="bank_accounts")
    name = models.CharField(_("name"), max_length=80, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bank = models.CharField(_("bank code"), max_length=11, blank=True)
    branch = models.CharField(_("branch code"), max_length=5, blank=True)
    number = models.CharField(_("account number"), max_length=34, blank=True)
    # What a statement is told by, however it writes the account: ``invoicing.bank.account_key``.
    key = models.CharField(max_length=60)
    currency = models.CharField(_("currency"), max_length=3)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = BankQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "key", "currency"], name="bank_account_once_per_company"
            ),
            models.CheckConstraint(condition=~Q(key=""), name="bank_account_can_be_told"),
        ]

    def __str__(self) -> str:
        return self.name or self.iban or f"{self.bank} {self.branch} {self.number}".strip()


class StatementFile(models.Model):
    """A file of statements that somebody brought: looked at, then booked or refused as a whole."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    file = models.FileField(upload_to="bank/%Y/%m")
    original_name = models.CharField(max_length=255)
    size = models.PositiveIntegerField()
    format = models.CharField(max_length=8, choices=StatementFormat.choices, blank=True)
    status = models.CharField(max_length=10, choices=FileStatus.choices, default=FileStatus.UPLOADED)
    # What booking it would do, or did: statements, counts, and why it is refused.
    result = models.JSONField(default=dict)
    work = models.ForeignKey(
        "shared.Work", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BankQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["done", "refused"], finished_at__isnull=False)
                | Q(~Q(status__in=["done", "refused"]), finished_at=None),
                name="statement_file_finished_at_its_end",
            ),
        ]

    def __str__(self) -> str:
        return self.original_name

    @property
    def is_waiting(self) -> bool:
        """Whether it may still be booked."""
        return self.status in {FileStatus.UPLOADED, FileStatus.PREVIEWED}


class BankStatement(models.Model):
    """What the bank says happened on an account between two balances. Never changed: the bank sent it so."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="bank_statements")
    bank_account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="statements")
    number = models.CharField(_("number"), max_length=60, blank=True)
    format = models.CharField(max_length=8, choices=StatementFormat.choices)
    currency = models.CharField(max_length=3)
    opening_on = models.DateField()
    opening_balance = models.DecimalField(max_digits=16, decimal_places=2)
    closing_on = models.DateField()
    closing_balance = models.DecimalField(max_digits=16, decimal_places=2)
    line_count = models.PositiveIntegerField()
    # How it follows the statement before it, and the balance that one had closed with.
    continuity = models.CharField(max_length=10, choices=Continuity.choices)
    balance_before = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    # Of everything the bank wrote in it: the same statement once more is the same.
    fingerprint = models.CharField(max_length=64)
    file_name = models.CharField(max_length=255, blank=True)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    imported_at = models.DateTimeField()

    objects = BankQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bank_account", "fingerprint"], name="bank_statement_stored_once"
            ),
            models.CheckConstraint(
                condition=Q(opening_on__lte=F("closing_on")), name="bank_statement_opens_before_it_closes"
            ),
        ]
        indexes = [
            models.Index(fields=["bank_account", "-closing_on", "-id"], name="bank_statement_by_account"),
            models.Index(fields=["company", "-closing_on", "-id"], name="bank_statement_by_company"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="bank_statement_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            # Checked at commit, when all of its lines are there.
            pgtrigger.Trigger(
                name="bank_statement_ties",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("moved", "numeric"), ("lines", "integer")],
                func="""
                    SELECT COALESCE(SUM(amount), 0), COUNT(*) INTO moved, lines FROM invoicing_statementline
                    WHERE statement_id = NEW.id;
                    IF lines <> NEW.line_count THEN
                        RAISE EXCEPTION 'statement % has % of its % lines', NEW.id, lines, NEW.line_count
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_statement_ties';
                    END IF;
                    IF NEW.opening_balance + moved IS DISTINCT FROM NEW.closing_balance THEN
                        RAISE EXCEPTION 'statement % opens with %, moves % and closes with %',
                            NEW.id, NEW.opening_balance, moved, NEW.closing_balance
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_statement_ties';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.closing_on:%Y-%m-%d}"


class StatementLine(models.Model):
    """One movement as the bank wrote it, and what became of it here. Never changed.

    ``outcome`` PAYMENT has its ``payment``; DUPLICATE names the line that was there before; RETURN has a
    ``ReturnProposal``; FEE and OTHER are kept and concern no client.
    """

    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, related_name="lines")
    bank_account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    # The line of the file it stood on.
    file_line = models.PositiveIntegerField()
    booked_on = models.DateField()
    value_on = models.DateField(null=True, blank=True)
    # Positive for what came in.
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    label = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    reference = models.CharField(max_length=300, blank=True)
    end_to_end_id = models.CharField(max_length=70, blank=True)
    mandate = models.CharField(max_length=70, blank=True)
    payer_name = models.CharField(max_length=200, blank=True)
    payer_iban = models.CharField(max_length=34, blank=True)
    operation_code = models.CharField(max_length=40, blank=True)
    return_reason = models.CharField(max_length=40, blank=True)
    # Account, day, amount, label, and which of equal lines of the day it is.
    fingerprint = models.CharField(max_length=64)
    outcome = models.CharField(max_length=10, choices=LineOutcome.choices)
    payment = models.OneToOneField(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="statement_line"
    )
    duplicate_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates"
    )

    objects = LineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bank_account", "fingerprint"],
                condition=Q(duplicate_of=None),
                name="statement_line_booked_once",
            ),
            models.UniqueConstraint(fields=["statement", "position"], name="statement_line_in_its_place"),
            models.CheckConstraint(
                condition=Q(outcome="payment", payment__isnull=False, duplicate_of=None, amount__gt=0)
                | Q(outcome="duplicate", payment=None, duplicate_of__isnull=False)
                | Q(outcome="return", payment=None, duplicate_of=None, amount__lt=0)
                | Q(outcome__in=["fee", "other"], payment=None, duplicate_of=None),
                name="statement_line_became_one_thing",
            ),
        ]
        indexes = [models.Index(fields=["bank_account", "booked_on"], name="statement_line_by_day")]
        triggers = [
            pgtrigger.Protect(
                name="statement_line_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            # All places of a statement are taken when it is stored: nobody adds a line to one that ties already.
            pgtrigger.Trigger(
                name="statement_line_has_a_place",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="fresh"),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM fresh f JOIN invoicing_bankstatement s ON s.id = f.statement_id
                        WHERE f.bank_account_id <> s.bank_account_id
                           OR f.position NOT BETWEEN 1 AND s.line_count
                    ) THEN
                        RAISE EXCEPTION 'a line stands in a place of its statement, on its account'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_line_has_a_place';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statement_id}/{self.position}"


class ReturnProposal(models.Model):
    """A movement by which the bank took money back: which payment it concerns is for a person to say."""

    line = models.OneToOneField(StatementLine, on_delete=models.PROTECT, related_name="proposal")
    # What the portal found, or what the person chose.
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="return_proposals"
    )
    # Why this payment: a code of ``invoicing.bank.returning.ReturnHint``.
    hint = models.CharField(max_length=12, blank=True)
    status = models.CharField(max_length=10, choices=ReturnStatus.choices, default=ReturnStatus.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="open", decided_by=None, decided_at=None)
                | Q(status="returned", payment__isnull=False, decided_at__isnull=False)
                | Q(Q(status="dismissed", decided_at__isnull=False), ~Q(reason="")),
                name="return_proposal_decided_once",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(status="open", payment__isnull=False),
                name="one_open_return_proposal_per_payment",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(status="open"), name="return_proposal_open")]
        triggers = [pgtrigger.Protect(name="return_proposal_not_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return str(self.line_id)


class PayerLink(models.Model):
    """An account at a bank and the client who pays from it, learned when a payment from there was matched.

    One IBAN may pay for several clients (a group that pays for its companies): each is a row, and only an IBAN with
    a single row in force says by itself whose the money is.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="payer_links")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="payer_links")
    iban = models.CharField("IBAN", max_length=34)
    payer_name = models.CharField(max_length=200, blank=True)
    # Payments that confirmed it, the first one included.
    seen = models.PositiveIntegerField(default=1)
    learned_from = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    learned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    learned_at = models.DateTimeField()
    # Taken back: the client pays from there no longer, or never did.
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "iban", "account"],
                condition=Q(ended_at=None),
                name="one_payer_link_in_force",
            ),
            models.CheckConstraint(condition=~Q(iban=""), name="payer_link_has_an_iban"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="payer_link_in_one_company",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("company_id", "account_id"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM accounts_customeraccount a
                                   WHERE a.id = NEW.account_id AND a.company_id = NEW.company_id) THEN
                        RAISE EXCEPTION 'account % is of another company', NEW.account_id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_link_in_one_company';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.iban} {self.account_id}"

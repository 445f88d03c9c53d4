"""What invoices say of their two parties beyond the client's and the company's own rows, and the files made of them."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Company, CustomerAccount

from .document_models import Invoice
from .enums import FileKind, OperationCategory, VatTreatment


class SellerDetails(models.Model):
    """What the law wants of a company on its invoices, and how it is paid (domain.md 3.1)."""

    company = models.OneToOneField(
        Company, primary_key=True, on_delete=models.CASCADE, related_name="invoice_details"
    )
    share_capital = models.DecimalField(
        _("share capital"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    register_town = models.CharField(_("town of the trade register"), max_length=100, blank=True)
    siret = models.CharField("SIRET", max_length=14, blank=True)
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    bank_name = models.CharField(_("bank"), max_length=100, blank=True)
    # Directory address for e-invoices, scheme 0225; the SIREN where it is empty.
    electronic_address = models.CharField(_("electronic address"), max_length=125, blank=True)
    operation_category = models.CharField(
        _("operations"), max_length=8, choices=OperationCategory.choices, default=OperationCategory.GOODS
    )
    vat_on_debits = models.BooleanField(_("VAT on debits"), default=False)
    # CGI art. 293 B: a small business that charges no VAT.
    vat_franchise = models.BooleanField(_("exempt small business"), default=False)
    # Yearly rate of the contract in percent; none means the legal one, ECB + 10 points.
    penalty_rate = models.DecimalField(
        _("contractual penalty rate"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    # Words of the discount for early payment; empty means that there is none.
    discount_terms = models.CharField(_("discount terms"), max_length=300, blank=True)
    # Whether a document leaves by mail as soon as it is issued; a client may say otherwise.
    mails_documents = models.BooleanField(
        _("documents leave by mail once issued"), default=False, db_default=False
    )

    # Whether a document goes to the e-invoicing platform as soon as it is issued.
    hands_over_documents = models.BooleanField(
        _("documents go to the platform once issued"), default=False, db_default=False
    )
    # Whether every client gets its statement at the end of a month; a client may say otherwise.
    sends_statements = models.BooleanField(
        _("clients get their statement each month"), default=False, db_default=False
    )

    class Meta:
        verbose_name_plural = "seller details"
        constraints = [
            models.CheckConstraint(
                condition=Q(share_capital=None) | Q(share_capital__gte=0), name="share_capital_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(penalty_rate=None) | Q(penalty_rate__gt=0), name="penalty_rate_above_zero"
            ),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siret__regex=r"^[0-9]{14}$"), name="seller_siret_fourteen_digits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company_id}"


class BuyerDetails(models.Model):
    """What a client wants on its invoices: where they go, where goods go, its references, its VAT."""

    class Mailing(models.TextChoices):
        AS_COMPANY = "", _("As the company does")
        ALWAYS = "always", _("By itself, once issued")
        NEVER = "never", _("Only when somebody sends it")

    class Statements(models.TextChoices):
        AS_COMPANY = "", _("As the company does")
        EMAIL = "email", _("By e-mail, each month")
        POST = "post", _("By post, each month")
        NEVER = "never", pgettext_lazy("statements", "Never")

    account = models.OneToOneField(
        CustomerAccount, primary_key=True, on_delete=models.CASCADE, related_name="invoice_details"
    )
    electronic_address = models.CharField(_("electronic address"), max_length=125, blank=True)
    # EAS code of the address; 0225 is the French directory.
    electronic_scheme = models.CharField(_("scheme"), max_length=4, default="0225", blank=True)
    # What the buyer wants to find on the invoice, such as the code of the service that pays (BT-10).
    reference = models.CharField(_("buyer reference"), max_length=120, blank=True)
    vat_treatment = models.CharField(
        _("VAT treatment"),
        max_length=14,
        choices=VatTreatment.choices,
        default=VatTreatment.AUTOMATIC,
        blank=True,
    )
    exemption_text = models.CharField(_("exemption reference"), max_length=300, blank=True)
    billing_name = models.CharField(_("invoiced to"), max_length=200, blank=True)
    billing_line1 = models.CharField(_("address"), max_length=200, blank=True)
    billing_line2 = models.CharField(_("address, continued"), max_length=200, blank=True)
    billing_postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    billing_city = models.CharField(_("city"), max_length=100, blank=True)
    billing_country = models.CharField(_("country"), max_length=2, blank=True)
    delivery_name = models.CharField(_("delivered to"), max_length=200, blank=True)
    delivery_line1 = models.CharField(_("address"), max_length=200, blank=True)
    delivery_line2 = models.CharField(_("address, continued"), max_length=200, blank=True)
    delivery_postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    delivery_city = models.CharField(_("city"), max_length=100, blank=True)
    delivery_country = models.CharField(_("country"), max_length=2, blank=True)
    mails_documents = models.CharField(
        _("by mail"), max_length=6, choices=Mailing.choices, blank=True, default="", db_default=""
    )
    statements = models.CharField(
        _("monthly statement"),
        max_length=5,
        choices=Statements.choices,
        blank=True,
        default="",
        db_default="",
    )

    class Meta:
        verbose_name_plural = "buyer details"
        constraints = [
            models.CheckConstraint(
                condition=~Q(vat_treatment=VatTreatment.EXEMPT) | ~Q(exemption_text=""),
                name="exempt_buyer_has_its_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}"


class InvoiceFile(models.Model):
    """A file made of an issued document: once made, it is the one that was sent, and never changes."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=3, choices=FileKind.choices)
    file = models.FileField(upload_to="invoices/%Y/%m/")
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "kind"], name="one_file_per_document_and_kind"),
            models.CheckConstraint(
                condition=~Q(file="") & ~Q(sha256="") & Q(size__gt=0), name="invoice_file_has_its_hash"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="invoice_file_kept", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.kind}"

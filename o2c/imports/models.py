"""Files that were brought in: what they were, how they were read, what came of them."""

from __future__ import annotations

import uuid
from pathlib import PurePath

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Company, User
from o2c.shared.models import Work


def _own_name(run: ImportRun, filename: str) -> str:
    """A name nobody can guess or choose, so that no file meets another one's."""
    return f"imports/{uuid.uuid4().hex}{PurePath(filename).suffix.lower()[:8]}"


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    """Chainable readings of import runs."""

    def visible_to(self, user: User, company: Company | None = None) -> ImportRunQuerySet:
        """Runs of the companies in which this user may import."""
        if not user.may("imports.run"):
            return self.none()
        allowed = user.company_ids()
        found = self
        if allowed is not None:
            codes = Company.objects.filter(pk__in=[c for c in allowed if user.may("imports.run", c)])
            found = found.filter(company_code__in=codes.values("code"))
        return found if company is None else found.filter(company_code=company.code)


class ImportRun(models.Model):
    """One file: uploaded, previewed, then booked in the background (or not)."""

    class Kind(models.TextChoices):
        LEDGER = "ledger", _("Receivables ledger")
        ACCOUNTS = "accounts", _("Clients")
        ORDERS = "orders", _("Orders")
        INVOICES = "invoices", _("Invoices issued elsewhere")
        PAYMENTS = "payments", _("Payments received")
        RATES = "rates", _("Exchange rates")
        COVER = "cover", _("Credit insurance cover")
        STATEMENTS = "statements", _("Financial statements")
        NOTICES = "notices", _("Legal notices (BODACC)")
        APPROVALS = "approvals", _("Approvals of the factor")

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        PREVIEWED = "previewed", _("Previewed")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", pgettext_lazy("import", "Refused")

    # The company may not exist yet: its first booking makes it.
    company_code = models.CharField(_("company"), max_length=20)
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.LEDGER)
    file = models.FileField(upload_to=_own_name)
    original_name = models.CharField(max_length=255)
    mapping_name = models.CharField(max_length=60, blank=True)
    # The mapping as it was used, so that the result can be told from the file again.
    mapping_text = models.TextField()
    as_of = models.DateField(_("as of"), null=True, blank=True)
    dry_run = models.BooleanField(default=False)
    # Book the good lines and give back the others; else all or nothing.
    keep_good_lines = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.UPLOADED)
    counts = models.JSONField(default=dict)
    # The first errors, ``[line, message]``; all of them are in ``refused``.
    errors = models.JSONField(default=list)
    refused = models.FileField(upload_to=_own_name, blank=True)
    work = models.ForeignKey(Work, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["done", "failed"], finished_at__isnull=False)
                | Q(~Q(status__in=["done", "failed"]), finished_at=None),
                name="import_run_finished_at_its_end",
            ),
        ]
        indexes = [models.Index(fields=["company_code", "-created_at"], name="import_run_by_company")]

    def __str__(self) -> str:
        return self.original_name

    @property
    def is_waiting(self) -> bool:
        """Whether it may still be read otherwise, and started."""
        return self.status in {self.Status.UPLOADED, self.Status.PREVIEWED}


class SavedMappingQuerySet(models.QuerySet["SavedMapping"]):
    """Chainable readings of saved mappings."""

    def visible_to(self, user: User) -> SavedMappingQuerySet:
        """Mappings of the companies in which this user may import."""
        if not user.may("imports.run"):
            return self.none()
        allowed = user.company_ids()
        if allowed is None:
            return self
        return self.filter(company__in=[c for c in allowed if user.may("imports.run", c)])


class SavedMapping(models.Model):
    """How files of one kind are read in one company, under a name people choose it by."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=ImportRun.Kind.choices)
    name = models.CharField(_("name"), max_length=60)
    # The mapping as TOML.
    text = models.TextField()
    # The columns of the file it was made for: a file with the same ones is read by it.
    headers = models.JSONField(default=list)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    objects = SavedMappingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "kind", "name"], name="one_mapping_per_kind_and_name"),
            models.CheckConstraint(condition=~Q(name=""), name="mapping_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

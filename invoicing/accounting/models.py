"""The accounts a company books on where they are not those of the chart."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from accounts.models import Company

from .chart import Use


class LedgerAccount(models.Model):
    """An account of a company's own for one use."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="ledger_accounts")
    use = models.CharField(max_length=20, choices=Use.choices)
    number = models.CharField(max_length=20, validators=[RegexValidator(r"^[0-9]{3}[0-9A-Z]*$")])
    label = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "use"], name="one_ledger_account_per_use"),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9]{3}[0-9A-Z]*$"),
                name="ledger_account_begins_with_three_digits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.use} {self.number}"

"""How late clients pay, as the nightly run found it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import Company, CustomerAccount


class PaymentHabit(models.Model):
    """The mean delay of a client, of a risk class or of a whole company over twelve months; serves forecasts only.

    :ivar account: None of a class or of the company
    :ivar risk_class: empty of a client or of the company
    :ivar delay: signed days, weighted by amount
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    risk_class = models.CharField(max_length=2, blank=True)
    payments = models.PositiveIntegerField()
    # Of the invoices paid; 0 until the first night that looks at it.
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0, db_default=0)
    delay = models.DecimalField(max_digits=8, decimal_places=2)
    computed_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "account", "risk_class"],
                nulls_distinct=False,
                name="one_payment_habit_of_each",
            ),
            models.CheckConstraint(
                condition=Q(account=None) | Q(risk_class=""), name="payment_habit_of_client_or_class"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id or self.risk_class or self.company_id}: {self.delay}"

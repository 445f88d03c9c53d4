"""Rows that say when: months of the books that are closed, changes of due dates (ADR 0008)."""

from __future__ import annotations

from typing import Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company


class AccountingPeriod(models.Model):
    """A month of a company's books that was closed, and perhaps opened again; one without a row is open."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="periods")
    # The first day of the month.
    month = models.DateField(_("month"))
    is_closed = models.BooleanField(default=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField()
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopen_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(fields=["company", "month"], name="one_period_per_company_and_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="period_begins_on_the_first"),
            models.CheckConstraint(
                condition=Q(is_closed=True)
                | Q(is_closed=False, reopened_by__isnull=False, reopened_at__isnull=False)
                & ~Q(reopen_reason=""),
                name="period_reopened_by_somebody_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


# Days of fresh rows (company, day) that lie in a closed month. Whoever closes holds the company's row: so a posting
# waits for the closing, or the closing for the posting, and none slips in between.
_REFUSE: Final = """
    PERFORM 1 FROM accounts_company WHERE id IN (SELECT company_id FROM ({days}) AS d (company_id, day))
    ORDER BY id FOR KEY SHARE;
    SELECT d.day INTO refused
    FROM ({days}) AS d (company_id, day)
    JOIN invoicing_accountingperiod p
      ON p.company_id = d.company_id AND p.is_closed AND p.month = date_trunc('month', d.day)::date
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the day % lies in a closed period', refused
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_entry_in_a_closed_period';
    END IF;
    RETURN NULL;
"""


def refusing_closed_days(name: str, days: str, *, changed: bool = False) -> pgtrigger.Trigger:
    """Refuse rows dated in a closed month, once per statement however many rows it brings.

    :param days: SELECT of ``(company_id, day)`` over the transition table ``fresh`` (``stale`` holds the old rows)
    :param changed: look at changes instead of new rows
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Update if changed else pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh", old="stale" if changed else None),
        declare=[("refused", "date")],
        func=_REFUSE.format(days=days),
    )


class DueDateChange(models.Model):
    """A due date put off or brought forward, from a day on; the item's ``due_date`` is that of today.

    A reading for an earlier day takes the date before the first change after it. Never changed: the next change
    is a row of its own.
    """

    item = models.ForeignKey(
        "invoicing.ReceivableItem", on_delete=models.PROTECT, related_name="due_date_changes"
    )
    old_due_date = models.DateField()
    new_due_date = models.DateField(_("new due date"))
    effective_from = models.DateField(_("from"))
    reason = models.TextField(_("reason"))
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["effective_from", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(old_due_date=models.F("new_due_date")), name="due_date_change_changes"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="due_date_change_has_a_reason"),
        ]
        # Readings of a past day look for what changed after it, then by item.
        indexes = [models.Index(fields=["effective_from", "item"], name="due_date_change_by_day")]
        triggers = [
            pgtrigger.Protect(
                name="due_date_change_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            refusing_closed_days(
                "due_date_change_in_open_period",
                """SELECT i.company_id, f.effective_from FROM fresh f
                JOIN invoicing_receivableitem i ON i.id = f.item_id""",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.old_due_date} → {self.new_due_date}"

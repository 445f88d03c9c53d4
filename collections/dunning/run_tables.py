"""Tables of runs and reminders."""

from __future__ import annotations

from datetime import date

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing.tables import AccountColumn, linked
from o2c.shared import formats
from o2c.shared.tables import (
    AmountColumn,
    CheckColumn,
    Column,
    NameColumn,
    NumberColumn,
    StatusColumn,
    Table,
    TextColumn,
)

from .enums import ReminderStatus, RunStatus, StepChannel
from .models import DunningRun, Reminder


def step_in_words(number: int, channel: str) -> str:
    """A step as lists name it: its number and its channel."""
    return f"{number} · {StepChannel(channel).label}"


class RunTable(Table):
    """Runs, the latest first."""

    as_of = NameColumn(sql="as_of", verbose_name=gettext_lazy("Day"))
    letters = NumberColumn(verbose_name=gettext_lazy("Letters and messages"), phone="right")
    calls = NumberColumn(verbose_name=gettext_lazy("Calls"), phone="hide")
    dropped = NumberColumn(verbose_name=gettext_lazy("Dropped at sending"), phone="hide")
    status = StatusColumn(
        accessor="badge",
        order_by="status",
        codes=tuple(f"run_{each}" for each in RunStatus.values),
        verbose_name=gettext_lazy("Status"),
        phone="full",
    )
    created = Column(
        accessor="created_by",
        order_by="created_at",
        phone="hide",
        empty_values=(),
        verbose_name=gettext_lazy("Made by"),
    )

    class Meta:
        model = DunningRun
        fields: tuple[str, ...] = ()

    def render_as_of(self, record: DunningRun) -> SafeString:
        """Draw the day as the way to the run."""
        return linked(formats.date_short(record.as_of), reverse("dunning:run", args=[record.pk]))

    def value_as_of(self, record: DunningRun) -> date:
        """Return the day, for files."""
        return record.as_of

    def render_created(self, record: DunningRun) -> str:
        """Draw who asked for it."""
        return record.created_by.label() if record.created_by else _("the portal")

    def value_created(self, record: DunningRun) -> str:
        """Return who asked for it, for files."""
        return record.created_by.username if record.created_by else ""


class ReminderTable(Table):
    """Reminders, the latest first."""

    step = NameColumn(accessor="number", sql="number", verbose_name=gettext_lazy("Step"))
    account = AccountColumn(
        verbose_name=gettext_lazy("Client"), phone="full", order_by=("account__sort_key", "pk")
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Client code"))
    documents = NumberColumn(accessor="items_named", verbose_name=gettext_lazy("Documents"), phone="hide")
    total = AmountColumn(
        currency_from="currency", strong=True, phone="right", verbose_name=gettext_lazy("Asked for")
    )
    currency = TextColumn(export_only=True, verbose_name=gettext_lazy("Currency"))
    as_of = Column(verbose_name=gettext_lazy("Day"), phone="hide")
    status = StatusColumn(
        accessor="badge",
        order_by="status",
        codes=tuple(f"reminder_{each}" for each in ReminderStatus.values),
        verbose_name=gettext_lazy("Status"),
        phone="full",
    )

    class Meta:
        model = Reminder
        fields: tuple[str, ...] = ()

    def render_step(self, record: Reminder) -> SafeString:
        """Draw the step as the way to the reminder."""
        return linked(
            step_in_words(record.number, record.channel), reverse("dunning:reminder", args=[record.pk])
        )

    def value_step(self, record: Reminder) -> int:
        """Return the number alone, for files."""
        return record.number

    def render_as_of(self, record: Reminder) -> str:
        """Draw the day of the run."""
        return formats.date_short(record.as_of)

    def value_as_of(self, record: Reminder) -> date:
        """Return the day, for files."""
        return record.as_of


class RunReminderTable(ReminderTable):
    """What a run would send, to be chosen."""

    check = CheckColumn(amount="total", label="account__name")

    class Meta:
        model = Reminder
        fields: tuple[str, ...] = ()
        sequence = ("check", "...")

"""Recurring invoices: schedules of clients, their lines, the periods that were billed."""

from __future__ import annotations

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_team_members_dated"),
        ("invoicing", "0028_deposit_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RecurringInvoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "rhythm",
                    models.CharField(
                        choices=[
                            ("month", "Every month"),
                            ("quarter", "Every quarter"),
                            ("year", "Every year"),
                        ],
                        max_length=7,
                        verbose_name="rhythm",
                    ),
                ),
                (
                    "timing",
                    models.CharField(
                        choices=[("advance", "In advance"), ("arrears", "In arrears")], max_length=7
                    ),
                ),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(blank=True, null=True, verbose_name="last day")),
                ("term", models.CharField(blank=True, max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("customer_reference", models.CharField(blank=True, max_length=120)),
                ("total_excl_vat", models.DecimalField(decimal_places=2, max_digits=14)),
                ("created_at", models.DateTimeField()),
                ("next_position", models.PositiveIntegerField(default=0)),
                ("next_on", models.DateField(blank=True, null=True)),
                ("problem_code", models.CharField(blank=True, max_length=60)),
                ("problem", models.JSONField(default=dict)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("pause_reason", models.CharField(blank=True, max_length=300)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, max_length=300)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recurring_invoices",
                        to="accounts.customeraccount",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.company"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "paused_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="RecurringLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.PositiveIntegerField()),
                ("sku", models.CharField(blank=True, max_length=60)),
                ("description", models.CharField(max_length=240)),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("unit_price", models.DecimalField(decimal_places=4, max_digits=14)),
                ("vat_rate", models.DecimalField(decimal_places=2, max_digits=5)),
                (
                    "schedule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="invoicing.recurringinvoice",
                    ),
                ),
            ],
            options={
                "ordering": ["line"],
            },
        ),
        migrations.CreateModel(
            name="RecurringPeriod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("settled_at", models.DateTimeField()),
                (
                    "invoice",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recurring_period",
                        to="invoicing.invoice",
                    ),
                ),
                (
                    "schedule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="periods",
                        to="invoicing.recurringinvoice",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-position"],
            },
        ),
        migrations.AddIndex(
            model_name="recurringinvoice",
            index=models.Index(
                condition=models.Q(("next_on__isnull", False), ("paused_at", None)),
                fields=["next_on"],
                name="recurring_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringinvoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("last_day", None), ("last_day__gte", models.F("first_day")), _connector="OR"
                ),
                name="recurring_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringinvoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("pause_reason", ""), ("paused_at", None), ("paused_by", None)),
                    models.Q(
                        ("paused_at__isnull", False),
                        ("paused_by__isnull", False),
                        models.Q(("pause_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="recurring_paused_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringinvoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end_reason", ""), ("ended_at", None), ("ended_by", None)),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_by__isnull", False),
                        ("next_on", None),
                        models.Q(("end_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="recurring_ended_for_a_reason",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recurringinvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="recurring_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="d40318ba2444b94dec8e6c45906a827a17ea4526",
                    operation="DELETE",
                    pgid="pgtrigger_recurring_not_deleted_b9e51",
                    table="invoicing_recurringinvoice",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recurringinvoice",
            trigger=pgtrigger.compiler.Trigger(
                name="recurring_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."created_by_id" IS DISTINCT FROM (NEW."created_by_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."customer_reference" IS DISTINCT FROM (NEW."customer_reference") OR OLD."first_day" IS DISTINCT FROM (NEW."first_day") OR OLD."last_day" IS DISTINCT FROM (NEW."last_day") OR OLD."rhythm" IS DISTINCT FROM (NEW."rhythm") OR OLD."term" IS DISTINCT FROM (NEW."term") OR OLD."timing" IS DISTINCT FROM (NEW."timing") OR OLD."total_excl_vat" IS DISTINCT FROM (NEW."total_excl_vat"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="934dd3b19bf60054f9759808ac0f7771edf91554",
                    operation="UPDATE",
                    pgid="pgtrigger_recurring_frozen_811be",
                    table="invoicing_recurringinvoice",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringline",
            constraint=models.UniqueConstraint(fields=("schedule", "line"), name="recurring_line_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recurringline",
            trigger=pgtrigger.compiler.Trigger(
                name="recurring_line_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="383438945bf99d627155a7a1e9a1bb49cc21af73",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_recurring_line_immutable_a4b1c",
                    table="invoicing_recurringline",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringperiod",
            constraint=models.UniqueConstraint(fields=("schedule", "position"), name="recurring_period_once"),
        ),
        migrations.AddConstraint(
            model_name="recurringperiod",
            constraint=models.UniqueConstraint(fields=("schedule", "first"), name="recurring_day_once"),
        ),
        migrations.AddConstraint(
            model_name="recurringperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("last__gte", models.F("first"))), name="recurring_period_has_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="recurringperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("invoice__isnull", False), ("settled_by__isnull", False), _connector="OR"
                ),
                name="recurring_period_left_out_by_somebody",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recurringperiod",
            trigger=pgtrigger.compiler.Trigger(
                name="recurring_period_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="a731d98d349fdd09c2b3186df33cd9971cf7eb34",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_recurring_period_immutable_52bdb",
                    table="invoicing_recurringperiod",
                    when="BEFORE",
                ),
            ),
        ),
    ]

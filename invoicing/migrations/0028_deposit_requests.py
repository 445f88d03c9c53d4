"""Deposits asked for; the few payments and invoices that are deposits are found by their client."""

from __future__ import annotations

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_team_members_dated"),
        ("invoicing", "0027_dunning_stops"),
        ("orders", "0014_reexaminations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DepositRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="amount")),
                ("currency", models.CharField(max_length=3)),
                ("due_date", models.DateField(verbose_name="due date")),
                ("language", models.CharField(default="fr", max_length=2)),
                ("requested_at", models.DateTimeField()),
                ("met_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_reason", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("kind", "DEPOSIT_INVOICE")),
                fields=["account"],
                name="deposit_invoice_by_account",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("order__isnull", False)), fields=["account"], name="payment_for_an_order"
            ),
        ),
        migrations.AddField(
            model_name="depositrequest",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deposit_requests",
                to="accounts.customeraccount",
            ),
        ),
        migrations.AddField(
            model_name="depositrequest",
            name="cancelled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="depositrequest",
            name="company",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.company"
            ),
        ),
        migrations.AddField(
            model_name="depositrequest",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deposit_requests",
                to="orders.order",
            ),
        ),
        migrations.AddField(
            model_name="depositrequest",
            name="requested_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="depositrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cancelled_at", None), ("met_at", None)),
                fields=("order",),
                name="one_deposit_request_waits_per_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="depositrequest",
            constraint=models.UniqueConstraint(
                fields=("order", "position"), name="deposit_request_numbered_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="depositrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="deposit_request_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="depositrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("met_at", None), ("cancelled_at", None), _connector="OR"),
                name="deposit_request_met_or_cancelled",
            ),
        ),
        migrations.AddConstraint(
            model_name="depositrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cancel_reason", ""), ("cancelled_at", None), ("cancelled_by", None)),
                    models.Q(("cancelled_at__isnull", False), models.Q(("cancel_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="deposit_request_cancelled_for_a_reason",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="depositrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="deposit_request_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="28f5f23d391e15e03aeaf8f2cf3a55526a5c29bf",
                    operation="DELETE",
                    pgid="pgtrigger_deposit_request_not_deleted_0ef78",
                    table="invoicing_depositrequest",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="depositrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="deposit_request_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."due_date" IS DISTINCT FROM (NEW."due_date") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."order_id" IS DISTINCT FROM (NEW."order_id") OR OLD."position" IS DISTINCT FROM (NEW."position") OR OLD."requested_at" IS DISTINCT FROM (NEW."requested_at") OR OLD."requested_by_id" IS DISTINCT FROM (NEW."requested_by_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="b50bd757ef9af9aa33977328d0a85665ebfeaca9",
                    operation="UPDATE",
                    pgid="pgtrigger_deposit_request_frozen_83728",
                    table="invoicing_depositrequest",
                    when="BEFORE",
                ),
            ),
        ),
    ]

"""Papers of the client, order confirmations, and when production started."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_checks_before_production"),
        ("credit", "0008_evidence_required"),
        ("orders", "0006_quotations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AcceptedDifference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.CharField(max_length=60)),
                ("ours", models.CharField(blank=True, max_length=300)),
                ("theirs", models.CharField(blank=True, max_length=300)),
                ("reason", models.TextField()),
                ("accepted_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="OrderConfirmation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("issue", models.PositiveSmallIntegerField()),
                ("content_hash", models.CharField(max_length=64)),
                ("language", models.CharField(max_length=2)),
                ("file", models.FileField(upload_to="confirmations/%Y/%m/")),
                ("sha256", models.CharField(max_length=64)),
                ("issued_at", models.DateTimeField()),
                ("replaced_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="OrderEvidence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("mail", "Post"),
                            ("edi", "EDI"),
                            ("portal", "Client's portal"),
                            ("phone", "Phone, confirmed in writing"),
                            ("on_site", "Signed on site"),
                        ],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                ("reference", models.CharField(blank=True, max_length=120, verbose_name="their number")),
                ("dated_on", models.DateField(blank=True, null=True, verbose_name="dated")),
                ("file", models.FileField(blank=True, upload_to="evidence/%Y/%m/")),
                ("name", models.CharField(blank=True, max_length=150)),
                ("content_type", models.CharField(blank=True, max_length=100)),
                ("size", models.PositiveIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "evidence",
            },
        ),
        migrations.CreateModel(
            name="PurchaseOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=120, verbose_name="their number")),
                ("dated_on", models.DateField(blank=True, null=True, verbose_name="dated")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("term", models.CharField(blank=True, max_length=40, verbose_name="payment term")),
                (
                    "requested_delivery",
                    models.DateField(blank=True, null=True, verbose_name="requested delivery"),
                ),
                (
                    "total_excl_vat",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="total excl. VAT"
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                ("replaced_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="PurchaseOrderLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.PositiveIntegerField()),
                ("sku", models.CharField(blank=True, max_length=60, verbose_name="article")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14, verbose_name="quantity")),
                (
                    "unit_price",
                    models.DecimalField(decimal_places=4, max_digits=14, verbose_name="unit price"),
                ),
                ("delivery_date", models.DateField(blank=True, null=True, verbose_name="delivery")),
            ],
            options={
                "ordering": ["line"],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="has_evidence",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="order",
            name="has_purchase_order",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="order",
            name="production_started_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="production_started_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("production_started_at", None), ("production_started_by", None)),
                    models.Q(
                        ("production_started_at__isnull", False), ("production_started_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="production_started_by_somebody",
            ),
        ),
        migrations.AddField(
            model_name="accepteddifference",
            name="accepted_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="accepteddifference",
            name="order_submitted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="orderconfirmation",
            name="issued_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="orderconfirmation",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="confirmations", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="orderevidence",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="orderevidence",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="purchaseorder",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="purchase_orders", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="purchaseorder",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="accepteddifference",
            name="purchase_order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="accepted",
                to="orders.purchaseorder",
            ),
        ),
        migrations.AddField(
            model_name="purchaseorderline",
            name="purchase_order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.purchaseorder"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderconfirmation",
            constraint=models.UniqueConstraint(fields=("order", "issue"), name="confirmation_issue_once"),
        ),
        migrations.AddConstraint(
            model_name="orderconfirmation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_at", None)), fields=("order",), name="one_confirmation_in_force"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="orderconfirmation",
            trigger=pgtrigger.compiler.Trigger(
                name="confirmation_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4a65f68d0470d5b74decb19db078fa9682355caf",
                    operation="DELETE",
                    pgid="pgtrigger_confirmation_not_deleted_b40e0",
                    table="orders_orderconfirmation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="orderconfirmation",
            trigger=pgtrigger.compiler.Trigger(
                name="confirmation_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."content_hash" IS DISTINCT FROM (NEW."content_hash") OR OLD."file" IS DISTINCT FROM (NEW."file") OR OLD."issue" IS DISTINCT FROM (NEW."issue") OR OLD."issued_at" IS DISTINCT FROM (NEW."issued_at") OR OLD."order_id" IS DISTINCT FROM (NEW."order_id") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="4a6452577d4a7e2adaf35ee10ae416d196f42002",
                    operation="UPDATE",
                    pgid="pgtrigger_confirmation_frozen_a93a6",
                    table="orders_orderconfirmation",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="orderevidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reference", ""), _negated=True),
                    models.Q(("file", ""), _negated=True),
                    _connector="OR",
                ),
                name="evidence_is_a_file_or_a_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderevidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("file", ""), ("sha256", ""), ("size", 0)),
                    models.Q(
                        models.Q(("file", ""), _negated=True),
                        models.Q(("sha256", ""), _negated=True),
                        ("size__gt", 0),
                    ),
                    _connector="OR",
                ),
                name="evidence_file_has_its_hash",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="orderevidence",
            trigger=pgtrigger.compiler.Trigger(
                name="evidence_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="e5144b3726265b767c1309eeb4cdaaf0eef40777",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_evidence_kept_de225",
                    table="orders_orderevidence",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaseorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_at", None)),
                fields=("order",),
                name="one_purchase_order_in_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaseorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("number", ""), _negated=True), name="purchase_order_has_a_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="accepteddifference",
            constraint=models.UniqueConstraint(
                fields=("purchase_order", "place", "ours", "theirs"), name="difference_accepted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="accepteddifference",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="difference_accepted_with_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="accepteddifference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("order_submitted_by", None),
                    models.Q(("accepted_by", models.F("order_submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="difference_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaseorderline",
            constraint=models.UniqueConstraint(
                fields=("purchase_order", "line"), name="purchase_order_line_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaseorderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="purchase_order_quantity_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="purchaseorderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit_price__gte", 0)), name="purchase_order_price_not_negative"
            ),
        ),
    ]

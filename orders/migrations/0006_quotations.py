"""Offers to clients, with a number sequence of their own."""

from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("orders", "0005_override_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE orders_quotation_number START 1", "DROP SEQUENCE orders_quotation_number"
        ),
        migrations.CreateModel(
            name="Quotation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=60, verbose_name="number")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("DRAFT", "Draft"),
                            ("SENT", "Sent"),
                            ("ACCEPTED", "Accepted"),
                            ("REFUSED", "Declined"),
                            ("EXPIRED", "Run out"),
                            ("ORDERED", "Ordered"),
                        ],
                        default="DRAFT",
                        max_length=8,
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("term", models.CharField(max_length=40, verbose_name="payment term")),
                ("quoted_on", models.DateField(verbose_name="quotation date")),
                ("valid_until", models.DateField(verbose_name="valid until")),
                (
                    "requested_delivery",
                    models.DateField(blank=True, null=True, verbose_name="requested delivery"),
                ),
                (
                    "customer_reference",
                    models.CharField(blank=True, max_length=120, verbose_name="client's reference"),
                ),
                ("total_excl_vat", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("total_incl_vat", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("credit_answer", models.JSONField(default=dict)),
                ("checked_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("end_reason", models.TextField(blank=True)),
                ("creation_hash", models.CharField(blank=True, max_length=64)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotations",
                        to="accounts.customeraccount",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotations",
                        to="accounts.company",
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
                    "order",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotation",
                        to="orders.order",
                    ),
                ),
                (
                    "sales_rep",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuotationLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.PositiveIntegerField()),
                ("sku", models.CharField(max_length=60, verbose_name="article")),
                ("description", models.CharField(max_length=300, verbose_name="description")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14, verbose_name="quantity")),
                (
                    "unit_price",
                    models.DecimalField(decimal_places=4, max_digits=14, verbose_name="unit price"),
                ),
                (
                    "vat_rate",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("20"), max_digits=5, verbose_name="VAT rate"
                    ),
                ),
                (
                    "quotation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.quotation",
                    ),
                ),
            ],
            options={
                "ordering": ["line"],
            },
        ),
        migrations.AddIndex(
            model_name="quotation",
            index=models.Index(fields=["company", "-created_at"], name="quotation_by_company"),
        ),
        migrations.AddIndex(
            model_name="quotation",
            index=models.Index(fields=["account", "-quoted_on"], name="quotation_by_account"),
        ),
        migrations.AddIndex(
            model_name="quotation",
            index=models.Index(
                condition=models.Q(("state__in", ["DRAFT", "SENT"])),
                fields=["valid_until"],
                name="quotation_running_out",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotation",
            constraint=models.UniqueConstraint(
                fields=("company", "number"), name="quotation_number_once_per_company"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("order__isnull", False), ("state", "ORDERED")),
                    models.Q(models.Q(("state", "ORDERED"), _negated=True), ("order", None)),
                    _connector="OR",
                ),
                name="quotation_ordered_has_its_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotation",
            constraint=models.CheckConstraint(
                condition=models.Q(("total_excl_vat__gte", 0), ("total_incl_vat__gte", 0)),
                name="quotation_totals_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotation",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until__gte", models.F("quoted_on"))),
                name="quotation_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "SENT"), _negated=True), ("sent_at__isnull", False), _connector="OR"
                ),
                name="quotation_sent_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotationline",
            constraint=models.UniqueConstraint(
                fields=("quotation", "line"), name="quotation_line_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotationline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="quotation_line_quantity_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotationline",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit_price__gte", 0)), name="quotation_line_price_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotationline",
            constraint=models.CheckConstraint(
                condition=models.Q(("vat_rate__gte", 0), ("vat_rate__lte", 100)),
                name="quotation_line_vat_rate",
            ),
        ),
    ]

from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import invoicing.models

# What ``matching.words.number_key`` does, for an index: capitals, runs of letters and of digits one dot apart, no
# leading zeros. By bytes, so that no collation changes it.
NUMBER_KEY = r"""
CREATE OR REPLACE FUNCTION invoicing_number_key(document text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        upper(document COLLATE "C"), '[^A-Z0-9]+', '.', 'g'),
        '([A-Z])(?=[0-9])', '\1.', 'g'), '([0-9])(?=[A-Z])', '\1.', 'g'), '(^|\.)0+(?=[0-9])', '\1', 'g'), '.')
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_team_members_dated"),
        ("invoicing", "0016_anomalies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(NUMBER_KEY, "DROP FUNCTION invoicing_number_key(text)"),
        migrations.CreateModel(
            name="CashDiscount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=2, max_digits=4, verbose_name="percent")),
                ("days", models.PositiveSmallIntegerField(verbose_name="days after the issue")),
            ],
        ),
        migrations.CreateModel(
            name="Matching",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80)),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "allocations",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "differences",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("is_automatic", models.BooleanField(default=False)),
                ("score", models.DecimalField(blank=True, decimal_places=2, max_digits=3, null=True)),
                ("reasons", models.JSONField(blank=True, default=list)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="MatchingRules",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "is_automatic",
                    models.BooleanField(default=False, verbose_name="match sure payments automatically"),
                ),
                (
                    "confidence",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.90"),
                        max_digits=3,
                        verbose_name="from this confidence on",
                    ),
                ),
                (
                    "tolerance",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("1.00"),
                        max_digits=6,
                        verbose_name="difference written off at most",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "matching rules",
            },
        ),
        migrations.AddIndex(
            model_name="receivableitem",
            index=models.Index(
                models.F("company"),
                invoicing.models.NumberKey("document"),
                condition=models.Q(("open_amount", 0), _negated=True),
                name="item_open_by_number_key",
            ),
        ),
        migrations.AddField(
            model_name="cashdiscount",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cash_discounts",
                to="accounts.customeraccount",
            ),
        ),
        migrations.AddField(
            model_name="cashdiscount",
            name="company",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cash_discounts",
                to="accounts.company",
            ),
        ),
        migrations.AddField(
            model_name="matching",
            name="company",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.company"
            ),
        ),
        migrations.AddField(
            model_name="matching",
            name="made_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="matching",
            name="payment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="matchings",
                to="invoicing.payment",
            ),
        ),
        migrations.AddField(
            model_name="matchingrules",
            name="company",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="matching_rules",
                to="accounts.company",
            ),
        ),
        migrations.AddConstraint(
            model_name="cashdiscount",
            constraint=models.UniqueConstraint(
                fields=("company", "account"), name="one_cash_discount_per_client", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="cashdiscount",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__gt", 0), ("percent__lt", 100)), name="cash_discount_is_a_share"
            ),
        ),
        migrations.AddIndex(
            model_name="matching",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["allocations"], name="matching_by_allocation"
            ),
        ),
        migrations.AddConstraint(
            model_name="matching",
            constraint=models.UniqueConstraint(fields=("company", "key"), name="matching_asked_once"),
        ),
        migrations.AddConstraint(
            model_name="matching",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_automatic", True), ("made_by", None), ("score__isnull", False)),
                    models.Q(("is_automatic", False), ("made_by__isnull", False)),
                    _connector="OR",
                ),
                name="matching_by_somebody_or_automatic",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="matching",
            trigger=pgtrigger.compiler.Trigger(
                name="matching_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="a2687be2ccd85a12c16bb7738afb8d243cdcb3b0",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_matching_append_only_e6506",
                    table="invoicing_matching",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="matchingrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("confidence__gte", Decimal("0.50")), ("confidence__lte", 1)),
                name="matching_confidence_is_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="matchingrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("tolerance__gte", 0)), name="matching_tolerance_not_negative"
            ),
        ),
    ]

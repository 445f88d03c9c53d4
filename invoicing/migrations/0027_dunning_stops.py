"""When nobody is to be reminded of an item, or a client of anything."""

from __future__ import annotations

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_team_members_dated"),
        ("invoicing", "0026_mails_by_themselves"),
        ("orders", "0014_reexaminations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DunningStop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField(verbose_name="reason")),
                ("starts_on", models.DateField(verbose_name="from")),
                ("until", models.DateField(verbose_name="until")),
                ("stopped_at", models.DateTimeField()),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-stopped_at", "-pk"],
            },
        ),
        migrations.AddField(
            model_name="dunningstop",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dunning_stops",
                to="accounts.customeraccount",
            ),
        ),
        migrations.AddField(
            model_name="dunningstop",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="dunningstop",
            name="item",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dunning_stops",
                to="invoicing.receivableitem",
            ),
        ),
        migrations.AddField(
            model_name="dunningstop",
            name="stopped_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="dunningstop",
            index=models.Index(fields=["item", "starts_on"], name="dunning_stop_by_item"),
        ),
        migrations.AddIndex(
            model_name="dunningstop",
            index=models.Index(fields=["account", "starts_on"], name="dunning_stop_by_account"),
        ),
        migrations.AddConstraint(
            model_name="dunningstop",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on", None), ("item__isnull", False)),
                fields=("item",),
                name="one_dunning_stop_per_item",
            ),
        ),
        migrations.AddConstraint(
            model_name="dunningstop",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on", None), ("item", None)),
                fields=("account",),
                name="one_dunning_stop_per_client",
            ),
        ),
        migrations.AddConstraint(
            model_name="dunningstop",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="dunning_stop_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="dunningstop",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gte", models.F("starts_on"))),
                name="dunning_stop_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="dunningstop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_by", None), ("ended_on", None)),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_by__isnull", False),
                        ("ended_on__gte", models.F("starts_on")),
                    ),
                    _connector="OR",
                ),
                name="dunning_stop_ended_by_somebody",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dunningstop",
            trigger=pgtrigger.compiler.Trigger(
                name="dunning_stop_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="d387b61864ebb7f47d483436250f75b5b28e4f55",
                    operation="DELETE",
                    pgid="pgtrigger_dunning_stop_not_deleted_45251",
                    table="invoicing_dunningstop",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dunningstop",
            trigger=pgtrigger.compiler.Trigger(
                name="dunning_stop_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."item_id" IS DISTINCT FROM (NEW."item_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."starts_on" IS DISTINCT FROM (NEW."starts_on") OR OLD."stopped_at" IS DISTINCT FROM (NEW."stopped_at") OR OLD."stopped_by_id" IS DISTINCT FROM (NEW."stopped_by_id") OR OLD."until" IS DISTINCT FROM (NEW."until"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="67358e9ad50aab2e5bef14904a1abcb1d581af2b",
                    operation="UPDATE",
                    pgid="pgtrigger_dunning_stop_frozen_f4dae",
                    table="invoicing_dunningstop",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dunningstop",
            trigger=pgtrigger.compiler.Trigger(
                name="dunning_stop_of_the_items_account",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.item_id IS NOT NULL)",
                    func="\n                    SELECT account_id INTO NEW.account_id FROM invoicing_receivableitem WHERE id = NEW.item_id;\n                    RETURN NEW;\n                ",
                    hash="bb0a8da99fc0d718cd57348759e494145f9c8373",
                    operation="INSERT",
                    pgid="pgtrigger_dunning_stop_of_the_items_account_ca440",
                    table="invoicing_dunningstop",
                    when="BEFORE",
                ),
            ),
        ),
    ]

import django.contrib.postgres.fields
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shared", "0002_event_knows_its_transaction")]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveBigIntegerField(unique=True)),
                ("form", models.PositiveSmallIntegerField()),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("count", models.PositiveIntegerField()),
                (
                    "event_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("digests", models.BinaryField()),
                ("horizon", models.BigIntegerField()),
                ("cluster", models.CharField(blank=True, max_length=40)),
                ("sealed_at", models.DateTimeField()),
                ("previous", models.CharField(blank=True, max_length=64, unique=True)),
                ("head", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddIndex(
            model_name="auditseal",
            index=models.Index(fields=["last_id", "first_id"], name="seal_by_events"),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", 1), ("previous", "")),
                    models.Q(("number__gt", 1), models.Q(("previous", ""), _negated=True)),
                    _connector="OR",
                ),
                name="only_the_first_seal_follows_none",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditseal",
            trigger=pgtrigger.compiler.Trigger(
                name="seal_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="f11ed535b3d32271b57d8d9f0c2bf19756cf489b",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_seal_append_only_7cd7b",
                    table="shared_auditseal",
                    when="BEFORE",
                ),
            ),
        ),
    ]

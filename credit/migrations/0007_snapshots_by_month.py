from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
MONEY = {"decimal_places": 2, "max_digits": 16}


class Migration(migrations.Migration):
    """Snapshots lie in a table per month, with typed columns in place of a JSON object (ADR 0009)."""

    dependencies = [("credit", "0006_standing_parts_as_amounts")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SQL)],
            state_operations=[
                migrations.DeleteModel("ExposureSnapshot"),
                migrations.CreateModel(
                    name="ExposureSnapshot",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "level",
                                "target_id",
                                "day",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "level",
                            models.PositiveSmallIntegerField(
                                choices=[(1, "group"), (2, "legal entity"), (3, "account")]
                            ),
                        ),
                        ("target_id", models.BigIntegerField()),
                        ("day", models.DateField()),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "parts",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.DecimalField(**MONEY), default=list, size=None
                            ),
                        ),
                        ("gross_exposure", models.DecimalField(**MONEY)),
                        ("net_exposure", models.DecimalField(**MONEY)),
                        ("overdue", models.DecimalField(default=0, **MONEY)),
                        ("oldest_due", models.DateField(null=True)),
                        ("disputed", models.DecimalField(default=0, **MONEY)),
                        ("on_hold_orders", models.DecimalField(default=0, **MONEY)),
                        ("limit_kind", models.CharField(default="none", max_length=10)),
                        ("effective_limit", models.DecimalField(null=True, **MONEY)),
                        ("recorded_at", models.DateTimeField()),
                    ],
                ),
            ],
        )
    ]

"""What became of held orders when credit was freed, kept."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_team_members_dated"),
        ("orders", "0013_delivery_notes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reexamination",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("seen", models.TextField()),
                ("examined", models.PositiveIntegerField()),
                ("released", models.PositiveIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reexaminations",
                        to="accounts.customeraccount",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["account", "began_at"], name="reexamination_by_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(released__lte=F("examined")), name="reexamination_releases_what_it_saw"
                    ),
                    models.CheckConstraint(
                        condition=Q(ended_at__gte=F("began_at")), name="reexamination_ends_after_it_began"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReexaminedOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("released", "Released"),
                            ("reconfirm", "To be confirmed with the client"),
                            ("kept", "Still on hold"),
                        ],
                        max_length=9,
                    ),
                ),
                ("room_before", models.DecimalField(decimal_places=2, max_digits=16, null=True)),
                ("room", models.DecimalField(decimal_places=2, max_digits=16, null=True)),
                ("missing_before", models.DecimalField(decimal_places=2, max_digits=14)),
                ("missing", models.DecimalField(decimal_places=2, max_digits=14)),
                ("currency", models.CharField(max_length=3)),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reexamined",
                        to="orders.holdcase",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reexamined",
                        to="orders.order",
                    ),
                ),
                (
                    "reexamination",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="orders.reexamination",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["reexamination", "order"], name="reexamined_once"),
                    models.CheckConstraint(
                        condition=Q(result="released", reasons=[]) | (~Q(result="released") & ~Q(reasons=[])),
                        name="reexamined_kept_for_a_reason",
                    ),
                ],
            },
        ),
    ]

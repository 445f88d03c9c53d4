import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PARTS = [
    ("delivered_not_invoiced", "Delivered, not invoiced"),
    ("open_orders", "Confirmed orders"),
    ("bills_not_matured", "Remitted, not yet cleared"),
    ("discounted_not_matured", "Discounted or sold with recourse, not due"),
    ("claimed_penalties", "Penalties claimed"),
    ("unallocated_payments", "Unmatched payments"),
    ("unallocated_credit_notes", "Unmatched credit notes"),
    ("deposits_held", "Deposits held"),
]
WHO = {
    "blank": True,
    "null": True,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": settings.AUTH_USER_MODEL,
}


class Migration(migrations.Migration):
    dependencies = [
        ("credit", "0028_factoring"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(
            migrations.RemoveConstraint("ExposureExclusion", name)
            for name in (
                "one_exclusion_in_force_per_part",
                "exclusion_ends_after_it_starts",
                "exclusion_of_a_part_with_a_switch",
                "exclusion_has_a_reason",
            )
        ),
        migrations.RenameModel("ExposureExclusion", "ExposureSwitch"),
        migrations.AlterField("ExposureSwitch", "part", models.CharField(choices=PARTS, max_length=30)),
        migrations.AddField("ExposureSwitch", "ended_by", models.ForeignKey(**WHO)),
        migrations.AddField("ExposureSwitch", "ended_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "ExposureSwitch", "end_reason", models.TextField(blank=True, default=""), preserve_default=False
        ),
        migrations.AddConstraint(
            "ExposureSwitch",
            models.UniqueConstraint(
                condition=models.Q(("effective_to", None)),
                fields=("company", "part"),
                name="one_switch_in_force_per_part",
            ),
        ),
        migrations.AddConstraint(
            "ExposureSwitch",
            models.CheckConstraint(
                condition=models.Q(
                    ("effective_to", None), ("effective_to__gte", models.F("effective_from")), _connector="OR"
                ),
                name="switch_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            "ExposureSwitch",
            models.CheckConstraint(
                condition=models.Q(("part__in", [code for code, _label in PARTS])),
                name="switch_of_a_part_that_has_one",
            ),
        ),
        migrations.AddConstraint(
            "ExposureSwitch",
            models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="switch_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            "ExposureSwitch",
            models.CheckConstraint(
                condition=models.Q(
                    ("effective_to__isnull", False),
                    models.Q(("end_reason", ""), ("ended_at", None), ("ended_by", None)),
                    _connector="OR",
                ),
                name="switch_in_force_is_not_ended",
            ),
        ),
    ]

"""A membership ends after it begins, who stands in has an end, and nobody does the same for a client twice at once."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_substitutions")]

    operations = [
        migrations.AlterField(
            model_name="teammember",
            name="role",
            field=models.CharField(
                choices=[
                    ("sales_rep", "Sales rep"),
                    ("adv", "Sales administration"),
                    ("collector", "Collector"),
                    ("credit", "Credit manager"),
                    ("substitute", "Stands in for the sales rep"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.UniqueConstraint(
                fields=["account", "role", "user"],
                condition=Q(valid_to=None),
                name="one_open_membership_per_person_and_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="team_member_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="teammember",
            constraint=models.CheckConstraint(
                condition=~Q(role="substitute") | Q(valid_to__isnull=False), name="substitute_has_an_end"
            ),
        ),
    ]

"""What may leave on a release, so that what has left is not let through again."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("orders", "0011_mass_decisions")]

    operations = [
        migrations.AddField(
            model_name="release",
            name="goods",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.CheckConstraint(
                condition=Q(consumed__gte=0) & (Q(goods=None) | Q(goods__gte=0)),
                name="release_goods_not_negative",
            ),
        ),
    ]

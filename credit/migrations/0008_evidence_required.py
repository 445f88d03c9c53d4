"""A class of risk may ask for evidence of the client's order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("credit", "0007_snapshots_by_month"),
    ]

    operations = [
        migrations.AddField(
            model_name="riskpolicy",
            name="evidence_required",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

"""Default shares of sales that are lost, by risk class, as editable rows."""

from decimal import Decimal

from django.db import migrations

LOSSES = {"A": "0.5", "B": "1", "C": "2", "D": "5", "E": "15"}


def insert(apps, schema_editor):
    RiskPolicy = apps.get_model("credit", "RiskPolicy")
    for code, share in LOSSES.items():
        RiskPolicy.objects.filter(risk_class=code).update(loss_pct=Decimal(share))


class Migration(migrations.Migration):
    dependencies = [("credit", "0023_stakes_and_lateness")]

    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]

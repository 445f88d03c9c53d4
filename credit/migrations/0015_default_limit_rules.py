"""Default caps of suggested limits and months of review by risk class, as editable rows."""

from decimal import Decimal

from django.db import migrations

CAPS = {"A": 500000, "B": 200000, "C": 75000, "D": 15000, "E": 0}
MONTHS = {"A": 12, "B": 12, "C": 6, "D": 3, "E": 3}


def insert(apps, schema_editor):
    RiskPolicy = apps.get_model("credit", "RiskPolicy")
    for code, cap in CAPS.items():
        RiskPolicy.objects.filter(risk_class=code).update(limit_cap=Decimal(cap), review_months=MONTHS[code])


class Migration(migrations.Migration):
    dependencies = [("credit", "0014_limit_rules")]

    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]

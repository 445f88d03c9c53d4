"""Default thresholds per risk class and the delegation matrix (domain.md 5.1 and 5.4), as editable rows."""

from decimal import Decimal

from django.db import migrations

OVERDUE_DAYS = {"A": 30, "B": 20, "C": 15, "D": 5, "E": 0}
# level, role, release amount, release % of the limit, release while overdue, limit, write-off
DELEGATION = [
    (1, "adv_officer", "500", "2", False, None, "50"),
    (2, "credit_analyst", "10000", None, True, "25000", "500"),
    (3, "credit_manager", "50000", None, True, "150000", "5000"),
    (4, "finance_director", "250000", None, True, "500000", "25000"),
]


def insert(apps, schema_editor):
    RiskPolicy = apps.get_model("credit", "RiskPolicy")
    RiskPolicy.objects.bulk_create(
        [RiskPolicy(risk_class=code, overdue_days=days) for code, days in OVERDUE_DAYS.items()]
    )
    DelegationRule = apps.get_model("credit", "DelegationRule")
    DelegationRule.objects.bulk_create(
        [
            DelegationRule(
                level=level,
                role=role,
                release_amount=Decimal(release),
                release_pct=None if pct is None else Decimal(pct),
                release_with_overdue=with_overdue,
                limit_amount=Decimal(0) if limit is None else Decimal(limit),
                write_off_amount=Decimal(write_off),
            )
            for level, role, release, pct, with_overdue, limit, write_off in DELEGATION
        ]
        + [DelegationRule(level=5, role="executive")]
    )


class Migration(migrations.Migration):
    dependencies = [("credit", "0001_initial")]

    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]

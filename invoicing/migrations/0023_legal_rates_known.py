"""The legal rates the product is delivered with (domain.md 2.3), as rows."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import migrations

# first day, central bank, legal rate, source, assumed: copied here, since a migration tells what was, not what is.
_ECB = "BCE, taux des opérations principales de refinancement"
_ROWS = [
    ("2021-01-01", "0.00", "0.79", f"{_ECB} ; arrêté du semestre (JO)", False),
    ("2021-07-01", "0.00", "0.76", f"{_ECB} ; arrêté du semestre (JO)", False),
    ("2022-01-01", "0.00", "0.76", f"{_ECB} ; arrêté du semestre (JO)", False),
    ("2022-07-01", "0.00", "0.77", f"{_ECB} ; arrêté du semestre (JO)", False),
    ("2023-01-01", "2.50", "2.06", f"{_ECB} au 21/12/2022 ; arrêté du semestre (JO)", False),
    ("2023-07-01", "4.00", "4.22", f"{_ECB} au 21/06/2023 ; arrêté du 27/06/2023 (JO)", False),
    ("2024-01-01", "4.50", "5.07", f"{_ECB} au 20/09/2023 ; arrêté du semestre (JO)", False),
    ("2024-07-01", "4.25", "4.92", f"{_ECB} au 12/06/2024 ; arrêté du 28/06/2024 (JO)", False),
    ("2025-01-01", "3.15", "3.71", f"{_ECB} au 18/12/2024 ; arrêté du semestre (JO)", False),
    ("2025-07-01", "2.15", "2.76", f"{_ECB} au 11/06/2025 ; arrêté du 19/06/2025 (JO)", False),
    ("2026-01-01", "2.15", "2.62", f"{_ECB} au 11/06/2025 ; arrêté du 15/12/2025 (JO)", False),
    ("2026-07-01", "2.40", "2.75", "À confirmer sur ecb.europa.eu et au JO", True),
]


def insert(apps, schema_editor):
    LegalRate = apps.get_model("invoicing", "LegalRate")
    LegalRate.objects.bulk_create(
        [
            LegalRate(
                starts_on=starts_on,
                ecb_rate=Decimal(ecb),
                legal_rate=Decimal(legal),
                source=source,
                is_assumed=is_assumed,
                recorded_at=datetime(2026, 11, 26, tzinfo=UTC),
            )
            for starts_on, ecb, legal, source, is_assumed in _ROWS
        ]
    )


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0022_legal_rates")]

    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]

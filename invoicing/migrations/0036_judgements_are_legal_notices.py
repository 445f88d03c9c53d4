"""What was noted as a judgement beside a client's late-payment terms becomes a notice of its legal entity."""

from __future__ import annotations

from django.db import migrations


def carry_over(apps, schema_editor):
    terms = apps.get_model("invoicing", "AgreedTerms")
    notices = apps.get_model("credit", "LegalNotice")
    newest = terms.objects.exclude(account=None).order_by("account_id", "-pk").distinct("account_id")
    for row in newest.select_related("account"):
        if row.judgement_on is None:
            continue
        notices.objects.get_or_create(
            entity_id=row.account.entity_id,
            reference=f"{row.judgement_on:%Y-%m-%d}",
            defaults={
                "company_id": row.company_id,
                "kind": "RECEIVERSHIP",
                "judgement_on": row.judgement_on,
                "published_on": row.judgement_on,
                "recorded_at": row.recorded_at,
                "recorded_by_id": row.recorded_by_id,
            },
        )


class Migration(migrations.Migration):
    dependencies = [
        ("credit", "0021_legal_notices"),
        ("invoicing", "0035_payments_to_match"),
    ]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]

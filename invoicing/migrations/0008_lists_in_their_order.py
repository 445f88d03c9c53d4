from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0007_due_date_changes")]

    operations = [
        migrations.RemoveIndex(model_name="invoice", name="invoice_by_company"),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                fields=["company", "-issue_date", "-id"],
                include=("account", "currency", "total_incl_vat"),
                name="invoice_by_issue_date",
            ),
        ),
        migrations.AddIndex(
            model_name="receivableitem",
            index=models.Index(
                condition=models.Q(("open_amount", 0), _negated=True),
                fields=["company", "due_date", "id"],
                include=("currency", "amount", "open_amount", "effective_date", "account", "invoice"),
                name="item_open_by_due_date",
            ),
        ),
    ]

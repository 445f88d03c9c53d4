from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0004_legal_notices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="importrun",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ledger", "Receivables ledger"),
                    ("accounts", "Clients"),
                    ("orders", "Orders"),
                    ("invoices", "Invoices issued elsewhere"),
                    ("payments", "Payments received"),
                    ("rates", "Exchange rates"),
                    ("cover", "Credit insurance cover"),
                    ("statements", "Financial statements"),
                    ("notices", "Legal notices (BODACC)"),
                    ("approvals", "Approvals of the factor"),
                ],
                default="ledger",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="savedmapping",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ledger", "Receivables ledger"),
                    ("accounts", "Clients"),
                    ("orders", "Orders"),
                    ("invoices", "Invoices issued elsewhere"),
                    ("payments", "Payments received"),
                    ("rates", "Exchange rates"),
                    ("cover", "Credit insurance cover"),
                    ("statements", "Financial statements"),
                    ("notices", "Legal notices (BODACC)"),
                    ("approvals", "Approvals of the factor"),
                ],
                max_length=10,
            ),
        ),
    ]

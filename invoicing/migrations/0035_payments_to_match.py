from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_direct_debit_under_two_schemes"),
        ("invoicing", "0034_direct_debit_under_two_schemes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="receivableitem",
            index=models.Index(
                condition=models.Q(("kind", "PAYMENT"), ("open_amount__lt", 0)),
                fields=["company", "payment"],
                name="item_payment_to_match",
            ),
        ),
    ]

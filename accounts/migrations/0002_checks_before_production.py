"""A company may leave out the check before production."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="company",
            name="checks_before_production",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]

"""The sequence our own order numbers are drawn from."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_what_was_last_approved")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE orders_number START 1001", "DROP SEQUENCE orders_number"),
    ]

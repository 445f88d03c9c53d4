import django.db.models.deletion
from django.db import migrations, models

FILL = """
    UPDATE invoicing_disputedamount x SET account_id = i.account_id
    FROM invoicing_receivableitem i WHERE i.id = x.item_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("invoicing", "0002_item_without_document"),
    ]

    operations = [
        migrations.AddField(
            model_name="disputedamount",
            name="account",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.customeraccount",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]

import django.contrib.postgres.indexes
from django.db import migrations, models

import o2c.shared.models


class Migration(migrations.Migration):
    """Events of before get the number of this migration's transaction: they are settled once it ends."""

    dependencies = [("shared", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="auditevent",
            name="transaction_id",
            field=models.BigIntegerField(db_default=o2c.shared.models.CurrentTransaction(), editable=False),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["transaction_id"], name="audit_by_transaction", pages_per_range=16
            ),
        ),
    ]

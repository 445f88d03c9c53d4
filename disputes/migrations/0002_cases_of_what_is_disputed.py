"""What was disputed before there were cases gets them: as work, so that no migration takes long."""

from django.db import migrations

ADOPT = """
    INSERT INTO shared_work (kind, key, payload, state, not_before, attempts, created_at, done, total, message, result)
    SELECT 'react:disputes.services.adopt', 'amount.disputed:' || MIN(id) || '-' || MAX(id),
           jsonb_build_object('row_ids', jsonb_agg(id ORDER BY id)), 'queued', now(), 0, now(), 0, 0, '', '{}'
    FROM (
        SELECT id, (ROW_NUMBER() OVER (ORDER BY id) - 1) / 500 AS piece
        FROM invoicing_disputedamount WHERE effective_to IS NULL
    ) AS x
    GROUP BY piece
    ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("disputes", "0001_disputes"), ("shared", "0004_outbox")]

    operations = [migrations.RunSQL(ADOPT, migrations.RunSQL.noop)]

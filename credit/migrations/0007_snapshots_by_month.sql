-- A month's table is made by itself when it is needed (ADR 0009). The function belongs to the owner of the tables, so
-- that an application whose role may not create tables can ask for one; it takes nothing but a day.
CREATE FUNCTION credit_make_snapshot_month(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', day);
    following date := first + INTERVAL '1 month';
    name text := 'credit_exposuresnapshot_' || to_char(first, 'YYYY_MM');
BEGIN
    -- Days nobody keeps books of stay in the table for the rest.
    IF to_regclass('public.' || name) IS NOT NULL OR day NOT BETWEEN DATE '1990-01-01' AND DATE '2199-12-31' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('credit_exposuresnapshot'));
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE credit_exposuresnapshot INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    -- What came before its month was made waits in the table for the rest and moves over.
    EXECUTE format(
        'WITH moved AS (DELETE FROM credit_exposuresnapshot_rest r WHERE r.day >= %L AND r.day < %L RETURNING *) '
        'INSERT INTO %I SELECT * FROM moved', first, following, name);
    EXECUTE format(
        'ALTER TABLE credit_exposuresnapshot ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, first, following);
END
$$;

ALTER TABLE credit_exposuresnapshot RENAME TO credit_exposuresnapshot_before;
ALTER TABLE credit_exposuresnapshot_before DROP CONSTRAINT one_snapshot_per_target_and_day;

CREATE TABLE credit_exposuresnapshot (
    level smallint NOT NULL CHECK (level >= 0),
    target_id bigint NOT NULL,
    day date NOT NULL,
    currency varchar(3) NOT NULL,
    parts numeric(16, 2)[] NOT NULL,
    gross_exposure numeric(16, 2) NOT NULL,
    net_exposure numeric(16, 2) NOT NULL,
    overdue numeric(16, 2) NOT NULL,
    oldest_due date,
    disputed numeric(16, 2) NOT NULL,
    on_hold_orders numeric(16, 2) NOT NULL,
    limit_kind varchar(10) NOT NULL,
    effective_limit numeric(16, 2),
    recorded_at timestamptz NOT NULL,
    CONSTRAINT one_snapshot_per_target_and_day PRIMARY KEY (level, target_id, day)
) PARTITION BY RANGE (day);

CREATE TABLE credit_exposuresnapshot_rest PARTITION OF credit_exposuresnapshot DEFAULT;

SELECT credit_make_snapshot_month(month::date)
FROM (
    SELECT DISTINCT date_trunc('month', day) AS month FROM credit_exposuresnapshot_before
    UNION
    SELECT generate_series(date_trunc('month', current_date), current_date + INTERVAL '3 months', INTERVAL '1 month')
) AS wanted;

INSERT INTO credit_exposuresnapshot
SELECT level, target_id, day, currency,
       CASE WHEN level = 3 THEN ARRAY[
           COALESCE((figures #>> '{parts,open_invoices}')::numeric, 0),
           COALESCE((figures #>> '{parts,delivered_not_invoiced}')::numeric, 0),
           COALESCE((figures #>> '{parts,open_orders}')::numeric, 0),
           COALESCE((figures #>> '{parts,bills_not_matured}')::numeric, 0),
           COALESCE((figures #>> '{parts,discounted_not_matured}')::numeric, 0),
           COALESCE((figures #>> '{parts,claimed_penalties}')::numeric, 0),
           COALESCE((figures #>> '{parts,unallocated_payments}')::numeric, 0),
           COALESCE((figures #>> '{parts,unallocated_credit_notes}')::numeric, 0),
           COALESCE((figures #>> '{parts,deposits_held}')::numeric, 0)
       ] ELSE '{}' END,
       gross_exposure, net_exposure, COALESCE((figures ->> 'overdue')::numeric, 0), (figures ->> 'oldest_due')::date,
       COALESCE((figures ->> 'disputed')::numeric, 0), COALESCE((figures ->> 'on_hold_orders')::numeric, 0),
       COALESCE(figures ->> 'limit_kind', 'none'), effective_limit, recorded_at
FROM credit_exposuresnapshot_before;

DROP TABLE credit_exposuresnapshot_before;

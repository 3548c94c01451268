-- Tasks in leased partitions, the log of attempts, events in the order in which they were committed.
--
-- * events and attempts are partitioned by the UTC day of the event's ID, whose first characters are its time: a day that nobody needs any
--   more is dropped as files. partition.go makes days and drops them. What belongs to no day that is there
--   (a replica with a wrong clock) comes to rest in *_rest, so that no payment fails for it.
-- * What was there before goes into days, too, as far back as 400 of them.

-- Like queue.PartitionOf: FNV-1a, 32 bits, modulo 64.
CREATE FUNCTION pg_temp.partition_of(lane text) RETURNS smallint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    bytes bytea  := convert_to(lane, 'UTF8');
    hash  bigint := 2166136261;
BEGIN
    FOR i IN 0 .. length(bytes) - 1 LOOP
        hash := (hash # get_byte(bytes, i)) * 16777619 & 4294967295;
    END LOOP;
    RETURN hash % 64;
END $$;

-- What IDs of events begin with from a time on: 48 bits of milliseconds as 10 characters of Crockford's base32.
CREATE FUNCTION pg_temp.events_from(at timestamptz) RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    ms   bigint := floor(extract(epoch FROM at) * 1000);
    text text   := '';
BEGIN
    FOR i IN 1 .. 10 LOOP
        text := substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (ms & 31)::integer + 1, 1) || text;
        ms := ms >> 5;
    END LOOP;
    RETURN 'evt_' || text;
END $$;

ALTER TABLE tasks ADD COLUMN part smallint, ADD COLUMN parked boolean NOT NULL DEFAULT false;
UPDATE tasks SET part = lanes.part
    FROM (SELECT lane, pg_temp.partition_of(lane) AS part FROM (SELECT DISTINCT lane FROM tasks) l) lanes
    WHERE tasks.lane = lanes.lane;
ALTER TABLE tasks ALTER COLUMN part SET NOT NULL, ALTER COLUMN parked DROP DEFAULT,
    ADD CONSTRAINT tasks_part CHECK (part BETWEEN 0 AND 63);
-- Vacuumed often: what is done leaves dead entries at the left edge of its partition's order, which sweeps cross.
ALTER TABLE tasks SET (autovacuum_vacuum_threshold = 5000);

DROP INDEX tasks_due;
-- The two orders of queue.Store: a task is in one of them.
CREATE INDEX tasks_of_part ON tasks (part, due_at, id) WHERE NOT parked;
CREATE INDEX tasks_of_lane ON tasks (part, lane, due_at, id) WHERE parked;

-- What became of an event's notifications.
CREATE INDEX buried_of_ref ON buried (ref, kind);

-- Who runs the tasks of a partition. Rows are updated in place every other second: they are few, and pages have room.
CREATE TABLE leases (
    part    smallint PRIMARY KEY,
    replica text COLLATE "C" NOT NULL, -- empty: nobody
    epoch   bigint NOT NULL,           -- rises each time the partition goes to a replica
    until   timestamptz NOT NULL,      -- by this server's clock

    CONSTRAINT leases_part CHECK (part BETWEEN 0 AND 63)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

INSERT INTO leases (part, replica, epoch, until) SELECT part, '', 0, '-infinity' FROM generate_series(0, 63) part;

-- Who lives, and so has a share in the partitions.
CREATE TABLE replicas (
    id    text COLLATE "C" PRIMARY KEY,
    until timestamptz NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

ALTER TABLE events RENAME TO events_before;
ALTER INDEX events_pkey RENAME TO events_before_pkey;
DROP INDEX events_of_merchant, events_of_object;

CREATE TABLE events (
    id        text COLLATE "C" PRIMARY KEY,
    merchant  text COLLATE "C" NOT NULL,
    type      text COLLATE "C" NOT NULL,
    object_id text COLLATE "C" NOT NULL,
    payment   text COLLATE "C" NOT NULL, -- empty: on no payment's timeline
    body      text NOT NULL,             -- as it came: deliveries are signed over it
    -- The transaction that committed it. Below the oldest that still runs nothing can be committed any more, so
    -- that one who reads up to there, in the order of (xact, id), never misses an event.
    xact      xid8 NOT NULL DEFAULT pg_current_xact_id()
) PARTITION BY RANGE (id);

CREATE INDEX events_of_merchant ON events (merchant, xact, id);
CREATE INDEX events_of_object ON events (object_id, id);

CREATE TABLE events_rest PARTITION OF events DEFAULT;

-- What was tried, or why not. Its event's day is its day, whenever it was made.
CREATE TABLE attempts (
    event    text COLLATE "C" NOT NULL,
    endpoint text COLLATE "C" NOT NULL,
    at       timestamptz NOT NULL,
    result   text COLLATE "C" NOT NULL,
    detail   text NOT NULL,

    PRIMARY KEY (event, endpoint, at),
    CONSTRAINT attempts_result CHECK (result IN ('delivered', 'failed', 'dead', 'dropped'))
) PARTITION BY RANGE (event);

CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT;

DO $$
DECLARE
    day timestamptz := date_trunc('day', now(), 'UTC');
    low text;
    high text;
BEGIN
    FOR i IN 1 .. 400 LOOP
        low := pg_temp.events_from(day);
        high := pg_temp.events_from(day + interval '24 hours');
        EXIT WHEN NOT EXISTS (SELECT FROM events_before WHERE id < high);
        IF EXISTS (SELECT FROM events_before WHERE id >= low AND id < high) THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)
                WITH (autovacuum_vacuum_insert_scale_factor = 0.05)', 'events_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'), low, high);
            EXECUTE format('CREATE TABLE %I PARTITION OF attempts FOR VALUES FROM (%L) TO (%L)
                WITH (autovacuum_vacuum_insert_scale_factor = 0.05)', 'attempts_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'), low, high);
        END IF;
        day := day - interval '24 hours';
    END LOOP;
END $$;

INSERT INTO events (id, merchant, type, object_id, payment, body)
    SELECT id, merchant, type, object_id, payment, body FROM events_before ORDER BY id;
DROP TABLE events_before;

-- The server whose transaction numbers events.xact has. A dump restored elsewhere brings numbers that are not of that server: order.go.
CREATE TABLE origin (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    system   bigint NOT NULL
);

INSERT INTO origin (system) SELECT system_identifier FROM pg_control_system();

CREATE TABLE replays (
    id       text COLLATE "C" PRIMARY KEY,
    merchant text COLLATE "C" NOT NULL,
    status   text COLLATE "C" NOT NULL,
    cursor   text COLLATE "C" NOT NULL, -- the newest event looked at; empty: none yet
    detail   text NOT NULL,

    CONSTRAINT replays_status CHECK (status IN ('running', 'finished', 'canceled'))
) WITH (fillfactor = 50);

ALTER TABLE endpoints ADD COLUMN failing_since timestamptz; -- null: the newest attempt succeeded
ALTER TABLE endpoints DROP CONSTRAINT endpoints_status,
    ADD CONSTRAINT endpoints_status CHECK (status IN ('enabled', 'disabled', 'pull'));
CREATE INDEX endpoints_failing ON endpoints (failing_since, id) WHERE failing_since IS NOT NULL;

CREATE INDEX disputes_of_payment ON disputes (payment);

DROP FUNCTION pg_temp.partition_of(text);
DROP FUNCTION pg_temp.events_from(timestamptz);

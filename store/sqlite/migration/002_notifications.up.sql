-- Tasks are read by the partition (docs/decisions/0004), or, parked, by the lane. Both orders
-- are partial indexes: a task is in one of them. partition_of is queue.PartitionOf.
DROP INDEX tasks_due;
ALTER TABLE tasks RENAME TO tasks_before;
CREATE TABLE tasks (
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL,
    lane       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    part       INTEGER NOT NULL CHECK (part >= 0 AND part < 64),
    parked     INTEGER NOT NULL CHECK (parked = 0 OR parked = 1),
    due_at     INTEGER NOT NULL,
    attempt    INTEGER NOT NULL CHECK (attempt >= 0),
    last_error TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (kind, ref, lane)
) WITHOUT ROWID;
INSERT INTO tasks (kind, ref, lane, id, part, parked, due_at, attempt, last_error, created_at)
SELECT kind, ref, lane, id, partition_of(lane), 0, due_at, attempt, last_error, created_at FROM tasks_before;
DROP TABLE tasks_before;
CREATE INDEX tasks_part ON tasks (part, due_at, id) WHERE parked = 0;
CREATE INDEX tasks_lane ON tasks (part, lane, due_at, id) WHERE parked = 1;

-- What became of an event's notifications, each in its lane.
CREATE INDEX buried_ref ON buried (ref, lane);

-- Who runs the tasks of a partition. replica is '' where it was given back; epoch rises with each who takes it.
CREATE TABLE leases (
    part    INTEGER PRIMARY KEY CHECK (part >= 0 AND part < 64),
    replica TEXT    NOT NULL,
    epoch   INTEGER NOT NULL CHECK (epoch > 0),
    ends_at INTEGER NOT NULL
);
CREATE TABLE replicas (
    id      TEXT    PRIMARY KEY CHECK (id <> ''),
    ends_at INTEGER NOT NULL -- lives until then
) WITHOUT ROWID;

-- Rows are appended with their events, and found by event and endpoint, without any other tree.
CREATE TABLE attempts (
    event       INTEGER NOT NULL, -- its n
    endpoint    TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    result      TEXT    NOT NULL CHECK (result = 'delivered' OR result = 'failed' OR result = 'dead' OR result = 'dropped'),
    status      INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    url         TEXT    NOT NULL,
    error       TEXT    NOT NULL,
    exchange    TEXT    NOT NULL, -- JSON of headers and body; empty for none
    PRIMARY KEY (event, endpoint, at)
) WITHOUT ROWID;

CREATE TABLE replays (
    id       TEXT PRIMARY KEY,
    merchant TEXT NOT NULL,
    status   TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.status')) VIRTUAL CHECK (status = 'running' OR status = 'finished' OR status = 'canceled'),
    cursor   TEXT NOT NULL,
    body     TEXT NOT NULL
);

-- seq is the order of commits, in microseconds of a clock that always rises. What is there gets
-- the least that rises with n and is no less than its time.
DROP INDEX events_list;
ALTER TABLE events ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
UPDATE events SET seq = ranked.seq FROM (
    SELECT n, place + max(created_at - place) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) AS seq
    FROM (SELECT n, created_at, row_number() OVER (ORDER BY n) AS place FROM events)
) AS ranked WHERE ranked.n = events.n;
CREATE UNIQUE INDEX events_list ON events (merchant, seq);

CREATE INDEX disputes_payment ON disputes (payment);

DROP INDEX endpoints_merchant;
ALTER TABLE endpoints RENAME TO endpoints_before;
CREATE TABLE endpoints (
    id            TEXT    PRIMARY KEY,
    merchant      TEXT    NOT NULL,
    status        TEXT    NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.status')) VIRTUAL CHECK (status = 'enabled' OR status = 'disabled' OR status = 'pull'),
    failing_since INTEGER NOT NULL, -- written by deliveries, not by edits of the endpoint
    secrets       TEXT    NOT NULL, -- JSON
    body          TEXT    NOT NULL
);
INSERT INTO endpoints (id, merchant, failing_since, secrets, body) SELECT id, merchant, 0, secrets, body FROM endpoints_before;
DROP TABLE endpoints_before;
CREATE INDEX endpoints_merchant ON endpoints (merchant, id);
CREATE INDEX endpoints_failing ON endpoints (failing_since) WHERE failing_since > 0;

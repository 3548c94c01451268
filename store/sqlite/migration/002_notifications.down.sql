DROP INDEX endpoints_failing;
DROP INDEX endpoints_merchant;
ALTER TABLE endpoints RENAME TO endpoints_after;
CREATE TABLE endpoints (
    id       TEXT PRIMARY KEY,
    merchant TEXT NOT NULL,
    status   TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.status')) VIRTUAL CHECK (status = 'enabled' OR status = 'disabled'),
    secrets  TEXT NOT NULL, -- JSON
    body     TEXT NOT NULL
);
-- One that is pulled is one that nothing is sent to.
INSERT INTO endpoints (id, merchant, secrets, body)
SELECT id, merchant, secrets, iif(status = 'pull', json_set(body, '$.status', 'disabled'), body) FROM endpoints_after;
DROP TABLE endpoints_after;
CREATE INDEX endpoints_merchant ON endpoints (merchant, id);

DROP INDEX disputes_payment;

DROP INDEX events_list;
ALTER TABLE events DROP COLUMN seq;
CREATE INDEX events_list ON events (merchant);

DROP TABLE replays;
DROP TABLE attempts;
DROP TABLE replicas;
DROP TABLE leases;
DROP INDEX buried_ref;

DROP INDEX tasks_lane;
DROP INDEX tasks_part;
ALTER TABLE tasks RENAME TO tasks_after;
CREATE TABLE tasks (
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL,
    lane       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    attempt    INTEGER NOT NULL CHECK (attempt >= 0),
    last_error TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (kind, ref, lane)
) WITHOUT ROWID;
INSERT INTO tasks (kind, ref, lane, id, due_at, attempt, last_error, created_at)
SELECT kind, ref, lane, id, due_at, attempt, last_error, created_at FROM tasks_after;
DROP TABLE tasks_after;
CREATE INDEX tasks_due ON tasks (due_at, id);

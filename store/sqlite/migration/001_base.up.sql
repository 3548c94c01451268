-- Times are microseconds since 1970, UTC; 0 stands for none. Amounts are minor units.
-- Lists are written with OR: for IN, SQLite would build a table of the list at every write.
-- Every index is paid for with each write: there is one only where a read needs it.

-- n of payments, operations and events is the ordinal of their ID, which begins
-- with its time: rows append, an ID is found without an index, and n sorts as IDs do.

CREATE TABLE payments (
    n                 INTEGER PRIMARY KEY CHECK (n > 0),
    id                TEXT    NOT NULL,
    merchant          TEXT    NOT NULL CHECK (merchant <> ''),
    status            TEXT    NOT NULL CHECK (status = 'created' OR status = 'requires_action' OR status = 'processing' OR status = 'authorized' OR status = 'partially_captured' OR status = 'succeeded' OR status = 'failed' OR status = 'canceled' OR status = 'expired'),
    amount            INTEGER NOT NULL CHECK (amount > 0),
    currency          TEXT    NOT NULL CHECK (length(currency) = 3),
    capturable        INTEGER NOT NULL CHECK (capturable >= 0),
    received          INTEGER NOT NULL CHECK (received >= 0),
    refunded          INTEGER NOT NULL CHECK (refunded >= 0),
    refunding         INTEGER NOT NULL CHECK (refunding >= 0),
    disputed          INTEGER NOT NULL CHECK (disputed >= 0),
    version           INTEGER NOT NULL CHECK (version >= 1),
    merchant_order_id TEXT    NOT NULL,
    -- 0 while the payment keeps its order from being used by another, its own n
    -- ever after: late money finds the order's next payment undisturbed.
    order_slot        INTEGER NOT NULL CHECK (order_slot = 0 OR order_slot = n),
    created_at        INTEGER NOT NULL,
    detail            TEXT    NOT NULL, -- JSON: what is read with the payment only
    CHECK (received + capturable <= amount),   -- never take more than was asked
    CHECK (refunded + refunding <= received)   -- never give back more than was taken
);
-- Finds an order's payments, and lets one of them hold it.
CREATE UNIQUE INDEX payments_order ON payments (merchant, merchant_order_id, order_slot);
CREATE INDEX payments_list ON payments (merchant); -- and n, as every index has it

CREATE TABLE operations (
    n        INTEGER PRIMARY KEY CHECK (n > 0),
    id       TEXT    NOT NULL,
    payment  INTEGER NOT NULL, -- its n
    kind     TEXT    NOT NULL CHECK (kind = 'pay' OR kind = 'capture' OR kind = 'cancel' OR kind = 'refund'),
    state    TEXT    NOT NULL CHECK (state = 'created' OR state = 'sent' OR state = 'pending' OR state = 'unknown' OR state = 'authorized' OR state = 'succeeded' OR state = 'declined' OR state = 'not_sent' OR state = 'canceled'),
    amount   INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    detail   TEXT    NOT NULL
);
CREATE INDEX operations_payment ON operations (payment);

CREATE TABLE refunds (
    id         TEXT    PRIMARY KEY,
    payment    TEXT    NOT NULL,
    merchant   TEXT    NOT NULL,
    operation  TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status = 'processing' OR status = 'unknown' OR status = 'succeeded' OR status = 'failed'),
    amount     INTEGER NOT NULL CHECK (amount > 0),
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    version    INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    detail     TEXT    NOT NULL
);
CREATE INDEX refunds_list ON refunds (merchant, id);
CREATE INDEX refunds_payment ON refunds (payment, id);

CREATE TABLE disputes (
    id         TEXT    PRIMARY KEY,
    payment    TEXT    NOT NULL,
    merchant   TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status = 'opened' OR status = 'won' OR status = 'lost'),
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    account    TEXT    NOT NULL,
    channel_id TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    livemode   INTEGER NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account, channel_id) -- one case of an institution is one dispute
);

-- n ascends with time: the oldest are pruned without an index over created_at.
CREATE TABLE idempotency (
    n           INTEGER PRIMARY KEY,
    digest      BLOB    NOT NULL UNIQUE CHECK (length(digest) = 16), -- of merchant and key
    fingerprint BLOB    NOT NULL,
    object      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
);
-- Apart, for the answer comes later: a row that grew would push others out of its page.
CREATE TABLE answers (
    n      INTEGER PRIMARY KEY, -- of idempotency
    answer BLOB    NOT NULL
);

CREATE TABLE events (
    n          INTEGER PRIMARY KEY CHECK (n > 0),
    id         TEXT    NOT NULL,
    merchant   TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    object_id  TEXT    NOT NULL,
    payment    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    body       TEXT    NOT NULL -- the event as sent, from which the rest of it is read
);
CREATE INDEX events_list ON events (merchant);
CREATE INDEX events_object ON events (object_id);

-- One task by kind, reference and lane. A row's presence is the only truth.
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
-- With the key's columns, which it carries anyway, it decides what to skip without a look at the rows.
CREATE INDEX tasks_due ON tasks (due_at, id);

CREATE TABLE buried (
    id         TEXT    PRIMARY KEY,
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL,
    lane       TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    last_error TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    buried_at  INTEGER NOT NULL
);

-- One row holds what one commit appended to a payment's timeline.
CREATE TABLE hops (
    payment INTEGER NOT NULL, -- its n
    seq     INTEGER NOT NULL,
    hops    TEXT    NOT NULL, -- JSON array
    PRIMARY KEY (payment, seq)
) WITHOUT ROWID;

-- What follows is written seldom: body is the noun as JSON, and the columns SQL needs are read from it.

CREATE TABLE merchants (
    id   TEXT PRIMARY KEY CHECK (id <> ''),
    body TEXT NOT NULL
);

CREATE TABLE api_keys (
    id         TEXT    PRIMARY KEY,
    merchant   TEXT    NOT NULL,
    kind       TEXT    NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.kind')) VIRTUAL CHECK (kind = 'bearer' OR kind = 'hmac-sha256' OR kind = 'ed25519' OR kind = 'rsa-pss-sha512'),
    digest     BLOB    UNIQUE, -- of bearer keys
    shared     TEXT    NOT NULL, -- of hmac-sha256 keys
    revoked_at INTEGER NOT NULL,
    body       TEXT    NOT NULL
);
CREATE INDEX api_keys_merchant ON api_keys (merchant, id);

CREATE TABLE endpoints (
    id       TEXT PRIMARY KEY,
    merchant TEXT NOT NULL,
    status   TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.status')) VIRTUAL CHECK (status = 'enabled' OR status = 'disabled'),
    secrets  TEXT NOT NULL, -- JSON
    body     TEXT NOT NULL
);
CREATE INDEX endpoints_merchant ON endpoints (merchant, id);

CREATE TABLE links (
    id       TEXT PRIMARY KEY,
    merchant TEXT NOT NULL,
    status   TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.status')) VIRTUAL CHECK (status = 'active' OR status = 'canceled'),
    payment  TEXT NOT NULL, -- the newest made with it; written by payments, not by edits of the link
    body     TEXT NOT NULL
);
CREATE INDEX links_merchant ON links (merchant, id);

-- One row, which rises with every change of a merchant, key or endpoint.
CREATE TABLE revision (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n  INTEGER NOT NULL
);
INSERT INTO revision VALUES (1, 1);

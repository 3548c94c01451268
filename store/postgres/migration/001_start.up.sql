-- The first schema. Conventions:
--
-- * IDs are text in collation "C": they are compared as bytes, sort by time and are cheap to compare.
-- * detail is the object as JSON, for what no query asks about; where a column says the same, the
--   column is the truth. In the tables a payment's commit writes it is text: the store made it with an encoder and
--   never searches it, and to parse it again would be a fifteenth of a commit's work.
-- * There are no foreign keys between the tables a payment's commit writes: all its rows are written in
--   one transaction guarded by the payment's version, nothing is ever deleted alone, and each
--   key would lock the payment's row once more.
-- * Tables whose rows are updated leave room in their pages for a second version of each, and no updated column of payments, operations and
--   refunds is indexed, so that updates stay on the page (HOT) and indexes do not grow.
-- * Hot tables are vacuumed by the number of changes, not by a share of the table.

CREATE TABLE payments (
    id                text COLLATE "C" PRIMARY KEY,
    merchant          text COLLATE "C" NOT NULL,
    status            text COLLATE "C" NOT NULL,
    amount            bigint NOT NULL,
    currency          text COLLATE "C" NOT NULL,
    capturable        bigint NOT NULL,
    received          bigint NOT NULL,
    refunded          bigint NOT NULL,
    refunding         bigint NOT NULL,
    disputed          bigint NOT NULL,
    version           bigint NOT NULL,
    merchant_order_id text COLLATE "C" NOT NULL,
    order_slot        text COLLATE "C" NOT NULL,
    created_at        timestamptz NOT NULL,
    detail            text NOT NULL,

    -- The states of docs/state-machine.md: a status nobody knows must not come to rest here.
    CONSTRAINT payments_status CHECK (status IN ('created', 'requires_action', 'processing', 'authorized',
        'partially_captured', 'succeeded', 'failed', 'canceled', 'expired')),
    -- Somebody's payment of something; money is never negative.
    CONSTRAINT payments_merchant CHECK (merchant <> ''),
    CONSTRAINT payments_amounts CHECK (amount > 0 AND capturable >= 0 AND received >= 0
        AND refunded >= 0 AND refunding >= 0 AND disputed >= 0),
    -- No more is taken or reserved than the payer agreed to.
    CONSTRAINT payments_captured CHECK (received + capturable <= amount),
    -- No more is given back, or on its way back, than was taken.
    CONSTRAINT payments_refunded CHECK (refunded + refunding <= received),
    CONSTRAINT payments_currency CHECK (length(currency) = 3),
    -- Versions count from 1: 0 would be a payment that was never committed.
    CONSTRAINT payments_version CHECK (version >= 1),
    -- The first slot of an order, or one that nobody else can want.
    CONSTRAINT payments_order_slot CHECK (order_slot = '' OR order_slot = id)
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

-- One order is paid once: while a payment may still bring money, no other is made for its order. Until then its
-- slot is empty, and its own ID when it has ended unpaid, for good: late money does not bring the
-- order back, since another payment may hold it by then. The index also finds an order's payments.
CREATE UNIQUE INDEX payments_of_order ON payments (merchant, merchant_order_id, order_slot);
CREATE INDEX payments_of_merchant ON payments (merchant, id);

CREATE TABLE operations (
    id       text COLLATE "C" PRIMARY KEY,
    payment  text COLLATE "C" NOT NULL,
    merchant text COLLATE "C" NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    state    text COLLATE "C" NOT NULL,
    amount   bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    detail   text NOT NULL,

    CONSTRAINT operations_kind CHECK (kind IN ('pay', 'capture', 'cancel', 'refund')),
    CONSTRAINT operations_state CHECK (state IN ('created', 'sent', 'pending', 'unknown', 'authorized',
        'succeeded', 'declined', 'not_sent', 'canceled')),
    CONSTRAINT operations_amount CHECK (amount >= 0),
    CONSTRAINT operations_currency CHECK (length(currency) = 3)
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

CREATE INDEX operations_of_payment ON operations (payment, id);

CREATE TABLE refunds (
    id       text COLLATE "C" PRIMARY KEY,
    merchant text COLLATE "C" NOT NULL,
    payment  text COLLATE "C" NOT NULL,
    status   text COLLATE "C" NOT NULL,
    amount   bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    version  bigint NOT NULL,
    detail   text NOT NULL,

    CONSTRAINT refunds_status CHECK (status IN ('processing', 'unknown', 'succeeded', 'failed')),
    CONSTRAINT refunds_amount CHECK (amount > 0),
    CONSTRAINT refunds_currency CHECK (length(currency) = 3),
    CONSTRAINT refunds_version CHECK (version >= 1)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

CREATE INDEX refunds_of_merchant ON refunds (merchant, id);
CREATE INDEX refunds_of_payment ON refunds (payment, id);

CREATE TABLE disputes (
    id         text COLLATE "C" PRIMARY KEY,
    merchant   text COLLATE "C" NOT NULL,
    payment    text COLLATE "C" NOT NULL,
    account    text COLLATE "C" NOT NULL,
    channel_id text COLLATE "C" NOT NULL,
    status     text COLLATE "C" NOT NULL,
    amount     bigint NOT NULL,
    currency   text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    detail     text NOT NULL,

    -- An institution repeats its news: one case is one dispute.
    CONSTRAINT disputes_case UNIQUE (account, channel_id),
    CONSTRAINT disputes_status CHECK (status IN ('opened', 'won', 'lost')),
    CONSTRAINT disputes_amount CHECK (amount >= 0),
    CONSTRAINT disputes_currency CHECK (length(currency) = 3),
    CONSTRAINT disputes_version CHECK (version >= 1)
) WITH (fillfactor = 80);

CREATE TABLE idempotency (
    merchant    text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    object      text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL,
    answer      bytea NOT NULL, -- empty while the request is under way; then several times as large as the rest, for which pages leave room

    -- One key, one effect.
    PRIMARY KEY (merchant, key),
    -- What HTTP's header may carry, in bytes.
    CONSTRAINT idempotency_key CHECK (octet_length(key) BETWEEN 1 AND 1020)
) WITH (fillfactor = 15, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

-- Rows come in order of time, so that a block range index finds the old ones at next to no cost.
CREATE INDEX idempotency_by_age ON idempotency USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE events (
    id        text COLLATE "C" PRIMARY KEY,
    merchant  text COLLATE "C" NOT NULL,
    type      text COLLATE "C" NOT NULL,
    object_id text COLLATE "C" NOT NULL,
    payment   text COLLATE "C" NOT NULL, -- empty: on no payment's timeline
    body      text NOT NULL              -- as it came: deliveries are signed over it
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX events_of_merchant ON events (merchant, id);
CREATE INDEX events_of_object ON events (object_id, id);

CREATE TABLE tasks (
    id         text COLLATE "C" NOT NULL, -- not indexed: settling a task finds it by its subject
    kind       text COLLATE "C" NOT NULL,
    ref        text COLLATE "C" NOT NULL,
    lane       text COLLATE "C" NOT NULL,
    due_at     timestamptz NOT NULL,
    attempt    bigint NOT NULL,
    last_error text NOT NULL,
    created_at timestamptz NOT NULL,

    -- A thing is to be done once, however often it was asked for.
    PRIMARY KEY (kind, ref, lane),
    CONSTRAINT tasks_attempt CHECK (attempt >= 0)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX tasks_due ON tasks (due_at, id);

CREATE TABLE buried (
    id         text COLLATE "C" PRIMARY KEY,
    kind       text COLLATE "C" NOT NULL,
    ref        text COLLATE "C" NOT NULL,
    lane       text COLLATE "C" NOT NULL,
    due_at     timestamptz NOT NULL,
    attempt    bigint NOT NULL,
    last_error text NOT NULL,
    created_at timestamptz NOT NULL,
    buried_at  timestamptz NOT NULL
);

CREATE INDEX buried_by_time ON buried (buried_at, id);

CREATE TABLE hops (
    seq     bigint GENERATED ALWAYS AS IDENTITY, -- orders hops of the same microsecond
    payment text COLLATE "C" NOT NULL,
    at      timestamptz NOT NULL,
    detail  text NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX hops_of_payment ON hops (payment, at, seq);

CREATE TABLE merchants (
    id     text COLLATE "C" PRIMARY KEY,
    detail json NOT NULL
);

CREATE TABLE api_keys (
    id       text COLLATE "C" PRIMARY KEY,
    merchant text COLLATE "C" NOT NULL REFERENCES merchants,
    kind     text COLLATE "C" NOT NULL,
    digest   bytea,         -- of a bearer secret; null for signing keys
    shared     text NOT NULL, -- secret of an hmac-sha256 key; empty for the rest
    revoked_at timestamptz,   -- null: valid
    detail   json NOT NULL,

    CONSTRAINT api_keys_kind CHECK (kind IN ('bearer', 'hmac-sha256', 'ed25519', 'rsa-pss-sha512')),
    -- A secret names its holder.
    CONSTRAINT api_keys_digest UNIQUE (digest)
);

CREATE INDEX api_keys_of_merchant ON api_keys (merchant, id);

CREATE TABLE endpoints (
    id       text COLLATE "C" PRIMARY KEY,
    merchant text COLLATE "C" NOT NULL,
    status   text COLLATE "C" NOT NULL,
    secrets  json NOT NULL, -- newest first
    detail   json NOT NULL,

    CONSTRAINT endpoints_status CHECK (status IN ('enabled', 'disabled'))
);

CREATE INDEX endpoints_of_merchant ON endpoints (merchant, id);

CREATE TABLE links (
    id       text COLLATE "C" PRIMARY KEY,
    merchant text COLLATE "C" NOT NULL,
    status   text COLLATE "C" NOT NULL,
    amount   bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    payment  text COLLATE "C" NOT NULL, -- the newest made with it; empty: none
    detail   json NOT NULL,

    CONSTRAINT links_status CHECK (status IN ('active', 'canceled')),
    CONSTRAINT links_amount CHECK (amount >= 0),
    CONSTRAINT links_currency CHECK (length(currency) = 3)
) WITH (fillfactor = 80);

CREATE INDEX links_of_merchant ON links (merchant, id);

-- revision counts committed changes of merchants, keys and endpoints, for those who cache them.
CREATE TABLE revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    number   bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO revision (number) VALUES (0);

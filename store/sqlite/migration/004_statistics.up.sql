-- What is to be counted is committed with the change it is a fact of: one row a group commit, in lines
-- (paymux.AppendFacts). Whoever counts deletes the row in the commit that adds to the statistics, so that nothing is
-- counted twice or left out, whatever crashes (docs/decisions/0008).
CREATE TABLE facts (
    n    INTEGER PRIMARY KEY, -- microseconds of a clock that always rises: not used twice, or one who counts late would delete another row
    at   INTEGER NOT NULL, -- when it was committed, about
    body TEXT    NOT NULL CHECK (body <> '')
);

-- Numbers of each minute, hour and UTC day, by what can be asked for. They are only ever added to.
CREATE TABLE statistics (
    every    TEXT    NOT NULL CHECK (every = 'minute' OR every = 'hour' OR every = 'day'),
    at       INTEGER NOT NULL, -- when it began
    merchant TEXT    NOT NULL CHECK (merchant <> ''),
    mode     TEXT    NOT NULL CHECK (mode = 'live' OR mode = 'test'),
    region   TEXT    NOT NULL,
    channel  TEXT    NOT NULL, -- empty: none yet, as account and method
    account  TEXT    NOT NULL,
    method   TEXT    NOT NULL,
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    created              INTEGER NOT NULL CHECK (created >= 0),
    created_amount       INTEGER NOT NULL CHECK (created_amount >= 0),
    tried                INTEGER NOT NULL CHECK (tried >= 0),
    tried_amount         INTEGER NOT NULL CHECK (tried_amount >= 0),
    authorized           INTEGER NOT NULL CHECK (authorized >= 0),
    authorized_amount    INTEGER NOT NULL CHECK (authorized_amount >= 0),
    captured             INTEGER NOT NULL CHECK (captured >= 0),
    captured_amount      INTEGER NOT NULL CHECK (captured_amount >= 0),
    succeeded            INTEGER NOT NULL CHECK (succeeded >= 0),
    succeeded_amount     INTEGER NOT NULL CHECK (succeeded_amount >= 0),
    failed               INTEGER NOT NULL CHECK (failed >= 0),
    failed_amount        INTEGER NOT NULL CHECK (failed_amount >= 0),
    canceled             INTEGER NOT NULL CHECK (canceled >= 0),
    canceled_amount      INTEGER NOT NULL CHECK (canceled_amount >= 0),
    expired              INTEGER NOT NULL CHECK (expired >= 0),
    expired_amount       INTEGER NOT NULL CHECK (expired_amount >= 0),
    refunded             INTEGER NOT NULL CHECK (refunded >= 0),
    refunded_amount      INTEGER NOT NULL CHECK (refunded_amount >= 0),
    refund_failed        INTEGER NOT NULL CHECK (refund_failed >= 0),
    refund_failed_amount INTEGER NOT NULL CHECK (refund_failed_amount >= 0),
    disputed             INTEGER NOT NULL CHECK (disputed >= 0),
    disputed_amount      INTEGER NOT NULL CHECK (disputed_amount >= 0),
    dispute_won          INTEGER NOT NULL CHECK (dispute_won >= 0),
    dispute_won_amount   INTEGER NOT NULL CHECK (dispute_won_amount >= 0),
    dispute_lost         INTEGER NOT NULL CHECK (dispute_lost >= 0),
    dispute_lost_amount  INTEGER NOT NULL CHECK (dispute_lost_amount >= 0),
    late                 INTEGER NOT NULL CHECK (late >= 0),
    declined             INTEGER NOT NULL CHECK (declined >= 0),
    unreached            INTEGER NOT NULL CHECK (unreached >= 0),
    unanswered           INTEGER NOT NULL CHECK (unanswered >= 0),
    answer_0             INTEGER NOT NULL CHECK (answer_0 >= 0),
    answer_1             INTEGER NOT NULL CHECK (answer_1 >= 0),
    answer_2             INTEGER NOT NULL CHECK (answer_2 >= 0),
    answer_3             INTEGER NOT NULL CHECK (answer_3 >= 0),
    answer_4             INTEGER NOT NULL CHECK (answer_4 >= 0),
    answer_5             INTEGER NOT NULL CHECK (answer_5 >= 0),
    answer_6             INTEGER NOT NULL CHECK (answer_6 >= 0),
    answer_7             INTEGER NOT NULL CHECK (answer_7 >= 0),
    answer_8             INTEGER NOT NULL CHECK (answer_8 >= 0),
    answer_9             INTEGER NOT NULL CHECK (answer_9 >= 0),
    answer_10            INTEGER NOT NULL CHECK (answer_10 >= 0),
    answer_11            INTEGER NOT NULL CHECK (answer_11 >= 0),
    success_0            INTEGER NOT NULL CHECK (success_0 >= 0),
    success_1            INTEGER NOT NULL CHECK (success_1 >= 0),
    success_2            INTEGER NOT NULL CHECK (success_2 >= 0),
    success_3            INTEGER NOT NULL CHECK (success_3 >= 0),
    success_4            INTEGER NOT NULL CHECK (success_4 >= 0),
    success_5            INTEGER NOT NULL CHECK (success_5 >= 0),
    success_6            INTEGER NOT NULL CHECK (success_6 >= 0),
    success_7            INTEGER NOT NULL CHECK (success_7 >= 0),
    success_8            INTEGER NOT NULL CHECK (success_8 >= 0),
    success_9            INTEGER NOT NULL CHECK (success_9 >= 0),
    success_10           INTEGER NOT NULL CHECK (success_10 >= 0),
    success_11           INTEGER NOT NULL CHECK (success_11 >= 0),
    -- An interval begins at a full one.
    CHECK (at % CASE every WHEN 'minute' THEN 60000000 WHEN 'hour' THEN 3600000000 ELSE 86400000000 END = 0)
);
CREATE UNIQUE INDEX statistics_all ON statistics (every, at, merchant, mode, region, channel, account, method, currency);
CREATE INDEX statistics_merchant ON statistics (merchant, every, at);

-- What is to be counted is committed with the change it is a fact of: one row a group commit, in lines
-- (paymux.AppendFacts). Whoever counts deletes the row in the commit that adds to the statistics, so that nothing is
-- counted twice or left out, whatever crashes (docs/decisions/0008).
--
-- A row of facts lives for seconds. Bodies stay in their page up to nearly all of it, uncompressed: they are read once.
CREATE TABLE facts (
    n    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at   timestamptz NOT NULL DEFAULT now(), -- by this server's clock, when its transaction began
    body text NOT NULL,

    CONSTRAINT facts_body CHECK (body <> '')
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE facts ALTER COLUMN body SET STORAGE EXTERNAL;

-- Numbers of each minute, hour and UTC day, by what can be asked for. They are only ever added to.
-- Rows of the present minute, hour and day are updated every few seconds and have room in their pages for it.
CREATE TABLE statistics (
    every    text COLLATE "C" NOT NULL,
    at       timestamptz NOT NULL, -- when it began
    merchant text COLLATE "C" NOT NULL,
    mode     text COLLATE "C" NOT NULL,
    region   text COLLATE "C" NOT NULL,
    channel  text COLLATE "C" NOT NULL, -- empty: none yet, as account and method
    account  text COLLATE "C" NOT NULL,
    method   text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    created              bigint NOT NULL CHECK (created >= 0),
    created_amount       bigint NOT NULL CHECK (created_amount >= 0),
    tried                bigint NOT NULL CHECK (tried >= 0),
    tried_amount         bigint NOT NULL CHECK (tried_amount >= 0),
    authorized           bigint NOT NULL CHECK (authorized >= 0),
    authorized_amount    bigint NOT NULL CHECK (authorized_amount >= 0),
    captured             bigint NOT NULL CHECK (captured >= 0),
    captured_amount      bigint NOT NULL CHECK (captured_amount >= 0),
    succeeded            bigint NOT NULL CHECK (succeeded >= 0),
    succeeded_amount     bigint NOT NULL CHECK (succeeded_amount >= 0),
    failed               bigint NOT NULL CHECK (failed >= 0),
    failed_amount        bigint NOT NULL CHECK (failed_amount >= 0),
    canceled             bigint NOT NULL CHECK (canceled >= 0),
    canceled_amount      bigint NOT NULL CHECK (canceled_amount >= 0),
    expired              bigint NOT NULL CHECK (expired >= 0),
    expired_amount       bigint NOT NULL CHECK (expired_amount >= 0),
    refunded             bigint NOT NULL CHECK (refunded >= 0),
    refunded_amount      bigint NOT NULL CHECK (refunded_amount >= 0),
    refund_failed        bigint NOT NULL CHECK (refund_failed >= 0),
    refund_failed_amount bigint NOT NULL CHECK (refund_failed_amount >= 0),
    disputed             bigint NOT NULL CHECK (disputed >= 0),
    disputed_amount      bigint NOT NULL CHECK (disputed_amount >= 0),
    dispute_won          bigint NOT NULL CHECK (dispute_won >= 0),
    dispute_won_amount   bigint NOT NULL CHECK (dispute_won_amount >= 0),
    dispute_lost         bigint NOT NULL CHECK (dispute_lost >= 0),
    dispute_lost_amount  bigint NOT NULL CHECK (dispute_lost_amount >= 0),
    late                 bigint NOT NULL CHECK (late >= 0),
    declined             bigint NOT NULL CHECK (declined >= 0),
    unreached            bigint NOT NULL CHECK (unreached >= 0),
    unanswered           bigint NOT NULL CHECK (unanswered >= 0),
    answer_0             bigint NOT NULL CHECK (answer_0 >= 0),
    answer_1             bigint NOT NULL CHECK (answer_1 >= 0),
    answer_2             bigint NOT NULL CHECK (answer_2 >= 0),
    answer_3             bigint NOT NULL CHECK (answer_3 >= 0),
    answer_4             bigint NOT NULL CHECK (answer_4 >= 0),
    answer_5             bigint NOT NULL CHECK (answer_5 >= 0),
    answer_6             bigint NOT NULL CHECK (answer_6 >= 0),
    answer_7             bigint NOT NULL CHECK (answer_7 >= 0),
    answer_8             bigint NOT NULL CHECK (answer_8 >= 0),
    answer_9             bigint NOT NULL CHECK (answer_9 >= 0),
    answer_10            bigint NOT NULL CHECK (answer_10 >= 0),
    answer_11            bigint NOT NULL CHECK (answer_11 >= 0),
    success_0            bigint NOT NULL CHECK (success_0 >= 0),
    success_1            bigint NOT NULL CHECK (success_1 >= 0),
    success_2            bigint NOT NULL CHECK (success_2 >= 0),
    success_3            bigint NOT NULL CHECK (success_3 >= 0),
    success_4            bigint NOT NULL CHECK (success_4 >= 0),
    success_5            bigint NOT NULL CHECK (success_5 >= 0),
    success_6            bigint NOT NULL CHECK (success_6 >= 0),
    success_7            bigint NOT NULL CHECK (success_7 >= 0),
    success_8            bigint NOT NULL CHECK (success_8 >= 0),
    success_9            bigint NOT NULL CHECK (success_9 >= 0),
    success_10           bigint NOT NULL CHECK (success_10 >= 0),
    success_11           bigint NOT NULL CHECK (success_11 >= 0),

    PRIMARY KEY (every, at, merchant, mode, region, channel, account, method, currency),
    CONSTRAINT statistics_every CHECK (every IN ('minute', 'hour', 'day')),
    -- An interval begins at a full one.
    CONSTRAINT statistics_at CHECK (extract(epoch FROM at) % CASE every WHEN 'minute' THEN 60 WHEN 'hour' THEN 3600 ELSE 86400 END = 0),
    CONSTRAINT statistics_merchant CHECK (merchant <> ''),
    CONSTRAINT statistics_mode CHECK (mode IN ('live', 'test')),
    CONSTRAINT statistics_currency CHECK (length(currency) = 3)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

CREATE INDEX statistics_of_merchant ON statistics (merchant, every, at);

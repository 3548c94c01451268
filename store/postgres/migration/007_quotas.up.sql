-- What pay operations have taken of accounts' quotas, by day: payments, or amounts of a currency. A row changes in the
-- commit that begins an operation, or proves that it brought nothing, so that it is always the sum over the
-- operations that hold room. What the limit is, the rules say: it may be lowered below what is taken, and
-- money that comes late is counted whatever the limit.
--
-- A busy quota's row is updated by every group of every writer and has room in its page for that: no update touches the index.
CREATE TABLE quotas (
    day      integer NOT NULL, -- since 1970-01-01, in the time zone of the rules
    account  text COLLATE "C" NOT NULL,
    quota    text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL, -- empty: payments are counted
    used     bigint NOT NULL,

    PRIMARY KEY (day, account, quota, currency),
    CONSTRAINT quotas_account CHECK (account <> ''),
    CONSTRAINT quotas_quota CHECK (quota <> ''),
    CONSTRAINT quotas_currency CHECK (currency = '' OR length(currency) = 3),
    -- Nobody gives back what he has not taken.
    CONSTRAINT quotas_used CHECK (used >= 0)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);

-- What pay operations have taken of accounts' quotas, by day: payments, or amounts of a currency. A row changes in the
-- commit that begins an operation, or proves that it brought nothing, so that it is always the sum over the
-- operations that hold room. What the limit is, the rules say: it may be lowered below what is taken, and
-- money that comes late is counted whatever the limit.
CREATE TABLE quotas (
    day      INTEGER NOT NULL, -- since 1970-01-01, in the time zone of the rules
    account  TEXT    NOT NULL CHECK (account <> ''),
    quota    TEXT    NOT NULL CHECK (quota <> ''),
    currency TEXT    NOT NULL CHECK (currency = '' OR length(currency) = 3), -- empty: payments are counted
    used     INTEGER NOT NULL CHECK (used >= 0), -- nobody gives back what he has not taken
    PRIMARY KEY (day, account, quota, currency)
) WITHOUT ROWID;

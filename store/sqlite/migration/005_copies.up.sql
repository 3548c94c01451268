-- A merchant's home, the region its ID carries, alone changes the merchant, its keys and its endpoints; other regions have copies
-- (docs/decisions/0010). revision is that of a row's last change at home. copy_of is the number of the home whose copy a row is, and NULL
-- for this region's own. unseen marks copies that a full copy under way has not come by.
ALTER TABLE merchants ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE merchants ADD COLUMN copy_of INTEGER CHECK (copy_of >= 0 AND copy_of < 4096);
ALTER TABLE merchants ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0 CHECK (unseen = 0 OR unseen = 1);
ALTER TABLE api_keys ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN copy_of INTEGER CHECK (copy_of >= 0 AND copy_of < 4096);
ALTER TABLE api_keys ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0 CHECK (unseen = 0 OR unseen = 1);
ALTER TABLE endpoints ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoints ADD COLUMN copy_of INTEGER CHECK (copy_of >= 0 AND copy_of < 4096);
ALTER TABLE endpoints ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0 CHECK (unseen = 0 OR unseen = 1);

-- Every revision there was. Each is a random step above the last, so that those of a database which was restored, and went on
-- another way, are others: who asks for changes behind one that is not here has what this database never knew.
CREATE TABLE history (revision INTEGER PRIMARY KEY);

-- What is there changed one after the other, each at a revision of its own, beginning somewhere.
UPDATE revision SET n = n + 1 + abs(random() % 1099511627776);
UPDATE merchants SET revision = (SELECT n FROM revision) + ranked.place
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM merchants) AS ranked WHERE ranked.id = merchants.id;
UPDATE api_keys SET revision = (SELECT n FROM revision) + (SELECT count(*) FROM merchants) + ranked.place
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM api_keys) AS ranked WHERE ranked.id = api_keys.id;
UPDATE endpoints SET revision = (SELECT n FROM revision) + (SELECT count(*) FROM merchants) + (SELECT count(*) FROM api_keys) + ranked.place
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM endpoints) AS ranked WHERE ranked.id = endpoints.id;
INSERT INTO history SELECT revision FROM merchants UNION ALL SELECT revision FROM api_keys UNION ALL SELECT revision FROM endpoints;
UPDATE revision SET n = n + 1 + (SELECT count(*) FROM history);

CREATE INDEX merchants_revision ON merchants (revision) WHERE copy_of IS NULL;
CREATE INDEX api_keys_revision ON api_keys (revision) WHERE copy_of IS NULL;
CREATE INDEX endpoints_revision ON endpoints (revision) WHERE copy_of IS NULL;
CREATE INDEX merchants_unseen ON merchants (copy_of) WHERE unseen = 1;
CREATE INDEX api_keys_unseen ON api_keys (copy_of) WHERE unseen = 1;
CREATE INDEX endpoints_unseen ON endpoints (copy_of) WHERE unseen = 1;

-- Endpoints of this region's own that were deleted, so that their copies are, too. Kept for good: they are few and small.
CREATE TABLE deleted_endpoints (
    revision INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL
);

-- How far other regions have been copied.
CREATE TABLE copies (
    region INTEGER PRIMARY KEY CHECK (region >= 0 AND region < 4096),
    up_to  INTEGER NOT NULL, -- revision there
    whole  INTEGER NOT NULL CHECK (whole = 0 OR whole = 1) -- there was nothing behind it then
);

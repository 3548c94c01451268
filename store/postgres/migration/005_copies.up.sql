-- A merchant's home, the region its ID carries, alone changes the merchant, its keys and its endpoints; other regions have copies
-- (docs/decisions/0010). revision is that of a row's last change at home. copy_of is the number of the home whose copy a row is, and null
-- for this region's own. unseen marks copies that a full copy under way has not come by.
ALTER TABLE merchants ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN copy_of smallint, ADD CONSTRAINT merchants_copy_of CHECK (copy_of BETWEEN 0 AND 4095),
    ADD COLUMN unseen boolean NOT NULL DEFAULT false;
ALTER TABLE api_keys ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN copy_of smallint, ADD CONSTRAINT api_keys_copy_of CHECK (copy_of BETWEEN 0 AND 4095),
    ADD COLUMN unseen boolean NOT NULL DEFAULT false;
ALTER TABLE endpoints ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN copy_of smallint, ADD CONSTRAINT endpoints_copy_of CHECK (copy_of BETWEEN 0 AND 4095),
    ADD COLUMN unseen boolean NOT NULL DEFAULT false;

-- Every revision there was. Each is a random step above the last, so that those of a database which was restored, and went on
-- another way, are others: who asks for changes behind one that is not here has what this database never knew.
CREATE TABLE history (revision bigint PRIMARY KEY);

-- What is there changed one after the other, each at a revision of its own, beginning somewhere.
UPDATE revision SET number = number + 1 + floor(random() * 1099511627776)::bigint;
UPDATE merchants SET revision = number + place
FROM revision, (SELECT id, row_number() OVER (ORDER BY id) AS place FROM merchants) AS ranked WHERE ranked.id = merchants.id;
UPDATE api_keys SET revision = number + (SELECT count(*) FROM merchants) + place
FROM revision, (SELECT id, row_number() OVER (ORDER BY id) AS place FROM api_keys) AS ranked WHERE ranked.id = api_keys.id;
UPDATE endpoints SET revision = number + (SELECT count(*) FROM merchants) + (SELECT count(*) FROM api_keys) + place
FROM revision, (SELECT id, row_number() OVER (ORDER BY id) AS place FROM endpoints) AS ranked WHERE ranked.id = endpoints.id;
INSERT INTO history SELECT revision FROM merchants UNION ALL SELECT revision FROM api_keys UNION ALL SELECT revision FROM endpoints;
UPDATE revision SET number = number + 1 + (SELECT count(*) FROM history);

CREATE INDEX merchants_revision ON merchants (revision) WHERE copy_of IS NULL;
CREATE INDEX api_keys_revision ON api_keys (revision) WHERE copy_of IS NULL;
CREATE INDEX endpoints_revision ON endpoints (revision) WHERE copy_of IS NULL;
CREATE INDEX merchants_unseen ON merchants (copy_of) WHERE unseen;
CREATE INDEX api_keys_unseen ON api_keys (copy_of) WHERE unseen;
CREATE INDEX endpoints_unseen ON endpoints (copy_of) WHERE unseen;

-- Endpoints of this region's own that were deleted, so that their copies are, too. Kept for good: they are few and small.
CREATE TABLE deleted_endpoints (
    revision bigint PRIMARY KEY,
    id       text COLLATE "C" NOT NULL
);

-- How far other regions have been copied.
CREATE TABLE copies (
    region smallint PRIMARY KEY,
    up_to  bigint NOT NULL,  -- revision there
    whole  boolean NOT NULL, -- there was nothing behind it then

    CONSTRAINT copies_region CHECK (region BETWEEN 0 AND 4095)
);

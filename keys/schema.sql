-- One row: what the keys of this file have in common.
CREATE TABLE book (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	revision INTEGER NOT NULL, -- one more with each change of a key or version
	master TEXT NOT NULL,      -- name of the master key
	seal BLOB NOT NULL,        -- key of the codes below, sealed under the master key
	code BLOB NOT NULL         -- authenticates the revision and all rows of keys and versions
) STRICT;

CREATE TABLE keys (
	name TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	body TEXT NOT NULL -- owner, callers, uses and the like, as JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
	key TEXT NOT NULL REFERENCES keys (name),
	number INTEGER NOT NULL CHECK (number > 0),
	state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'retiring', 'destroyed')),
	key_id TEXT NOT NULL,
	body TEXT NOT NULL, -- public parts and times, as JSON
	sealed BLOB,
	PRIMARY KEY (key, number),
	CHECK ((state = 'destroyed') = (sealed IS NULL)) -- destroyed means that the material is gone
) STRICT;

CREATE UNIQUE INDEX one_active ON versions (key) WHERE state = 'active';
CREATE UNIQUE INDEX one_key_id ON versions (key, key_id) WHERE key_id <> '' AND state <> 'destroyed';

-- One row: where the audit begins and ends.
CREATE TABLE head (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	before INTEGER NOT NULL,   -- the last row that was pruned, 0 for none
	before_hash BLOB NOT NULL, -- its hash; where none was pruned, what the chain begins with
	seq INTEGER NOT NULL,      -- the newest row
	hash BLOB NOT NULL,
	code BLOB NOT NULL         -- authenticates all of it
) STRICT;

CREATE TABLE audit (
	seq INTEGER PRIMARY KEY,
	at INTEGER NOT NULL, -- microseconds since 1970
	caller TEXT NOT NULL,
	verb TEXT NOT NULL,
	key TEXT NOT NULL,
	version INTEGER NOT NULL, -- 0: none
	outcome TEXT NOT NULL,
	digest BLOB NOT NULL, -- SHA-256 of the message or ciphertext
	request TEXT NOT NULL,
	detail TEXT NOT NULL,
	hash BLOB NOT NULL -- SHA-256 of the row before's hash and all of the above
) STRICT;

PRAGMA user_version = 1;

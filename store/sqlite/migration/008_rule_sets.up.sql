-- Versions of the routing rules that were in force in this region: its nodes write each as they load it, and one that
-- starts while the registry is away goes by the newest. The registry itself keeps no more than the last few.
CREATE TABLE rule_sets (
    version     INTEGER PRIMARY KEY CHECK (version > 0), -- one number is one set, for good
    name        TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL CHECK (fingerprint <> ''),
    document    TEXT    NOT NULL CHECK (document <> ''),
    made_from   TEXT    NOT NULL,
    who         TEXT    NOT NULL,
    why         TEXT    NOT NULL,
    at          INTEGER NOT NULL
);

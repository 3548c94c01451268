-- Versions of the routing rules that were in force in this region: its nodes write each as they load it, and one that
-- starts while the registry is away goes by the newest. The registry itself keeps no more than the last few.
CREATE TABLE rule_sets (
    version     bigint PRIMARY KEY, -- one number is one set, for good
    name        text NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    document    text NOT NULL,
    made_from   text NOT NULL,
    who         text NOT NULL,
    why         text NOT NULL,
    at          timestamptz NOT NULL,

    CONSTRAINT rule_sets_version CHECK (version > 0),
    CONSTRAINT rule_sets_fingerprint CHECK (fingerprint <> ''),
    CONSTRAINT rule_sets_document CHECK (document <> '')
);

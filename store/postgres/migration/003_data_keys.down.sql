-- Sealed secrets would be lost with the keys, and an older program takes them for secrets in clear: there is no way back from them.
DO $$ BEGIN
    IF EXISTS (SELECT FROM data_keys) THEN
        RAISE EXCEPTION 'secrets are sealed: without data_keys they would be lost';
    END IF;
END $$;

DROP TABLE data_keys;

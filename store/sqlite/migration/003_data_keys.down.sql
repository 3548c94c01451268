-- Sealed secrets would be lost with the keys, and an older program takes them for secrets in clear: there is no way back from them.
CREATE TABLE secrets_are_sealed (data_keys INTEGER CHECK (data_keys = 0));
INSERT INTO secrets_are_sealed SELECT count(*) FROM data_keys;
DROP TABLE secrets_are_sealed;
DROP TABLE data_keys;

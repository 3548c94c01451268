-- Keys that the secrets in api_keys.shared and endpoints.secrets are sealed with. They are wrapped by the key service.
CREATE TABLE data_keys (
    id         TEXT    PRIMARY KEY CHECK (id <> ''),
    wrapper    TEXT    NOT NULL,
    nonce      BLOB    NOT NULL,
    wrapped    BLOB    NOT NULL CHECK (length(wrapped) > 0),
    created_at INTEGER NOT NULL
);

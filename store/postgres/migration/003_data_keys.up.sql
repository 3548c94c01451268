-- Keys that the secrets in api_keys.shared and endpoints.secrets are sealed with. They are wrapped by the key service.
CREATE TABLE data_keys (
    id         text COLLATE "C" PRIMARY KEY,
    wrapper    text COLLATE "C" NOT NULL,
    nonce      bytea NOT NULL,
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL,

    CONSTRAINT data_keys_id CHECK (id <> ''),
    CONSTRAINT data_keys_wrapped CHECK (wrapped <> '')
);

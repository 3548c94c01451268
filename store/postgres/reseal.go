package postgres

import (
	"context"

	"github.com/paymux/paymux"
)

// KeysAfter implements sealed.Rows.
func (s *Store) KeysAfter(ctx context.Context, after paymux.KeyID, limit int) ([]paymux.Key, error) {
	const sql = "SELECT " + keyColumns + " FROM api_keys k WHERE k.id > $1 ORDER BY k.id LIMIT $2"
	return list(ctx, s, "keys", sql, []any{string(after), limit}, scanKey)
}

// EndpointsAfter implements sealed.Rows.
func (s *Store) EndpointsAfter(ctx context.Context, after paymux.EndpointID, limit int) ([]paymux.Endpoint, error) {
	const sql = "SELECT " + endpointColumns + " FROM endpoints WHERE id > $1 ORDER BY id LIMIT $2"
	return list(ctx, s, "endpoints", sql, []any{string(after), limit}, scanEndpoint)
}

// ReplaceShared implements sealed.Rows.
func (s *Store) ReplaceShared(ctx context.Context, id paymux.KeyID, was, now paymux.Secret) (bool, error) {
	return s.replaced(ctx, "seal key", string(id), "UPDATE api_keys SET shared = $1 WHERE id = $2 AND shared = $3",
		now.Reveal(), string(id), was.Reveal())
}

// ReplaceSecrets implements sealed.Rows.
func (s *Store) ReplaceSecrets(ctx context.Context, id paymux.EndpointID, was, now []paymux.SigningSecret) (bool, error) {
	before, _, err := encodeEndpoint(&paymux.Endpoint{Secrets: was})
	if err != nil {
		return false, err
	}
	after, _, err := encodeEndpoint(&paymux.Endpoint{Secrets: now})
	if err != nil {
		return false, err
	}
	return s.replaced(ctx, "seal endpoint", string(id), "UPDATE endpoints SET secrets = $1 WHERE id = $2 AND secrets::text = $3",
		after, string(id), before)
}

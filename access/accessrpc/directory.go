package accessrpc

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// credential is a key with the merchant behind it.
type credential struct {
	Key      paymux.Key
	Merchant paymux.Merchant
}

func serveDirectory(s *server, d access.Directory) {
	read(s, "key", func(ctx context.Context, id *paymux.KeyID) (credential, error) {
		k, m, err := d.Key(ctx, *id)
		return credential{k, m}, err
	})
	read(s, "key_by_digest", func(ctx context.Context, digest *[]byte) (credential, error) {
		k, m, err := d.KeyByDigest(ctx, *digest)
		return credential{k, m}, err
	})
	read(s, "revision", func(ctx context.Context, _ *nothing) (int64, error) { return d.Revision(ctx) })
}

// Key finds a credential by its ID.
func (c *Client) Key(ctx context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	found, err := ask[credential](ctx, c, "key", id)
	return found.Key, found.Merchant, err
}

// KeyByDigest finds a credential by the digest of its secret.
func (c *Client) KeyByDigest(ctx context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	found, err := ask[credential](ctx, c, "key_by_digest", digest)
	return found.Key, found.Merchant, err
}

// Revision rises with every change of a merchant, key or endpoint.
func (c *Client) Revision(ctx context.Context) (int64, error) {
	return ask[int64](ctx, c, "revision", nothing{})
}

package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/paymux/paymux"
)

// KeyRequest asks for a credential. Public is the PEM of an ed25519 or RSA key;
// the secret of the other kinds is made by Paymux.
type KeyRequest struct {
	Kind      paymux.KeyKind       `json:"kind"`
	Name      string               `json:"name,omitempty"`
	Services  []paymux.ServiceType `json:"services,omitempty"`
	Addresses []string             `json:"addresses,omitempty"`
	Public    string               `json:"public,omitempty"`
}

// KeyWithSecret is a key with its secret, answered once, when it is made.
type KeyWithSecret struct {
	paymux.Key
	Secret paymux.Secret
}

// UnmarshalJSON reads the secret beside the key.
func (k *KeyWithSecret) UnmarshalJSON(body []byte) error {
	var beside struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(body, &beside); err != nil {
		return err
	}
	k.Secret = paymux.Secret(beside.Secret)
	return json.Unmarshal(body, &k.Key)
}

// Merchant reads the merchant the credentials belong to.
func (c *Client) Merchant(ctx context.Context, opts ...Option) (*paymux.Merchant, error) {
	return one[paymux.Merchant](ctx, c, http.MethodGet, "/v1/merchant", nil, opts)
}

// CreateKey makes a further credential of the merchant.
func (c *Client) CreateKey(ctx context.Context, r KeyRequest, opts ...Option) (*KeyWithSecret, error) {
	return one[KeyWithSecret](ctx, c, http.MethodPost, "/v1/api_keys", r, opts)
}

// Keys lists the merchant's credentials.
func (c *Client) Keys(ctx context.Context, opts ...Option) ([]paymux.Key, error) {
	return all[paymux.Key](ctx, c, "/v1/api_keys", opts)
}

// RevokeKey ends a credential for good.
func (c *Client) RevokeKey(ctx context.Context, id paymux.KeyID, opts ...Option) error {
	return c.Call(ctx, http.MethodDelete, at("v1", "api_keys", string(id)), nil, nil, opts...)
}

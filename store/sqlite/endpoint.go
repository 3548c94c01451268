package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/paymux/paymux"
)

// signingSecret is a secret as the row has it: [paymux.Secret] makes JSON of no secret.
type signingSecret struct {
	Value   string    `json:"value"`
	Expires time.Time `json:"expires,omitzero"`
}

func secretsDoc(secrets []paymux.SigningSecret) ([]byte, error) {
	doc := make([]signingSecret, len(secrets))
	for i, s := range secrets {
		doc[i] = signingSecret{s.Value.Reveal(), s.Expires}
	}
	return json.Marshal(doc)
}

const endpointColumns = "SELECT body, secrets FROM endpoints "

func scanEndpoint(r *row) (e paymux.Endpoint, err error) {
	if err := r.json(&e); err != nil {
		return e, err
	}
	var secrets []signingSecret
	if err := r.json(&secrets); err != nil {
		return e, fmt.Errorf("secrets of endpoint %s: %w", e.ID, err)
	}
	for _, s := range secrets {
		e.Secrets = append(e.Secrets, paymux.SigningSecret{Value: paymux.Secret(s.Value), Expires: s.Expires})
	}
	return e, nil
}

// CreateEndpoint implements access.Endpoints.
func (s *Store) CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return s.putEndpoint(ctx, "INSERT INTO endpoints (body, secrets, id, merchant) VALUES (?, ?, ?, ?)", e, i)
}

// UpdateEndpoint implements access.Endpoints and notify.Store.
func (s *Store) UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	return s.putEndpoint(ctx, "UPDATE endpoints SET body = ?, secrets = ? WHERE id = ? AND merchant = ?", e, i)
}

func (s *Store) putEndpoint(ctx context.Context, sql string, e paymux.Endpoint, i *paymux.Idempotency) error {
	secrets, err := secretsDoc(e.Secrets)
	if err != nil {
		return fmt.Errorf("encode the secrets of endpoint %s: %w", e.ID, err)
	}
	return s.revise(ctx, "endpoint "+string(e.ID), e, i, func(w *writer, body []byte) error {
		s := w.prepare(sql)
		s.json(body)
		s.json(secrets)
		s.text(string(e.ID))
		s.text(string(e.Merchant))
		return w.mustChange(&s)
	})
}

// DeleteEndpoint implements access.Endpoints.
func (s *Store) DeleteEndpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID, i *paymux.Idempotency) error {
	return s.revise(ctx, "endpoint "+string(id), nil, i, func(w *writer, _ []byte) error {
		s := w.prepare("DELETE FROM endpoints WHERE id = ? AND merchant = ?")
		s.text(string(id))
		s.text(string(merchant))
		return w.mustChange(&s)
	})
}

// Endpoint implements access.Endpoints and notify.Store.
func (s *Store) Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return one(ctx, s.pool, "endpoint "+string(id), endpointColumns+"WHERE id = ? AND merchant = ?", func(s *statement) {
		s.text(string(id))
		s.text(string(merchant))
	}, scanEndpoint)
}

// Endpoints implements access.Endpoints and notify.Store.
func (s *Store) Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error) {
	list, err := query(ctx, s.pool, endpointColumns+"WHERE merchant = ? ORDER BY id DESC", func(s *statement) { s.text(string(merchant)) }, scanEndpoint)
	if err != nil {
		return nil, fmt.Errorf("list endpoints of %s: %w", merchant, err)
	}
	return list, nil
}

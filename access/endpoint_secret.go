package access

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

// oldSecretLife is how long replaced secrets sign beside the new one, where the request does not say.
const oldSecretLife = 24 * time.Hour

// maxSecrets is how many secrets of an endpoint may be live at a time: each adds to every delivery's header.
const maxSecrets = 5

func newSecret(scheme paymux.SignatureScheme) paymux.Secret {
	if scheme == paymux.SignEd25519 {
		return paymux.Secret(webhook.NewSigningKey())
	}
	return paymux.Secret(webhook.NewSecret())
}

func alive(s *paymux.SigningSecret, now time.Time) bool {
	return s.Expires.IsZero() || s.Expires.After(now)
}

// completed is an endpoint as merchants see it: with its scheme, the public keys that are good now, and a list of events even if that is empty.
func completed(e paymux.Endpoint, now time.Time) (paymux.Endpoint, error) {
	if e.Signature == "" {
		e.Signature = paymux.SignHMAC // of rows older than the choice
	}
	if e.Events == nil {
		e.Events = []paymux.EventType{}
	}
	e.PublicKeys = nil
	if e.Signature != paymux.SignEd25519 {
		return e, nil
	}
	for i := range e.Secrets {
		if !alive(&e.Secrets[i], now) {
			continue
		}
		public, err := webhook.PublicKey(e.Secrets[i].Value.Reveal())
		if err != nil {
			return e, fmt.Errorf("public key of %s: %w", e.ID, err)
		}
		e.PublicKeys = append(e.PublicKeys, public)
	}
	return e, nil
}

// secretChange keeps the endpoint for repeats and shows its newest secret once. A
// signing key is never shown: its public part is in the endpoint.
func secretChange(e paymux.Endpoint, created bool, commit func(context.Context, *paymux.Idempotency) error) change {
	c := change{object: string(e.ID), created: created, commit: commit, answer: endpointAnswer{Endpoint: e}}
	if e.Signature != paymux.SignEd25519 {
		c.answer = endpointAnswer{Endpoint: e, SecretOmitted: true}
		c.shown = endpointAnswer{Endpoint: e, Secret: e.Secrets[0].Value.Reveal()}
	}
	return c
}

func (s *Server) rotateSecret(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		b, err := decode[rotateBody](c.body)
		if err != nil {
			return change{}, err
		}
		e, err := s.endpoint(ctx, c)
		if err != nil {
			return change{}, err
		}
		overlap := oldSecretLife
		if b.ExpireSeconds != nil {
			overlap = time.Duration(*b.ExpireSeconds) * time.Second
		}
		now := s.now().UTC()
		if e.Secrets, err = rotated(&e, now, overlap); err != nil {
			return change{}, err
		}
		e.UpdatedAt = now
		if e, err = completed(e, now); err != nil {
			return change{}, err
		}
		return secretChange(e, false, func(ctx context.Context, i *paymux.Idempotency) error {
			return s.endpoints.UpdateEndpoint(ctx, e, i)
		}), nil
	})
	return s.carryOut(c, reply, err)
}

// rotated is a new secret before those that go on signing. None of them lives longer than it would have.
func rotated(e *paymux.Endpoint, now time.Time, overlap time.Duration) ([]paymux.SigningSecret, error) {
	list := []paymux.SigningSecret{{Value: newSecret(e.Signature)}}
	end := now.Add(overlap)
	var first time.Time
	for _, old := range e.Secrets {
		if overlap == 0 || !alive(&old, now) {
			continue
		}
		if old.Expires.IsZero() || old.Expires.After(end) {
			old.Expires = end
		}
		if first.IsZero() || old.Expires.Before(first) {
			first = old.Expires
		}
		list = append(list, old)
	}
	if len(list) > maxSecrets {
		return nil, paymux.Errorf(paymux.StateConflict, "%d secrets are live, which is the most; wait until %s, or rotate with expire_seconds 0, which ends the old ones.", maxSecrets, first.Format(time.RFC3339))
	}
	return list, nil
}

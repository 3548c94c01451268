package sealed

import (
	"cmp"
	"context"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

// Changes implements directory.Store. What cannot be opened just now is Unavailable: there is no copy without its secret. What cannot be
// opened at all works nowhere, as here, and keeps no other change back: such a key is told as one that was revoked when it was made, such an endpoint
// without secrets.
func (s *Store) Changes(ctx context.Context, after int64, limit int) (directory.Changes, error) {
	c, err := s.backing.Changes(ctx, after, limit)
	if err != nil {
		return c, err
	}
	for i := range c.Keys {
		k := &c.Keys[i]
		if err := s.openKey(ctx, k); isBroken(err) {
			s.log.ErrorContext(ctx, "a secret cannot be opened; other regions are told of the key as revoked", "row", k.ID, "error", err)
			k.RevokedAt = cmp.Or(k.RevokedAt, k.CreatedAt)
		} else if err != nil {
			return directory.Changes{}, err
		}
	}
	for i := range c.Endpoints {
		e := &c.Endpoints[i].Endpoint
		if err := s.openEndpoint(ctx, e); isBroken(err) {
			s.log.ErrorContext(ctx, "a secret cannot be opened; other regions are told of the endpoint without", "row", e.ID, "error", err)
		} else if err != nil {
			return directory.Changes{}, err
		}
	}
	return c, nil
}

// TakeCopies implements directory.Store.
func (s *Store) TakeCopies(ctx context.Context, region paymux.Region, after int64, c directory.Changes) (bool, error) {
	c.Keys, c.Endpoints = slices.Clone(c.Keys), slices.Clone(c.Endpoints) // the caller's stay as they are
	for i := range c.Keys {
		if err := s.sealKey(ctx, &c.Keys[i]); err != nil {
			return false, err
		}
	}
	for i := range c.Endpoints {
		if err := s.sealEndpoint(ctx, &c.Endpoints[i].Endpoint); err != nil {
			return false, err
		}
	}
	return s.backing.TakeCopies(ctx, region, after, c)
}

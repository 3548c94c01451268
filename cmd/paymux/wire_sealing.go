package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/store/sealed"
)

// Times of what keeps secrets sealed as they should be.
const (
	sealingEvery = time.Hour
	dataKeyLife  = 90 * 24 * time.Hour
)

// startSealing brings what rests under the newest data key, and data keys under the active version of
// the key service's key, now and then until stop. It hinders nobody and may be run by every replica.
func (s *system) startSealing(seals *sealed.Store) {
	s.every(sealingEvery, func(ctx context.Context) {
		if err := s.seal(ctx, seals); err != nil && ctx.Err() == nil {
			s.log.Warn("secrets were not all sealed anew; it is tried again", "error", err)
		}
	})
}

func (s *system) seal(ctx context.Context, seals *sealed.Store) error {
	data, err := s.engine.DataKeys(ctx)
	if err != nil {
		return err
	}
	old := func(k paymux.DataKey) bool { return s.now().Sub(k.CreatedAt) > dataKeyLife }
	if len(data) > 0 && !slices.ContainsFunc(data, func(k paymux.DataKey) bool { return !old(k) }) {
		err = seals.Rotate(ctx)
	}
	_, rewrapErr := seals.Rewrap(ctx)
	return errors.Join(err, rewrapErr, resealAll(ctx, seals))
}

func resealAll(ctx context.Context, seals *sealed.Store) error {
	var pass sealed.Pass
	for !pass.Done {
		var err error
		if pass, err = seals.Reseal(ctx, pass); err != nil {
			return err
		}
	}
	if pass.Clear > 0 { // what was in clear is still in the engine's files
		return seals.Scrub(ctx)
	}
	return nil
}

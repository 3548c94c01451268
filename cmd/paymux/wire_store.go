package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux/keys/keyuse"
	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/sealed"
	"github.com/paymux/paymux/store/sqlite"
)

// store is everything the rooms ask of either engine.
type store = sealed.Backing

var (
	_ sealed.Engine = (*sqlite.Store)(nil)
	_ sealed.Engine = (*postgres.Store)(nil)
)

func (s *system) openStore(ctx context.Context) error {
	opened, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	s.store, s.engine = opened, opened
	s.onStop(func(context.Context) error { return opened.Close() })
	return nil
}

// sealStore has merchants' secrets rest sealed, where the configuration names a key for that. A key service
// that is away makes what cannot be opened unavailable, and nothing else.
func (s *system) sealStore(ctx context.Context) error {
	if s.conf.Store.Seal == "" {
		return nil
	}
	user, err := s.keysOf(roleNode)
	if err == nil && user == nil {
		err = errors.New("there is no key service: make one with paymux keys init")
	}
	if err != nil {
		return fmt.Errorf("store.seal: %w", err)
	}
	wrapped := sealed.New(sealed.Config{
		Engine: s.engine, Service: user, Wrapper: keyuse.Name(s.conf.Store.Seal), Region: s.conf.Region.Name, Now: s.now, Log: s.log,
	})
	s.store, s.seals = wrapped, wrapped
	s.onStop(func(context.Context) error { return wrapped.Close() })
	first, cancel := context.WithTimeout(ctx, findLimit)
	defer cancel()
	if err := wrapped.Warm(first); err != nil {
		s.log.Warn("merchants' secrets cannot be opened until the key service answers", "error", err)
	}
	return nil
}

func (s *system) open(ctx context.Context) (sealed.Engine, error) {
	if s.conf.Store.Engine == "postgres" {
		return postgres.Open(ctx, postgres.Config{URL: s.secrets.storeURL.Reveal(), Now: s.now, Log: s.log})
	}
	return sqlite.Open(sqlite.Config{Path: s.conf.storePath(), Now: s.now, Log: s.log})
}

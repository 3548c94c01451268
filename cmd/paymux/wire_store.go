package main

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/sqlite"
)

// store is everything the rooms ask of either engine.
type store interface {
	payment.Store
	queue.Store
	queue.Leases
	notify.Store
	notify.Log
	notify.Replays
	access.Directory
	access.Merchants
	access.Endpoints
	access.Links
	access.Events
	access.Answers
	monitor.Store
	PruneIdempotency(ctx context.Context, before time.Time, limit int) (int, error)
	PruneEvents(ctx context.Context, before time.Time, limit int) (int, error)
	Close() error
}

var (
	_ store = (*sqlite.Store)(nil)
	_ store = (*postgres.Store)(nil)
)

func (s *system) openStore(ctx context.Context) error {
	opened, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	s.store = opened
	s.onStop(func(context.Context) error { return opened.Close() })
	return nil
}

func (s *system) open(ctx context.Context) (store, error) {
	if s.conf.Store.Engine == "postgres" {
		return postgres.Open(ctx, postgres.Config{URL: s.secrets.storeURL.Reveal(), Now: s.now, Log: s.log})
	}
	return sqlite.Open(sqlite.Config{Path: s.conf.storePath(), Now: s.now, Log: s.log})
}

// Package postgres keeps everything in PostgreSQL, 13 or later: the store of
// a region that several processes serve. store/sqlite is its twin with the same file names;
// store/storetest holds both to the same behaviour.
//
// What payments and tasks commit is written in groups, by writers that own one connection
// each; everything else goes through a pool. No connection is held across
// anything but SQL. Rooms decide and stores remember: nothing here knows why a payment
// changes. Start reading at Open, then commit.go.
package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/groupcommit"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// Config opens a store.
type Config struct {
	// URL is of the form postgres://user:password@host:port/database; every
	// parameter of libpq and pool_max_conns are understood.
	URL string
	Now func() time.Time
	Log *slog.Logger
	// Writers is how many connections commit groups at once; 0 means 1: two writers
	// make groups half as large, which costs more than the second connection brings.
	Writers int
	// CommitDelay, for tests, is called just before every COMMIT. An error from it fails that commit.
	CommitDelay func() error
}

// Store is an open store. Safe for concurrent use.
type Store struct {
	cfg      Config
	pool     *pgxpool.Pool
	types    rowTypes
	changes  *groupcommit.Committer[*entry]
	outcomes *groupcommit.Committer[[]queue.Outcome]
	writers  []*writer
	close    sync.Once
}

var (
	_ payment.Store    = (*Store)(nil)
	_ queue.Store      = (*Store)(nil)
	_ notify.Store     = (*Store)(nil)
	_ access.Directory = (*Store)(nil)
	_ access.Merchants = (*Store)(nil)
	_ access.Endpoints = (*Store)(nil)
	_ access.Links     = (*Store)(nil)
	_ access.Answers   = (*Store)(nil)
	_ access.Events    = (*Store)(nil)
)

const (
	defaultWriters = 1
	defaultPool    = 8
	// groupLimit bounds a group: far above what waits in practice, far below what
	// would make one group's callers wait long.
	groupLimit = 256
)

// Open connects, brings the schema up to date and starts the writers. The caller ends with Close.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Writers == 0 {
		cfg.Writers = defaultWriters
	}
	if cfg.CommitDelay == nil {
		cfg.CommitDelay = func() error { return nil }
	}
	if err := Migrate(ctx, cfg.URL, Latest); err != nil {
		return nil, err
	}
	poolConfig, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("read the PostgreSQL URL: %w", err) // pgx leaves the password out
	}
	if !strings.Contains(cfg.URL, "pool_max_conns") {
		poolConfig.MaxConns = defaultPool
	}
	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL pool: %w", err)
	}
	types, err := readRowTypes(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s := &Store{cfg: cfg, pool: pool, types: types}
	idle := make(chan *writer, cfg.Writers)
	for range cfg.Writers {
		idle <- s.newWriter(poolConfig.ConnConfig)
	}
	settler := s.newWriter(poolConfig.ConnConfig)
	s.changes = groupcommit.New(cfg.Writers, groupLimit, func(entries []*entry) []error {
		w := <-idle
		defer func() { idle <- w }()
		return w.commit(entries)
	})
	s.outcomes = groupcommit.New(1, groupLimit, settler.settle)
	return s, nil
}

// Close commits what was submitted and disconnects. It may be called twice.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.changes.Close()
		s.outcomes.Close()
		for _, w := range s.writers {
			w.disconnect()
		}
		s.pool.Close()
	})
	return nil
}

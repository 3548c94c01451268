// Package postgres keeps everything in PostgreSQL, 13 or later: the store of
// a region that several processes serve. store/sqlite is its twin with the same file names;
// store/storetest holds both to the same behaviour.
//
// What payments and tasks commit is written in groups, by writers that own one connection
// each. The queue's reads and leases have a few connections to themselves, so that no list a merchant
// asks for delays them; everything else goes through a pool. No connection is held across
// anything but SQL, one that listens for signals aside. Rooms decide and stores remember: nothing here knows why a payment
// changes. Start reading at Open, then commit.go, due.go and settle.go.
package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/internal/groupcommit"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/rulebook"
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
	cfg         Config
	connConfig  *pgx.ConnConfig
	pool        *pgxpool.Pool
	lookups     *pgxpool.Pool // of tasks and leases, by index
	signals     *pgxpool.Pool
	types       rowTypes
	changes     *groupcommit.Committer[*entry]
	settlements *groupcommit.Committer[settlement]
	writers     []*writer
	close       sync.Once
}

var (
	_ payment.Store    = (*Store)(nil)
	_ queue.Store      = (*Store)(nil)
	_ queue.Leases     = (*Store)(nil)
	_ notify.Store     = (*Store)(nil)
	_ notify.Log       = (*Store)(nil)
	_ notify.Replays   = (*Store)(nil)
	_ access.Directory = (*Store)(nil)
	_ access.Merchants = (*Store)(nil)
	_ access.Endpoints = (*Store)(nil)
	_ access.Links     = (*Store)(nil)
	_ access.Answers   = (*Store)(nil)
	_ access.Events    = (*Store)(nil)
	_ monitor.Store    = (*Store)(nil)
	_ directory.Store  = (*Store)(nil)
	_ rulebook.Store   = (*Store)(nil)
)

const (
	defaultWriters = 1
	defaultPool    = 8
	lookupConns    = 2
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
	s := &Store{cfg: cfg, connConfig: poolConfig.ConnConfig}
	if err := s.openPools(ctx, poolConfig); err != nil {
		s.closePools()
		return nil, err
	}
	s.prepareEvents(ctx)
	s.startWriters()
	return s, nil
}

// openPools opens the pools, which connect when somebody asks, and reads the tables' types.
func (s *Store) openPools(ctx context.Context, cfg *pgxpool.Config) (err error) {
	open := func(pool **pgxpool.Pool, connections int32, settings map[string]string) {
		own := cfg.Copy()
		own.MaxConns = connections
		own.MinConns = min(own.MinConns, connections)
		maps.Copy(own.ConnConfig.RuntimeParams, settings)
		if err == nil {
			*pool, err = pgxpool.NewWithConfig(ctx, own)
		}
	}
	open(&s.pool, cfg.MaxConns, nil)
	open(&s.lookups, lookupConns, planning)
	open(&s.signals, 1, map[string]string{"synchronous_commit": "off"}) // who needs a signal after a crash?
	if err != nil {
		return fmt.Errorf("open PostgreSQL pool: %w", err)
	}
	s.types, err = readRowTypes(ctx, s.pool)
	return err
}

func (s *Store) closePools() {
	for _, pool := range []*pgxpool.Pool{s.pool, s.lookups, s.signals} {
		if pool != nil {
			pool.Close()
		}
	}
}

func (s *Store) startWriters() {
	cfg := s.cfg
	idle := make(chan *writer, cfg.Writers)
	for range cfg.Writers {
		idle <- s.newWriter(s.connConfig)
	}
	settler := s.newWriter(s.connConfig)
	s.changes = groupcommit.New(cfg.Writers, groupLimit, func(entries []*entry) []error {
		w := <-idle
		defer func() { idle <- w }()
		return w.commit(entries)
	})
	s.settlements = groupcommit.New(1, groupLimit, settler.settle)
}

// Close commits what was submitted and disconnects. It may be called twice.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.changes.Close()
		s.settlements.Close()
		for _, w := range s.writers {
			w.disconnect()
		}
		s.closePools()
	})
	return nil
}

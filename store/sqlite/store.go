// Package sqlite keeps everything in one SQLite file: the embedded default,
// for one process on one machine.
//
// One connection writes, and what concurrent callers write is committed in
// groups (commit.go); a few others read, each from a consistent snapshot that has
// every commit whose caller was answered. A second process that opens the same
// file is refused. Start reading at Open, then commit.go and payment.go.
package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

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
	// Path is the database file; it is made when it is not there. Empty: a
	// temporary one, not synced to disk and deleted by Close.
	Path string
	Now  func() time.Time
	Log  *slog.Logger
	// CommitDelay, for tests, is called just before each durable commit; an
	// error from it fails the commit. nil: none.
	CommitDelay func() error
	// WALLimit is how large the write-ahead log may grow, in bytes, before
	// writers wait for it to be written back. 0: 64 MiB.
	WALLimit int64
}

const (
	readers      = 4
	maxGroup     = 1024 // changes in one commit
	defaultLimit = 64 << 20
)

// Store implements the stores of all rooms. Safe for concurrent use.
type Store struct {
	cfg      Config
	unlock   func() error
	temp     string        // directory to delete at Close; empty: none
	writing  sync.Mutex    // held by whoever writes to the file: a group, or a checkpoint that must have it alone
	written  atomic.Uint64 // groups committed
	revision atomic.Int64  // as committed
	writer   *writer
	commits  *groupcommit.Committer[write]
	pool     *pool
	check    *checkpointer
	close    sync.Once
	closeErr error
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

// Open opens a store and brings its schema up to date. An error names the file
// and, where another process has it open, says so.
func Open(cfg Config) (*Store, error) {
	s := &Store{cfg: cfg}
	if cfg.WALLimit == 0 {
		s.cfg.WALLimit = defaultLimit
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", s.cfg.Path, err), s.shut())
	}
	return s, nil
}

func (s *Store) open() error {
	if err := s.place(); err != nil {
		return err
	}
	var err error
	if s.unlock, err = lock(s.cfg.Path); err != nil {
		return err
	}
	conn, err := connect(s.cfg.Path, s.synchronous())
	if err != nil {
		return err
	}
	s.writer = &writer{conn: conn, now: s.cfg.Now}
	if err := migrate(conn, Newest()); err != nil {
		return err
	}
	if err := s.readRevision(); err != nil {
		return err
	}
	if err := s.writer.readSeq(); err != nil {
		return err
	}
	if err := s.writer.readFactsN(); err != nil {
		return err
	}
	if err := s.writer.endLeases(); err != nil {
		return err
	}
	if s.pool, err = openPool(s.cfg.Path, readers); err != nil {
		return err
	}
	if s.check, err = startCheckpointer(s); err != nil {
		return err
	}
	s.commits = groupcommit.New(1, maxGroup, s.flush)
	return nil
}

// place makes sure of a file nobody else can read: it holds merchants' secrets.
func (s *Store) place() error {
	if s.cfg.Path == "" {
		dir, err := os.MkdirTemp("", "paymux-")
		if err != nil {
			return err
		}
		s.temp, s.cfg.Path = dir, filepath.Join(dir, "paymux.db")
	}
	file, err := os.OpenFile(s.cfg.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func (s *Store) synchronous() string {
	if s.temp != "" {
		return "OFF"
	}
	return "FULL"
}

// Close commits what was submitted and closes the file. It may be called twice.
func (s *Store) Close() error {
	s.close.Do(func() { s.closeErr = s.shut() })
	return s.closeErr
}

func (s *Store) shut() error {
	var errs []error
	if s.commits != nil {
		s.commits.Close()
	}
	if s.check != nil {
		errs = append(errs, s.check.stop())
	}
	if s.pool != nil {
		errs = append(errs, s.pool.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.conn.Close()) // the last one out writes the log back and deletes it
	}
	if s.unlock != nil {
		errs = append(errs, s.unlock())
	}
	if s.temp != "" {
		errs = append(errs, os.RemoveAll(s.temp))
	}
	return errors.Join(errs...)
}

// connect opens the file for writing.
func connect(path, synchronous string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []string{
		"journal_mode = WAL",
		"synchronous = " + synchronous,
		"wal_autocheckpoint = 0", // checkpoint.go does it, beside the writer
		"cache_size = -4096",     // KiB; a commit that sorted new pages walks all of it
		"temp_store = MEMORY",
		"foreign_keys = OFF", // one more lookup a row, for rows that are never deleted
	} {
		if err := execute(conn, "PRAGMA "+pragma); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

package keys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux/internal/groupcommit"
)

// Config opens a service. Path and Master are required.
type Config struct {
	Path   string // the file, SQLite
	Create bool   // make it when it is not there
	Master Master
	// HeadFile gets the audit's newest head within a second, so that an end cut off the
	// file is missed. It is worth most on another disk. Empty: Path with .head.
	HeadFile string
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: none
}

// maxGroup is the most uses that one commit puts in the audit.
const maxGroup = 1024

// Service keeps keys and uses them. Make one with Open. Safe for concurrent use, and
// several, of several processes, may share a file: what one changes holds for the next use of any other.
type Service struct {
	cfg     Config
	store   *store
	auth    authenticator
	book    atomic.Pointer[book]
	master  atomic.Pointer[Master]
	last    chain // ends of the audit this service has seen; guarded by store.writing
	commits *groupcommit.Committer[*record]
	// rsa has a slot for each private RSA operation that may run: each takes a processor for about a millisecond.
	rsa   chan struct{}
	heads *headKeeper
	uses  useMeter

	close    sync.Once
	closeErr error
}

// Open opens the keys of a file. Errors: ErrMaster where Master is not the one that it was
// sealed under; ErrTampered where somebody else wrote in it.
func Open(ctx context.Context, c Config) (*Service, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.HeadFile == "" {
		c.HeadFile = c.Path + ".head"
	}
	s := &Service{cfg: c, rsa: make(chan struct{}, runtime.GOMAXPROCS(0))}
	s.master.Store(&c.Master)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the keys %s: %w", c.Path, err), s.Close())
	}
	return s, nil
}

func (s *Service) open(ctx context.Context) error {
	var err error
	if s.store, err = openStore(s.cfg.Path, s.cfg.Create); err != nil {
		return err
	}
	if s.auth, err = s.authenticator(ctx); err != nil {
		return err
	}
	if err := s.inTx(func(*transaction) error { return nil }); err != nil { // reads and checks everything
		return err
	}
	s.commits = groupcommit.New(1, maxGroup, s.flush)
	s.heads = startHeads(s)
	return nil
}

// authenticator is the file's; a new file gets one.
func (s *Service) authenticator(ctx context.Context) (auth authenticator, err error) {
	end, err := sqlitex.ImmediateTransaction(s.store.conn)
	if err != nil {
		return nil, err
	}
	defer end(&err)
	if auth, err = readAuthenticator(ctx, s.store.conn, s.key()); auth != nil || err != nil {
		return auth, err
	}
	if err := create(ctx, s.store.conn, s.key()); err != nil {
		return nil, err
	}
	return readAuthenticator(ctx, s.store.conn, s.key())
}

// key is the master in force.
func (s *Service) key() Master { return *s.master.Load() }

func (s *Service) now() time.Time { return s.cfg.Now() }

// Close finishes the uses under way and closes the file. It may be called twice.
func (s *Service) Close() error {
	s.close.Do(func() { s.closeErr = s.shut() })
	return s.closeErr
}

func (s *Service) shut() error {
	var err error
	if s.commits != nil {
		s.commits.Close()
	}
	if s.heads != nil {
		err = s.heads.stop()
	}
	if s.store == nil {
		return err
	}
	s.store.writing.Lock()
	defer s.store.writing.Unlock()
	s.store.reading.Lock()
	defer s.store.reading.Unlock()
	err = errors.Join(err, s.store.close())
	s.store.conn, s.store.reader = nil, nil
	return err
}

// freshen takes over what another process has changed.
func (s *Service) freshen() (*book, error) {
	revision, err := s.store.revision()
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if b := s.book.Load(); b.revision == revision {
		return b, nil
	}
	if err := s.inTx(func(*transaction) error { return nil }); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return s.book.Load(), nil
}

// Ready reports whether keys can be used: the file answers.
func (s *Service) Ready(context.Context) error {
	_, err := s.freshen()
	return err
}

// List is every key, by name.
func (s *Service) List(context.Context) ([]Key, error) {
	b, err := s.freshen()
	if err != nil {
		return nil, err
	}
	return b.list(), nil
}

// Describe is one key. ErrNoKey where there is none.
func (s *Service) Describe(_ context.Context, name Name) (Key, error) {
	b, err := s.freshen()
	if err != nil {
		return Key{}, err
	}
	e, err := b.find(name)
	if err != nil {
		return Key{}, err
	}
	return e.copy(), nil
}

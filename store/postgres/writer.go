package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/paymux/paymux"
)

// writer owns one connection and commits on it, for one goroutine at a time. It
// connects when it has something to write, so that it recovers by itself.
type writer struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn // nil: not connected
	away   time.Time // when the server was first found to be away; zero: it was there
	delay  func() error
	now    func() time.Time
	types  rowTypes
	log    *slog.Logger
}

const (
	// exchangeLimit bounds one exchange with the server; after it the connection is given up.
	exchangeLimit = 30 * time.Second
	// connectLimit is how long a server that is away, starting or recovering is waited for in all: who comes while it has
	// been away for longer is refused after one attempt, which takes attemptLimit at most.
	connectLimit = 2 * time.Second
	attemptLimit = time.Second
	firstBackoff = 20 * time.Millisecond
	lastBackoff  = 500 * time.Millisecond
	// attempts is how often a group is tried that the server rolled back through no fault of its own.
	attempts = 5
)

// idleLimit is after how long the server ends a transaction whose writer has gone silent: a process that is stopped in
// the middle would hold its rows, a lease among them, for as long, and events behind its transaction would be withheld.
const idleLimit = "10s"

// planning makes every plan an index lookup per row of the group. Left to itself the planner, which
// sees empty tables first and arrays of unknown length later, may read whole tables for a group of ten: with 64 callers on a
// new table that was 7.5 against 15.5 thousand orders a second (docs/postgres.md).
var planning = map[string]string{
	"plan_cache_mode":  "force_generic_plan",
	"enable_seqscan":   "off",
	"enable_hashjoin":  "off",
	"enable_mergejoin": "off",
	// A plan that has to use what is off counts as so dear that it would be compiled, anew with each execution: for
	// the read of due tasks that was 60 ms instead of half of one.
	"jit": "off",
}

func (s *Store) newWriter(cfg *pgx.ConnConfig) *writer {
	cfg = cfg.Copy()
	for name, value := range planning {
		cfg.RuntimeParams[name] = value
	}
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = idleLimit
	w := &writer{config: cfg, delay: s.cfg.CommitDelay, now: s.cfg.Now, types: s.types, log: s.cfg.Log}
	s.writers = append(s.writers, w)
	return w
}

// connect makes sure of a connection. A server that is away is tried again, ever more slowly, until it has been away for
// connectLimit; the error then is paymux.Unavailable: nothing was written.
func (w *writer) connect() error {
	if w.conn != nil && !w.conn.IsClosed() {
		return nil
	}
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		err := w.connectOnce()
		if err == nil {
			w.away = time.Time{}
			return nil
		}
		if w.away.IsZero() {
			w.away = time.Now()
		}
		if time.Since(w.away)+backoff > connectLimit {
			return paymux.Errorf(paymux.Unavailable, "The store cannot be reached. Nothing was done; try again.").Because(err)
		}
		w.log.Warn("connect to PostgreSQL", "error", err)
		time.Sleep(backoff)
	}
}

func (w *writer) connectOnce() error {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, w.config)
	if err != nil {
		return err
	}
	w.types.register(conn)
	w.conn = conn
	return nil
}

func (w *writer) disconnect() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	if err := w.conn.Close(ctx); err != nil {
		w.log.Warn("disconnect from PostgreSQL", "error", err)
	}
	w.conn = nil
}

// persistently calls try, which leaves nothing behind when it fails, again when the failure
// is the server's and will pass: a lost connection, a deadlock, a serialization failure.
func (w *writer) persistently(try func() error) error {
	var err error
	for range attempts {
		if err = w.connect(); err != nil {
			return err
		}
		err = try()
		if err == nil {
			return nil
		}
		w.rollback()
		if errors.Is(err, errOpened) {
			continue
		}
		if !w.passing(err) {
			return err
		}
		w.log.Warn("group rolled back by PostgreSQL", "error", err)
	}
	return err
}

// passing reports whether a failed transaction is worth another attempt. After a COMMIT that got no
// answer it never is: it may have been carried out.
func (w *writer) passing(err error) bool {
	if errors.Is(err, errUnanswered) || errors.Is(err, errDelay) {
		return false
	}
	var server *pgconn.PgError
	if errors.As(err, &server) && (server.Code == "40001" || server.Code == "40P01") {
		return true
	}
	return w.conn == nil || w.conn.IsClosed()
}

var (
	errUnanswered = errors.New("the commit's outcome is not known")
	errDelay      = errors.New("before the commit")
)

// finish commits the open transaction. The error wraps errUnanswered when nobody knows
// whether it was committed.
func (w *writer) finish() error {
	if err := w.delay(); err != nil {
		return fmt.Errorf("%w: %w", errDelay, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	tag, err := w.conn.Exec(ctx, "COMMIT")
	var server *pgconn.PgError
	switch {
	case err == nil && tag.String() == "COMMIT":
		return nil
	case err == nil:
		return fmt.Errorf("commit: PostgreSQL answered %s", tag)
	case errors.As(err, &server) && !w.conn.IsClosed():
		return fmt.Errorf("commit: %w", err)
	}
	return fmt.Errorf("%w: %w", errUnanswered, err)
}

// rollback ends an open transaction; a connection on which that fails is given up.
func (w *writer) rollback() {
	if w.conn == nil || w.conn.IsClosed() || w.conn.PgConn().TxStatus() == 'I' {
		return
	}
	if err := w.exec("ROLLBACK"); err != nil {
		w.disconnect()
	}
}

func (w *writer) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	_, err := w.conn.Exec(ctx, sql)
	return err
}

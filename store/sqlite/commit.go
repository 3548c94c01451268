package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
)

// write is one caller's part of a group: all of it is kept, or none. It runs
// on the writer's goroutine, perhaps twice, so what takes time is done before.
type write func(*writer) error

// writer is the one connection that writes.
type writer struct {
	conn    *sqlite.Conn
	now     func() time.Time
	seq     int64  // of the newest event
	changed bool   // since it was last set to false
	revised bool   // a merchant, key or endpoint changed
	facts   []byte // of the group's changes so far
	factsN  int64  // of the newest row of facts
}

func (w *writer) prepare(query string) statement { return prepare(w.conn, query) }

func (w *writer) exec(s *statement) (changed int, err error) {
	changed, err = s.exec()
	w.changed = w.changed || changed > 0
	return changed, err
}

var errMissing = errors.New("sqlite: no such row")

// mustChange runs an update of one row, which has to be there.
func (w *writer) mustChange(s *statement) error {
	n, err := w.exec(s)
	if err == nil && n == 0 {
		err = errMissing
	}
	return err
}

// missing makes a row that is not there, of what, the merchant's own error, and
// says of any other what could not be written.
func missing(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errMissing):
		return notFound(what)
	}
	return fmt.Errorf("write %s: %w", what, err)
}

func (w *writer) run(query string) error {
	s := w.prepare(query)
	_, err := s.exec()
	return err
}

// submit makes a write durable, together with those of other callers.
func (s *Store) submit(ctx context.Context, w write) error { return s.commits.Do(ctx, w) }

// errSpoiled: a write of a group failed after it had changed something.
var errSpoiled = errors.New("sqlite: a write of the group has to be undone")

// flush commits a group. Savepoints that keep writes apart cost every one of
// them, and a write that fails has nearly always changed nothing yet; so a group runs
// without, and again with them when one has to be undone.
func (s *Store) flush(group []write) []error {
	s.writing.Lock()
	defer s.writing.Unlock()
	errs := make([]error, len(group))
	err := s.commit(group, errs, (*writer).plain)
	if errors.Is(err, errSpoiled) {
		err = s.commit(group, errs, (*writer).apart)
	}
	if err != nil {
		// Nothing is kept; who lost a race may have lost it to one of this group.
		err = fmt.Errorf("commit: %w", err)
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}

// commit runs a group in one transaction. errs has each write's outcome, which holds when commit returns nil.
func (s *Store) commit(group []write, errs []error, run func(*writer, write) (error, error)) error {
	w := s.writer
	w.revised, w.facts = false, w.facts[:0]
	if err := w.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	var fatal error
	for i, item := range group {
		if errs[i], fatal = run(w, item); fatal != nil {
			return w.rollback(fatal)
		}
	}
	if err := w.keepFacts(); err != nil {
		return w.rollback(err)
	}
	if s.cfg.CommitDelay != nil {
		if err := s.cfg.CommitDelay(); err != nil {
			return w.rollback(err)
		}
	}
	if err := w.run("COMMIT"); err != nil {
		return w.rollback(err)
	}
	s.written.Add(1)
	if w.revised {
		return s.readRevision()
	}
	return nil
}

// plain runs a write with nothing to undo it but the whole group's rollback.
func (w *writer) plain(item write) (outcome, fatal error) {
	w.changed = false
	outcome = item(w)
	if outcome != nil && w.conn.AutocommitEnabled() {
		return nil, outcome // a full disk, and the like, have ended the transaction
	}
	if outcome != nil && w.changed {
		return nil, errSpoiled
	}
	return outcome, nil
}

// apart runs a write in a savepoint.
func (w *writer) apart(item write) (outcome, fatal error) {
	if err := w.run("SAVEPOINT item"); err != nil {
		return nil, err
	}
	outcome = item(w)
	if outcome != nil {
		if w.conn.AutocommitEnabled() {
			return nil, outcome
		}
		if err := w.run("ROLLBACK TO item"); err != nil {
			return nil, err
		}
	}
	return outcome, w.run("RELEASE item")
}

// rollback ends a transaction that failed, unless SQLite has done so itself.
func (w *writer) rollback(cause error) error {
	if w.conn.AutocommitEnabled() {
		return cause
	}
	if err := w.run("ROLLBACK"); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

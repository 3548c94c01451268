package keys

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Report is what VerifyAudit has looked at.
type Report struct {
	First   int64 `json:"first"` // the oldest row that is there
	Head    Head  `json:"head"`
	Rows    int64 `json:"rows"`
	Anchors int   `json:"anchors"` // found in the audit
	Pruned  int   `json:"pruned"`  // anchors older than the oldest row, which could not be looked up
}

// VerifyAudit reads the whole audit and returns ErrTampered where a row was changed, removed, put in
// or put elsewhere, or where one of the anchors, or the head file, is not in it. Ends cut off are found by what
// the file says of its end, unless an older copy of that was put back: then by an anchor.
func (s *Service) VerifyAudit(ctx context.Context, anchors ...Head) (Report, error) {
	kept, ok, err := s.keptHead()
	if err != nil {
		return Report{}, err
	}
	if ok {
		anchors = append(anchors, kept)
	}
	v := verification{wanted: map[int64]Hash{}}
	for _, a := range anchors {
		if !s.genuine(a) {
			return Report{}, fmt.Errorf("%w: the anchor at row %d is not of this file", ErrTampered, a.Seq)
		}
		if other, ok := v.wanted[a.Seq]; ok && !bytes.Equal(other, a.Hash) {
			return Report{}, fmt.Errorf("%w: two anchors at row %d differ", ErrTampered, a.Seq)
		}
		v.wanted[a.Seq] = a.Hash
	}
	err = s.store.snapshot(func(conn *sqlite.Conn) error {
		conn.SetInterrupt(ctx.Done())
		return v.run(conn, s.auth)
	})
	if err != nil {
		return Report{}, fmt.Errorf("verify the audit: %w", err)
	}
	v.Head = s.headOf(v.seq, v.hash)
	return v.Report, nil
}

// verification walks the chain.
type verification struct {
	Report
	wanted map[int64]Hash
	seq    int64
	hash   []byte
	buf    []byte
}

func (v *verification) run(conn *sqlite.Conn, auth authenticator) error {
	c, err := readChain(conn, auth)
	if err != nil {
		return err
	}
	v.First, v.seq, v.hash = c.Before+1, c.Before, c.BeforeHash
	for seq := range v.wanted {
		if seq < c.Before {
			v.Pruned++
			delete(v.wanted, seq)
		}
	}
	if err := v.meet(); err != nil {
		return err
	}
	err = sqlitex.Execute(conn, "SELECT "+entryColumns+" FROM audit ORDER BY seq", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		return v.row(scanEntry(stmt))
	}})
	switch {
	case err != nil:
		return err
	case v.seq != c.Seq || !bytes.Equal(v.hash, c.Hash):
		return fmt.Errorf("%w: the audit ends at row %d, not at %d", ErrTampered, v.seq, c.Seq)
	}
	for seq := range v.wanted {
		return fmt.Errorf("%w: the audit ends at row %d and had a row %d: its end was cut off", ErrTampered, v.seq, seq)
	}
	return nil
}

const entryColumns = "seq, at, caller, verb, key, version, outcome, digest, request, detail, hash"

func (v *verification) row(e Entry) error {
	if e.Seq != v.seq+1 {
		return fmt.Errorf("%w: after row %d comes row %d", ErrTampered, v.seq, e.Seq)
	}
	hash, buf := e.follow(v.hash, v.buf)
	if !bytes.Equal(hash, e.Hash) {
		return fmt.Errorf("%w: row %d, of %s, was changed or does not follow row %d", ErrTampered, e.Seq, e.At.Format(time.RFC3339), v.seq)
	}
	v.seq, v.hash, v.buf = e.Seq, e.Hash, buf
	v.Rows++
	return v.meet()
}

// meet compares the row just read with the anchor at it.
func (v *verification) meet() error {
	want, ok := v.wanted[v.seq]
	if !ok {
		return nil
	}
	if !bytes.Equal(want, v.hash) {
		return fmt.Errorf("%w: row %d is not what the anchor says: the audit was written anew", ErrTampered, v.seq)
	}
	delete(v.wanted, v.seq)
	v.Anchors++
	return nil
}

// Filter says which rows of the audit are wanted. Empty fields want all.
type Filter struct {
	Key     Name
	Caller  string
	Verb    string
	Outcome string
	Before  int64 // rows older than this one; 0: from the newest
	Limit   int   // at most so many; 0: 100
}

// Audit lists rows, newest first.
func (s *Service) Audit(ctx context.Context, f Filter) (list []Entry, err error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	const query = "SELECT " + entryColumns + ` FROM audit WHERE (?1 = '' OR key = ?1) AND (?2 = '' OR caller = ?2) AND (?3 = '' OR verb = ?3)
	AND (?4 = '' OR outcome = ?4) AND (?5 = 0 OR seq < ?5) ORDER BY seq DESC LIMIT ?6`
	args := []any{string(f.Key), f.Caller, f.Verb, f.Outcome, f.Before, f.Limit}
	err = s.store.snapshot(func(conn *sqlite.Conn) error {
		conn.SetInterrupt(ctx.Done())
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(stmt *sqlite.Stmt) error {
			list = append(list, scanEntry(stmt))
			return nil
		}})
	})
	if err != nil {
		return nil, fmt.Errorf("list the audit: %w", err)
	}
	return list, nil
}

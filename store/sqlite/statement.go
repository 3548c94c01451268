package sqlite

import (
	"cmp"
	"encoding/json"
	"math"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
)

// statement is a prepared statement being bound, parameter by parameter in
// their order, then run. The connection keeps it prepared for the next time.
type statement struct {
	stmt *sqlite.Stmt
	n    int
	conn *sqlite.Conn
	err  error
}

func prepare(conn *sqlite.Conn, query string) statement {
	stmt, err := conn.Prepare(query)
	return statement{stmt: stmt, conn: conn, err: err}
}

func (s *statement) text(v string) {
	if s.n++; s.err == nil {
		s.stmt.BindText(s.n, v)
	}
}

func (s *statement) int(v int64) {
	if s.n++; s.err == nil {
		s.stmt.BindInt64(s.n, v)
	}
}

func (s *statement) bytes(v []byte) {
	if s.n++; s.err == nil {
		s.stmt.BindBytes(s.n, v)
	}
}

func (s *statement) bool(v bool) {
	if v {
		s.int(1)
	} else {
		s.int(0)
	}
}

func (s *statement) null() {
	if s.n++; s.err == nil {
		s.stmt.BindNull(s.n)
	}
}

// identity binds an ID's number and the ID.
func (s *statement) identity(id string) {
	s.number(id)
	s.text(id)
}

// number binds the number of the row that an ID names.
func (s *statement) number(id string) { s.int(number(id)) }

// number is the n of the row that an ID names. This process alone mints for the
// file, so no two IDs of a kind have the same, unless the clock was set back between
// two runs: then the second row is refused. What is no ID has 0, which no row has.
func number(id string) int64 {
	n, _ := paymux.OrdinalOf(id)
	return n
}

// before binds the number that a list goes on below: that of the last ID seen, or none.
func (s *statement) before(after string) {
	if after == "" {
		s.int(math.MaxInt64)
		return
	}
	s.number(after)
}

// beyond every ID, where a list begins.
const beyond = "~"

// page binds where a list goes on and how far.
func (s *statement) page(p paymux.Page) {
	s.text(cmp.Or(p.After, beyond))
	s.int(int64(p.Limit))
}

// json binds what was made JSON already, as text, so that people can read it.
func (s *statement) json(v []byte) { s.text(string(v)) }

func (s *statement) time(v time.Time) { s.int(micros(v)) }

// exec runs a statement that returns nothing and tells how many rows it changed.
func (s *statement) exec() (changed int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	if _, err := s.stmt.Step(); err != nil {
		return 0, err
	}
	changed = s.conn.Changes()
	return changed, s.stmt.Reset()
}

// rows runs a query and hands each row to scan, until scan has had enough.
func (s *statement) rows(scan func(*row) (more bool, err error)) error {
	if s.err != nil {
		return s.err
	}
	for {
		ok, err := s.stmt.Step()
		if err != nil || !ok {
			return err
		}
		more, err := scan(&row{stmt: s.stmt})
		if err != nil || !more {
			_ = s.stmt.Reset() // its error is the newest step's, and that was none
			return err
		}
	}
}

// row is a result row being read, column by column in their order.
type row struct {
	stmt *sqlite.Stmt
	n    int
}

func (r *row) text() string {
	r.n++
	return r.stmt.ColumnText(r.n - 1)
}

func (r *row) int() int64 {
	r.n++
	return r.stmt.ColumnInt64(r.n - 1)
}

func (r *row) bytes() []byte {
	r.n++
	v := make([]byte, r.stmt.ColumnLen(r.n-1))
	r.stmt.ColumnBytes(r.n-1, v)
	if len(v) == 0 {
		return nil
	}
	return v
}

func (r *row) time() time.Time { return instant(r.int()) }

func (r *row) json(into any) error { return json.Unmarshal(r.bytes(), into) }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// execute runs one statement that needs no parameters, once.
func execute(conn *sqlite.Conn, query string) error {
	stmt, _, err := conn.PrepareTransient(query)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		more, err = stmt.Step()
	}
	if ferr := stmt.Finalize(); err == nil {
		err = ferr
	}
	return err
}

package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// group is some entries as statements, at most one a table and kind of write,
// whatever the number of entries.
type group struct {
	entries []*entry
	types   rowTypes
	// careful groups pass over rows whose key is taken and tell whose they were. The
	// others fail whole in that case, which is rare, and are cheaper in all others.
	careful    bool
	statements []statement
	counters   counters
}

// statement writes the rows of all entries into one table.
type statement struct {
	sql  string
	rows []byte // its argument
	// returned reads which of the rows, by number, was written; nil: nobody asks.
	returned func(pgx.Rows) (int, error)
	owners   []int // by row: the entry it belongs to
	written  []bool
	lenient  bool  // rows that are not written refuse nobody
	done     bool  // the result was read
	refusal  error // what an entry gets one of whose rows was not written
}

// errNotInserted: a payment was not inserted, for one of two reasons.
var errNotInserted = errors.New("payment not inserted")

// newGroup lists the statements in an order that is the same for every group, guards first: keys,
// then orders and versions. That is the order in which refusals are told, too.
func newGroup(entries []*entry, types rowTypes, careful bool) *group {
	g := &group{entries: entries, types: types, careful: careful}
	g.begin()
	g.insertPayments()
	g.advancePayments()
	g.replaceOperations()
	g.replaceRefunds()
	g.finish()
	g.insertOperations()
	g.insertRefunds()
	g.putDisputes()
	g.insertEvents()
	g.dropTasks()
	g.insertTasks()
	g.putTasks()
	g.insertHops()
	g.noteLinks()
	g.keepFacts()
	return g
}

func (g *group) add(s statement) {
	s.written = make([]bool, len(s.owners))
	g.statements = append(g.statements, s)
}

// ifFree makes an INSERT pass over rows whose key is taken, in careful groups.
func (g *group) ifFree(s statement, key string) statement {
	if g.careful {
		s.sql += " ON CONFLICT DO NOTHING RETURNING " + key
	} else {
		s.returned, s.owners = nil, nil
	}
	return s
}

// taken reports whether a statement failed because a key was taken.
func taken(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && server.Code == "23505"
}

// owned is a row and the entry it belongs to.
type owned[T any] struct {
	row   T
	owner int
}

// gather collects one kind of rows of all entries.
func gather[T any](g *group, of func(*entry) []T) []owned[T] {
	var all []owned[T]
	for i, e := range g.entries {
		for _, r := range of(e) {
			all = append(all, owned[T]{r, i})
		}
	}
	return all
}

func owners[T any](rows []owned[T]) []int {
	all := make([]int, len(rows))
	for i := range rows {
		all[i] = rows[i].owner
	}
	return all
}

func sortRows[T any](rows []owned[T], by func(T) string) {
	slices.SortStableFunc(rows, func(a, b owned[T]) int { return cmp.Compare(by(a.row), by(b.row)) })
}

// byOrdinal reads a row's number as WITH ORDINALITY counts them, from 1.
func byOrdinal(rows pgx.Rows) (int, error) {
	var n int
	err := rows.Scan(&n)
	return n - 1, err
}

// byKey reads a row's key. Of rows that have the same key, the first is meant:
// the others were not written.
func byKey[T any](rows []owned[T], key func(T) string) func(pgx.Rows) (int, error) {
	numbers := make(map[string]int, len(rows))
	for i := len(rows) - 1; i >= 0; i-- {
		numbers[key(rows[i].row)] = i
	}
	return func(r pgx.Rows) (int, error) {
		var k string
		if err := r.Scan(&k); err != nil {
			return 0, err
		}
		n, ok := numbers[k]
		if !ok {
			return 0, fmt.Errorf("a row of key %q came back that was not sent", k)
		}
		return n, nil
	}
}

// read takes the statement's result.
func (s *statement) read(results pgx.BatchResults) error {
	if s.returned == nil {
		_, err := results.Exec()
		s.done = err == nil
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		n, err := s.returned(rows)
		if err != nil {
			return err
		}
		s.written[n] = true
	}
	s.done = rows.Err() == nil
	return rows.Err()
}

// failed reports whether rows somebody asks about were not written.
func (s *statement) failed() bool {
	return s.done && s.returned != nil && !s.lenient && slices.Contains(s.written, false)
}

func (g *group) anyFailed() bool {
	return slices.ContainsFunc(g.statements, func(s statement) bool { return s.failed() })
}

// refused tells whose rows were not written by the first statement that failed; nil where none did.
// Statements behind it were not read: another attempt without these entries will tell.
func (g *group) refused() []error {
	for _, s := range g.statements {
		if !s.failed() {
			continue
		}
		refused := make([]error, len(g.entries))
		for row, owner := range s.owners {
			if !s.written[row] {
				refused[owner] = errGuard
			}
		}
		return refused
	}
	return nil
}

// refusal is why the group's only entry was not written; nil where it was.
func (g *group) refusal() error {
	for _, s := range g.statements {
		if s.failed() {
			return s.refusal
		}
	}
	return nil
}

// atFault reports whether a statement failed because of what it was to write (a
// broken CHECK, bad bytes), so that the entries must be told apart.
func atFault(err error) bool {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		return false
	}
	switch server.Code[:2] {
	case "22", "23", "21", "42", "54", "P0": // data, constraints, cardinality, types, limits, raised
		return true
	}
	return false
}

// errMissing: an operation or refund to be replaced was never inserted.
var errMissing = errors.New("a row to be replaced is not there")

// Package postgrestest gives the tests of one program a PostgreSQL of their own, and each test a database. A
// package's TestMain runs its tests with Server.Run.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/paymux/paymux/internal/pgcluster"
	"github.com/paymux/paymux/store/postgres"
)

// Server is the cluster that the tests of a program share. Its zero value is ready for Run; all else is for tests that run there,
// and safe for concurrent use.
type Server struct {
	*pgcluster.Cluster
	missing error

	mu    sync.Mutex // one copy of the template at a time
	count int
	byDir map[string]string
}

// template is the database that others are copied from, which is faster than to migrate each.
const template = "template_paymux"

// Run starts the cluster, runs the tests and returns the exit code. Where PostgreSQL is not installed they run all the same, and
// those that need it are skipped.
func (s *Server) Run(m *testing.M) int {
	ctx := context.Background()
	cluster, err := pgcluster.New(ctx, pgcluster.Config{})
	if errors.Is(err, pgcluster.ErrMissing) {
		s.missing = err
		return m.Run()
	}
	if err != nil {
		return complain(err)
	}
	s.Cluster, s.byDir = cluster, map[string]string{}
	defer func() {
		if err := cluster.Remove(); err != nil {
			complain(err)
		}
	}()
	if err := errors.Join(cluster.CreateDatabase(ctx, template, ""), postgres.Migrate(ctx, cluster.URL(template), postgres.Latest)); err != nil {
		return complain(err)
	}
	return m.Run()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// Need skips the test where PostgreSQL is not installed, or fails it where the checks have to be whole.
func (s *Server) Need(t testing.TB) {
	t.Helper()
	if s.missing == nil {
		return
	}
	if os.Getenv("PAYMUX_CHECK") == "1" {
		t.Fatal(s.missing)
	}
	t.Skip(s.missing)
}

// Database makes a database with the newest schema, and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	return s.create(t, template)
}

// Empty makes a database with nothing in it, and returns its URL.
func (s *Server) Empty(t testing.TB) string {
	t.Helper()
	return s.create(t, "")
}

// Of returns the URL of a folder's database, with the newest schema: the same each time.
func (s *Server) Of(t testing.TB, dir string) string {
	t.Helper()
	s.Need(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byDir[dir] == "" {
		s.byDir[dir] = s.next(t, template)
	}
	return s.byDir[dir]
}

func (s *Server) create(t testing.TB, template string) string {
	t.Helper()
	s.Need(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next(t, template)
}

func (s *Server) next(t testing.TB, template string) string {
	t.Helper()
	s.count++
	name := fmt.Sprintf("test_%d", s.count)
	if err := s.CreateDatabase(t.Context(), name, template); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

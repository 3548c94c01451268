package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux/internal/pgcluster"
	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/storetest"
)

// server is the cluster the tests of this package share, each with a database of its own.
type server struct {
	*pgcluster.Cluster
	missing error
	count   atomic.Int64
	mu      sync.Mutex
	byDir   map[string]string
}

const template = "template_paymux"

var shared = &server{byDir: map[string]string{}}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	cluster, err := pgcluster.New(ctx, pgcluster.Config{})
	switch {
	case errors.Is(err, pgcluster.ErrMissing):
		shared.missing = err
		return m.Run()
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.Cluster = cluster
	defer func() {
		if err := cluster.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	err = errors.Join(cluster.CreateDatabase(ctx, template, ""), postgres.Migrate(ctx, cluster.URL(template), postgres.Latest))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// need skips the test where PostgreSQL is not installed, or fails it where the checks have to be whole.
func need(t testing.TB) {
	t.Helper()
	if shared.missing == nil {
		return
	}
	if os.Getenv("PAYMUX_CHECK") == "1" {
		t.Fatal(shared.missing)
	}
	t.Skip(shared.missing)
}

// database makes a database, with the schema or empty, and returns its URL.
func (s *server) database(t testing.TB, template string) string {
	t.Helper()
	need(t)
	name := fmt.Sprintf("test_%d", s.count.Add(1))
	s.mu.Lock() // one copy of a template at a time
	defer s.mu.Unlock()
	if err := s.CreateDatabase(t.Context(), name, template); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

// databaseOf returns the URL of a directory's database, the same each time.
func (s *server) databaseOf(t testing.TB, dir string) string {
	t.Helper()
	s.mu.Lock()
	url := s.byDir[dir]
	s.mu.Unlock()
	if url == "" {
		url = s.database(t, template)
		s.mu.Lock()
		s.byDir[dir] = url
		s.mu.Unlock()
	}
	return url
}

func openStore(t testing.TB, cfg postgres.Config) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openSuite(t testing.TB, cfg storetest.Config) storetest.Store {
	t.Helper()
	url := shared.databaseOf(t, cfg.Dir)
	s, err := postgres.Open(t.Context(), postgres.Config{
		// Many stores share one server here.
		URL: url + "&pool_max_conns=2", Now: cfg.Now, Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), CommitDelay: cfg.BeforeCommit,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testLog sends log lines to a test's output.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

func TestStore(t *testing.T) { storetest.Run(t, openSuite) }

func TestEngine(t *testing.T) {
	storetest.RunEngine(t, openSuite)
}

func BenchmarkCycle(b *testing.B) { storetest.Cycle(b, openSuite) }

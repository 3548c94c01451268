package sealed_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/pgcluster"
	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/sealed"
	"github.com/paymux/paymux/store/sqlite"
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

var shared = &server{byDir: map[string]string{}}

const template = "template_paymux"

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

// databaseOf returns the URL of a directory's database, the same each time.
func (s *server) databaseOf(t testing.TB, dir string) string {
	t.Helper()
	if s.missing != nil {
		if os.Getenv("PAYMUX_CHECK") == "1" {
			t.Fatal(s.missing)
		}
		t.Skip(s.missing)
	}
	s.mu.Lock() // one copy of a template at a time
	defer s.mu.Unlock()
	if s.byDir[dir] == "" {
		name := fmt.Sprintf("test_%d", s.count.Add(1))
		if err := s.CreateDatabase(t.Context(), name, template); err != nil {
			t.Fatal(err)
		}
		s.byDir[dir] = s.URL(name)
	}
	return s.byDir[dir]
}

// engine is one of those that are wrapped.
type engine struct {
	open func(t testing.TB, cfg storetest.Config) sealed.Engine
	// dump is every byte that the closed store of a directory has left.
	dump func(t *testing.T, dir string) string
}

var engines = map[string]engine{
	"sqlite":   {openSQLite, dumpSQLite},
	"postgres": {openPostgres, dumpPostgres},
}

// onBoth runs a test on each engine.
func onBoth(t *testing.T, test func(t *testing.T, e engine)) {
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

func openSQLite(t testing.TB, cfg storetest.Config) sealed.Engine {
	t.Helper()
	s, err := sqlite.Open(sqlite.Config{Path: filepath.Join(cfg.Dir, "paymux.db"), Now: cfg.Now, Log: quiet, CommitDelay: cfg.BeforeCommit})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func dumpSQLite(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}

func openPostgres(t testing.TB, cfg storetest.Config) sealed.Engine {
	t.Helper()
	url := shared.databaseOf(t, cfg.Dir) + "&pool_max_conns=3" // many stores share one server here
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: cfg.Now, Log: quiet, CommitDelay: cfg.BeforeCommit})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func dumpPostgres(t *testing.T, dir string) string {
	t.Helper()
	url := shared.databaseOf(t, dir)
	out, err := exec.CommandContext(t.Context(), pgDump(t), "--dbname="+url).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	return string(out)
}

func pgDump(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("pg_dump"); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump") // the pattern is well formed
	if len(found) == 0 {
		t.Skip("pg_dump is not installed")
	}
	return found[len(found)-1]
}

var quiet = slog.New(slog.DiscardHandler)

// clock is a test's time, which moves when it is told to.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time       { return time.UnixMicro(c.micros.Add(1)).UTC() }
func (c *clock) pass(d time.Duration) { c.micros.Add(d.Microseconds()) }
func (c *clock) ids() *paymux.IDs {
	return paymux.NewIDs([]byte("only for tests, no secret"), 7, c.now)
}
func (c *clock) at(d time.Duration) time.Time { return c.now().Add(d) }

package sealed_test

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/postgrestest"
	"github.com/paymux/paymux/store/sealed"
	"github.com/paymux/paymux/store/sqlite"
	"github.com/paymux/paymux/store/storetest"
)

// shared is the server of this package's tests.
var shared postgrestest.Server

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

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
	url := shared.Of(t, cfg.Dir) + "&pool_max_conns=3" // many stores share one server here
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: cfg.Now, Log: quiet, CommitDelay: cfg.BeforeCommit})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func dumpPostgres(t *testing.T, dir string) string {
	t.Helper()
	url := shared.Of(t, dir)
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

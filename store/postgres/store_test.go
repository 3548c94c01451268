package postgres_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/postgrestest"
	"github.com/paymux/paymux/store/storetest"
)

// shared is the server of this package's tests.
var shared postgrestest.Server

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

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
	url := shared.Of(t, cfg.Dir)
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

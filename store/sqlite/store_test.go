package sqlite_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/paymux/paymux/store/sqlite"
	"github.com/paymux/paymux/store/storetest"
)

func open(t testing.TB, cfg storetest.Config) storetest.Store {
	t.Helper()
	s, err := sqlite.Open(sqlite.Config{
		Path: filepath.Join(cfg.Dir, "paymux.db"), Now: cfg.Now, Log: slog.New(slog.DiscardHandler), CommitDelay: cfg.BeforeCommit,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) { storetest.Run(t, open) }

func BenchmarkCycle(b *testing.B) { storetest.Cycle(b, open) }

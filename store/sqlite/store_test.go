package sqlite_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/store/sqlite"
	"github.com/paymux/paymux/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func TestEngine(t *testing.T) {
	t.Parallel()
	storetest.RunEngine(t, open)
}

func BenchmarkCycle(b *testing.B) { storetest.Cycle(b, open) }

func BenchmarkCycleQuota(b *testing.B) { storetest.CycleQuota(b, open) }

func open(t testing.TB, cfg storetest.Config) storetest.Store {
	t.Helper()
	return openStore(t, sqlite.Config{Path: filepath.Join(cfg.Dir, "paymux.db"), Now: cfg.Now, CommitDelay: cfg.BeforeCommit})
}

func config(cfg sqlite.Config) sqlite.Config {
	cfg.Log = slog.New(slog.DiscardHandler)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return cfg
}

func openStore(t testing.TB, cfg sqlite.Config) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(config(cfg))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *sqlite.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	first := openStore(t, sqlite.Config{Path: path})
	second, err := sqlite.Open(config(sqlite.Config{Path: path}))
	if err == nil {
		closeStore(t, second)
		t.Fatal("one file was opened twice")
	}
	if !strings.Contains(err.Error(), "another paymux process") || !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not say what to do about which file: %v", err)
	}
	closeStore(t, first)
	closeStore(t, openStore(t, sqlite.Config{Path: path}))
}

// The file holds merchants' secrets: nobody else may read it.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, sqlite.Config{Path: filepath.Join(dir, "paymux.db")})
	defer closeStore(t, s)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 300)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, filepath.Join(t.TempDir(), "no such directory", "paymux.db")} {
		s, err := sqlite.Open(config(sqlite.Config{Path: path}))
		if err == nil {
			closeStore(t, s)
			t.Fatalf("%s was opened", path)
		}
		if !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name %s: %v", path, err)
		}
	}
}

func TestTemporary(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := openStore(t, sqlite.Config{})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Fatalf("%d entries while it is open: %v", len(left), err)
	}
	closeStore(t, s)
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d entries are left after Close: %v", len(left), err)
	}
}

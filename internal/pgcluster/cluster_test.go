package pgcluster_test

import (
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux/internal/pgcluster"
)

func start(t *testing.T, cfg pgcluster.Config) *pgcluster.Cluster {
	t.Helper()
	c, err := pgcluster.New(t.Context(), cfg)
	if errors.Is(err, pgcluster.ErrMissing) && os.Getenv("PAYMUX_CHECK") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func query[T any](t *testing.T, url, sql string) (value T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func keepSeven(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range []string{"CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func TestCrashKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	c := start(t, pgcluster.Config{})
	if got := query[string](t, c.URL("postgres"), "SHOW fsync"); got != "on" {
		t.Errorf("fsync is %s; a cluster is durable unless asked not to be", got)
	}
	keepSeven(t, c.URL("postgres"))
	if err := c.Crash(); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), c.URL("postgres")); err == nil {
		t.Fatal("a crashed server took a connection")
	}
	if err := c.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := query[int](t, c.URL("postgres"), "SELECT n FROM kept"); got != 7 {
		t.Errorf("after the crash the row is %d, want 7", got)
	}
}

func TestDatabaseFromTemplate(t *testing.T) {
	t.Parallel()
	c := start(t, pgcluster.Config{})
	if err := c.CreateDatabase(t.Context(), "origin", ""); err != nil {
		t.Fatal(err)
	}
	keepSeven(t, c.URL("origin"))
	if err := c.CreateDatabase(t.Context(), `a "copy"`, "origin"); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Errorf("the second stop: %v", err)
	}
	if err := c.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := query[int](t, c.URL(`a "copy"`), "SELECT n FROM kept"); got != 7 {
		t.Errorf("the copy has %d, want 7", got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	c := start(t, pgcluster.Config{NoSync: true, Settings: map[string]string{"work_mem": "5MB"}})
	if got := query[string](t, c.URL("postgres"), "SHOW fsync"); got != "off" {
		t.Errorf("fsync is %s without sync", got)
	}
	if got := query[string](t, c.URL("postgres"), "SHOW work_mem"); got != "5MB" {
		t.Errorf("work_mem is %s, want 5MB", got)
	}
	if err := c.Launch(t.Context()); err == nil {
		t.Error("a running cluster was launched again")
	}
}

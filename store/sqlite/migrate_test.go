package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	driver "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux/store/sqlite"
)

func TestMigrateUpDownUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	migrate := func(version int) []string {
		if err := sqlite.Migrate(path, version); err != nil {
			t.Fatalf("migrate to %d: %v", version, err)
		}
		return schema(t, path)
	}
	empty := migrate(0)
	up := migrate(sqlite.Newest())
	if len(up) <= len(empty) {
		t.Fatalf("the newest schema has %d parts, no more than an empty one", len(up))
	}
	if diff := cmp.Diff(empty, migrate(0)); diff != "" {
		t.Errorf("what is left after going down (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(up, migrate(sqlite.Newest())); diff != "" {
		t.Errorf("the schema after up, down, up (-want +got):\n%s", diff)
	}
}

func TestOpenRefusesNewerSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	closeStore(t, openStore(t, sqlite.Config{Path: path}))
	do(t, path, "INSERT INTO schema_migrations VALUES (9999)")
	s, err := sqlite.Open(config(sqlite.Config{Path: path}))
	if err == nil {
		closeStore(t, s)
		t.Fatal("a schema from the future was opened")
	}
	if !strings.Contains(err.Error(), "9999") || !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not name version and file: %v", err)
	}
}

// schema lists everything in a database, as SQL.
func schema(t *testing.T, path string) (parts []string) {
	t.Helper()
	conn, err := driver.OpenConn(path, driver.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.Execute(conn, "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY name", &sqlitex.ExecOptions{
		ResultFunc: func(stmt *driver.Stmt) error {
			parts = append(parts, stmt.ColumnText(0))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func do(t *testing.T, path, sql string) {
	t.Helper()
	conn, err := driver.OpenConn(path, driver.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := sqlitex.Execute(conn, sql, nil); err != nil {
		t.Fatal(err)
	}
}

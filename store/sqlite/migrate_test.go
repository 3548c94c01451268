package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	driver "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/sqlite"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

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

// What version 1 kept is there after the way up, in the partitions and the order it belongs to, and after the way down.
func TestMigrateKeepsRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	if err := sqlite.Migrate(path, 1); err != nil {
		t.Fatal(err)
	}
	ids := newIDs()
	var events []string
	for i, second := range []int{5, 3, 5} { // in the order of IDs, which is not that of their times
		id := ids.New(paymux.PrefixEvent)
		n, _ := paymux.OrdinalOf(id)
		at := start.Add(time.Duration(second) * time.Second)
		do(t, path, fmt.Sprintf(`INSERT INTO events VALUES (%d, '%s', 'mer_1', 'payment.succeeded', 'pay_%d', '', %d,
		'{"id":"%[2]s","type":"payment.succeeded","timestamp":"2026-11-22T12:00:00Z","data":{"object":{},"sequence":1}}')`, n, id, i, at.UnixMicro()))
		do(t, path, fmt.Sprintf("INSERT INTO tasks VALUES ('notify', '%s', 'we_%d', 'task_%[2]d', %d, 2, 'refused', 1)", id, i, start.UnixMicro()))
		events = append(events, id)
	}
	do(t, path, `INSERT INTO endpoints (id, merchant, secrets, body) VALUES ('we_1', 'mer_1', '[{"value":"whsec_1"}]', '{"id":"we_1","status":"enabled","merchant":"mer_1"}')`)

	s := openStore(t, sqlite.Config{Path: path})
	list, err := s.Events(t.Context(), paymux.EventFilter{Merchant: "mer_1", Oldest: true, Page: paymux.Page{Limit: 10}})
	if err != nil || len(list) != 3 {
		t.Fatalf("%d events, want 3: %v", len(list), err)
	}
	for i, id := range events {
		if string(list[i].ID) != id {
			t.Errorf("event %d is %s, want %s", i, list[i].ID, id)
		}
		lane := fmt.Sprintf("we_%d", i)
		due, err := s.Due(t.Context(), start, []queue.Reading{{Part: queue.PartitionOf(lane)}}, 10)
		if err != nil || len(due) != 1 || due[0].Lane != lane || due[0].Attempt != 2 {
			t.Errorf("the tasks of %s's partition: %v, %v", lane, due, err)
		}
	}
	e, err := s.Endpoint(t.Context(), "mer_1", "we_1")
	if err != nil || len(e.Secrets) != 1 || !e.FailingSince.IsZero() {
		t.Fatalf("the endpoint is %+v, %v", e, err)
	}
	e.Status = paymux.EndpointPull
	if err := s.UpdateEndpoint(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)

	if err := sqlite.Migrate(path, 1); err != nil {
		t.Fatal(err)
	}
	want := []string{"events 3", "tasks 3", "endpoints disabled"}
	got := column(t, path, `SELECT 'events ' || count(*) FROM events UNION ALL SELECT 'tasks ' || count(*) FROM tasks WHERE last_error = 'refused'
	UNION ALL SELECT 'endpoints ' || status FROM endpoints`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what version 1 has again (-want +got):\n%s", diff)
	}
}

// schema lists everything in a database, as SQL.
func schema(t *testing.T, path string) []string {
	t.Helper()
	return column(t, path, "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY name")
}

// column reads a query's only column.
func column(t *testing.T, path, query string) (values []string) {
	t.Helper()
	conn, err := driver.OpenConn(path, driver.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *driver.Stmt) error {
			values = append(values, stmt.ColumnText(0))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
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

// There is no way back from sealed secrets: they would be lost.
func TestMigrateDownKeepsDataKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	s := openStore(t, sqlite.Config{Path: path})
	key := paymux.DataKey{ID: "k", Wrapper: "w", Nonce: []byte("n"), Wrapped: []byte("x"), CreatedAt: start}
	if err := s.AddDataKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if err := sqlite.Migrate(path, 2); err == nil || !strings.Contains(err.Error(), "data_keys") {
		t.Errorf("down: %v, want a refusal that says why", err)
	}
	if got := column(t, path, "SELECT id FROM data_keys"); len(got) != 1 {
		t.Errorf("the data keys are %v", got)
	}
	do(t, path, "DELETE FROM data_keys")
	if err := sqlite.Migrate(path, 2); err != nil {
		t.Errorf("down without data keys: %v", err)
	}
}

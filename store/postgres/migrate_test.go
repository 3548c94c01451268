package postgres_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
)

// columnsOf lists the schema: every column with its type, every index and every constraint.
const columnsOf = `
	SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns
	WHERE table_schema = 'public' AND table_name <> 'schema_version'
	UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_version'
	UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
	WHERE connamespace = 'public'::regnamespace AND conrelid <> 'schema_version'::regclass
	ORDER BY 1`

func schema(t *testing.T, url string) []string {
	t.Helper()
	return rows[string](t, url, columnsOf)
}

func rows[T any](t *testing.T, url, sql string, args ...any) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	all, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(all, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return values
}

func migrate(t *testing.T, url string, version int) {
	t.Helper()
	if err := postgres.Migrate(t.Context(), url, version); err != nil {
		t.Fatal(err)
	}
}

// Down undoes up wholly: what is there after a way back and forth is what was there before.
func TestMigrateUpDownUp(t *testing.T) {
	t.Parallel()
	url := shared.Empty(t)
	migrate(t, url, postgres.Latest)
	first := schema(t, url)
	if len(first) == 0 {
		t.Fatal("the schema is empty after migrating up")
	}
	migrate(t, url, 0)
	if left := schema(t, url); len(left) != 0 {
		t.Fatalf("left after migrating down: %s", strings.Join(left, "\n"))
	}
	migrate(t, url, postgres.Latest)
	if diff := cmp.Diff(first, schema(t, url)); diff != "" {
		t.Errorf("up, down and up again changed the schema (-first +second):\n%s", diff)
	}
}

// before fills the first schema as it was: tasks in several lanes, events of several days, an endpoint.
const before = `
	INSERT INTO tasks SELECT 'task_' || n, 'notify', 'evt_' || n, (ARRAY['', 'we_1', 'we_2/shop.example:443', 'sandbox', 'käse'])[n % 5 + 1], now(), n, 'refused', now()
		FROM generate_series(0, 49) n;
	INSERT INTO endpoints (id, merchant, status, secrets, detail) VALUES ('we_1', 'mer_1', 'enabled', '[]', '{"id":"we_1"}');
	INSERT INTO disputes VALUES ('dp_1', 'mer_1', 'pay_1', 'acc', 'case', 'opened', 1, 'CNY', 1, '{}');`

func script(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

// Data goes up, down and up again: every task finds its partition, every event its day, and nothing is lost
// that the other schema has a place for.
func TestMigratePartitionsWithData(t *testing.T) {
	t.Parallel()
	url := shared.Empty(t)
	migrate(t, url, 1)
	script(t, url, before)
	today := time.Now().UTC().Truncate(day)
	var minted []string
	for _, at := range []time.Time{today.Add(time.Hour), today.Add(2 * time.Hour), today.Add(-3 * day), today.Add(-400 * day), today.Add(9 * day)} {
		e := eventAt(at)
		minted = append(minted, string(e.ID))
		rows[any](t, url, "INSERT INTO events VALUES ($1, 'mer_1', 'payment.succeeded', 'pay_1', '', $2)", string(e.ID), string(e.Body))
	}
	slices.Sort(minted)
	const tasks = "SELECT id || kind || ref || lane || due_at || attempt || last_error || created_at FROM tasks ORDER BY id"
	const events = "SELECT id || merchant || type || object_id || payment || body FROM events ORDER BY id"
	tasksBefore, eventsBefore := rows[string](t, url, tasks), rows[string](t, url, events)
	for range 2 {
		migrate(t, url, 2)
		if diff := cmp.Diff(tasksBefore, rows[string](t, url, tasks)) + cmp.Diff(eventsBefore, rows[string](t, url, events)); diff != "" {
			t.Fatalf("the way up changed data (-before +after):\n%s", diff)
		}
		wantParts(t, url)
		wantDays(t, url, today)
		wantWorking(t, url, minted)
		script(t, url, "UPDATE endpoints SET status = 'pull', failing_since = now(); UPDATE tasks SET parked = true WHERE lane = 'we_1'")
		migrate(t, url, 1)
		if diff := cmp.Diff(tasksBefore, rows[string](t, url, tasks)) + cmp.Diff(eventsBefore, rows[string](t, url, events)); diff != "" {
			t.Fatalf("the way down changed data (-before +after):\n%s", diff)
		}
		if got := rows[string](t, url, "SELECT status FROM endpoints"); got[0] != "disabled" {
			t.Errorf("an endpoint that was pulled is %s, want disabled", got[0])
		}
	}
}

// wantParts checks that the migration hashes lanes as the queue does.
func wantParts(t *testing.T, url string) {
	t.Helper()
	lanes, parts := rows[string](t, url, "SELECT lane FROM tasks ORDER BY id"), rows[int](t, url, "SELECT part FROM tasks WHERE NOT parked ORDER BY id")
	for i, lane := range lanes {
		if parts[i] != queue.PartitionOf(lane) {
			t.Fatalf("lane %q went to partition %d, want %d", lane, parts[i], queue.PartitionOf(lane))
		}
	}
}

func wantDays(t *testing.T, url string, today time.Time) {
	t.Helper()
	name := func(table string, of time.Time) string { return table + "_" + of.Format("20060102") }
	want := map[string]int{
		name("events", today): 2, name("events", today.Add(-3*day)): 1, "events_rest": 2,
		name("attempts", today): 0, name("attempts", today.Add(-3*day)): 0, "attempts_rest": 0,
	}
	got := partitions(t, url)
	for _, days := range []int{1, 2} { // made by a store that was opened
		delete(got, name("events", today.Add(time.Duration(days)*day)))
		delete(got, name("attempts", today.Add(time.Duration(days)*day)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("events by day (-want +got):\n%s", diff)
	}
}

// wantWorking opens a store on what was migrated: rows have the places in their types that the store gives them.
func wantWorking(t *testing.T, url string, events []string) {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	task := queue.Task{ID: "task_new", Kind: "notify", Ref: "evt_new", Lane: "we_1", Due: noon, CreatedAt: noon}
	p := newPayment(ids.New("o_"))
	if err := s.Commit(t.Context(), &payment.Change{Payment: p, Tasks: []queue.Task{task}}); err != nil {
		t.Fatal(err)
	}
	due, err := s.Due(t.Context(), noon, []queue.Reading{{Part: queue.PartitionOf("we_1")}}, 10)
	if diff := cmp.Diff([]queue.Task{task}, due); diff != "" || err != nil {
		t.Fatalf("the new task, %v (-want +got):\n%s", err, diff)
	}
	if err := s.Settle(t.Context(), []queue.Outcome{{Task: task, Done: true}}); err != nil {
		t.Fatal(err)
	}
	var pulled []string
	eventually(t, "the migrated events are pulled", func() bool {
		all, err := s.Events(t.Context(), paymux.EventFilter{Merchant: "mer_1", Oldest: true, Page: paymux.Page{Limit: 10}})
		pulled = nil
		for _, e := range all {
			pulled = append(pulled, string(e.ID))
		}
		return err == nil && len(all) == len(events)
	})
	if !slices.Equal(pulled, events) {
		t.Errorf("pulled %v, want %v", pulled, events)
	}
}

func TestMigrateNewerSchema(t *testing.T) {
	t.Parallel()
	url := shared.Empty(t)
	migrate(t, url, postgres.Latest)
	rows[int](t, url, "INSERT INTO schema_version (version, name) VALUES (9999, 'from the future') RETURNING version")
	err := postgres.Migrate(t.Context(), url, postgres.Latest)
	if err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a schema of a newer program: %v, want a refusal that says so", err)
	}
}

// Processes that start together on an empty database take turns by the lock.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	url := shared.Empty(t)
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			s, err := postgres.Open(t.Context(), postgres.Config{URL: url + "&pool_max_conns=1", Now: time.Now, Log: quiet(), Writers: 1})
			if errs[i] = err; err == nil {
				errs[i] = s.Close()
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("one of several that opened an empty database: %v", err)
		}
	}
	if steps := rows[int](t, url, "SELECT version FROM schema_version ORDER BY version"); len(steps) == 0 || steps[0] != 1 {
		t.Errorf("steps applied: %v", steps)
	}
}

// The lists in CHECKs are the root's lists, no more and no less.
func TestChecksListWhatTheRootLists(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	for name, want := range map[string][]string{
		"payments_status":  texts(paymux.PaymentStatuses()),
		"operations_state": texts(paymux.OperationStates()),
		"operations_kind":  texts([]paymux.OperationKind{paymux.Pay, paymux.Capture, paymux.Cancel, paymux.Refunds}),
		"refunds_status":   texts(paymux.RefundStatuses()),
		"disputes_status":  texts(paymux.DisputeStatuses()),
		"api_keys_kind":    texts(paymux.KeyKinds()),
		"endpoints_status": texts([]paymux.EndpointStatus{paymux.EndpointEnabled, paymux.EndpointDisabled, paymux.EndpointPull}),
		"attempts_result":  texts([]paymux.AttemptResult{paymux.AttemptDelivered, paymux.AttemptFailed, paymux.AttemptDead, paymux.AttemptDropped}),
		"replays_status":   texts([]paymux.ReplayStatus{paymux.ReplayRunning, paymux.ReplayFinished, paymux.ReplayCanceled}),
		"links_status":     texts([]paymux.LinkStatus{paymux.LinkActive, paymux.LinkCanceled}),
	} {
		const quoted = "SELECT DISTINCT (regexp_matches(pg_get_constraintdef(oid), '''([^'']*)''', 'g'))[1] FROM pg_constraint WHERE conname = $1"
		got := rows[string](t, url, quoted, name)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s and the root differ (-root +CHECK):\n%s", name, diff)
		}
	}
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = fmt.Sprint(v)
	}
	return all
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// There is no way back from sealed secrets: they would be lost.
func TestMigrateDownKeepsDataKeys(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	script(t, url, "INSERT INTO data_keys VALUES ('k', 'w', 'n', 'x', now())")
	if err := postgres.Migrate(t.Context(), url, 2); err == nil || !strings.Contains(err.Error(), "secrets are sealed") {
		t.Errorf("down: %v, want a refusal that says why", err)
	}
	if got := rows[string](t, url, "SELECT id FROM data_keys"); len(got) != 1 {
		t.Errorf("the data keys are %v", got)
	}
	script(t, url, "DELETE FROM data_keys")
	migrate(t, url, 2)
}

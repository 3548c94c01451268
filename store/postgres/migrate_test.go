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
	url := shared.database(t, "")
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

func TestMigrateNewerSchema(t *testing.T) {
	t.Parallel()
	url := shared.database(t, "")
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
	url := shared.database(t, "")
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
	url := shared.database(t, template)
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

package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
)

// plan is a node of what EXPLAIN tells.
type plan struct {
	Node    string `json:"Node Type"`
	Index   string `json:"Index Name"`
	Cond    string `json:"Index Cond"`
	Filter  string `json:"Filter"`
	Hit     int    `json:"Shared Hit Blocks"`
	Read    int    `json:"Shared Read Blocks"`
	Plans   []plan `json:"Plans"`
	Removed int    `json:"Rows Removed by Filter"`
}

func (p plan) find(index string) (found []plan) {
	if p.Index == index {
		found = append(found, p)
	}
	for _, child := range p.Plans {
		found = append(found, child.find(index)...)
	}
	return found
}

// explain runs a statement on a connection set like those that look tasks up.
func explain(t *testing.T, url, sql string, args ...any) plan {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range postgres.Planning {
		cfg.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var text []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+sql, args...).Scan(&text); err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan plan }
	if err := json.Unmarshal(text, &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}

// fillTasks makes tasks of one lane, a second apart, parked or not, and returns the first's time.
func fillTasks(t *testing.T, url, lane string, n int, parked bool) time.Time {
	t.Helper()
	first := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	rows[any](t, url, `INSERT INTO tasks SELECT 'task_' || lpad(n::text, 9, '0'), 'notify', $1 || n, $1, $2::timestamptz + n * interval '1 second', 0, '', now(), $3, $4
		FROM generate_series(0, $5 - 1) n`, lane, first, queue.PartitionOf(lane), parked, n)
	return first
}

// A reader stands to the right of what was done. What is dead there but cannot be vacuumed, since somebody's old
// snapshot still sees it, must not be read again and again: the index is entered at the cursor.
func TestDueEntersAtTheCursor(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	const dead, alive = 20_000, 100
	first := fillTasks(t, url, "we_1", dead+alive, false)
	old, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close(t.Context())
	for _, sql := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM tasks"} {
		if _, err := old.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	cursor := queue.Cursor{Due: first.Add((dead - 1) * time.Second), ID: "task_000019999"}
	rows[any](t, url, "DELETE FROM tasks WHERE due_at <= $1", cursor.Due)

	parts, end := []int{queue.PartitionOf("we_1"), queue.PartitionOf("we_2")}, first.Add(24*time.Hour)
	p := explain(t, url, postgres.DueTasks, parts, []time.Time{cursor.Due, {}}, []string{string(cursor.ID), ""}, end, 10)
	scans := p.find("tasks_of_part")
	if len(scans) != 1 || !strings.Contains(scans[0].Cond, "ROW(due_at, id) > ROW(") || scans[0].Filter != "" {
		t.Fatalf("the cursor is not where the index is entered: %+v", p)
	}
	if n := scans[0].Hit + scans[0].Read; n > 20 {
		t.Errorf("%d pages were touched right of the cursor", n)
	}
	// That the test could fail: without the cursor the dead ones are crossed.
	p = explain(t, url, postgres.DueTasks, parts[:1], []time.Time{{}}, []string{""}, end, 10)
	if n := p.find("tasks_of_part")[0]; n.Hit+n.Read < 100 {
		t.Errorf("only %d pages were touched with %d dead entries in the way", n.Hit+n.Read, dead)
	}
}

// A lane is read at its cursor, and lanes are found without reading what stands in them.
func TestParkedBacklog(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	const backlog = 20_000
	first := fillTasks(t, url, "we_1", backlog, true)
	fillTasks(t, url, "we_2", 3, true)
	s := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	parts := make([]int, queue.Partitions)
	for i := range parts {
		parts[i] = i
	}
	lanes, err := s.ParkedLanes(t.Context(), parts)
	if err != nil || len(lanes) != 2 {
		t.Fatalf("lanes %v, %v; want 2", lanes, err)
	}
	p := explain(t, url, postgres.ParkedLanes, parts)
	for _, scan := range p.find("tasks_of_lane") {
		if n := scan.Hit + scan.Read; n > 3*queue.Partitions {
			t.Errorf("%d pages were touched to find 2 lanes", n)
		}
	}
	p = explain(t, url, postgres.ParkedTasks, queue.PartitionOf("we_1"), "we_1", first.Add(15_000*time.Second), fmt.Sprintf("task_%09d", 15_000), first.Add(24*time.Hour), 10)
	scans := p.find("tasks_of_lane")
	if len(scans) != 1 || !strings.Contains(scans[0].Cond, "ROW(due_at, id) > ROW(") || scans[0].Hit+scans[0].Read > 20 {
		t.Errorf("a lane is not read at its cursor: %+v", p)
	}
}

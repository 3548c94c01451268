package storetest

import (
	"cmp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func taskTests() []test {
	return []test{
		{"task/due", taskDue},
		{"task/due by partition", taskPartitions},
		{"task/cursor", taskCursor},
		{"task/replaced and dropped", taskReplaced},
		{"task/settle", taskSettle},
		{"task/settle what was replaced", taskSettleReplaced},
		{"task/hasten", taskHasten},
		{"task/buried list", taskBuriedList},
	}
}

// enqueue stores tasks beside a payment and returns the payment.
func (f *fixture) enqueue(t testing.TB, tasks ...queue.Task) paymux.Payment {
	t.Helper()
	p := f.payment()
	f.commit(t, &payment.Change{Payment: p, Tasks: tasks})
	return p
}

// due reads all partitions from their beginnings, at most limit each, and sorts what it finds.
func (f *fixture) due(t testing.TB, before time.Time, limit int) []queue.Task {
	t.Helper()
	var readings []queue.Reading
	for _, part := range allParts() {
		readings = append(readings, queue.Reading{Part: part})
	}
	tasks := must[[]queue.Task](t)(f.Due(t.Context(), before, readings, limit))
	slices.SortFunc(tasks, byDue)
	return tasks
}

// byDue is the order of a partition.
func byDue(a, b queue.Task) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) }

// read reads one lane's partition from a cursor.
func (f *fixture) read(t testing.TB, lane string, before time.Time, after queue.Cursor, limit int) []queue.Task {
	t.Helper()
	reading := queue.Reading{Part: queue.PartitionOf(lane), After: after}
	return must[[]queue.Task](t)(f.Due(t.Context(), before, []queue.Reading{reading}, limit))
}

func (f *fixture) settle(t testing.TB, outcomes ...queue.Outcome) {
	t.Helper()
	if err := f.Settle(t.Context(), outcomes); err != nil {
		t.Fatal(err)
	}
}

func cursorOf(k queue.Task) queue.Cursor { return queue.Cursor{Due: k.Due, ID: k.ID} }

func taskDue(t *testing.T, f *fixture) {
	var tasks []queue.Task
	for i, minute := range []int{2, 0, 3, 1} {
		tasks = append(tasks, f.task("resolve", string(rune('a'+i)), "lane", start.Add(time.Duration(minute)*time.Minute)))
	}
	f.enqueue(t, tasks...)
	end, none := start.Add(time.Hour), queue.Cursor{}
	same(t, "all", f.read(t, "lane", end, none, 10), []queue.Task{tasks[1], tasks[3], tasks[0], tasks[2]})
	same(t, "those due", f.read(t, "lane", start.Add(time.Minute), none, 10), []queue.Task{tasks[1], tasks[3]})
	same(t, "not yet due", f.read(t, "lane", start.Add(-time.Microsecond), none, 10), nil)
	same(t, "the first", f.read(t, "lane", end, none, 1), []queue.Task{tasks[1]})
	same(t, "another partition", must[[]queue.Task](t)(f.Due(t.Context(), end, []queue.Reading{{Part: (queue.PartitionOf("lane") + 1) % queue.Partitions}}, 10)), nil)
	same(t, "no partition", must[[]queue.Task](t)(f.Due(t.Context(), end, nil, 10)), nil)
}

// Each reading has its own partition, cursor and limit: a flood in one hides nothing of another.
func taskPartitions(t *testing.T, f *fixture) {
	lanes := lanesApart(3)
	var flood, want []queue.Task
	for i := range 40 {
		flood = append(flood, f.task("notify", strconv.Itoa(i), lanes[0], start))
	}
	for i, lane := range lanes[1:] {
		want = append(want, f.task("notify", "1", lane, start.Add(time.Duration(i)*time.Second)), f.task("notify", "2", lane, start.Add(time.Minute)))
	}
	f.enqueue(t, append(flood, want...)...)
	readings := []queue.Reading{
		{Part: queue.PartitionOf(lanes[0]), After: cursorOf(flood[4])},
		{Part: queue.PartitionOf(lanes[1])},
		{Part: queue.PartitionOf(lanes[2]), After: cursorOf(want[2])},
	}
	got := must[[]queue.Task](t)(f.Due(t.Context(), start.Add(time.Hour), readings, 3))
	of := map[string][]queue.Task{}
	for _, k := range got {
		of[k.Lane] = append(of[k.Lane], k)
	}
	same(t, "the flooded partition", of[lanes[0]], flood[5:8])
	same(t, "the second", of[lanes[1]], want[:2])
	same(t, "the third, behind its cursor", of[lanes[2]], want[3:])
	if all := f.due(t, start.Add(time.Hour), 100); len(all) != 44 {
		t.Fatalf("%d tasks in all partitions, want 44", len(all))
	}
}

// lanesApart returns lanes that are in different partitions.
func lanesApart(n int) (lanes []string) {
	taken := map[int]bool{}
	for i := 0; len(lanes) < n; i++ {
		lane := "lane " + strconv.Itoa(i)
		if part := queue.PartitionOf(lane); !taken[part] {
			taken[part], lanes = true, append(lanes, lane)
		}
	}
	return lanes
}

// A cursor is passed by due time, then by ID, and a task that comes late behind it is found from the beginning.
func taskCursor(t *testing.T, f *fixture) {
	var tasks []queue.Task
	for i := range 9 {
		tasks = append(tasks, f.task("a", strconv.Itoa(i), "lane", start.Add(time.Duration(i/3)*time.Second)))
	}
	f.enqueue(t, tasks...)
	end := start.Add(time.Hour)
	var got []queue.Task
	var at queue.Cursor
	for range 5 {
		page := f.read(t, "lane", end, at, 2)
		if got = append(got, page...); len(page) > 0 {
			at = cursorOf(page[len(page)-1])
		}
	}
	same(t, "the walk", got, tasks)
	same(t, "what follows the last", f.read(t, "lane", end, at, 2), nil)
	same(t, "a cursor between two", f.read(t, "lane", end, queue.Cursor{Due: start.Add(1500 * time.Millisecond)}, 1), tasks[6:7])
	late := f.task("a", "late", "lane", start.Add(-time.Second))
	f.enqueue(t, late)
	same(t, "a late one, for a reader that has passed it", f.read(t, "lane", end, at, 2), nil)
	same(t, "a late one, from the beginning", f.read(t, "lane", end, queue.Cursor{}, 1), []queue.Task{late})
}

// A task is replaced by one of the same kind, reference and lane; tasks in
// different lanes are different tasks, as deliveries of one event to two endpoints are.
func taskReplaced(t *testing.T, f *fixture) {
	old, other := f.task("resolve", "op_1", "lane", start), f.task("resolve", "op_1", "other lane", start.Add(2))
	other.Due = start.Add(2 * time.Second)
	bystander := f.task("expire", "op_1", "lane", start.Add(time.Minute))
	p := f.enqueue(t, old, other, bystander)
	renewed := f.task("resolve", "op_1", "lane", start.Add(time.Second))
	p = f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: p, Tasks: []queue.Task{renewed}})
	end := start.Add(time.Hour)
	same(t, "the tasks", f.due(t, end, 10), []queue.Task{renewed, other, bystander})

	drop := []payment.TaskRef{{Kind: "resolve", Ref: "op_1"}, {Kind: "expire", Ref: "another"}}
	p = f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: p, Drop: drop})
	same(t, "the tasks after the drop", f.due(t, end, 10), []queue.Task{bystander})

	// Dropped and enqueued in one change: the new one stays.
	again := f.task("expire", "op_1", "lane", start)
	p = f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: p, Drop: []payment.TaskRef{{Kind: "expire", Ref: "op_1"}}, Tasks: []queue.Task{again}})
	same(t, "the tasks at the end", f.due(t, end, 10), []queue.Task{again})
}

func taskSettle(t *testing.T, f *fixture) {
	ctx := t.Context()
	done, retry, bury, left := f.task("a", "1", "l", start), f.task("a", "2", "l", start), f.task("a", "3", "l", start), f.task("a", "4", "l", start.Add(time.Minute))
	p := f.enqueue(t, done, retry, bury, left)
	retry.Attempt, retry.LastError = 3, "connection refused"
	bury.Attempt, bury.LastError = 9, "410 Gone"
	again := start.Add(time.Hour)
	hop := paymux.Hop{At: start, Kind: paymux.HopTask, Text: "failed"}
	f.settle(t,
		queue.Outcome{Task: done, Done: true, Payment: p.ID, Hop: &hop},
		queue.Outcome{Task: retry, Due: again},
		queue.Outcome{Task: bury, Bury: true},
		queue.Outcome{Task: f.task("a", "gone", "l", start), Done: true},
		queue.Outcome{Task: f.task("a", "gone too", "l", start), Due: again},
		queue.Outcome{Task: f.task("a", "gone as well", "l", start), Bury: true},
	)
	retry.Due = again
	same(t, "the tasks", f.due(t, again, 10), []queue.Task{left, retry})
	buried := must[[]queue.Buried](t)(f.Buried(ctx, paymux.Page{Limit: 10}))
	if len(buried) != 1 || buried[0].BuriedAt.IsZero() {
		t.Fatalf("%d tasks are buried, want 1, with the time: %v", len(buried), buried)
	}
	same(t, "the buried task", buried[0].Task, bury)
	same(t, "the hops", must[[]paymux.Hop](t)(f.Hops(ctx, p.ID)), []paymux.Hop{hop})
}

// A task that was replaced while it was in work is another task: settling the
// old one must not touch it.
func taskSettleReplaced(t *testing.T, f *fixture) {
	old := f.task("resolve", "op_1", "lane", start)
	p := f.enqueue(t, old)
	renewed := f.task("resolve", "op_1", "lane", start.Add(time.Second))
	f.commit(t, &payment.Change{Payment: f.next(p, paymux.Succeeded), Tasks: []queue.Task{renewed}})
	outcomes := map[string]queue.Outcome{
		"done":  {Task: old, Done: true},
		"retry": {Task: old, Due: start.Add(time.Minute)},
		"bury":  {Task: old, Bury: true},
	}
	for name, o := range outcomes {
		f.settle(t, o)
		same(t, "the tasks after "+name, f.due(t, start.Add(time.Hour), 10), []queue.Task{renewed})
	}
	same(t, "the buried", must[[]queue.Buried](t)(f.Buried(t.Context(), paymux.Page{Limit: 10})), nil)
}

func taskHasten(t *testing.T, f *fixture) {
	now := start.Add(time.Minute)
	past, future, other := f.task("notify", "1", "a", start), f.task("notify", "2", "b", start.Add(time.Hour)), f.task("resolve", "3", "c", start.Add(time.Hour))
	parked := f.task("notify", "4", "d", start.Add(time.Hour))
	f.enqueue(t, past, future, other, parked)
	f.park(t, parked)
	if n := must[int](t)(f.Hasten(t.Context(), "notify", now)); n != 3 {
		t.Fatalf("%d tasks hastened, want 3", n)
	}
	future.Due, parked.Due = now, now
	same(t, "those due now", f.due(t, now, 10), []queue.Task{past, future})
	same(t, "the parked one", f.parked(t, "d", now), []queue.Task{parked})
	same(t, "what another kind has", f.due(t, start.Add(time.Hour), 10)[2:], []queue.Task{other})
}

func taskBuriedList(t *testing.T, f *fixture) {
	var want []paymux.TaskID
	for i := range 5 {
		k := f.task("a", string(rune('a'+i)), "", start)
		f.enqueue(t, k)
		f.settle(t, queue.Outcome{Task: k, Bury: true})
		want = append([]paymux.TaskID{k.ID}, want...)
	}
	var got []paymux.TaskID
	page := paymux.Page{Limit: 2}
	for range 3 {
		for _, b := range must[[]queue.Buried](t)(f.Buried(t.Context(), page)) {
			got = append(got, b.ID)
			page.After = string(b.ID)
		}
	}
	same(t, "the buried, newest first", got, want)
}

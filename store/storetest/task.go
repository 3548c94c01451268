package storetest

import (
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
		{"task/full lanes", taskFullLanes},
		{"task/next due", taskNextDue},
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

func (f *fixture) due(t testing.TB, before time.Time, limit int, skip ...queue.Task) []queue.Task {
	t.Helper()
	busy := map[paymux.TaskID]bool{}
	for _, k := range skip {
		busy[k.ID] = true
	}
	return must[[]queue.Task](t)(f.Due(t.Context(), before, queue.Skip{IDs: busy}, limit))
}

func taskDue(t *testing.T, f *fixture) {
	var tasks []queue.Task
	for i, minute := range []int{2, 0, 3, 1} {
		tasks = append(tasks, f.task("resolve", string(rune('a'+i)), "lane", start.Add(time.Duration(minute)*time.Minute)))
	}
	f.enqueue(t, tasks...)
	end := start.Add(time.Hour)
	same(t, "all", f.due(t, end, 10), []queue.Task{tasks[1], tasks[3], tasks[0], tasks[2]})
	same(t, "those due", f.due(t, start.Add(time.Minute), 10), []queue.Task{tasks[1], tasks[3]})
	same(t, "not yet due", f.due(t, start.Add(-time.Microsecond), 10), nil)
	same(t, "the first", f.due(t, end, 1), []queue.Task{tasks[1]})
	same(t, "those not in work", f.due(t, end, 2, tasks[1], tasks[0]), []queue.Task{tasks[3], tasks[2]})
}

// A flooded lane that is left out hides nothing of the others: the limit counts what is returned.
func taskFullLanes(t *testing.T, f *fixture) {
	var flood []queue.Task
	for i := range 50 {
		flood = append(flood, f.task("notify", strconv.Itoa(i), "slow", start))
	}
	first, second := f.task("notify", "a", "fast", start.Add(time.Second)), f.task("resolve", "b", "", start.Add(time.Minute))
	f.enqueue(t, append(flood, first, second)...)
	skip := queue.Skip{Lanes: map[string]bool{"slow": true}}
	end := start.Add(time.Hour)
	same(t, "the other lanes", must[[]queue.Task](t)(f.Due(t.Context(), end, skip, 2)), []queue.Task{first, second})
	skip.IDs = map[paymux.TaskID]bool{first.ID: true}
	same(t, "what is not in hand either", must[[]queue.Task](t)(f.Due(t.Context(), end, skip, 2)), []queue.Task{second})
	if all := f.due(t, end, 51); len(all) != 51 {
		t.Fatalf("%d tasks without a skip, want 51", len(all))
	}
}

func taskNextDue(t *testing.T, f *fixture) {
	ctx := t.Context()
	if _, ok, err := f.NextDue(ctx, queue.Skip{}); ok || err != nil {
		t.Fatalf("an empty queue has a next task: %t, %v", ok, err)
	}
	late, early := f.task("a", "1", "roomy", start.Add(time.Hour)), f.task("a", "2", "full", start)
	f.enqueue(t, late, early)
	skip := queue.Skip{IDs: map[paymux.TaskID]bool{}, Lanes: map[string]bool{}}
	for _, want := range []queue.Task{early, late} {
		at, ok, err := f.NextDue(ctx, skip)
		if err != nil || !ok || !at.Equal(want.Due) {
			t.Fatalf("next due %v %t %v, want %v", at, ok, err, want.Due)
		}
		skip.IDs[want.ID] = true
	}
	lanes := queue.Skip{Lanes: map[string]bool{early.Lane: true}}
	if at, ok, err := f.NextDue(ctx, lanes); err != nil || !ok || !at.Equal(late.Due) {
		t.Fatalf("next due outside a lane: %v %t %v, want %v", at, ok, err, late.Due)
	}
	if _, ok, err := f.NextDue(ctx, skip); ok || err != nil {
		t.Fatalf("a queue whose tasks are all in work has a next one: %t, %v", ok, err)
	}
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
	hop := paymux.Hop{At: start, Kind: paymux.HopNotify, Text: "delivered"}
	err := f.Settle(ctx, []queue.Outcome{
		{Task: done, Done: true, Payment: p.ID, Hop: &hop},
		{Task: retry, Due: again},
		{Task: bury, Bury: true},
		{Task: f.task("a", "gone", "l", start), Done: true},
		{Task: f.task("a", "gone too", "l", start), Due: again},
		{Task: f.task("a", "gone as well", "l", start), Bury: true},
	})
	if err != nil {
		t.Fatal(err)
	}
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
		if err := f.Settle(t.Context(), []queue.Outcome{o}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, "the tasks after "+name, f.due(t, start.Add(time.Hour), 10), []queue.Task{renewed})
	}
	same(t, "the buried", must[[]queue.Buried](t)(f.Buried(t.Context(), paymux.Page{Limit: 10})), nil)
}

func taskHasten(t *testing.T, f *fixture) {
	now := start.Add(time.Minute)
	past, future, other := f.task("notify", "1", "a", start), f.task("notify", "2", "b", start.Add(time.Hour)), f.task("resolve", "3", "c", start.Add(time.Hour))
	f.enqueue(t, past, future, other)
	if n := must[int](t)(f.Hasten(t.Context(), "notify", now)); n != 2 {
		t.Fatalf("%d tasks hastened, want 2", n)
	}
	due := f.due(t, now, 10)
	if len(due) != 2 || due[0].Kind != "notify" || due[1].Kind != "notify" {
		t.Fatalf("due now: %v, want both notifications", due)
	}
	same(t, "what another kind has", f.due(t, start.Add(time.Hour), 10)[2:], []queue.Task{other})
}

func taskBuriedList(t *testing.T, f *fixture) {
	var want []paymux.TaskID
	for i := range 5 {
		k := f.task("a", string(rune('a'+i)), "", start)
		f.enqueue(t, k)
		if err := f.Settle(t.Context(), []queue.Outcome{{Task: k, Bury: true}}); err != nil {
			t.Fatal(err)
		}
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

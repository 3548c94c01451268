package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func parkTests() []test {
	return []test{
		{"park/out of the partition's order", parkOrder},
		{"park/lanes", parkLanes},
		{"park/what was replaced", parkReplaced},
		{"park/settle", parkSettle},
		{"park/many in one commit", parkMany},
	}
}

func (f *fixture) park(t testing.TB, tasks ...queue.Task) {
	t.Helper()
	if err := f.Park(t.Context(), tasks); err != nil {
		t.Fatal(err)
	}
}

// parked reads all of a lane's parked tasks.
func (f *fixture) parked(t testing.TB, lane string, before time.Time) []queue.Task {
	t.Helper()
	return must[[]queue.Task](t)(f.Parked(t.Context(), lane, before, queue.Cursor{}, 1000))
}

// parkedLanes reads the lanes with parked tasks, sorted.
func (f *fixture) parkedLanes(t testing.TB, parts ...int) []string {
	t.Helper()
	lanes := must[[]string](t)(f.ParkedLanes(t.Context(), parts))
	slices.Sort(lanes)
	return lanes
}

// allParts is every partition.
func allParts() (parts []int) {
	for part := range queue.Partitions {
		parts = append(parts, part)
	}
	return parts
}

func parkOrder(t *testing.T, f *fixture) {
	var tasks []queue.Task
	for i := range 6 {
		tasks = append(tasks, f.task("notify", strconv.Itoa(i), "lane", start.Add(time.Duration(i/2)*time.Second)))
	}
	free := f.task("notify", "free", "lane", start)
	f.enqueue(t, append(slices.Clone(tasks), free)...)
	f.park(t, tasks...)
	f.park(t, tasks[2:4]...) // once more, harmless
	end := start.Add(time.Hour)
	same(t, "the partition", f.read(t, "lane", end, queue.Cursor{}, 10), []queue.Task{free})
	same(t, "the lane", f.parked(t, "lane", end), tasks)
	same(t, "those due", f.parked(t, "lane", start.Add(time.Second)), tasks[:4])
	same(t, "another lane", f.parked(t, "other", end), nil)
	var got []queue.Task
	var at queue.Cursor
	for range 3 {
		page := must[[]queue.Task](t)(f.Parked(t.Context(), "lane", end, at, 2))
		got = append(got, page...)
		at = cursorOf(page[len(page)-1])
	}
	same(t, "the walk", got, tasks)
	same(t, "what follows the last", must[[]queue.Task](t)(f.Parked(t.Context(), "lane", end, at, 2)), nil)
}

func parkLanes(t *testing.T, f *fixture) {
	same(t, "the lanes of an empty queue", f.parkedLanes(t, allParts()...), nil)
	lanes := append(lanesApart(4), "") // an empty one is a lane, too
	var parked []queue.Task
	for i, lane := range lanes[1:] {
		for n := range i + 1 {
			parked = append(parked, f.task("a", strconv.Itoa(n), lane, start))
		}
	}
	f.enqueue(t, append(slices.Clone(parked), f.task("a", "not parked", lanes[0], start))...)
	f.park(t, parked...)
	want := slices.Sorted(slices.Values(lanes[1:]))
	same(t, "the lanes", f.parkedLanes(t, allParts()...), want)
	same(t, "those of no partition", f.parkedLanes(t), nil)
	var some []string
	for _, lane := range want {
		if queue.PartitionOf(lane) == queue.PartitionOf(lanes[2]) {
			some = append(some, lane)
		}
	}
	same(t, "those of two partitions", f.parkedLanes(t, queue.PartitionOf(lanes[2]), queue.PartitionOf(lanes[0])), some)
}

// A task that was replaced is passed over, and one that replaces a parked task is not parked.
func parkReplaced(t *testing.T, f *fixture) {
	old := f.task("resolve", "op_1", "lane", start)
	p := f.enqueue(t, old)
	renewed := f.task("resolve", "op_1", "lane", start.Add(time.Second))
	p = f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: p, Tasks: []queue.Task{renewed}})
	f.park(t, old, f.task("resolve", "gone", "lane", start))
	end := start.Add(time.Hour)
	same(t, "the partition", f.due(t, end, 10), []queue.Task{renewed})
	same(t, "the lane", f.parked(t, "lane", end), nil)
	f.park(t, renewed)
	same(t, "the lane, parked", f.parked(t, "lane", end), []queue.Task{renewed})

	again := f.task("resolve", "op_1", "lane", start.Add(2*time.Second))
	p = f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: p, Tasks: []queue.Task{again}})
	same(t, "the partition after a replacement", f.due(t, end, 10), []queue.Task{again})
	same(t, "the lane after a replacement", f.parked(t, "lane", end), nil)
	f.park(t, again)
	f.commit(t, &payment.Change{Payment: f.next(p, paymux.Succeeded), Drop: []payment.TaskRef{{Kind: "resolve", Ref: "op_1"}}})
	same(t, "the lane after a drop", f.parked(t, "lane", end), nil)
	same(t, "the lanes after a drop", f.parkedLanes(t, allParts()...), nil)
}

// Parked tasks are settled like others; what is tried again is parked no more.
func parkSettle(t *testing.T, f *fixture) {
	done, retry, bury := f.task("a", "1", "lane", start), f.task("a", "2", "lane", start), f.task("a", "3", "lane", start)
	f.enqueue(t, done, retry, bury)
	f.park(t, done, retry, bury)
	retry.Attempt, retry.LastError, retry.Due = 1, "refused", start.Add(time.Minute)
	f.settle(t, queue.Outcome{Task: done, Done: true}, queue.Outcome{Task: retry, Due: retry.Due}, queue.Outcome{Task: bury, Bury: true})
	same(t, "the lane", f.parked(t, "lane", start.Add(time.Hour)), nil)
	same(t, "the partition", f.due(t, start.Add(time.Hour), 10), []queue.Task{retry})
	buried := must[[]queue.Buried](t)(f.Buried(t.Context(), paymux.Page{Limit: 10}))
	if len(buried) != 1 || buried[0].ID != bury.ID {
		t.Fatalf("buried: %v, want %s", buried, bury.ID)
	}
}

func parkMany(t *testing.T, f *fixture) {
	var tasks []queue.Task
	for i := range 500 {
		tasks = append(tasks, f.task("notify", strconv.Itoa(i), "lane", start))
	}
	f.enqueue(t, tasks...)
	before := f.gate.count()
	f.park(t, tasks...)
	if n := f.gate.count() - before; n != 1 {
		t.Errorf("500 tasks were parked in %d commits", n)
	}
	same(t, "the lane", f.parked(t, "lane", start), tasks)
	same(t, "the partition", f.due(t, start, 10), nil)
}

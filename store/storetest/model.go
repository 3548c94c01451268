package storetest

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func modelTests() []test {
	return []test{{"model/tasks", taskModel}}
}

// queueModel is what the tasks should be after any steps, kept in a map.
type queueModel struct {
	*fixture
	kind   string // its tasks, apart from those of other runs on the same store
	tasks  map[string]queue.Task
	parked map[paymux.TaskID]bool
	buried map[paymux.TaskID]bool
}

// Whatever is enqueued, replaced, dropped, parked, settled and hastened, in any order:
// the queue holds what a map would.
func taskModel(t *testing.T, f *fixture) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := &queueModel{fixture: f, kind: "kind " + strconv.Itoa(run), tasks: map[string]queue.Task{}, parked: map[paymux.TaskID]bool{}, buried: map[paymux.TaskID]bool{}}
		rt.Repeat(map[string]func(*rapid.T){
			"enqueue": func(rt *rapid.T) { m.put(t, rt) },
			"drop":    func(rt *rapid.T) { m.drop(t, rt) },
			"park":    func(rt *rapid.T) { m.parkSome(t, rt) },
			"settle":  func(rt *rapid.T) { m.settleSome(t, rt) },
			"hasten":  func(rt *rapid.T) { m.hasten(t, rt) },
			"":        func(rt *rapid.T) { m.compare(t, rt) },
		})
		for ref := range 4 {
			m.enqueueDrop(t, strconv.Itoa(ref))
		}
	})
}

func (m *queueModel) put(t *testing.T, rt *rapid.T) {
	var tasks []queue.Task
	for range rapid.IntRange(1, 3).Draw(rt, "tasks") {
		ref, lane := strconv.Itoa(rapid.IntRange(0, 3).Draw(rt, "ref")), strconv.Itoa(rapid.IntRange(0, 1).Draw(rt, "lane"))
		k := m.task(m.kind, ref, lane, drawTime(rt))
		tasks = append(tasks, k)
		m.tasks[ref+"/"+lane] = k
	}
	m.commit(t, &payment.Change{Payment: m.payment(), Tasks: tasks})
}

func (m *queueModel) drop(t *testing.T, rt *rapid.T) {
	m.enqueueDrop(t, strconv.Itoa(rapid.IntRange(0, 3).Draw(rt, "ref")))
}

func (m *queueModel) enqueueDrop(t *testing.T, ref string) {
	m.commit(t, &payment.Change{Payment: m.payment(), Drop: []payment.TaskRef{{Kind: m.kind, Ref: ref}}})
	maps.DeleteFunc(m.tasks, func(_ string, k queue.Task) bool { return k.Ref == ref })
}

func (m *queueModel) parkSome(t *testing.T, rt *rapid.T) {
	var tasks []queue.Task
	for _, key := range slices.Sorted(maps.Keys(m.tasks)) {
		if rapid.Bool().Draw(rt, "park") {
			tasks = append(tasks, m.tasks[key])
			m.parked[m.tasks[key].ID] = true
		}
	}
	m.park(t, tasks...)
}

func (m *queueModel) settleSome(t *testing.T, rt *rapid.T) {
	var outcomes []queue.Outcome
	for _, key := range slices.Sorted(maps.Keys(m.tasks)) {
		k := m.tasks[key]
		o := queue.Outcome{Task: k}
		switch rapid.IntRange(0, 3).Draw(rt, "outcome") {
		case 0:
			continue
		case 1:
			o.Done = true
			delete(m.tasks, key)
		case 2:
			o.Bury = true
			delete(m.tasks, key)
			m.buried[k.ID] = true
		case 3:
			o.Task.Attempt, o.Task.LastError, o.Due = k.Attempt+1, "once more", drawTime(rt)
			kept := o.Task
			kept.Due = o.Due
			m.tasks[key] = kept
			delete(m.parked, k.ID)
		}
		outcomes = append(outcomes, o)
	}
	m.settle(t, outcomes...)
}

func (m *queueModel) hasten(t *testing.T, rt *rapid.T) {
	now := drawTime(rt)
	if n := must[int](t)(m.Hasten(t.Context(), m.kind, now)); n != len(m.tasks) {
		t.Fatalf("%d tasks hastened, want %d", n, len(m.tasks))
	}
	for key, k := range m.tasks {
		if k.Due.After(now) {
			k.Due = now
			m.tasks[key] = k
		}
	}
}

func (m *queueModel) compare(t *testing.T, rt *rapid.T) {
	before := drawTime(rt)
	var free, parked []queue.Task
	lanes := map[string]bool{}
	for _, k := range m.tasks {
		if lanes[k.Lane] = lanes[k.Lane] || m.parked[k.ID]; k.Due.After(before) {
			continue
		}
		if m.parked[k.ID] {
			parked = append(parked, k)
		} else {
			free = append(free, k)
		}
	}
	slices.SortFunc(free, byDue)
	slices.SortFunc(parked, byDue)
	same(t, "the tasks in their partitions", m.due(t, before, 1000), free)
	var got []queue.Task
	for _, lane := range []string{"0", "1"} {
		got = append(got, m.fixture.parked(t, lane, before)...)
	}
	slices.SortFunc(got, byDue)
	same(t, "the parked tasks", got, parked)
	maps.DeleteFunc(lanes, func(_ string, parked bool) bool { return !parked })
	same(t, "the lanes with parked tasks", m.parkedLanes(t, allParts()...), slices.Sorted(maps.Keys(lanes)))
	buried := 0
	for _, b := range must[[]queue.Buried](t)(m.Buried(t.Context(), paymux.Page{Limit: 1000})) {
		if b.Kind == m.kind {
			buried++
		}
	}
	same(t, "the number of buried tasks", buried, len(m.buried))
}

func drawTime(rt *rapid.T) time.Time {
	return start.Add(time.Duration(rapid.IntRange(0, 9).Draw(rt, "second")) * time.Second)
}

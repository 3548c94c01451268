package storetest

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func fenceTests() []test {
	return []test{
		{"fence/lease held", fenceHeld},
		{"fence/lease lost", fenceLost},
		{"fence/lease ended, untaken", fenceEnded},
		{"fence/several leases in one commit", fenceMixed},
	}
}

// decision is what an attempt at a task led to, and its log.
type decision struct {
	outcome queue.Outcome
	attempt paymux.Attempt
}

// decisions enqueues three tasks in a lane and decides each differently: done, retry, bury.
func (f *fixture) decisions(t testing.TB, lane string, lease queue.Lease) (paymux.Payment, []decision) {
	t.Helper()
	p := f.payment()
	var decided []decision
	var tasks []queue.Task
	var events []paymux.Event
	for range 3 {
		e := f.event(t, p.ID)
		k := f.task("notify", string(e.ID), lane, start)
		a := f.attempt(e, paymux.EndpointID(lane), start.Add(time.Minute))
		events, tasks = append(events, e), append(tasks, k)
		d := decision{outcome: queue.Outcome{Task: k, Lease: lease, Attempt: &a}, attempt: a}
		d.outcome.Task.Attempt, d.outcome.Task.LastError = 7, "refused"
		decided = append(decided, d)
	}
	f.commit(t, &payment.Change{Payment: p, Events: events, Tasks: tasks})
	decided[0].outcome.Done = true
	decided[1].outcome.Due = start.Add(time.Hour)
	decided[2].outcome.Bury = true
	return p, decided
}

// wantSettled checks what has become of decisions; the log has every one of them.
func (f *fixture) wantSettled(t testing.TB, p paymux.Payment, decided []decision, honoured bool) {
	t.Helper()
	retried := decided[1].outcome.Task
	retried.Due = decided[1].outcome.Due
	lane := retried.Lane
	var kept []queue.Task
	for _, k := range f.due(t, start.Add(long), 100) {
		if k.Lane == lane {
			kept = append(kept, k)
		}
	}
	buried := map[paymux.TaskID]bool{}
	for _, b := range must[[]queue.Buried](t)(f.Buried(t.Context(), paymux.Page{Limit: 100})) {
		buried[b.ID] = true
	}
	if honoured {
		same(t, "the tasks of "+lane, kept, []queue.Task{retried})
	} else if len(kept) != 2 || kept[0].Attempt == 7 || !kept[0].Due.Equal(start) || kept[1].LastError == "refused" {
		t.Fatalf("the tasks of %s are not as they were: %+v", lane, kept)
	}
	if buried[decided[2].outcome.Task.ID] != honoured {
		t.Fatalf("buried under a lease that counts=%t: %t", honoured, !honoured)
	}
	for _, d := range decided {
		got := must[[]paymux.Attempt](t)(f.Attempts(t.Context(), p.Merchant, d.attempt.Event, d.attempt.Endpoint))
		same(t, "the log", got, []paymux.Attempt{d.attempt})
	}
}

func (f *fixture) settleAll(t testing.TB, decided ...decision) {
	t.Helper()
	var outcomes []queue.Outcome
	for _, d := range decided {
		outcomes = append(outcomes, d.outcome)
	}
	f.settle(t, outcomes...)
}

func fenceHeld(t *testing.T, f *fixture) {
	lease := f.acquire(t, "a", long, queue.PartitionOf("we_1"))[0]
	p, decided := f.decisions(t, "we_1", lease)
	f.settleAll(t, decided...)
	f.wantSettled(t, p, decided, true)
	// Without leases, as one process decides alone, whoever has the partition.
	p, decided = f.decisions(t, "we_1/host:1", queue.Lease{})
	f.settleAll(t, decided...)
	f.wantSettled(t, p, decided, true)
}

// Under a lease that is no longer held a task can be done, neither put off nor buried.
func fenceLost(t *testing.T, f *fixture) {
	part := queue.PartitionOf("we_1")
	released := f.acquire(t, "a", long, part)[0]
	if err := f.Release(t.Context(), "a", []int{part}); err != nil {
		t.Fatal(err)
	}
	settle := func(lease queue.Lease) {
		t.Helper()
		p, decided := f.decisions(t, "we_1", lease)
		f.settleAll(t, decided...)
		f.wantSettled(t, p, decided, false)
		drop := []payment.TaskRef{{Kind: "notify", Ref: decided[1].outcome.Task.Ref}, {Kind: "notify", Ref: decided[2].outcome.Task.Ref}}
		f.commit(t, &payment.Change{Payment: f.next(p, paymux.Succeeded), Drop: drop})
	}
	settle(released)
	taken := f.acquire(t, "b", long, part)[0]
	settle(released)
	settle(queue.Lease{Part: part, Replica: "b", Epoch: taken.Epoch + 1})
	settle(queue.Lease{Part: part, Replica: "a", Epoch: taken.Epoch})
	settle(queue.Lease{Part: (part + 1) % queue.Partitions, Replica: "b", Epoch: taken.Epoch})
	if err := f.Leave(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	settle(taken)
}

// What has ended and was not taken is still held: nobody else has decided anything.
func fenceEnded(t *testing.T, f *fixture) {
	lease := f.acquire(t, "a", short, queue.PartitionOf("we_1"))[0]
	f.endLeasesOf(t, "a")
	p, decided := f.decisions(t, "we_1", lease)
	f.settleAll(t, decided...)
	f.wantSettled(t, p, decided, true)
}

func fenceMixed(t *testing.T, f *fixture) {
	lanes := lanesApart(2)
	held := f.acquire(t, "a", long, queue.PartitionOf(lanes[0]))[0]
	lost := f.acquire(t, "a", long, queue.PartitionOf(lanes[1]))[0]
	if err := f.Release(t.Context(), "a", []int{lost.Part}); err != nil {
		t.Fatal(err)
	}
	p, kept := f.decisions(t, lanes[0], held)
	q, refused := f.decisions(t, lanes[1], lost)
	hop := paymux.Hop{At: start, Kind: paymux.HopTask, Text: "an attempt was made, whoever decides"}
	refused[1].outcome.Payment, refused[1].outcome.Hop = q.ID, &hop
	f.settleAll(t, kept[0], refused[1], kept[1], refused[2], kept[2], refused[0])
	f.wantSettled(t, p, kept, true)
	f.wantSettled(t, q, refused, false)
	same(t, "the timeline", must[[]paymux.Hop](t)(f.Hops(t.Context(), q.ID)), []paymux.Hop{hop})
}

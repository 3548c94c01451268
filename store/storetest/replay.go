package storetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func replayTests() []test {
	return []test{
		{"replay/round trip", replayRoundTrip},
		{"replay/which events", replayEvents},
		{"replay/in steps", replaySteps},
		{"replay/canceled meanwhile", replayCanceled},
	}
}

func (f *fixture) replay() (paymux.Replay, queue.Task) {
	var r paymux.Replay
	f.fill.value(&r)
	r.ID, r.Object, r.Merchant = paymux.ReplayID(f.ids.New(paymux.PrefixReplay)), "replay", f.merchant
	r.Endpoint, r.Only, r.Status, r.Cursor, r.FinishedAt = "we_1", paymux.ReplayAll, paymux.ReplayRunning, "", time.Time{}
	return r, f.task("replay", string(r.ID), "replay/we_1", start)
}

func (f *fixture) create(t testing.TB, r paymux.Replay, k queue.Task) {
	t.Helper()
	if err := f.CreateReplay(t.Context(), r, k, nil); err != nil {
		t.Fatal(err)
	}
}

func replayRoundTrip(t *testing.T, f *fixture) {
	ctx := t.Context()
	r, k := f.replay()
	taken := f.idempotency("taken")
	f.commit(t, &payment.Change{Payment: f.payment(), Begin: taken})
	wantErr(t, "a replay under a taken key", f.CreateReplay(ctx, r, k, taken), paymux.ErrKeyTaken)
	_, err := f.ReplayByID(ctx, r.ID)
	wantErr(t, "the refused replay", err, paymux.NotFound)
	same(t, "its task", f.due(t, start, 10), nil)

	i := f.idempotency(string(r.ID))
	if err := f.CreateReplay(ctx, r, k, i); err != nil {
		t.Fatal(err)
	}
	same(t, "the record", must[paymux.Idempotency](t)(f.Idempotency(ctx, f.merchant, i.Key)), *i)
	same(t, "the replay", must[paymux.Replay](t)(f.Replay(ctx, f.merchant, r.ID)), r)
	same(t, "the task's replay", must[paymux.Replay](t)(f.ReplayByID(ctx, r.ID)), r)
	same(t, "the task", f.due(t, start, 10), []queue.Task{k})
	again := r
	again.Types, again.Status = nil, paymux.ReplayFinished
	j := f.idempotency("of the same replay")
	wantErr(t, "the same replay again", f.CreateReplay(ctx, again, f.task("replay", string(r.ID), "replay/we_2", start), j), paymux.ErrStale)
	wantErr(t, "the same replay again, without a record", f.CreateReplay(ctx, again, f.task("replay", string(r.ID), "replay/we_2", start), nil), paymux.ErrStale)
	_, err = f.Idempotency(ctx, f.merchant, j.Key)
	wantErr(t, "the record of the refused replay", err, paymux.NotFound)
	same(t, "the replay still", must[paymux.Replay](t)(f.Replay(ctx, f.merchant, r.ID)), r)
	same(t, "the task still", f.due(t, start, 10), []queue.Task{k})
	_, err = f.Replay(ctx, "mer_other", r.ID)
	wantErr(t, "another merchant's replay", err, paymux.NotFound)
	_, err = f.ReplayByID(ctx, "rpl_none")
	wantErr(t, "an unknown replay", err, paymux.NotFound)
}

// events emits one event a minute, of two types in turn.
func (f *fixture) events(t testing.TB, n int) (events []paymux.Event) {
	t.Helper()
	for i := range n {
		e := f.event(t, "")
		e.ObjectID, e.Timestamp = "object of "+string(e.ID), start.Add(time.Duration(i)*time.Minute)
		if i%2 == 1 {
			e.Type = paymux.RefundDone
		}
		e.Body = e.AppendJSON(nil)
		if err := f.Emit(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// wantReplayed checks which events a replay would send, counted and in pages of two.
func (f *fixture) wantReplayed(t testing.TB, what string, r paymux.Replay, want ...paymux.Event) {
	t.Helper()
	r.Cursor = ""
	same(t, "the number of "+what, must[int](t)(f.CountReplay(t.Context(), r)), len(want))
	var ids, got []paymux.EventID
	for _, e := range want {
		ids = append(ids, e.ID)
	}
	for {
		events, last, err := f.Next(t.Context(), r, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) > 2 || last == "" && len(events) > 0 {
			t.Fatalf("%s: a step of %d events, with %q the last looked at", what, len(events), last)
		}
		if last == "" {
			break
		}
		if last <= r.Cursor {
			t.Fatalf("%s: after %q the last looked at is %q", what, r.Cursor, last)
		}
		got, r.Cursor = append(got, events...), last
	}
	same(t, what, got, ids)
}

func replayEvents(t *testing.T, f *fixture) {
	e := f.events(t, 6)
	foreign := f.event(t, "")
	foreign.Merchant, foreign.Timestamp = "mer_other", start.Add(time.Minute)
	if err := f.Emit(t.Context(), foreign, nil); err != nil {
		t.Fatal(err)
	}
	f.log(t, f.ended(e[1], "we_1", start, paymux.AttemptDelivered), f.ended(e[2], "we_1", start, paymux.AttemptDead),
		f.attempt(e[3], "we_1", start), f.ended(e[3], "we_1", start.Add(time.Second), paymux.AttemptDelivered), f.ended(e[4], "we_2", start, paymux.AttemptDelivered))
	r, _ := f.replay()
	r.From, r.To, r.Types = start, start.Add(time.Hour), nil
	f.wantReplayed(t, "all events", r, e...)
	r.From, r.To = e[1].Timestamp, e[5].Timestamp
	f.wantReplayed(t, "a time's events", r, e[1:5]...)
	r.Types = []paymux.EventType{paymux.RefundDone}
	f.wantReplayed(t, "a type's events", r, e[1], e[3])
	r.Types = append(r.Types, paymux.PaymentSucceeded)
	f.wantReplayed(t, "two types' events", r, e[1:5]...)
	r.Only, r.Types = paymux.ReplayUndelivered, nil
	f.wantReplayed(t, "what was not delivered", r, e[2], e[4])
	r.From, r.To = start.Add(time.Hour), start.Add(2*time.Hour)
	f.wantReplayed(t, "another time's events", r)
}

func replaySteps(t *testing.T, f *fixture) {
	ctx, e := t.Context(), f.events(t, 3)
	r, k := f.replay()
	f.create(t, r, k)
	var tasks []queue.Task
	for i := range e {
		tasks = append(tasks, f.task("notify", string(e[i].ID), "we_1", start.Add(time.Second)))
	}
	present := f.task("notify", string(e[1].ID), "we_1", start.Add(2*time.Second))
	f.enqueue(t, present)
	before := f.gate.count()
	r.Queued, r.Cursor = 2, e[1].ID
	if err := f.Step(ctx, r, tasks[:2]); err != nil {
		t.Fatal(err)
	}
	if n := f.gate.count() - before; n != 1 {
		t.Errorf("a step took %d commits", n)
	}
	same(t, "the replay", must[paymux.Replay](t)(f.ReplayByID(ctx, r.ID)), r)
	same(t, "the tasks, parked", f.parked(t, "we_1", start.Add(time.Hour)), tasks[:1])
	same(t, "the task that was there", f.due(t, start.Add(time.Hour), 10), []queue.Task{k, present})

	r.Queued, r.Cursor, r.Status, r.FinishedAt = 3, e[2].ID, paymux.ReplayFinished, start.Add(time.Hour)
	if err := f.Step(ctx, r, tasks[2:]); err != nil {
		t.Fatal(err)
	}
	same(t, "the finished replay", must[paymux.Replay](t)(f.ReplayByID(ctx, r.ID)), r)
	f.wantEnded(t, r)
}

func replayCanceled(t *testing.T, f *fixture) {
	r, k := f.replay()
	f.create(t, r, k)
	r.Status, r.FinishedAt, r.Reason = paymux.ReplayCanceled, start, "the endpoint is disabled"
	if err := f.Step(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "the canceled replay", must[paymux.Replay](t)(f.Replay(t.Context(), f.merchant, r.ID)), r)
	f.wantEnded(t, r)
}

// wantEnded checks that a replay that has ended goes no step further.
func (f *fixture) wantEnded(t testing.TB, ended paymux.Replay) {
	t.Helper()
	before := f.parked(t, "we_1", start.Add(time.Hour))
	for i, status := range []paymux.ReplayStatus{paymux.ReplayRunning, paymux.ReplayFinished, paymux.ReplayCanceled} {
		r := ended
		r.Status, r.Queued, r.Cursor = status, 999, "evt_later"
		if err := f.Step(t.Context(), r, []queue.Task{f.task("notify", "late "+strconv.Itoa(i), "we_1", start)}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "the replay after it ended", must[paymux.Replay](t)(f.ReplayByID(t.Context(), ended.ID)), ended)
	same(t, "the tasks after it ended", f.parked(t, "we_1", start.Add(time.Hour)), before)
}

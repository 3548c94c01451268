package queue

import (
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/internal/histogram"
)

// Load is what a runner has to do, as far as it is in memory: of a long backlog that is a part of each lane.
type Load struct {
	Partitions int           // held
	Lanes      int           // known
	Waiting    int           // tasks that are due and not begun
	Held       int           // tasks that are due in lanes whose far side fails or asked for a pause
	HeldLanes  int           // lanes held for failures in a row, until a try succeeds
	Parked     int           // lanes with more in the store than there is room for
	Running    int           // attempts under way
	Unsettled  int           // outcomes that the store does not have yet
	Oldest     time.Duration // for how long what is waiting has been due at most; 0: nothing waits
}

// Load looks through all lanes. It is for now and then.
func (r *Runner) Load() Load {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	l := Load{Lanes: len(r.lanes), Running: len(r.running), Unsettled: r.unsettled}
	for _, p := range r.parts {
		if p != nil && p.valid(now) {
			l.Partitions++
		}
	}
	for _, lane := range r.lanes {
		lane.addTo(&l, now)
	}
	return l
}

func (l *lane) addTo(load *Load, now time.Time) {
	if l.parked {
		load.Parked++
	}
	if l.breaks > 0 {
		load.HeldLanes++
	}
	if l.breaks > 0 || l.hold.After(now) {
		load.Held += len(l.tasks)
		return
	}
	load.Waiting += len(l.tasks)
	if len(l.tasks) > 0 {
		load.Oldest = max(load.Oldest, now.Sub(l.tasks[0].Due))
	}
}

// tally counts the attempts at one kind of task.
type tally struct {
	done, again, postponed, buried atomic.Int64
	took                           histogram.Histogram
}

// KindCounts is what was counted of a kind of task.
type KindCounts struct {
	Kind      string
	Done      int64
	Failed    int64 // and are tried again
	Postponed int64 // wait for something, or failed by our own fault
	Buried    int64
	Took      histogram.Counts // attempts
}

// Counts lists what became of attempts, for each kind there is a handler for.
func (r *Runner) Counts() (list []KindCounts) {
	for kind, t := range r.tallies {
		list = append(list, KindCounts{
			Kind: kind, Done: t.done.Load(), Failed: t.again.Load(), Postponed: t.postponed.Load(), Buried: t.buried.Load(), Took: t.took.Counts(),
		})
	}
	return list
}

// count takes an attempt that was not interrupted.
func (t *tally) count(o *Outcome, v *Verdict, took time.Duration) {
	if t == nil {
		return // a kind that nobody handles here
	}
	t.took.Observe(took)
	switch {
	case o.Done:
		t.done.Add(1)
	case o.Bury:
		t.buried.Add(1)
	case v.Uncounted:
		t.postponed.Add(1)
	default:
		t.again.Add(1)
	}
}

package queue

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/paymux/paymux/internal/trace"
)

const (
	// maxUnsettled bounds what a crash can repeat: when so many outcomes wait for
	// the store, nothing new is started.
	maxUnsettled = 2048
	// A call that has taken pressAfter times as long as quick ones do, and leastPress, gives
	// its slot to a lane that waits for one.
	pressAfter = 3
	leastPress = 5 * time.Millisecond
)

// call is one attempt under way.
type call struct {
	held
	lane    *lane
	pool    *pool // whose slot it takes
	started time.Time
	charged time.Duration
	late    *time.Timer
	done    bool
	pressed bool // out of its fast slot
	putOff  bool // in the table, for another owner
}

// dispatch starts what there are slots for. The caller holds mu.
func (r *Runner) dispatch() {
	for r.phase == running && r.unsettled < maxUnsettled {
		if !r.startOne(&r.fast) && !r.startOne(&r.slow) {
			r.press()
			return
		}
	}
}

func (r *Runner) startOne(p *pool) bool {
	now := r.Now()
	fits := func(l *lane) bool { return r.poolOf(l) == p && l.ready(now, r.slowWindow()) }
	l := p.next(r.SlowAfter, fits, r.enqueue)
	if l == nil {
		return false
	}
	r.start(p, l, now)
	return true
}

func (r *Runner) poolOf(l *lane) *pool {
	if l.slow {
		return &r.slow
	}
	return &r.fast
}

// slowWindow is a slow lane's window: with many of them, one task each. The caller holds mu.
func (r *Runner) slowWindow() int {
	if r.slow.free < r.SlowWorkers/2 {
		return 1
	}
	return r.SlowWindow
}

// enqueue lets a lane wait for a slot, if it has something to start. The caller holds mu.
func (r *Runner) enqueue(l *lane) {
	if l.queued {
		return
	}
	now := r.Now()
	if l.ready(now, r.slowWindow()) {
		r.poolOf(l).push(l)
		return
	}
	if opens := l.opens(); len(l.tasks) > 0 && opens.After(now) && !l.paused {
		l.paused = true
		time.AfterFunc(opens.Sub(now), func() { r.resume(l) })
	}
}

// resume lets a lane that was held start again.
func (r *Runner) resume(l *lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.paused = false
	r.enqueue(l)
	r.dispatch()
}

func (r *Runner) start(p *pool, l *lane, now time.Time) {
	c := &call{held: l.pop(), lane: l, pool: p, started: now, charged: min(l.cost, r.SlowAfter)}
	p.free--
	l.running++
	l.part.busy++
	l.credit -= c.charged
	l.pace(now)
	r.inMemory--
	r.busy++
	r.running[c] = true
	if p == &r.fast {
		r.outgrown()
		r.young = append(r.young, c)
		c.late = time.AfterFunc(r.SlowAfter, func() { r.recharge(c) })
	}
	r.thirsty(l)
	r.calls.Go(func() { r.run(c) })
}

// recharge moves a call that takes long to the slow pool, so that its slot serves
// others, and its lane with it. When the pool is full it waits for a slot there.
func (r *Runner) recharge(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.done {
		return
	}
	c.lane.slow, c.lane.cost = true, max(c.lane.cost, r.SlowAfter)
	if c.pool == &r.fast {
		r.waiting = append(r.waiting, c)
		r.promote()
	}
	r.dispatch()
}

// promote gives free slow slots to the calls that wait for them. The caller holds mu.
func (r *Runner) promote() {
	for len(r.waiting) > 0 && (r.slow.free > 0 || r.waiting[0].done || r.waiting[0].pool == &r.slow) {
		c := r.waiting[0]
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
		if !c.done && c.pool == &r.fast {
			r.move(c)
		}
	}
}

func (r *Runner) move(c *call) {
	r.slow.free--
	r.fast.free++
	c.pool = &r.slow
}

// press takes fast slots from calls that have outstayed what is usual while lanes wait for one: in the first
// moments of an outage nobody knows yet who is slow, and all slots would be held by those who are. Their lanes
// are not called slow for it, but start nothing else before they have ended. A quarter of the slow slots is left to
// calls that are known to be slow. The caller holds mu.
func (r *Runner) press() {
	if r.fast.free > 0 || len(r.fast.lanes) == 0 || r.phase != running || r.unsettled >= maxUnsettled {
		return
	}
	now, patience := r.Now(), max(leastPress, min(pressAfter*r.typical, r.SlowAfter))
	for r.outgrown(); len(r.young) > 0 && len(r.fast.lanes) > 0 && r.slow.free > r.SlowWorkers/4; r.outgrown() {
		c := r.young[0]
		if age := now.Sub(c.started); age < patience {
			r.pressAgain(patience - age)
			return
		}
		c.pressed = true
		c.lane.outstay++
		r.move(c)
		r.startOne(&r.fast)
	}
}

// outgrown drops calls that hold no fast slot any more from the head of the list. The caller holds mu.
func (r *Runner) outgrown() {
	for len(r.young) > 0 && (r.young[0].done || r.young[0].pool != &r.fast) {
		r.young[0] = nil
		r.young = r.young[1:]
	}
}

func (r *Runner) pressAgain(wait time.Duration) {
	if r.pressed {
		return
	}
	r.pressed = true
	time.AfterFunc(wait, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pressed = false
		r.dispatch()
	})
}

// run makes one attempt and passes its outcome on.
func (r *Runner) run(c *call) {
	h, ok := r.Handlers[c.Kind]
	v := Verdict{Uncounted: true, Due: r.Now().Add(time.Minute), Reason: "no handler for " + c.Kind + " in this process"}
	if ok {
		v = r.attempt(h, c.Task)
	}
	now := r.Now()
	interrupted := r.ctx.Err() != nil && !v.Done
	o := v.outcome(c.Task, h.Attempts, r.Backoff, now)
	if interrupted {
		o = Outcome{Task: c.Task, Due: c.Task.Due}
	} else {
		r.tallies[c.Kind].count(&o, &v, now.Sub(c.started))
	}
	if o.Bury {
		r.Log.WarnContext(r.ctx, "queue: task buried", "task", c.ID, "kind", c.Kind, "ref", c.Ref, "lane", c.Lane, "attempts", o.Task.Attempt, "reason", o.Task.LastError)
	}
	settle, putOff := r.finish(c, now, &v, interrupted)
	if !putOff { // otherwise it is ours alone until it is due
		o.Lease = c.lease
	}
	if settle {
		r.outcomes <- settlement{Outcome: o, was: c.held, part: c.lane.part}
	}
}

func (r *Runner) attempt(h Handler, t Task) (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.ErrorContext(r.ctx, "queue: handler panicked", "task", t.ID, "kind", t.Kind, "panic", p, "stack", string(debug.Stack()))
			v = Verdict{Reason: fmt.Sprintf("panic: %v", p)}
		}
	}()
	ctx, span := r.Trace.Continue(r.ctx, "task "+t.Kind, trace.Consumer, trace.Parent{Parent: t.Trace})
	defer span.End()
	span.Text("paymux.task", string(t.ID)).Text("paymux.ref", t.Ref).Number("paymux.attempt", int64(t.Attempt)+1)
	return h.Do(ctx, t)
}

// finish gives the slot back and starts what waits for it. It reports whether there
// is an outcome to settle: of an interrupted call there is none, unless its task was put off for others.
func (r *Runner) finish(c *call, now time.Time, v *Verdict, interrupted bool) (settle, putOff bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.done = true
	delete(r.running, c)
	if c.late != nil {
		c.late.Stop()
	}
	c.pool.free++
	took := now.Sub(c.started)
	if took < r.SlowAfter {
		r.typical += (took - r.typical) / 16
	}
	l := c.lane
	l.running--
	if c.pressed {
		l.outstay--
	}
	l.idle = now
	l.learn(took, c.charged, r.SlowAfter)
	l.adapt(took, r.busyHere())
	if !interrupted {
		if r.Handlers[c.Kind].Breaker {
			l.judge(v, c.started, now)
		}
		l.limit, l.rate = r.window(c.Kind), v.Rate
		if v.Window > 0 {
			l.limit = v.Window
		}
	}
	if v.Hold.After(l.hold) {
		l.hold = v.Hold
	}
	if settle = !interrupted || c.putOff; settle {
		r.unsettled++
	} else {
		r.forget(settlement{was: c.held, part: l.part})
	}
	r.promote()
	r.enqueue(l)
	r.dispatch()
	return settle, c.putOff
}

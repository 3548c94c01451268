package queue

import (
	"fmt"
	"runtime/debug"
	"time"
)

// maxUnsettled bounds what a crash can repeat: when so many outcomes wait for
// the store, nothing new is started.
const maxUnsettled = 2048

// call is one attempt under way.
type call struct {
	held
	lane    *lane
	pool    *pool // whose slot it takes
	started time.Time
	charged time.Duration
	late    *time.Timer
	done    bool
}

// dispatch starts what there are slots for. The caller holds mu.
func (r *Runner) dispatch() {
	for r.phase == running && r.unsettled < maxUnsettled {
		if !r.startOne(&r.fast) && !r.startOne(&r.slow) {
			return
		}
	}
}

func (r *Runner) startOne(p *pool) bool {
	now := r.Now()
	fits := func(l *lane) bool { return r.poolOf(l) == p && l.ready(now, r.SlowWindow) }
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

// enqueue lets a lane wait for a slot, if it has something to start. The caller holds mu.
func (r *Runner) enqueue(l *lane) {
	if !l.queued && l.ready(r.Now(), r.SlowWindow) {
		r.poolOf(l).push(l)
	}
}

func (r *Runner) start(p *pool, l *lane, now time.Time) {
	c := &call{held: l.pop(), lane: l, pool: p, started: now, charged: min(l.cost, r.SlowAfter)}
	p.free--
	l.running++
	l.credit -= c.charged
	r.inMemory--
	if l.more && len(l.tasks) <= r.room(l)/2 {
		l.more = false
		r.Wake()
	}
	if p == &r.fast {
		c.late = time.AfterFunc(r.SlowAfter, func() { r.recharge(c) })
	}
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
	r.waiting = append(r.waiting, c)
	r.promote()
	r.dispatch()
}

// promote gives free slow slots to the calls that wait for them. The caller holds mu.
func (r *Runner) promote() {
	for len(r.waiting) > 0 && (r.slow.free > 0 || r.waiting[0].done) {
		c := r.waiting[0]
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
		if c.done {
			continue
		}
		r.slow.free--
		r.fast.free++
		c.pool = &r.slow
	}
}

// run makes one attempt and passes its outcome on.
func (r *Runner) run(c *call) {
	h, ok := r.Handlers[c.Kind]
	v := Verdict{Uncounted: true, Due: r.Now().Add(time.Minute), Reason: fmt.Sprintf("no handler for %q in this process", c.Kind)}
	if ok {
		v = r.attempt(h, c.Task)
	}
	now := r.Now()
	interrupted := r.ctx.Err() != nil && !v.Done
	o := v.outcome(c.Task, h.Attempts, r.Backoff, now)
	if o.Bury && !interrupted {
		r.Log.WarnContext(r.ctx, "queue: task buried", "task", c.ID, "kind", c.Kind, "ref", c.Ref, "lane", c.Lane, "attempts", o.Task.Attempt, "reason", o.Task.LastError)
	}
	r.finish(c, now, v.Hold, interrupted)
	if !interrupted {
		r.outcomes <- settlement{Outcome: o, was: c.Task}
	}
}

func (r *Runner) attempt(h Handler, t Task) (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.ErrorContext(r.ctx, "queue: handler panicked", "task", t.ID, "kind", t.Kind, "panic", p, "stack", string(debug.Stack()))
			v = Verdict{Reason: fmt.Sprintf("panic: %v", p)}
		}
	}()
	return h.Do(r.ctx, t)
}

// finish gives the slot back and starts what waits for it.
func (r *Runner) finish(c *call, now time.Time, hold time.Time, interrupted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.done = true
	if c.late != nil {
		c.late.Stop()
	}
	c.pool.free++
	l := c.lane
	l.running--
	l.idle = now
	l.learn(now.Sub(c.started), c.charged, r.SlowAfter)
	if hold.After(now) && hold.After(l.hold) {
		l.hold = hold
		time.AfterFunc(hold.Sub(now), func() { r.resume(l) })
	}
	if interrupted {
		delete(r.known, c.ID)
	} else {
		r.unsettled++
	}
	r.promote()
	r.enqueue(l)
	r.dispatch()
}

// resume lets a lane that was held start again.
func (r *Runner) resume(l *lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enqueue(l)
	r.dispatch()
}

package queue

import (
	"time"

	"github.com/paymux/paymux"
)

const (
	pause    = 5 * time.Millisecond // between two reads at least
	laneLife = 10 * time.Minute     // of a lane with nothing to do: its average is worth keeping for a while
	keepGone = 2 * time.Second
)

// fetchLoop reads due rows into lanes, then sleeps until the next is due, a Wake, or Poll.
func (r *Runner) fetchLoop() {
	for {
		next := r.fetch()
		if !r.rest(pause, nil) {
			return
		}
		r.mu.Lock()
		if !r.soonest.IsZero() && r.soonest.Before(next) {
			next = r.soonest
		}
		r.wakeAt = next
		wait := next.Sub(r.Now())
		r.mu.Unlock()
		if !r.rest(wait, r.wake) {
			return
		}
	}
}

// rest waits, at most until something comes from early. It reports whether to go on.
func (r *Runner) rest(wait time.Duration, early <-chan struct{}) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-r.quit:
		return false
	}
	return true
}

// fetch reads until nothing more is due that there is room for. It returns when to read next.
func (r *Runner) fetch() time.Time {
	r.beginFetch()
	for {
		tasks, err := r.Store.Due(r.ctx, r.Now().UTC(), r.skip(), r.FetchLimit)
		if err != nil {
			r.complain("read due tasks", err)
			break
		}
		if !r.takeAll(tasks) || len(tasks) < r.FetchLimit {
			break
		}
	}
	backstop := r.Now().Add(r.Poll)
	at, ok, err := r.Store.NextDue(r.ctx, r.skip())
	if err != nil {
		r.complain("read when the next task is due", err)
	}
	if err != nil || !ok || at.After(backstop) {
		return backstop
	}
	return at
}

func (r *Runner) complain(what string, err error) {
	if r.ctx.Err() == nil {
		r.Log.WarnContext(r.ctx, "queue: "+what, "error", err)
	}
}

func (r *Runner) beginFetch() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	r.soonest, r.wakeAt = time.Time{}, time.Time{}
	if !r.gone.rotate(now) {
		return
	}
	for name, l := range r.lanes {
		if len(l.tasks) == 0 && l.running == 0 && !l.more && now.Sub(l.idle) > laneLife {
			delete(r.lanes, name)
		}
	}
}

// skip names what is in hand and the lanes without room.
func (r *Runner) skip() Skip {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Skip{IDs: make(map[paymux.TaskID]bool, len(r.known)), Lanes: map[string]bool{}}
	for name, l := range r.lanes {
		if l.more {
			s.Lanes[name] = true
		}
	}
	for id, l := range r.known {
		if !l.more {
			s.IDs[id] = true
		}
	}
	return s
}

// takeAll puts rows into their lanes. It reports whether another read would return others.
func (r *Runner) takeAll(tasks []Task) (progress bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range tasks {
		if r.take(held{Task: t, fetched: true}) {
			progress = true
		}
	}
	r.dispatch()
	return progress
}

// take puts a task into its lane, unless it is known, done, or there is no room:
// then the lane is marked, and read again when it has drained. It reports whether
// that changed what the next read skips. The caller holds mu.
func (r *Runner) take(h held) bool {
	if r.known[h.ID] != nil || r.gone.has(h.Task) {
		return false
	}
	l := r.lanes[h.Lane]
	if l == nil {
		l = &lane{window: r.window(h.Kind), cost: firstCost}
		r.lanes[h.Lane] = l
	}
	if len(l.tasks) >= r.room(l) {
		marked := !l.more
		l.more = true
		return marked
	}
	l.tasks = append(l.tasks, h)
	r.known[h.ID] = l
	r.inMemory++
	r.enqueue(l)
	return true
}

func (r *Runner) window(kind string) int {
	if w := r.Handlers[kind].Window; w > 0 {
		return w
	}
	return r.LaneWindow
}

// room is how many tasks a lane may hold. When memory is short, every lane
// still has room to fill its window: no lane is ever starved by another's backlog.
func (r *Runner) room(l *lane) int {
	if r.inMemory >= r.Backlog {
		return min(2*l.window, r.LaneBacklog)
	}
	return r.LaneBacklog
}

// tombstones remember for a few seconds which attempts of which tasks were settled, so
// that a read or an Offer that overlaps the settlement does not bring them back.
type tombstones struct {
	newer, older map[paymux.TaskID]int
	turned       time.Time
}

func newTombstones() tombstones {
	return tombstones{newer: map[paymux.TaskID]int{}, older: map[paymux.TaskID]int{}}
}

func (g *tombstones) add(t Task) { g.newer[t.ID] = t.Attempt }

func (g *tombstones) has(t Task) bool {
	for _, m := range []map[paymux.TaskID]int{g.newer, g.older} {
		if attempt, ok := m[t.ID]; ok && t.Attempt <= attempt {
			return true
		}
	}
	return false
}

// rotate forgets the older ones when it is time. It is called between reads only:
// what was settled during a read is known until the read has been taken.
func (g *tombstones) rotate(now time.Time) bool {
	if now.Sub(g.turned) < keepGone {
		return false
	}
	g.older, g.newer, g.turned = g.newer, map[paymux.TaskID]int{}, now
	return true
}

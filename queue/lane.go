package queue

import (
	"time"
)

const (
	quantum    = 20 * time.Millisecond // what a lane may use up in one turn
	firstCost  = 20 * time.Millisecond // what a call is thought to take before the first was seen
	costWeight = 4                     // of the past against the newest call
	feeler     = 2                     // tasks of a lane at a time in the beginning

	// While this machine is busy, a lane's calls may take crowded times its best, and a little, before its window shrinks.
	crowded  = 2
	leeway   = 2 * time.Millisecond
	widen    = 0.25 // by a call that was quick, or while the machine is not busy
	narrow   = 0.5  // by one that was not
	narrowed = 4    // and no further

	breakAfter = 8                // failures in a row after which a lane is held
	breakFirst = time.Second      // for how long, the first time
	breakMost  = 30 * time.Second // and at most
)

// lane holds the tasks that share a window, and what is known of how long they take.
type lane struct {
	name    string
	part    *part
	tasks   []held
	running int
	limit   int           // its window at most
	open    float64       // its window now
	best    time.Duration // a call that waited for nothing, about
	outstay int           // calls under way that were pressed out of their fast slots
	cost    time.Duration // moving average of a call
	credit  time.Duration // slot time it may use before the others have their turn
	slow    bool          // its calls take slots of the slow pool
	queued  bool          // stands in a pool
	hold    time.Time     // starts nothing before
	idle    time.Time     // when it last had something to do

	failures int       // in a row
	breaks   int       // times it was held for them without a success since
	broken   time.Time // when it was last held for them

	rate   int       // tasks started a second; 0: no limit
	paced  time.Time // when the rate allows the next
	paused bool      // a timer will let it start again

	parked bool   // it has parked tasks, as far as is known
	again  bool   // some were parked since the reading of them began
	read   Cursor // where the reading of them is
	dry    bool   // stands in line to be filled
}

// held is a task in memory and the lease under which it was taken.
type held struct {
	Task
	lease Lease
}

// window is how many tasks may run at a time.
func (l *lane) window(slowWindow int) int {
	w := l.limit
	switch {
	case l.breaks > 0, l.outstay > 0:
		return 1
	case l.slow:
		return min(w, slowWindow)
	}
	return min(w, int(l.open))
}

func (l *lane) ready(now time.Time, slowWindow int) bool {
	return len(l.tasks) > 0 && l.running < l.window(slowWindow) && l.part.valid(now) && !now.Before(l.opens())
}

// opens is when the lane may start something, given what the far side and its owner asked for.
func (l *lane) opens() time.Time {
	if l.paced.After(l.hold) {
		return l.paced
	}
	return l.hold
}

func (l *lane) pop() held {
	h := l.tasks[0]
	l.tasks[0] = held{}
	l.tasks = l.tasks[1:]
	return h
}

// pace counts a start against the rate.
func (l *lane) pace(now time.Time) {
	if l.rate <= 0 {
		return
	}
	if l.paced.Before(now) {
		l.paced = now
	}
	l.paced = l.paced.Add(time.Second / time.Duration(l.rate))
}

// learn takes a finished call into the average and settles what it was charged. A
// sample counts at most four times the limit, so that one hung call is forgiven
// after a few quick ones.
func (l *lane) learn(took, charged, limit time.Duration) {
	l.cost += (min(took, 4*limit) - l.cost) / costWeight
	l.slow = l.cost >= limit
	l.credit += charged - min(took, limit)
	l.credit = min(max(l.credit, -limit), quantum)
}

// adapt opens the lane's window further, unless this machine is busy and the call took longer than the lane's best
// ones: then its calls wait for each other here, more of them would gain nothing and cost the other lanes. The
// best is forgotten slowly.
func (l *lane) adapt(took time.Duration, busy bool) {
	if l.best == 0 || took < l.best {
		l.best = took
	}
	l.best += (took - l.best) / 512
	if busy && took > crowded*l.best+leeway {
		l.open = max(l.open-narrow, min(narrowed, l.open))
		return
	}
	l.open = min(l.open+widen, float64(l.limit))
}

// judge counts failures in a row. After a number of them the lane is held, ever longer, and then
// tried with one task at a time, until one succeeds: what waits behind a dead far side is not worn out against it.
// A call that began before the lane was held tells nothing new.
func (l *lane) judge(v *Verdict, began, now time.Time) {
	if v.Done {
		l.failures, l.breaks = 0, 0
		return
	}
	if v.Uncounted || began.Before(l.broken) {
		return
	}
	if l.failures++; l.failures < breakAfter {
		return
	}
	l.breaks++
	l.broken = now
	if until := now.Add(min(breakFirst<<min(l.breaks-1, 10), breakMost)); until.After(l.hold) {
		l.hold = until
	}
}

package queue

import (
	"time"
)

const (
	quantum    = 20 * time.Millisecond // what a lane may use up in one turn
	firstCost  = 20 * time.Millisecond // what a call is thought to take before the first was seen
	costWeight = 4                     // of the past against the newest call
)

// lane holds the tasks that share a window, and what is known of how long they take.
type lane struct {
	tasks   []held
	running int
	window  int
	cost    time.Duration // moving average of a call
	credit  time.Duration // slot time it may use before the others have their turn
	slow    bool          // its calls take slots of the slow pool
	more    bool          // rows were left in the table for want of room
	queued  bool          // stands in a pool
	hold    time.Time     // starts nothing before
	idle    time.Time     // when it last had something to do
}

// held is a task in memory.
type held struct {
	Task
	fetched bool // read from the table, not offered
}

func (l *lane) ready(now time.Time, slowWindow int) bool {
	window := l.window
	if l.slow {
		window = min(window, slowWindow)
	}
	return len(l.tasks) > 0 && l.running < window && !now.Before(l.hold)
}

func (l *lane) pop() held {
	h := l.tasks[0]
	l.tasks[0] = held{}
	l.tasks = l.tasks[1:]
	return h
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

// pool is a number of slots and the lanes that wait for one, in turn.
type pool struct {
	free  int
	lanes []*lane
}

func (p *pool) push(l *lane) {
	l.queued = true
	p.lanes = append(p.lanes, l)
}

func (p *pool) shift() *lane {
	l := p.lanes[0]
	p.lanes[0] = nil
	p.lanes = p.lanes[1:]
	l.queued = false
	return l
}

// next picks the lane whose turn it is by deficit round robin, charged in slot
// time: a lane whose calls take long is served the more rarely. Lanes for which
// fits is false leave the pool through leave.
func (p *pool) next(limit time.Duration, fits func(*lane) bool, leave func(*lane)) *lane {
	for p.free > 0 && len(p.lanes) > 0 {
		l := p.lanes[0]
		switch {
		case !fits(l):
			leave(p.shift())
		case l.credit < min(l.cost, limit):
			l.credit += quantum
			p.push(p.shift())
		default:
			return l
		}
	}
	return nil
}

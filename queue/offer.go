package queue

import "time"

// signalEvery is how often others are told of tasks at most.
const signalEvery = 5 * time.Millisecond

// Everything is all partitions, as Wake and Signal take them.
const Everything = ^uint64(0)

// Wake makes the runner look into the store soon, if it holds one of the partitions. Any number of calls between two reads cost one read.
func (r *Runner) Wake(parts uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, p := range r.parts {
		if p != nil && parts&(1<<i) != 0 {
			poke(r.wake)
			return
		}
	}
}

// Offer hands over tasks that this process has just committed, so that they
// start without a read; those of other replicas' partitions, and all of them once Stop was called, are signalled to the
// others. What does not fit is found by a later read: the table is the truth.
func (r *Runner) Offer(tasks []Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase == idle {
		return
	}
	now := r.Now()
	for _, t := range tasks {
		number := PartitionOf(t.Lane)
		p, due := r.parts[number], !t.Due.After(now)
		switch {
		case p == nil || p.leaving || r.phase == stopping:
			if due { // what is due later is found by then
				r.signal(number)
			}
		case !due:
			r.expect(t.Due)
		default:
			r.take(t, p, r.offerRoom)
		}
	}
	r.dispatch()
}

// offerRoom leaves half of a lane that has parked tasks to those, so that what is new cannot starve them.
func (r *Runner) offerRoom(l *lane) int {
	if l.parked {
		return r.room(l) / 2
	}
	return r.room(l)
}

// signal tells others of a task in a partition, together with what else comes in the next moments. The caller holds mu.
func (r *Runner) signal(number int) {
	if r.Signal == nil {
		return
	}
	if r.foreign == 0 {
		time.AfterFunc(signalEvery, func() {
			r.mu.Lock()
			parts := r.foreign
			r.foreign = 0
			r.mu.Unlock()
			r.Signal(parts)
		})
	}
	r.foreign |= 1 << number
}

// expect makes the loop read again at due at the latest. The caller holds mu.
func (r *Runner) expect(due time.Time) {
	if r.soonest.IsZero() || due.Before(r.soonest) {
		r.soonest = due
	}
	if due.Before(r.wakeAt) {
		poke(r.wake)
	}
}

package queue

import (
	"context"
	"slices"
	"time"
)

const (
	handOverAfter = 500 * time.Millisecond // calls of a partition that is given back are waited for at most so long
	callLimit     = 40 * time.Second       // hardly a call takes longer: until then nobody else repeats one that was handed over
)

// part is a partition this replica holds.
type part struct {
	lease   Lease
	until   time.Time // by our clock, starts nothing later: another may hold the lease then
	read    Cursor    // where the partition was read up to
	swept   time.Time // when it was last read from the beginning
	busy    int       // its tasks that are running or being settled
	leaving bool      // starts nothing any more
	since   time.Time // when it began to leave
}

// valid reports whether tasks may be started.
func (p *part) valid(now time.Time) bool { return !p.leaving && now.Before(p.until) }

// term is how long a lease holds in the store: with the time between two attendances
// it is at most LeaseTime, after which another replica has a dead one's partitions.
func (r *Runner) term() time.Duration { return r.LeaseTime * 5 / 6 }

// leaseLoop keeps this replica's share of the partitions.
func (r *Runner) leaseLoop() {
	for {
		r.attend()
		if !r.rest(r.LeaseTime/12, nil) {
			return
		}
	}
}

func (r *Runner) attend() {
	ctx, cancel := context.WithTimeout(r.ctx, r.term())
	defer cancel()
	asked := r.Now() // before the store's clock is read, so that our until is never the later one
	held, alive, err := r.Leases.Attend(ctx, r.Replica, r.term())
	if err != nil {
		r.complain("renew leases", err)
		return
	}
	mine := share(alive, r.Replica)
	wanted, free := r.compare(held, mine, asked.Add(r.term()))
	if len(free) > 0 {
		r.giveBack(ctx, free)
	}
	if len(wanted) == 0 {
		return
	}
	asked = r.Now()
	acquired, err := r.Leases.Acquire(ctx, r.Replica, wanted, r.term())
	if err != nil {
		r.complain("acquire leases", err)
		return
	}
	r.adopt(acquired, asked.Add(r.term()))
}

// compare takes over what the store says is held. It returns the partitions to acquire, and those to
// give back that nothing, or nothing that ends soon, is under way in.
func (r *Runner) compare(held []Lease, mine map[int]bool, until time.Time) (wanted, free []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	has := map[int]bool{}
	for _, l := range held {
		has[l.Part] = true
		r.hold(l, until)
	}
	for number, p := range r.parts {
		switch {
		case !has[number]:
			r.lose(number)
			if mine[number] {
				wanted = append(wanted, number)
			}
		case mine[number]:
			p.leaving = false // it was on its way out, and is ours again
		default:
			if !p.leaving {
				p.leaving, p.since = true, now
			}
			if p.busy == 0 || now.Sub(p.since) >= handOverAfter {
				free = append(free, number)
			}
		}
	}
	r.restart()
	return wanted, free
}

// hold notes a lease, new or renewed. The caller holds mu.
func (r *Runner) hold(l Lease, until time.Time) {
	p := r.parts[l.Part]
	if p != nil && p.lease != l {
		r.lose(l.Part)
		p = nil
	}
	if p == nil {
		p = &part{lease: l}
		r.parts[l.Part] = p
		poke(r.wake)
	}
	p.until = until
}

// lose forgets a partition and its tasks that were not begun. The caller holds mu.
func (r *Runner) lose(number int) {
	p := r.parts[number]
	if p == nil {
		return
	}
	r.parts[number] = nil
	p.leaving = true // for whoever still has it in hand
	for name, l := range r.lanes {
		if l.part != p {
			continue
		}
		for _, h := range l.tasks {
			delete(r.known, h.ID)
		}
		r.inMemory -= len(l.tasks)
		l.tasks = nil
		delete(r.lanes, name)
	}
}

// restart lets every lane start again that may. The caller holds mu.
func (r *Runner) restart() {
	for _, l := range r.lanes {
		r.enqueue(l)
	}
	r.dispatch()
}

func (r *Runner) adopt(leases []Lease, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range leases {
		r.hold(l, until)
	}
}

// giveBack releases partitions. What is still under way in them is put off in the table first, so
// that the next owner does not repeat it meanwhile.
func (r *Runner) giveBack(ctx context.Context, numbers []int) {
	r.putOff(ctx, numbers)
	r.mu.Lock()
	for _, number := range numbers {
		r.lose(number)
	}
	r.mu.Unlock()
	if err := r.Leases.Release(ctx, r.Replica, numbers); err != nil {
		r.complain("release leases", err) // they end by themselves
	}
}

func (r *Runner) putOff(ctx context.Context, numbers []int) {
	r.mu.Lock()
	var outcomes []Outcome
	for c := range r.running {
		if slices.Contains(numbers, c.lease.Part) {
			c.putOff = true
			o := Outcome{Task: c.Task, Due: r.Now().Add(callLimit).UTC(), Lease: c.lease}
			o.Task.Due = o.Due
			outcomes = append(outcomes, o)
		}
	}
	r.mu.Unlock()
	if len(outcomes) == 0 {
		return
	}
	if err := r.Store.Settle(ctx, outcomes); err != nil {
		r.complain("put off what is under way", err) // at worst it is done twice
	}
}

// handOver leaves all partitions to others, once what is under way has ended or has taken too long.
func (r *Runner) handOver() {
	timer := time.NewTimer(handOverAfter)
	defer timer.Stop()
	select {
	case <-r.quiet:
	case <-timer.C:
	case <-r.ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), r.term())
	defer cancel()
	var all []int
	for number := range Partitions {
		all = append(all, number)
	}
	r.putOff(ctx, all)
	if err := r.Leases.Leave(ctx, r.Replica); err != nil {
		r.Log.WarnContext(ctx, "queue: leave", "error", err)
	}
}

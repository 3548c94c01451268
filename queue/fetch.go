package queue

import (
	"fmt"
	"time"
)

const (
	pause    = 5 * time.Millisecond // between two reads at least
	ailing   = time.Second          // the same after one that failed
	laneLife = 10 * time.Minute     // of a lane with nothing to do: its average is worth keeping for a while
	// roundLimit bounds one fetch, in reads.
	roundLimit = 4
	// overlap is how far back each read begins again: transactions that run side by side become
	// visible in another order than their tasks were made in. What takes longer is left to the sweep.
	overlap = 300 * time.Millisecond
)

// fetchLoop reads due rows into lanes, then sleeps until the next is due, a Wake, or Poll.
func (r *Runner) fetchLoop() {
	for {
		wait := pause
		if err := r.fetch(); err != nil {
			r.complain("fetch", err)
			wait = ailing
		}
		if !r.rest(wait, nil) {
			return
		}
		if !r.rest(r.sleep(), r.wake) {
			return
		}
	}
}

// sleep is how long to wait for the next read.
func (r *Runner) sleep() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	r.wakeAt = now.Add(r.Poll)
	if !r.soonest.IsZero() && r.soonest.Before(r.wakeAt) {
		r.wakeAt = r.soonest
	}
	return r.wakeAt.Sub(now)
}

// fetch reads what is due in all partitions, of a large backlog a part: the next fetch, which comes at once then,
// reads on beside the others' news.
func (r *Runner) fetch() error {
	now := r.Now()
	readings, sweeping := r.readings(now)
	if err := r.recall(sweeping); err != nil {
		return fmt.Errorf("look for parked tasks: %w", err)
	}
	for budget := roundLimit * r.FetchLimit; len(readings) > 0 && r.ctx.Err() == nil; {
		if budget <= 0 {
			poke(r.wake)
			return nil
		}
		limit := max(r.FetchLimit/len(readings), 16)
		tasks, err := r.Store.Due(r.ctx, now.UTC(), readings, limit)
		if err != nil {
			return fmt.Errorf("read due tasks: %w", err)
		}
		if full := r.takeAll(tasks); len(full) > 0 {
			if err := r.Store.Park(r.ctx, full); err != nil {
				return fmt.Errorf("park tasks: %w", err) // the next sweep finds them
			}
		}
		readings = r.further(tasks, limit)
		budget -= len(tasks)
	}
	return nil
}

// readings says where to read on, and which partitions are read from the beginning this time.
func (r *Runner) readings(now time.Time) (readings []Reading, sweeping []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wakeAt = time.Time{}
	if !r.soonest.After(now) {
		r.soonest = time.Time{}
	}
	if r.gone.rotate(now) {
		r.reap(now)
	}
	for number, p := range r.parts {
		if p == nil || !p.valid(now) {
			continue
		}
		if now.Sub(p.swept) >= r.Sweep {
			p.swept, p.read = now, Cursor{}
			sweeping = append(sweeping, number)
		}
		from := p.read
		if back := now.Add(-overlap).UTC(); from.Due.After(back) {
			from = Cursor{Due: back}
		}
		readings = append(readings, Reading{Part: number, After: from})
	}
	return readings, sweeping
}

// reap forgets lanes that have had nothing to do for long. The caller holds mu.
func (r *Runner) reap(now time.Time) {
	for name, l := range r.lanes {
		if len(l.tasks) == 0 && l.running == 0 && !l.parked && now.Sub(l.idle) > laneLife {
			delete(r.lanes, name)
		}
	}
}

// takeAll puts rows into their lanes and returns those that found no room, to be parked.
func (r *Runner) takeAll(tasks []Task) (full []Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range tasks {
		p := r.parts[PartitionOf(t.Lane)]
		if p == nil { // lost meanwhile
			continue
		}
		if !r.take(t, p, r.fetchRoom) {
			full = append(full, t)
			r.lanes[t.Lane].park()
		}
	}
	r.dispatch()
	return full
}

// further moves the partitions' places on to what was read, and returns those that have more.
func (r *Runner) further(tasks []Task, limit int) (readings []Reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := map[int]int{}
	for i := range tasks {
		number := PartitionOf(tasks[i].Lane)
		rows[number]++
		at := Cursor{Due: tasks[i].Due, ID: tasks[i].ID}
		if p := r.parts[number]; p != nil && p.read.before(at) {
			p.read = at
		}
		if rows[number] == limit && r.parts[number] != nil {
			readings = append(readings, Reading{Part: number, After: at})
		}
	}
	return readings
}

func (c Cursor) before(other Cursor) bool {
	return c.Due.Before(other.Due) || c.Due.Equal(other.Due) && c.ID < other.ID
}

// take puts a task into its lane, unless it is known or done already. It reports false
// where the lane has no room for it. The caller holds mu.
func (r *Runner) take(t Task, p *part, room func(*lane) int) bool {
	if r.known[t.ID] != nil || r.gone.has(t) {
		return true
	}
	l := r.lane(t, p)
	if len(l.tasks) >= room(l) {
		return false
	}
	l.tasks = append(l.tasks, held{Task: t, lease: p.lease})
	r.known[t.ID] = l
	r.inMemory++
	r.enqueue(l)
	return true
}

// lane finds a task's lane, or makes it. The caller holds mu.
func (r *Runner) lane(t Task, p *part) *lane {
	l := r.lanes[t.Lane]
	if l == nil {
		l = &lane{name: t.Lane, part: p, limit: r.window(t.Kind), cost: firstCost, idle: r.Now()}
		r.lanes[t.Lane] = l
	}
	return l
}

func (r *Runner) window(kind string) int {
	if w := r.Handlers[kind].Window; w > 0 {
		return w
	}
	return r.LaneWindow
}

// room is how many tasks a lane may hold. One that gets on slowly, and every lane when memory
// is short, has room to fill its window: no lane is ever starved by another's backlog.
func (r *Runner) room(l *lane) int {
	if l.slow || l.breaks > 0 || r.inMemory >= r.Backlog || l.hold.After(r.Now()) {
		return min(2*l.limit, r.LaneBacklog)
	}
	return r.LaneBacklog
}

// fetchRoom is the room for what is read from the partition. A lane that has parked tasks has
// the rest parked behind them, or they would be overtaken for ever.
func (r *Runner) fetchRoom(l *lane) int {
	if l.parked {
		return 0
	}
	return r.room(l)
}

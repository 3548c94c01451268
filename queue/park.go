package queue

// refillLoop reads parked tasks back into lanes that have room for them.
func (r *Runner) refillLoop() {
	for {
		select {
		case <-r.refill:
		case <-r.quit:
			return
		}
		for l, limit := r.nextDry(); l != nil && r.ctx.Err() == nil; l, limit = r.nextDry() {
			r.fill(l, limit)
		}
	}
}

// park notes that a task of the lane is being parked. The caller holds mu.
func (l *lane) park() { l.parked, l.again = true, true }

// thirsty asks for a lane's parked tasks when it has run low. The caller holds mu.
func (r *Runner) thirsty(l *lane) {
	if !l.parked || l.dry || len(l.tasks) > r.room(l)/2 || r.phase != running {
		return
	}
	l.dry = true
	r.dry = append(r.dry, l)
	poke(r.refill)
}

// nextDry is the lane to fill next and how many tasks to read; nil for none.
func (r *Runner) nextDry() (*lane, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.dry) > 0 {
		l := r.dry[0]
		r.dry[0] = nil
		r.dry = r.dry[1:]
		l.dry = false
		if limit := r.room(l) - len(l.tasks); limit > 0 && r.lanes[l.name] == l {
			return l, limit
		}
	}
	return nil, 0
}

// fill reads a lane's parked tasks, from where the last read ended. At the end of them it begins anew if
// any were parked meanwhile, and otherwise knows that there are none.
func (r *Runner) fill(l *lane, limit int) {
	r.mu.Lock()
	after := l.read
	if after == (Cursor{}) {
		l.again = false
		limit += l.running + len(l.tasks) // those come first in the table, and are known
	}
	r.mu.Unlock()
	tasks, err := r.Store.Parked(r.ctx, l.name, r.Now().UTC(), after, limit)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lanes[l.name] != l { // its partition was lost meanwhile
		return
	}
	if err != nil {
		r.complain("read parked tasks", err) // the sweep will ask again
		l.parked, l.read = false, Cursor{}
		return
	}
	for _, t := range tasks {
		r.take(t, l.part, func(*lane) int { return limit + r.LaneBacklog })
		l.read = Cursor{Due: t.Due, ID: t.ID}
	}
	if len(tasks) < limit {
		l.read, l.parked = Cursor{}, l.again
	}
	r.dispatch()
	r.thirsty(l)
}

// recall looks for lanes with parked tasks that this process has not parked itself: a former owner's, a replay's.
func (r *Runner) recall(numbers []int) error {
	if len(numbers) == 0 {
		return nil
	}
	names, err := r.Store.ParkedLanes(r.ctx, numbers)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		p := r.parts[PartitionOf(name)]
		if p == nil {
			continue
		}
		l := r.lane(Task{Lane: name}, p)
		l.park()
		r.thirsty(l)
	}
	return nil
}

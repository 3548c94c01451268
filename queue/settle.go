package queue

import (
	"cmp"
	"context"
	"slices"
	"time"
)

const (
	settleLimit = 10 * time.Second // of one commit
	settlePause = 50 * time.Millisecond
	settleMost  = 5 * time.Second // between two tries of what could not be stored
	// After settleGiveUp an outcome that is stored by no try is given up and its task done again.
	settleGiveUp = 10 * time.Minute
)

// settlement is an outcome and the task as it was before.
type settlement struct {
	Outcome
	was  held
	part *part
}

// settleLoop commits outcomes in batches until the channel is closed. What cannot be stored is kept and tried
// again: done again, a delivery would be repeated for as long as the store is down.
func (r *Runner) settleLoop() {
	var later backlog
	timer := time.NewTimer(settleMost)
	defer timer.Stop()
	for {
		timer.Reset(later.wait(r.Now()))
		select {
		case first, ok := <-r.outcomes:
			if !ok {
				r.settleLater(&later, true)
				return
			}
			r.settle(r.collect(first), &later)
		case <-timer.C:
			r.settleLater(&later, false)
		}
	}
}

func (r *Runner) settle(batch []settlement, later *backlog) {
	// Always in the same order, so that two replicas' commits cannot deadlock.
	slices.SortFunc(batch, func(a, b settlement) int { return cmp.Compare(a.was.ID, b.was.ID) })
	if err := r.commit(batch); err != nil {
		r.Log.WarnContext(r.ctx, "queue: settle", "outcomes", len(batch), "error", err)
		later.add(batch, r.Now())
		return
	}
	r.settled(batch)
}

// backlog is outcomes that could not be stored yet.
type backlog struct {
	batches [][]settlement
	next    time.Time // of the tries
	pause   time.Duration
	since   time.Time // when the oldest came
}

func (b *backlog) add(batch []settlement, now time.Time) {
	if len(b.batches) == 0 {
		b.pause, b.since = settlePause, now
		b.next = now.Add(b.pause)
	}
	b.batches = append(b.batches, batch)
}

func (b *backlog) wait(now time.Time) time.Duration {
	if len(b.batches) == 0 {
		return time.Hour
	}
	return b.next.Sub(now)
}

// settleLater tries the backlog. One outcome the store will not take must not keep its neighbours from
// being stored: what fails is halved, until it stands alone. When the first two tries fail, the store is down and
// the rest waits, unless these tries are the last.
func (r *Runner) settleLater(b *backlog, last bool) {
	batches, stored, failed := b.batches, 0, 0
	b.batches = nil
	for i, batch := range batches {
		if failed >= 2 && stored == 0 {
			b.batches = append(slices.Clone(batches[i:]), b.batches...)
			break
		}
		if r.commit(batch) == nil {
			r.settled(batch)
			stored++
			continue
		}
		failed++
		if half := len(batch) / 2; half > 0 {
			b.batches = append(b.batches, batch[:half], batch[half:])
		} else {
			b.batches = append(b.batches, batch)
		}
	}
	b.pause = min(2*b.pause, settleMost)
	if stored > 0 {
		b.pause = settlePause
	}
	b.next = r.Now().Add(b.pause)
	if last || r.Now().Sub(b.since) > settleGiveUp {
		r.abandon(slices.Concat(b.batches...))
		b.batches = nil
	}
}

func (r *Runner) collect(first settlement) []settlement {
	batch := []settlement{first}
	timer := time.NewTimer(r.SettleEvery)
	defer timer.Stop()
	for len(batch) < r.SettleMax {
		select {
		case s, ok := <-r.outcomes:
			if !ok {
				return batch
			}
			batch = append(batch, s)
		case <-timer.C:
			return batch
		}
	}
	return batch
}

func (r *Runner) commit(batch []settlement) error {
	outcomes := make([]Outcome, len(batch))
	for i, s := range batch {
		outcomes[i] = s.Outcome
	}
	// Not r.ctx: what was done is stored even when Stop has lost patience.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), settleLimit)
	defer cancel()
	return r.Store.Settle(ctx, outcomes)
}

func (r *Runner) settled(batch []settlement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range batch {
		r.forget(s)
		if s.Done || s.Bury || s.Task.Attempt > s.was.Attempt {
			r.gone.add(s.was.Task)
		}
		if !s.Due.IsZero() {
			r.expect(s.Due)
		}
	}
	r.unsettled -= len(batch)
	r.dispatch()
}

// forget ends a task's stay in memory. The caller holds mu.
func (r *Runner) forget(s settlement) {
	delete(r.known, s.was.ID)
	s.part.busy--
	r.busy--
	r.atRest()
}

// abandon gives up outcomes. Their rows are as they were, so the tasks are done
// again: at least once, never lost.
func (r *Runner) abandon(batch []settlement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range batch {
		r.forget(s)
		if p := r.parts[s.part.lease.Part]; p != nil {
			p.swept = time.Time{} // the row is behind what was read
		}
	}
	r.unsettled -= len(batch)
	poke(r.wake)
	r.dispatch()
}

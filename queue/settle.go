package queue

import (
	"cmp"
	"context"
	"slices"
	"time"
)

const (
	settleLimit = 10 * time.Second // of one commit
	settleTries = 3                // of a batch, before it is taken apart
	settlePause = 20 * time.Millisecond
	unsettledBy = time.Second // after which an outcome that could not be stored is given up and its task done again
)

// settlement is an outcome and the task as it was before.
type settlement struct {
	Outcome
	was  held
	part *part
}

// settleLoop commits outcomes in batches until the channel is closed.
func (r *Runner) settleLoop() {
	for first := range r.outcomes {
		batch := r.collect(first)
		// Always in the same order, so that two replicas' commits cannot deadlock.
		slices.SortFunc(batch, func(a, b settlement) int { return cmp.Compare(a.was.ID, b.was.ID) })
		r.settle(batch)
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

// settle makes a batch durable. One outcome the store will not take must not
// keep its neighbours from being stored: the batch is halved until it stands alone.
func (r *Runner) settle(batch []settlement) {
	wait := settlePause
	var err error
	for range settleTries {
		if err = r.commit(batch); err == nil {
			r.settled(batch)
			return
		}
		time.Sleep(wait)
		wait *= 4
	}
	r.Log.WarnContext(r.ctx, "queue: settle", "outcomes", len(batch), "error", err)
	r.halve(batch, r.Now().Add(settleLimit))
}

// halve commits what it can of a batch that failed as a whole, until a deadline: a store that is
// down fails everything, and waiting for each would take for ever.
func (r *Runner) halve(batch []settlement, deadline time.Time) {
	if len(batch) == 1 || r.Now().After(deadline) {
		r.abandon(batch)
		return
	}
	for _, half := range [][]settlement{batch[:len(batch)/2], batch[len(batch)/2:]} {
		if r.commit(half) == nil {
			r.settled(half)
		} else {
			r.halve(half, deadline)
		}
	}
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
	time.AfterFunc(unsettledBy, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, s := range batch {
			r.forget(s)
			if p := r.parts[s.part.lease.Part]; p != nil {
				p.swept = time.Time{} // the row is behind what was read
			}
		}
		poke(r.wake)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsettled -= len(batch)
	r.dispatch()
}

package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

const (
	replayStep  = 500         // events a commit
	replayAhead = 500         // notifications that may wait in a lane before a replay pauses
	replayPause = time.Second // of a replay whose lane is full
)

// StartReplay keeps r, which is complete, and begins it. An endpoint that is not enabled is an error of Code StateConflict. Without a
// record it may be repeated: a replay that is there already goes on as it is.
func (n *Notifier) StartReplay(ctx context.Context, r paymux.Replay, i *paymux.Idempotency) error {
	if i == nil {
		if _, err := n.Replays.Replay(ctx, r.Merchant, r.ID); !errors.Is(err, paymux.NotFound) {
			return err
		}
	}
	e, err := n.Store.Endpoint(ctx, r.Merchant, r.Endpoint)
	if err != nil {
		return err
	}
	if err := ready(e); err != nil {
		return err
	}
	now := n.Now().UTC()
	t := queue.Task{
		ID: paymux.TaskID(n.IDs.New(paymux.PrefixTask)), Kind: KindReplay,
		Lane: KindReplay + "/" + string(r.Endpoint), Ref: string(r.ID), Due: now, CreatedAt: now,
	}
	if err := n.Replays.CreateReplay(ctx, r, t, i); err != nil {
		if i == nil && errors.Is(err, paymux.ErrStale) {
			return nil // it came to be meanwhile
		}
		return err
	}
	n.Offer([]queue.Task{t})
	return nil
}

// CountReplay is how many events r would send.
func (n *Notifier) CountReplay(ctx context.Context, r paymux.Replay) (int, error) {
	return n.Replays.CountReplay(ctx, r)
}

// Replay finds a merchant's replay.
func (n *Notifier) Replay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return n.Replays.Replay(ctx, merchant, id)
}

// CancelReplay ends a replay where it is and returns it. One that has ended already stays as it is.
func (n *Notifier) CancelReplay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	r, err := n.Replays.Replay(ctx, merchant, id)
	if err != nil || r.Status != paymux.ReplayRunning {
		return r, err
	}
	if err := n.close(ctx, r, paymux.ReplayCanceled, "canceled on request"); err != nil {
		return r, err
	}
	return n.Replays.Replay(ctx, merchant, id)
}

func (n *Notifier) close(ctx context.Context, r paymux.Replay, status paymux.ReplayStatus, reason string) error {
	r.Status, r.Reason, r.FinishedAt = status, reason, n.Now().UTC().Truncate(time.Microsecond)
	if err := n.Replays.Step(ctx, r, nil); err != nil {
		return fmt.Errorf("end replay %s: %w", r.ID, err)
	}
	return nil
}

// HandleReplay does one step of a replay. Its place and the notifications of the step are one
// commit, so a crash repeats at most a step that left no trace. It goes on as its lane drains: a
// replay cannot flood an endpoint, nor the queue.
func (n *Notifier) HandleReplay(ctx context.Context, t queue.Task) queue.Verdict {
	r, err := n.Replays.ReplayByID(ctx, paymux.ReplayID(t.Ref))
	if errors.Is(err, paymux.NotFound) || err == nil && r.Status != paymux.ReplayRunning {
		return queue.Verdict{Done: true}
	}
	if err != nil {
		return n.ownTrouble(ctx, t, "load replay "+t.Ref, err)
	}
	v, err := n.step(ctx, r)
	if err != nil {
		return n.ownTrouble(ctx, t, "replay "+t.Ref, err)
	}
	return v
}

func (n *Notifier) step(ctx context.Context, r paymux.Replay) (queue.Verdict, error) {
	to, err := n.endpoints.one(ctx, r.Merchant, r.Endpoint)
	reason := ""
	switch {
	case errors.Is(err, paymux.NotFound):
		reason = "the endpoint was deleted"
	case err != nil:
		return queue.Verdict{}, err
	case to.Status != paymux.EndpointEnabled:
		reason = notEnabled(to.Endpoint)
	}
	if reason != "" {
		n.Log.InfoContext(ctx, "notify: replay canceled", "replay", r.ID, "reason", reason)
		return queue.Verdict{Done: true, Reason: reason}, n.close(ctx, r, paymux.ReplayCanceled, reason)
	}
	now := n.Now()
	pause := queue.Verdict{Uncounted: true, Due: now.Add(replayPause), Reason: "waits for the endpoint"}
	if full, err := n.full(ctx, string(r.Endpoint), now); err != nil || full {
		return pause, err
	}
	events, last, err := n.Replays.Next(ctx, r, replayStep)
	if err != nil {
		return queue.Verdict{}, err
	}
	if last == "" {
		return queue.Verdict{Done: true}, n.close(ctx, r, paymux.ReplayFinished, "")
	}
	tasks, err := n.replayed(ctx, to, events)
	if err != nil {
		return queue.Verdict{}, err
	}
	for lane := range lanes(tasks) {
		if full, err := n.full(ctx, lane, now); to.PerPayment && (err != nil || full) {
			return pause, err
		}
	}
	r.Cursor, r.Queued = last, r.Queued+len(tasks)
	return queue.Verdict{Uncounted: true, Due: now}, n.Replays.Step(ctx, r, tasks)
}

// full reports whether enough waits in a lane already.
func (n *Notifier) full(ctx context.Context, lane string, now time.Time) (bool, error) {
	waiting, err := n.Backlog.Parked(ctx, lane, now, queue.Cursor{}, replayAhead)
	return len(waiting) >= replayAhead, err
}

// replayed makes the tasks of a step. For a per-payment endpoint the events have to be read for their URLs.
func (n *Notifier) replayed(ctx context.Context, to *receiver, events []paymux.EventID) ([]queue.Task, error) {
	tasks := make([]queue.Task, 0, len(events))
	for _, id := range events {
		if !to.PerPayment {
			tasks = append(tasks, n.task(id, string(to.ID)))
			continue
		}
		e, err := n.event(ctx, id)
		if err != nil {
			return nil, err
		}
		t, ok, err := n.taskFor(ctx, to, &e)
		if err != nil {
			return nil, err
		}
		if ok {
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}

func lanes(tasks []queue.Task) map[string]bool {
	all := map[string]bool{}
	for _, t := range tasks {
		all[t.Lane] = true
	}
	return all
}

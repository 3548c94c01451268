package accessregions

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// CountReplay implements access.Notifications.
func (r *Regions) CountReplay(ctx context.Context, q paymux.Replay) (total int, err error) {
	counts, err := relay.Whole(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) (int, error) {
		return n.Notifications.CountReplay(ctx, q)
	}))
	for _, n := range counts {
		total += n
	}
	return total, err
}

// StartReplay implements access.Notifications. Each region sends its own events, under one ID. The merchant's home comes first, with the
// request's record, so that no repeat makes another replay; a crash before the others have it leaves what a repeat, which finds the record and
// starts the replay once more, completes. Unavailable where that is left to do. One that was canceled meanwhile is begun nowhere else.
func (r *Regions) StartReplay(ctx context.Context, q paymux.Replay, i *paymux.Idempotency) error {
	_, err := atHome(ctx, r, q.Merchant, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Notifications.StartReplay(ctx, q, i)
	})
	if err != nil || len(r.reads.Regions()) == 1 {
		return err
	}
	if i == nil {
		at, err := atHome(ctx, r, q.Merchant, func(ctx context.Context, n *accessrpc.Node) (paymux.Replay, error) {
			return n.Notifications.Replay(ctx, q.Merchant, q.ID)
		})
		if err != nil || at.Status == paymux.ReplayCanceled {
			return err
		}
	}
	for _, part := range relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) (none, error) {
		return none{}, n.Notifications.StartReplay(ctx, q, nil)
	}, r.reads.Home(string(q.Merchant))) {
		if part.Err != nil && !r.pointless(ctx, &q, part.Err) {
			return unfinished(part.Err)
		}
	}
	return nil
}

// pointless reports whether a region has nothing to begin because the endpoint, at home, is gone or sent nothing since. Where home has it enabled, the
// region's copy is only not there yet.
func (r *Regions) pointless(ctx context.Context, q *paymux.Replay, err error) bool {
	if !errors.Is(err, paymux.NotFound) && !errors.Is(err, paymux.StateConflict) {
		return false
	}
	e, err := atHome(ctx, r, q.Merchant, func(ctx context.Context, n *accessrpc.Node) (paymux.Endpoint, error) {
		return n.Endpoints.Endpoint(ctx, q.Merchant, q.Endpoint)
	})
	return errors.Is(err, paymux.NotFound) || err == nil && e.Status != paymux.EndpointEnabled
}

func unfinished(err error) error {
	e := paymux.Errorf(paymux.Unavailable, "The replay has begun, but not in all regions yet. Repeat the request with the same Idempotency-Key.").Because(err)
	e.RetryAfter = 1
	if was := new(paymux.Error); errors.As(err, &was) {
		e.RetryAfter = max(1, was.RetryAfter)
	}
	return e
}

// Replay implements access.Notifications: one replay of all regions'. Where it has not begun, it is not counted.
func (r *Regions) Replay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return together(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) (paymux.Replay, error) {
		return n.Notifications.Replay(ctx, merchant, id)
	}))
}

// CancelReplay implements access.Notifications. Unavailable where a region does not answer: a repeat ends it there, too.
func (r *Regions) CancelReplay(ctx context.Context, merchant paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	return together(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) (paymux.Replay, error) {
		return n.Notifications.CancelReplay(ctx, merchant, id)
	}))
}

// together makes one replay of its parts: running while any part is, and then canceled if one was.
func together(parts []relay.Part[paymux.Replay]) (paymux.Replay, error) {
	var begun []paymux.Replay
	var absent error
	for _, part := range parts {
		switch {
		case part.Err == nil:
			begun = append(begun, part.Value)
		case errors.Is(part.Err, paymux.NotFound):
			absent = part.Err
		default:
			return paymux.Replay{}, part.Err
		}
	}
	if len(begun) == 0 {
		return paymux.Replay{}, absent
	}
	all := begun[0]
	for _, part := range begun[1:] {
		join(&all, &part)
	}
	return all, nil
}

func join(all, part *paymux.Replay) {
	all.Queued += part.Queued
	switch {
	case all.Status == paymux.ReplayRunning:
	case part.Status == paymux.ReplayRunning:
		all.Status, all.Reason, all.FinishedAt = paymux.ReplayRunning, "", part.FinishedAt
	case all.Status != paymux.ReplayCanceled:
		all.Status, all.Reason = part.Status, part.Reason
		fallthrough
	default:
		if part.FinishedAt.After(all.FinishedAt) {
			all.FinishedAt = part.FinishedAt
		}
	}
}

package notify

import (
	"context"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// An event that waits for an older one is looked at again after a share of its age: soon for
// one that is hot on the other's heels, seldom for one that waits for a retry tomorrow.
const (
	turnShare = 4
	turnLeast = 200 * time.Millisecond
	turnMost  = 30 * time.Second
)

// inOrder reports whether an event has to wait, or is not sent at all, for the sake of the order that the merchant
// has chosen. Where that is none, nothing is read.
func (n *Notifier) inOrder(ctx context.Context, t queue.Task, r *receiver, e *paymux.Event) (v queue.Verdict, wait bool) {
	if r.Delivery.Order == paymux.OrderNone {
		return v, false
	}
	siblings, err := n.Store.Siblings(ctx, *e, t.Lane)
	if err != nil {
		return n.ownTrouble(ctx, t, "load events of "+e.ObjectID, err), true
	}
	if r.Delivery.Order == paymux.OrderLatest {
		return n.latest(ctx, t, r, e, siblings)
	}
	for _, s := range siblings {
		older := s.Sequence < e.Data.Sequence || s.Sequence == e.Data.Sequence && s.ID < e.ID
		if older && s.Pending {
			now := n.Now()
			pause := min(max(now.Sub(t.CreatedAt)/turnShare, turnLeast), turnMost)
			return queue.Verdict{Uncounted: true, Due: now.Add(pause), Reason: "waits for " + string(s.ID)}, true
		}
	}
	return v, false
}

// latest drops an event that a newer one has superseded: one on its way, or one that has arrived. One that was given up supersedes nothing.
func (n *Notifier) latest(ctx context.Context, t queue.Task, r *receiver, e *paymux.Event, siblings []Sibling) (v queue.Verdict, wait bool) {
	for _, s := range siblings {
		if s.Sequence <= e.Data.Sequence || !r.Wants(s.Type) {
			continue
		}
		arrived := false
		if !s.Pending {
			found, _, err := n.Deliveries.Notifications(ctx, paymux.NotificationFilter{
				Merchant: e.Merchant, Endpoint: r.ID, Event: s.ID, Page: paymux.Page{Limit: 1},
			})
			if err != nil {
				return n.ownTrouble(ctx, t, "load what became of "+string(s.ID), err), true
			}
			arrived = len(found) == 1 && found[0].Status == paymux.NotificationDelivered
		}
		if s.Pending || arrived {
			return n.drop(e, t, r, "superseded by "+string(s.ID)), true
		}
	}
	return v, false
}

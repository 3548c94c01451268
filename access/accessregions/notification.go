package accessregions

import (
	"context"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// Test implements access.Notifications: from the home of the endpoint's merchant.
func (r *Regions) Test(ctx context.Context, e paymux.Endpoint) (paymux.Event, error) {
	return atHome(ctx, r, e.Merchant, func(ctx context.Context, n *accessrpc.Node) (paymux.Event, error) {
		return n.Notifications.Test(ctx, e)
	})
}

// Resend implements access.Notifications: from the event's region, to the endpoints as it has them.
func (r *Regions) Resend(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.EndpointID, error) {
	return relay.ByID(ctx, r.reads, string(event), func(ctx context.Context, n *accessrpc.Node) ([]paymux.EndpointID, error) {
		return n.Notifications.Resend(ctx, merchant, event, endpoint)
	})
}

// Attempts implements access.NotificationLog.
func (r *Regions) Attempts(ctx context.Context, merchant paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) ([]paymux.Attempt, error) {
	return relay.ByID(ctx, r.reads, string(event), func(ctx context.Context, n *accessrpc.Node) ([]paymux.Attempt, error) {
		return n.NotificationLog.Attempts(ctx, merchant, event, endpoint)
	})
}

// told is what a region says of notifications, and the event to go on behind.
type told struct {
	list []paymux.Notification
	next paymux.EventID
}

// Notifications implements access.NotificationLog, in the order of events, of which each region has its own: After and next are positions.
func (r *Regions) Notifications(ctx context.Context, f paymux.NotificationFilter) ([]paymux.Notification, paymux.EventID, error) {
	ask := func(ctx context.Context, n *accessrpc.Node, page paymux.Page) (t told, err error) {
		f := f
		f.Page = page
		t.list, t.next, err = n.NotificationLog.Notifications(ctx, f)
		return t, err
	}
	if home := r.reads.Home(string(f.Event)); home != "" {
		t, err := inOne(ctx, r, home, string(f.Event), f.Page, ask)
		return t.list, t.next, err
	}
	parts, err := relay.EachFrom(ctx, r.reads, f.Page, ask)
	if err != nil {
		return nil, "", err
	}
	all, err := relay.Whole(parts)
	if err != nil {
		return nil, "", err
	}
	list, next := weave(all, f.Limit, f.After)
	return list, next, nil
}

// weave puts regions' notifications together. A list that was used up and goes on behind an event of its region holds the others
// back: what is older than that event waits for the next page.
func weave(all []told, limit int, after string) (list []paymux.Notification, next paymux.EventID) {
	left := make([][]paymux.Notification, len(all))
	for i := range all {
		left[i] = all[i].list
	}
	for len(list) < limit {
		best, head := -1, paymux.EventID("")
		for i, rows := range left {
			id := all[i].next
			if len(rows) > 0 {
				id = rows[0].Event
			}
			if id > head {
				best, head = i, id
			}
		}
		if best < 0 || len(left[best]) == 0 {
			break
		}
		list, left[best] = append(list, left[best][0]), left[best][1:]
	}
	more := false
	for i, t := range all {
		took := len(t.list) - len(left[i])
		switch {
		case len(left[i]) == 0 && t.next != "":
			after = paymux.MoveOn(after, string(t.next))
		case took > 0:
			after = paymux.MoveOn(after, string(t.list[took-1].Event))
		}
		more = more || len(left[i]) > 0 || t.next != ""
	}
	if !more {
		return list, ""
	}
	return list, paymux.EventID(after)
}

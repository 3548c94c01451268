package accessregions

import (
	"context"
	"errors"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// Event implements access.Events.
func (r *Regions) Event(ctx context.Context, merchant paymux.MerchantID, id paymux.EventID) (paymux.Event, error) {
	return relay.ByID(ctx, r.reads, string(id), func(ctx context.Context, n *accessrpc.Node) (paymux.Event, error) {
		return n.Events.Event(ctx, merchant, id)
	})
}

// Events implements access.Events. Each region has an order of its own, that of commits, so the cursor is a position. Who follows
// them, oldest first, gets those of the regions that answer, and of the others when they are back: none is passed over. A reader is not refused for his event of a region that has been
// quiet for as long as events are kept.
func (r *Regions) Events(ctx context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	ask := func(ctx context.Context, n *accessrpc.Node, page paymux.Page) ([]paymux.Event, error) {
		f, position := f, f.After
		f.Page = page
		list, err := n.Events.Events(ctx, f)
		if f.Oldest && errors.Is(err, paymux.NotFound) && paymux.Passed(position, f.After) {
			f.After = "" // the reader's event is not kept any more: what is came later
			return n.Events.Events(ctx, f)
		}
		return list, err
	}
	if home := r.reads.Home(f.ObjectID); home != "" && ofPayment(f.ObjectID) {
		return inOne(ctx, r, home, f.ObjectID, f.Page, ask)
	}
	if f.Oldest {
		return relay.MergeFollowing(ctx, r.reads, f.Page, func(a, b *paymux.Event) bool { return a.ID < b.ID }, ask)
	}
	return relay.MergeFrom(ctx, r.reads, f.Page, func(a, b *paymux.Event) bool { return a.ID > b.ID }, ask)
}

// ofPayment reports whether the events of an object are in the region of its ID: those of payments, and of what belongs to one.
func ofPayment(object string) bool {
	return strings.HasPrefix(object, paymux.PrefixPayment) || strings.HasPrefix(object, paymux.PrefixRefund) || strings.HasPrefix(object, paymux.PrefixDispute)
}

// inOne asks the region of an ID alone for a page, from a position in all of them.
func inOne[R any](ctx context.Context, r *Regions, region, id string, p paymux.Page, ask func(context.Context, *accessrpc.Node, paymux.Page) (R, error)) (R, error) {
	if at, ok := paymux.ReadPosition(p.After); ok && len(r.reads.Regions()) > 1 {
		number, _ := paymux.RegionOf(id)
		p.After = at[number]
	}
	return relay.In(ctx, r.reads, region, func(ctx context.Context, n *accessrpc.Node) (R, error) { return ask(ctx, n, p) })
}

// Newest implements access.Events: the position behind what is shown in any region by now.
func (r *Regions) Newest(ctx context.Context, merchant paymux.MerchantID) (paymux.EventID, error) {
	newest, err := relay.Whole(relay.Each(ctx, r.reads, func(ctx context.Context, n *accessrpc.Node) (paymux.EventID, error) {
		return n.Events.Newest(ctx, merchant)
	}))
	if err != nil {
		return "", err
	}
	position := ""
	for _, id := range newest {
		if id != "" {
			position = paymux.MoveOn(position, string(id))
		}
	}
	return paymux.EventID(position), nil
}

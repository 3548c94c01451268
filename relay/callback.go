package relay

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
)

// Callback takes an institution's notification to the region that knows its
// operation (A17). Only the channel can read which one that is, so regions are asked in turn until one believes it:
// first those whose IDs are to be seen in the notification, then those that have the account.
//
// Errors: those of the nodes; where one did not answer and no other believed it, that one's, so that
// the institution sends it again.
func (r *Relay) Callback(ctx context.Context, q paymux.CallbackRequest) (ack paymux.CallbackAck, err error) {
	s := r.shown.Load()
	var open error
	for _, p := range s.likely(&q) {
		ack, err = r.tell(ctx, s, p, q)
		switch {
		case err == nil:
			return ack, nil
		case !errors.Is(err, paymux.NotFound) && !errors.Is(err, paymux.CallbackRefused):
			open = cmp.Or(open, err)
		}
	}
	if open == nil && err != nil && s.partial {
		open = unread()
	}
	if open != nil {
		return paymux.CallbackAck{}, open
	}
	return ack, err
}

func (r *Relay) tell(ctx context.Context, s *snapshot, p *place, q paymux.CallbackRequest) (paymux.CallbackAck, error) {
	if p.Node == nil {
		return paymux.CallbackAck{}, away(p, r.conf.Now())
	}
	ctx, span := trace.Start(ctx, "relay", trace.Internal)
	defer span.End()
	span.Text("paymux.region", p.Name)
	return through(r, ctx, s, p, p.heard, func() (paymux.CallbackAck, error) { return p.Node.Callback(ctx, q) })
}

// likely are all regions, the likeliest first.
func (s *snapshot) likely(q *paymux.CallbackRequest) []*place {
	if len(s.places) == 1 {
		return s.places
	}
	seen := suggested(q)
	rank := func(p *place) int {
		switch i := slices.Index(seen, p.Number); {
		case i >= 0:
			return i - len(seen)
		case p.hasAccount(q.Account):
			return 0
		case p.silent():
			return 1
		}
		return 2
	}
	all := slices.Clone(s.places)
	slices.SortStableFunc(all, func(a, b *place) int { return rank(a) - rank(b) })
	return all
}

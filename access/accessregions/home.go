package accessregions

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// atHome has a merchant's home change something.
func atHome[R any](ctx context.Context, r *Regions, merchant paymux.MerchantID, change func(context.Context, *accessrpc.Node) (R, error)) (R, error) {
	got, err := relay.ByID(ctx, r.reads, string(merchant), change)
	return got, homeAway(err)
}

// homeAway says of a change that was not begun why no other region makes it.
func homeAway(err error) error {
	if !errors.Is(err, paymux.ErrNoRegion) && !(errors.Is(err, paymux.Unavailable) && relay.Away(err)) {
		return err
	}
	e := paymux.Errorf(paymux.Unavailable, "The merchant's home region is away just now, and what belongs to a merchant is changed there alone. Nothing was done. Repeat the request with the same Idempotency-Key.").Because(err)
	e.RetryAfter = 1
	if away := new(paymux.Error); errors.As(err, &away) {
		e.RetryAfter = max(1, away.RetryAfter)
	}
	return e
}

// ofMerchant reads what a merchant's home has: who changes something sees it at once. Where home is away a copy is read, the own region's or
// another's. Copies are a second old or so.
func ofMerchant[R any](ctx context.Context, r *Regions, merchant paymux.MerchantID, ask func(context.Context, *accessrpc.Node) (R, error)) (R, error) {
	got, err := relay.ByID(ctx, r.reads, string(merchant), ask)
	if !missing(err) {
		return got, err
	}
	// A list of what a merchant has is empty, too, where nothing is known of the merchant.
	ofCopy := func(ctx context.Context, n *accessrpc.Node) (R, error) {
		if _, err := n.Merchants.Merchant(ctx, merchant); err != nil {
			var none R
			return none, err
		}
		return ask(ctx, n)
	}
	for _, region := range r.nearFirst() {
		copied, fault := relay.In(ctx, r.reads, region, ofCopy)
		switch {
		case fault == nil:
			return copied, nil
		case missing(fault) && errors.Is(err, paymux.ErrNoRegion):
			err = fault
		case !missing(fault) && !errors.Is(fault, paymux.NotFound):
			return got, fault
		}
	}
	return got, err
}

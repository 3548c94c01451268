// Package relay carries a verified request to the region that has to process it
// and the answer back, and writes on the timeline why it went there. What names an
// existing object goes to the region its ID carries (A16, A17); a new payment goes
// where weighted rendezvous hashing over merchant and service type puts it (A10, A11).
//
// It decides nothing about money and keeps nothing. Start reading at Relay.Create.
package relay

import (
	"context"
	"fmt"
	"slices"

	"github.com/paymux/paymux"
)

// Node is a region's transaction node as the relay reaches it: the payment room
// itself, or the wire to it.
type Node interface {
	Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error)
	Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error)
	Capture(ctx context.Context, r paymux.CapturePayment) (paymux.Reply, error)
	Cancel(ctx context.Context, r paymux.CancelPayment) (paymux.Reply, error)
	Refund(ctx context.Context, r paymux.CreateRefund) (paymux.Reply, error)
	Sync(ctx context.Context, r paymux.SyncPayment) (paymux.Reply, error)
	Callback(ctx context.Context, r paymux.CallbackRequest) (paymux.CallbackAck, error)
}

// Region is one region new payments can go to.
type Region struct {
	Number paymux.Region
	Name   string
	Weight float64 // share of what hashes; 0 takes no new payments
	Node   Node
}

// Relay forwards requests. It is immutable and safe for concurrent use.
type Relay struct {
	regions []Region
	byID    map[paymux.Region]*Region
	hop     map[paymux.Region]string // the timeline's line, made once
}

// New returns a relay over the regions. Numbers and names are unique, as IDs carry the
// ones and the hash draws by the others, and at least one region has a weight.
func New(regions []Region) (*Relay, error) {
	r := &Relay{regions: slices.Clone(regions), byID: map[paymux.Region]*Region{}, hop: map[paymux.Region]string{}}
	open := false
	for i := range r.regions {
		g := &r.regions[i]
		if r.byID[g.Number] != nil {
			return nil, fmt.Errorf("relay: region number %d is given twice", g.Number)
		}
		if slices.ContainsFunc(r.regions[:i], func(other Region) bool { return other.Name == g.Name }) {
			return nil, fmt.Errorf("relay: region name %q is given twice", g.Name)
		}
		r.byID[g.Number] = g
		r.hop[g.Number] = fmt.Sprintf("to region %s, by hash of merchant and service type over %d", g.Name, len(regions))
		open = open || g.Weight > 0
	}
	if !open {
		return nil, fmt.Errorf("relay: no region takes new payments: give one a weight above 0")
	}
	return r, nil
}

// of finds the region an ID was issued in.
func (r *Relay) of(id string) (*Region, error) {
	number, ok := paymux.RegionOf(id)
	if !ok {
		return nil, paymux.Errorf(paymux.InvalidID, "%q is not an ID.", id)
	}
	g, ok := r.byID[number]
	if !ok {
		return nil, paymux.Errorf(paymux.NotFound, "There is nothing of ID %s here: no region %d is configured.", id, number)
	}
	return g, nil
}

// Create assigns a new payment to a region.
func (r *Relay) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	g := r.pick(string(q.Merchant), string(paymux.ServicePay))
	if n := len(q.Hops); n > 0 {
		at := q.Hops[n-1].At
		q.Hops = append(q.Hops[:n:n], paymux.Hop{At: at, Kind: paymux.HopRelay, Text: r.hop[g.Number]})
	}
	return g.Node.Create(ctx, q)
}

// Confirm forwards to the payment's region.
func (r *Relay) Confirm(ctx context.Context, q paymux.ConfirmPayment) (paymux.Reply, error) {
	g, err := r.of(string(q.Payment))
	if err != nil {
		return paymux.Reply{}, err
	}
	return g.Node.Confirm(ctx, q)
}

// Capture forwards to the payment's region.
func (r *Relay) Capture(ctx context.Context, q paymux.CapturePayment) (paymux.Reply, error) {
	g, err := r.of(string(q.Payment))
	if err != nil {
		return paymux.Reply{}, err
	}
	return g.Node.Capture(ctx, q)
}

// Cancel forwards to the payment's region.
func (r *Relay) Cancel(ctx context.Context, q paymux.CancelPayment) (paymux.Reply, error) {
	g, err := r.of(string(q.Payment))
	if err != nil {
		return paymux.Reply{}, err
	}
	return g.Node.Cancel(ctx, q)
}

// Refund forwards to the payment's region.
func (r *Relay) Refund(ctx context.Context, q paymux.CreateRefund) (paymux.Reply, error) {
	g, err := r.of(string(q.Payment))
	if err != nil {
		return paymux.Reply{}, err
	}
	return g.Node.Refund(ctx, q)
}

// Sync forwards to the payment's region.
func (r *Relay) Sync(ctx context.Context, q paymux.SyncPayment) (paymux.Reply, error) {
	g, err := r.of(string(q.Payment))
	if err != nil {
		return paymux.Reply{}, err
	}
	return g.Node.Sync(ctx, q)
}

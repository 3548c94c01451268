// Package accessregions is what a frontend's front door and cashier ask of a node, over all regions: Regions has the ports of
// accessrpc.Node, and takes each question to the region, or the regions, that can answer it. docs/regions.md has the table.
//
// What has an ID is asked of the region the ID carries. Lists are asked of all and merged. A merchant, its keys and its endpoints are
// changed in one region, the merchant's home, which is the one its ID carries; other regions have copies, which are read where home is away. A
// change is never made anywhere else, and what may have been begun in one region is not begun in another. It keeps nothing. Start reading at Regions.
package accessregions

import (
	"context"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/cashier"
	"github.com/paymux/paymux/relay"
)

// Regions is all regions' nodes as one. Safe for concurrent use.
//
// Errors are the nodes' own. Unavailable where a region that has to answer does not: then reads may be repeated, and of a change
// nothing was begun; OutcomeUnknown where it may have been, and a repeat with the same idempotency record finds out.
type Regions struct {
	reads *relay.Reads[*accessrpc.Node]
	own   string
}

// Whoever asks cannot tell regions from a room.
var (
	_ access.Queries         = (*Regions)(nil)
	_ access.Directory       = (*Regions)(nil)
	_ access.Merchants       = (*Regions)(nil)
	_ access.Endpoints       = (*Regions)(nil)
	_ access.Links           = (*Regions)(nil)
	_ access.Events          = (*Regions)(nil)
	_ access.Notifications   = (*Regions)(nil)
	_ access.NotificationLog = (*Regions)(nil)
	_ access.Answers         = (*Regions)(nil)
	_ access.Tasks           = (*Regions)(nil)
	_ access.Channels        = (*Regions)(nil)
	_ access.Statistics      = (*Regions)(nil)
	_ access.RuleSets        = (*Regions)(nil)
	_ access.RuleSetTrials   = (*Regions)(nil)
	_ access.Routes          = (*Regions)(nil)
	_ accessrpc.Payers       = (*Regions)(nil)
	_ cashier.Links          = (*Regions)(nil)
)

// New returns the regions that r knows. dial is asked once a region for its node; own is the region of this frontend.
func New(r *relay.Relay, dial func(region string) (accessrpc.Node, error), own string) *Regions {
	return &Regions{own: own, reads: relay.NewReads(r, func(region string) (*accessrpc.Node, error) {
		n, err := dial(region)
		return &n, err
	})}
}

// Node is the regions as one node.
func (r *Regions) Node() accessrpc.Node {
	return accessrpc.Node{
		Queries: r, Directory: r, Merchants: r, Endpoints: r, Links: r, Events: r, Notifications: r, NotificationLog: r,
		Answers: r, Tasks: r, Channels: r, Statistics: r, RuleSets: r, RuleSetTrials: r, Routes: r, Payers: r, Ready: r.Ready,
	}
}

// Ready reports whether requests can be served: the own region's node is ready or, for one that is down leaves the others, any is.
func (r *Regions) Ready(ctx context.Context) error {
	own := do(ctx, r, r.own, ready)
	if own == nil {
		return nil
	}
	for _, part := range relay.Each(ctx, r.reads, ready, r.own) {
		if part.Err == nil {
			return nil
		}
	}
	return own
}

func ready(ctx context.Context, n *accessrpc.Node) (none, error) { return none{}, n.Ready(ctx) }

// none is the reply to what has none.
type none = struct{}

// do asks a region by name for what has no reply.
func do(ctx context.Context, r *Regions, region string, ask func(context.Context, *accessrpc.Node) (none, error)) error {
	_, err := relay.In(ctx, r.reads, region, ask)
	return err
}

// nearest asks the own region and, where that is away, the others in turn.
func nearest[R any](ctx context.Context, r *Regions, ask func(context.Context, *accessrpc.Node) (R, error)) (got R, err error) {
	for i, region := range r.nearFirst() {
		answer, fault := relay.In(ctx, r.reads, region, ask)
		if !missing(fault) {
			return answer, fault
		}
		if i == 0 {
			err = fault
		}
	}
	return got, err
}

// nearFirst are all regions' names, the own first.
func (r *Regions) nearFirst() []string {
	all := []string{r.own}
	for _, region := range r.reads.Regions() {
		if region != r.own {
			all = append(all, region)
		}
	}
	return all
}

// missing reports whether a question was left open: its region cannot answer just now, or is not known.
func missing(err error) bool {
	return errors.Is(err, paymux.Unavailable) || errors.Is(err, paymux.ErrNoRegion)
}

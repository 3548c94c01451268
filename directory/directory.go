// Package directory keeps every region's merchants known in every region. A merchant's home is the region its ID
// carries. Only the home changes the merchant, its keys and its endpoints; each other region has copies, which its Follower
// pulls and its store keeps, so that requests are authenticated and payments notified whatever other region is away.
//
// It refuses what a region says of another's merchants. It decides nothing about what the copies are used for, and
// changes none of its own. Start reading at Changes and Store, then Follower and pull.go. docs/decisions/0010 says why.
package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
)

// Changes are a home's own rows that have changed behind a revision, as they are now, in the order of their last change. A row
// that has changed several times is there once.
type Changes struct {
	// Anew: the revision asked for is none of the home's history, which is so for zero, and for what was lost when the home's database
	// was restored. Then these are everything from the beginning, and copies that do not come any more are to go.
	Anew bool
	// UpTo is the revision to go on behind; everything up to it is in. It is the one asked for where nothing has changed.
	UpTo int64
	More bool // there is more behind UpTo

	Merchants []paymux.Merchant // those of Keys are always among them
	Keys      []paymux.Key      // with their secrets
	Endpoints []Endpoint
	Deleted   []paymux.EndpointID // to be taken away before anything is put
}

// Endpoint is an endpoint with the revision of its last change. What became of its deliveries (FailingSince) is each region's own and left out.
type Endpoint struct {
	Revision int64
	Endpoint paymux.Endpoint
}

// Position is how far a home has been copied.
type Position struct {
	UpTo  int64 // revision of the home; zero: nothing was copied yet
	Whole bool  // there was nothing behind it then
}

// Store keeps a region's own rows and copies of the others'.
type Store interface {
	// Changes lists the region's own rows that changed behind a revision, at most limit changes. Copies are
	// not among them. All is of one moment.
	Changes(ctx context.Context, after int64, limit int) (Changes, error)
	// TakeCopies keeps what a region answered to a question for changes behind after, in one commit: it puts, deletes, notes c.UpTo, and
	// raises Revision. It changes nothing and returns false unless exactly after is noted: another replica was first. What is this region's own, or
	// the copy of another, is never touched. An endpoint whose Revision is that of the copy stays as it is, for a delivery may have changed
	// its status here.
	TakeCopies(ctx context.Context, region paymux.Region, after int64, c Changes) (taken bool, err error)
	// Copied is how far a region has been copied.
	Copied(ctx context.Context, region paymux.Region) (Position, error)
}

// Peer is another region.
type Peer struct {
	Name   string
	Number paymux.Region
}

// Peers are the other regions as far as they are known, this one perhaps among them.
type Peers interface {
	// Regions are all that were ever seen, those that are away included.
	Regions() []Peer
	// Changed returns a channel that is closed when Regions, or who of them is there, may have changed. nil: that is never told.
	Changed() <-chan struct{}
	// Changes asks a region. An answer may have fewer changes than limit and More.
	Changes(ctx context.Context, region string, after int64, limit int) (Changes, error)
}

// Of leaves in c what is of merchants whose home is a region: what was made for a merchant in another
// than its home is nobody's business elsewhere.
func (c Changes) Of(home paymux.Region) Changes {
	c.Merchants = only(c.Merchants, func(m *paymux.Merchant) bool { return isHome(home, m.ID) })
	c.Keys = only(c.Keys, func(k *paymux.Key) bool { return isHome(home, k.Merchant) })
	c.Endpoints = only(c.Endpoints, func(e *Endpoint) bool { return isHome(home, e.Endpoint.Merchant) })
	return c
}

func only[T any](all []T, keep func(*T) bool) []T {
	var kept []T
	for i := range all {
		if keep(&all[i]) {
			kept = append(kept, all[i])
		}
	}
	return kept
}

func isHome(region paymux.Region, id paymux.MerchantID) bool {
	home, ok := paymux.RegionOf(string(id))
	return ok && home == region
}

var (
	errForeign = errors.New("it tells of merchants whose home it is not")
	errEmpty   = errors.New("its database is empty and was not before; the copies are kept until it has merchants again")
	errStuck   = errors.New("its answer leads nowhere")
)

// check refuses an answer to a question for changes behind after that must not be taken.
func (c *Changes) check(home paymux.Region, after int64) error {
	own := c.Of(home)
	switch {
	case len(own.Merchants) != len(c.Merchants), len(own.Keys) != len(c.Keys), len(own.Endpoints) != len(c.Endpoints):
		return errForeign
	case c.Anew && after > 0 && c.UpTo == 0:
		return errEmpty
	case !c.Anew && c.UpTo < after, c.UpTo < 0, c.More && !c.ahead(after):
		return fmt.Errorf("%w: behind revision %d up to %d", errStuck, after, c.UpTo)
	}
	return nil
}

// ahead reports whether c has anything to take.
func (c *Changes) ahead(after int64) bool { return c.UpTo > after || c.Anew && c.UpTo != after }

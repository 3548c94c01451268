package relay

import (
	"context"
	"slices"
	"time"

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

// Region is one region as it is now.
type Region struct {
	Number paymux.Region
	Name   string
	Weight float64 // where there is no assignment list: share of what hashes; 0 takes no new payments
	Node   Node    // nil: it cannot be reached
	Here   bool    // Node is in this process: what it says of its own calls to others is not about calls to it
	Down   string  // why nothing new should go there, such as that none of its nodes is registered; empty: it may
	Usage  Usage
	// What it can serve, where it says so: for requests whose own region cannot take them.
	Accounts []string
	Channels []string
	Methods  []paymux.MethodType
}

// Directory is the regions as this process knows them. Registered follows the registry.
type Directory interface {
	// Regions are all that are known, those that are away just now included. The slice and what is in it are never changed.
	Regions() []Region
	// Changed returns a channel that is closed at the next change of Regions or Stale. Take it before reading.
	Changed() <-chan struct{}
	// Stale reports whether what is known is not kept up to date, and since when.
	Stale() (since time.Time, stale bool)
}

// Lists is the assignment list in force, as this process knows it. Followed reads it from the registry's settings.
type Lists interface {
	// List is nil where there is none.
	List() *List
	// Changed returns a channel that is closed at the next change of List. Take it before reading.
	Changed() <-chan struct{}
}

// fixed are regions that stay as they are.
type fixed []Region

func (f fixed) Regions() []Region          { return f }
func (fixed) Changed() <-chan struct{}     { return nil }
func (fixed) Stale() (time.Time, bool)     { return time.Time{}, false }
func (g *Region) silent() bool             { return len(g.Accounts)+len(g.Channels)+len(g.Methods) == 0 }
func (g *Region) hasAccount(a string) bool { return slices.Contains(g.Accounts, a) }

// serves reports whether the region has said that it has what the request needs: the account that was
// designated, or else the channel, or else the method, or anything at all.
func (g *Region) serves(q *Request, channel string) bool {
	switch {
	case q.Account != "":
		return g.hasAccount(q.Account)
	case channel != "":
		return slices.Contains(g.Channels, channel)
	case q.Method != "":
		return slices.Contains(g.Methods, q.Method)
	}
	return !g.silent()
}

// Package relay carries a verified request to the region that has to process it
// and the answer back, and writes on the timeline why it went there. What names an
// existing object goes to the region its ID carries (A16, A17). A new payment goes where the assignment list
// puts it (A8 to A11), or elsewhere when that region cannot take it (A12 to A14): a key that may have been
// begun in one region is never sent to another, and is refused with Retry-After instead.
//
// It decides nothing about money and keeps nothing but the journal of keys; docs/regions.md says why that is
// enough. What a list decides is pure (assign.go), what is known is an immutable snapshot (snapshot.go), what keys
// may do is in ledger.go. Start reading at Relay.Create.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
)

// Config sets a relay up. Directory is required.
type Config struct {
	Directory Directory
	// Lists is the assignment list; nil, or as long as it has none: all is for Default. It needs a Journal.
	Lists Lists
	// Default is the region that has everything while there is no list. Empty: all that the directory has at first,
	// by their weights, and never others.
	Default string
	// Read are closed once what Directory and Lists follow has been read. Until then there may be regions that nobody here knows of,
	// so that no key is sent without the journal. None: it has been.
	Read []<-chan struct{}
	// Journal is what frontends share about idempotency keys. Nil: a key goes to the region that the fixed list
	// gives it or nowhere, and only requests without a key are re-matched.
	Journal Journal
	// Council is how frontends agree to go on without the journal; nil: this is the only one.
	Council Council
	// Strict refuses new keys while the journal is away, with more than one region. Without it, they go to the region the list
	// gives them, once all frontends have agreed on it, and nowhere else: docs/regions.md has what that costs.
	Strict bool
	// Listed is told the version of each assignment list as it comes into force; nil: nobody is.
	Listed func(version uint64)
	Timing Timing
	Now    func() time.Time
	Log    *slog.Logger
}

// Relay forwards requests. Safe for concurrent use.
type Relay struct {
	conf     Config
	ledger   *ledger // nil: no journal
	initial  *List
	fixed    bool // regions and list stay as they are
	shown    atomic.Pointer[snapshot]
	refused  atomic.Int64
	circuits map[string]*circuit // by region; build's alone, as are:
	tallies  map[string]*tally
	fitness  map[string]fitness

	alive   context.Context // until Stop
	stop    context.CancelFunc
	ending  sync.Mutex // held while something is begun that Stop waits for, and by Stop
	stopped sync.WaitGroup
}

// New returns a relay over regions that stay as they are. Numbers and names are unique, as IDs carry the
// ones and the hash draws by the others, and at least one region has a weight.
func New(regions []Region) (*Relay, error) { return Open(Config{Directory: fixed(regions)}) }

// Open returns a relay, which follows directory, list and journal until Stop. It waits for none of them.
func Open(c Config) (*Relay, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	r := &Relay{conf: c, circuits: map[string]*circuit{}, tallies: map[string]*tally{}, fitness: map[string]fitness{}}
	if c.Journal != nil {
		r.ledger = newLedger(&r.conf)
	}
	if c.Lists != nil && c.Journal == nil {
		return nil, errors.New("relay: a list that may change needs a journal, or a repeated request could go to another region than the first")
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	r.build()
	ctx, cancel := context.WithCancel(context.Background())
	r.alive, r.stop = ctx, cancel
	if r.ledger != nil && c.Council != nil {
		hush, err := c.Council.Serve(r.ledger.promise)
		if err != nil {
			cancel()
			return nil, fmt.Errorf("relay: answer other frontends: %w", err)
		}
		r.stop = func() { hush(); cancel() }
	}
	if r.fixed = c.Lists == nil && c.Directory.Changed() == nil; !r.fixed {
		r.stopped.Go(func() { r.follow(ctx) })
	}
	if r.ledger != nil {
		r.stopped.Go(func() { r.ledger.watch(ctx) })
	}
	return r, nil
}

// begin makes the list that is in force while there is no other.
func (r *Relay) begin() error {
	if name := r.conf.Default; name != "" {
		r.initial = &List{own: true, Condition: DefaultCondition(), Rules: []Rule{{To: []Target{{Region: name, Weight: 1}}}}}
		return nil
	}
	regions := r.conf.Directory.Regions()
	open := false
	for i, g := range regions {
		for _, other := range regions[:i] {
			if other.Number == g.Number {
				return fmt.Errorf("relay: region number %d is given twice", g.Number)
			}
			if other.Name == g.Name {
				return fmt.Errorf("relay: region name %q is given twice", g.Name)
			}
		}
		open = open || g.Weight > 0
	}
	if !open {
		return fmt.Errorf("relay: no region takes new payments: give one a weight above 0")
	}
	r.initial = fixedList(regions)
	return nil
}

// list is the one in force.
func (r *Relay) list() *List {
	if r.conf.Lists != nil {
		if l := r.conf.Lists.List(); l != nil {
			return l
		}
	}
	return r.initial
}

// read reports whether all regions are known that there are.
func (r *Relay) read() bool {
	for _, read := range r.conf.Read {
		select {
		case <-read:
		default:
			return false
		}
	}
	return true
}

func (r *Relay) timing() Timing { return r.conf.Timing.withDefaults() }

// follow builds a snapshot at every change, and once a second for what changes with time.
func (r *Relay) follow(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		changed := r.conf.Directory.Changed()
		var listed <-chan struct{}
		if r.conf.Lists != nil {
			listed = r.conf.Lists.Changed()
		}
		r.build()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-listed:
		case <-tick.C:
		}
	}
}

// Stop ends what Open began, waiting until ctx ends. Requests may still be carried; they find what was known last. It may be called twice.
func (r *Relay) Stop(ctx context.Context) error {
	r.ending.Lock()
	r.stop()
	r.ending.Unlock()
	done := make(chan struct{})
	go func() { r.stopped.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("relay: stop: %w", ctx.Err())
	}
}

// Confirm forwards to the payment's region. Errors, of this and what follows: those of the node;
// InvalidID and NotFound for what no region has issued; Unavailable where the region is not asked, for it does not answer.
func (r *Relay) Confirm(ctx context.Context, q paymux.ConfirmPayment) (paymux.Reply, error) {
	return byID(r, ctx, string(q.Payment), func(n Node) (paymux.Reply, error) { return n.Confirm(ctx, q) })
}

// Capture forwards to the payment's region.
func (r *Relay) Capture(ctx context.Context, q paymux.CapturePayment) (paymux.Reply, error) {
	return byID(r, ctx, string(q.Payment), func(n Node) (paymux.Reply, error) { return n.Capture(ctx, q) })
}

// Cancel forwards to the payment's region.
func (r *Relay) Cancel(ctx context.Context, q paymux.CancelPayment) (paymux.Reply, error) {
	return byID(r, ctx, string(q.Payment), func(n Node) (paymux.Reply, error) { return n.Cancel(ctx, q) })
}

// Refund forwards to the payment's region.
func (r *Relay) Refund(ctx context.Context, q paymux.CreateRefund) (paymux.Reply, error) {
	return byID(r, ctx, string(q.Payment), func(n Node) (paymux.Reply, error) { return n.Refund(ctx, q) })
}

// Sync forwards to the payment's region.
func (r *Relay) Sync(ctx context.Context, q paymux.SyncPayment) (paymux.Reply, error) {
	return byID(r, ctx, string(q.Payment), func(n Node) (paymux.Reply, error) { return n.Sync(ctx, q) })
}

package rollout

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/registry"
)

// packages are the versions of one channel's package. Calls read fleet and lock nothing.
type packages struct {
	name     string
	channels *Channels
	fleet    atomic.Pointer[fleet]
	shadows  chan struct{} // one taken a shadow query under way

	mu      sync.Mutex           // guards what follows
	tallies map[string]*counters // by version; new ones when a trial begins
	ruled   []paymux.Withdrawal  // decided here and not yet written down

	shadow shadowCounters
}

func newPackages(name string, c *Channels) *packages {
	p := &packages{name: name, channels: c, tallies: map[string]*counters{}, shadows: make(chan struct{}, 16)}
	p.fleet.Store(&fleet{})
	return p
}

// become takes up a policy and what runs. A trial that begins starts all counting anew,
// so that both records are of the same time.
func (p *packages) become(policy paymux.Rollout, running []registry.Instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before := p.fleet.Load().policy; before.Canary != policy.Canary {
		p.tallies = map[string]*counters{}
	}
	for _, w := range p.ruled {
		p.channels.withdraw(&policy, w)
	}
	f := &fleet{policy: policy}
	for _, i := range running {
		if policy.Withdrew(i.Version) {
			continue
		}
		at := slices.IndexFunc(f.versions, func(v version) bool { return v.name == i.Version })
		if at < 0 {
			at = len(f.versions)
			f.versions = append(f.versions, version{name: i.Version, tally: p.tallyOf(i.Version)})
		}
		f.versions[at].weight += float64(i.Weight)
	}
	slices.SortFunc(f.versions, func(a, b version) int { return cmp.Compare(a.name, b.name) })
	p.fleet.Store(f)
}

func (p *packages) tallyOf(version string) *counters {
	if p.tallies[version] == nil {
		p.tallies[version] = &counters{}
	}
	return p.tallies[version]
}

// remote is an account served elsewhere, by whichever version a payment belongs to.
type remote struct {
	packages *packages
	account  string
	nobody   error // where no version is there to be tried
}

func newRemote(p *packages, account string) *remote {
	return &remote{
		packages: p, account: account,
		nobody: errors.Join(errUntaken, channel.ErrNotSent, errors.New("no package of channel "+p.name+" is running")),
	}
}

func (r *remote) at(version string) *channelrpc.Channel {
	return &channelrpc.Channel{Client: r.packages.channels.Client, Name: r.packages.name, Version: version, Account: r.account}
}

// each tries the versions a payment may be given to, in their order, until one has taken the request up. Where none
// has, somebody may have come, or a stopping instance may have gone, of which this process has not heard yet: it looks, and tries once more.
func (r *remote) each(ctx context.Context, payment paymux.PaymentID, try func(*fleet, *version) error) error {
	err := r.nobody
	for round := range 2 {
		if round > 0 {
			r.packages.channels.refresh()
		}
		f := r.packages.fleet.Load()
		for _, v := range f.order(payment) {
			if err = try(f, v); !untaken(err) || ctx.Err() != nil {
				return err
			}
		}
	}
	return err
}

// Do gives an operation to the version it belongs to. Another one gets it only where
// it is certain that the first has not taken it up.
func (r *remote) Do(ctx context.Context, op channel.Operation) (result channel.Result, err error) {
	if f := r.packages.fleet.Load(); f.policy.Killed != "" && op.Kind == paymux.Pay {
		return channel.Result{}, errors.Join(channel.ErrNotSent, errors.New(killed(f.policy)))
	}
	err = r.each(ctx, op.Payment, func(f *fleet, v *version) (err error) {
		result, err = r.at(v.name).Do(ctx, op)
		o := outcomeOf(&result, err)
		v.tally.count(op.Kind, o)
		if o != went && v.name == f.policy.Canary {
			r.packages.judge(f)
		}
		return err
	})
	return result, err
}

// Query asks the version a payment belongs to, and a shadow beside it.
func (r *remote) Query(ctx context.Context, op channel.Operation) (result channel.Result, err error) {
	err = r.each(ctx, op.Payment, func(_ *fleet, v *version) (err error) {
		if result, err = r.at(v.name).Query(ctx, op); !untaken(err) {
			r.packages.ask(r, v.name, op, result, err)
		}
		return err
	})
	return result, err
}

// Callback has any version judge a notification: it belongs to a payment that nobody knows yet.
func (r *remote) Callback(ctx context.Context, req channel.CallbackRequest) (cb channel.Callback, err error) {
	err = r.each(ctx, "", func(_ *fleet, v *version) (err error) {
		cb, err = r.at(v.name).Callback(ctx, req)
		return err
	})
	return cb, err
}

// Statement reads a day's bookings.
func (r *remote) Statement(ctx context.Context, day time.Time) (lines []channel.StatementLine, err error) {
	err = r.each(ctx, "", func(_ *fleet, v *version) (err error) {
		lines, err = r.at(v.name).Statement(ctx, day)
		return err
	})
	return lines, err
}

package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
)

const (
	shadowLimit   = 30 * time.Second
	rollbackLimit = 5 * time.Second
	rewrites      = 8  // of a policy that others change at the same time
	keptWithdrawn = 20 // withdrawals in a policy
)

// itself signs what the numbers decided.
const itself = "paymux"

// Try puts a version on trial with a share of the payments. The version that is stable
// has to be named before, or now.
func (c *Channels) Try(ctx context.Context, name, canary, stable string, percent float64, who, why string) error {
	return c.rewrite(ctx, name, who, why, func(p *Policy) error {
		if stable != "" {
			p.Stable = stable
		}
		if p.Stable == "" {
			return paymux.Errorf(paymux.InvalidRequest, "Say which version is the stable one.").At("stable")
		}
		p.Canary, p.Percent = canary, percent
		return nil
	})
}

// Promote makes a version the stable one and ends its trial.
func (c *Channels) Promote(ctx context.Context, name, version, who, why string) error {
	return c.rewrite(ctx, name, who, why, func(p *Policy) error {
		p.Stable = version
		if p.Canary == version {
			p.Canary, p.Percent = "", 0
		}
		p.Withdrawn = slices.DeleteFunc(p.Withdrawn, func(w Withdrawal) bool { return w.Version == version })
		return nil
	})
}

// Withdraw takes everything from a version. Withdrawing the canary is a rollback.
func (c *Channels) Withdraw(ctx context.Context, name, version, who, why string) error {
	return c.rewrite(ctx, name, who, why, func(p *Policy) error {
		c.withdraw(p, Withdrawal{Version: version, When: c.Now().UTC(), Who: who, Reason: why})
		return nil
	})
}

func (c *Channels) withdraw(p *Policy, w Withdrawal) {
	if p.withdrew(w.Version) {
		return
	}
	if p.Canary == w.Version {
		p.Canary, p.Percent = "", 0
	}
	if p.Stable == w.Version {
		p.Stable = ""
	}
	p.Withdrawn = slices.Insert(slices.Clone(p.Withdrawn), 0, w)
	p.Withdrawn = p.Withdrawn[:min(len(p.Withdrawn), keptWithdrawn)]
}

// Kill stops new payments over a channel at once; what is under way goes on. An empty reason is refused.
func (c *Channels) Kill(ctx context.Context, name, who, why string) error {
	if why == "" {
		return paymux.Errorf(paymux.InvalidRequest, "Say why the channel is switched off.").At("reason")
	}
	return c.rewrite(ctx, name, who, why, func(p *Policy) error { p.Killed = why; return nil })
}

// Revive lets a channel take payments again.
func (c *Channels) Revive(ctx context.Context, name, who, why string) error {
	return c.rewrite(ctx, name, who, why, func(p *Policy) error { p.Killed = ""; return nil })
}

// Shadow has a version asked every query, too; an empty version ends that.
func (c *Channels) Shadow(ctx context.Context, name, version, who, why string) error {
	return c.rewrite(ctx, name, who, why, func(p *Policy) error { p.Shadow = version; return nil })
}

// rewrite changes a channel's policy where it is kept, again from the start when
// somebody else was quicker. This process goes by it before rewrite returns, others
// as soon as they hear of it.
func (c *Channels) rewrite(ctx context.Context, name, who, why string, change func(*Policy) error) error {
	if c.Registry == nil {
		return paymux.Errorf(paymux.Unavailable, "This node has no registry to keep policies in.")
	}
	for range rewrites {
		written, err := c.rewriteOnce(ctx, name, who, why, change)
		if err == nil {
			c.await(ctx, name, written)
			return nil
		}
		if !errors.Is(err, registry.ErrConflict) {
			return err
		}
	}
	return paymux.Errorf(paymux.Unavailable, "The policy of channel %s is being changed by several at once. Try again.", name)
}

func (c *Channels) rewriteOnce(ctx context.Context, name, who, why string, change func(*Policy) error) (uint64, error) {
	settings := c.Registry.Settings()
	d, err := settings.Get(ctx, settingsKey(name))
	var p Policy
	switch {
	case errors.Is(err, registry.ErrNotFound):
		d = registry.Document{Key: settingsKey(name)}
	case err != nil:
		return 0, paymux.Errorf(paymux.Unavailable, "The registry is away: the policy of channel %s cannot be changed now.", name).Because(err)
	default:
		if p, err = parsePolicy(d.Value); err != nil {
			return 0, err
		}
	}
	if err := change(&p); err != nil {
		return 0, err
	}
	if err := p.check(); err != nil {
		return 0, paymux.Errorf(paymux.InvalidRequest, "%s.", err)
	}
	if d.Value, err = json.Marshal(p); err != nil {
		return 0, fmt.Errorf("rollout: %w", err)
	}
	d.Who, d.Why, d.When = who, why, time.Time{}
	d, err = settings.Put(ctx, d)
	return d.Version, err
}

// await returns when this process goes by a version of a policy, or ctx ends.
func (c *Channels) await(ctx context.Context, name string, version uint64) {
	for {
		changed := c.policies.Changed()
		if d, ok := c.policies.Get(settingsKey(name)); ok && d.Version >= version {
			c.refresh()
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// judge compares the canary's record with the stable version's after a failure of the
// canary, and rolls it back where it is significantly worse.
func (p *packages) judge(f *fleet) {
	var canary, stable Tally
	for i := range f.versions {
		switch v := &f.versions[i]; v.name {
		case f.policy.Canary:
			canary = v.tally.tally()
		case f.policy.Stable:
			stable = v.tally.tally()
		}
	}
	reason := verdict(canary, stable)
	if reason == "" || p.fleet.Load() != f {
		return
	}
	p.rollBack(f, Withdrawal{Version: f.policy.Canary, When: p.channels.Now().UTC(), Who: itself, Reason: reason, Canary: canary, Stable: stable})
}

// rollBack withdraws the canary: here at once, and everywhere as soon as the policy is written.
func (p *packages) rollBack(f *fleet, w Withdrawal) {
	without := &fleet{policy: f.policy}
	p.channels.withdraw(&without.policy, w)
	for _, v := range f.versions {
		if v.name != w.Version {
			without.versions = append(without.versions, v)
		}
	}
	p.mu.Lock()
	won := p.fleet.CompareAndSwap(f, without) // otherwise somebody did, or decided otherwise meanwhile
	if won {
		p.ruled = append(p.ruled, w)
	}
	p.mu.Unlock()
	if !won {
		return
	}
	c := p.channels
	c.Log.Error("canary rolled back", "channel", p.name, "version", w.Version, "reason", w.Reason)
	c.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), rollbackLimit)
		defer cancel()
		err := c.rewrite(ctx, p.name, itself, w.Reason, func(policy *Policy) error {
			c.withdraw(policy, w)
			return nil
		})
		if err == nil {
			p.mu.Lock()
			p.ruled = slices.DeleteFunc(p.ruled, func(r Withdrawal) bool { return r.Version == w.Version })
			p.mu.Unlock()
			return
		}
		c.Log.Error("the rollback could not be written down; it holds in this process alone", "channel", p.name, "version", w.Version, "error", err)
	})
}

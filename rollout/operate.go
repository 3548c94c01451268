package rollout

import (
	"cmp"
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

// Decide carries out an operator's decision and returns the channel as it is afterwards.
// Errors are of Code InvalidRequest, and Unavailable while the registry is away.
func (c *Channels) Decide(ctx context.Context, d paymux.RolloutChange) (paymux.ChannelStatus, error) {
	err := c.rewrite(ctx, d.Channel, d.Who, d.Reason, func(r *paymux.Rollout) error { return c.decide(r, &d) })
	if err != nil {
		return paymux.ChannelStatus{}, err
	}
	all, err := c.Statuses(ctx)
	for _, s := range all {
		if s.Channel == d.Channel {
			return s, err
		}
	}
	return paymux.ChannelStatus{Channel: d.Channel}, err
}

func (c *Channels) decide(r *paymux.Rollout, d *paymux.RolloutChange) error {
	named := d.Action == paymux.RolloutTry || d.Action == paymux.RolloutPromote || d.Action == paymux.RolloutWithdraw
	if named && d.Version == "" {
		return paymux.Errorf(paymux.InvalidRequest, "Say which version is meant.").At("version")
	}
	switch d.Action {
	case paymux.RolloutTry:
		return try(r, d)
	case paymux.RolloutPromote:
		promote(r, d.Version)
	case paymux.RolloutWithdraw:
		c.withdraw(r, paymux.Withdrawal{Version: d.Version, When: c.Now().UTC(), Who: d.Who, Reason: d.Reason})
	case paymux.RolloutKill:
		if d.Reason == "" {
			return paymux.Errorf(paymux.InvalidRequest, "Say why the channel is switched off.").At("reason")
		}
		r.Killed = d.Reason
	case paymux.RolloutRevive:
		r.Killed = ""
	case paymux.RolloutShadow:
		r.Shadow = d.Version
	default:
		return paymux.Errorf(paymux.InvalidRequest, "The action is one of %v.", paymux.RolloutActions()).At("action")
	}
	return nil
}

func try(r *paymux.Rollout, d *paymux.RolloutChange) error {
	r.Stable = cmp.Or(d.Stable, r.Stable)
	if r.Stable == "" {
		return paymux.Errorf(paymux.InvalidRequest, "Say which version is the stable one.").At("stable")
	}
	r.Canary, r.Percent = d.Version, d.Percent
	return nil
}

// promote also forgives a version that was withdrawn.
func promote(r *paymux.Rollout, version string) {
	r.Stable = version
	if r.Canary == version {
		r.Canary, r.Percent = "", 0
	}
	r.Withdrawn = slices.DeleteFunc(slices.Clone(r.Withdrawn), func(w paymux.Withdrawal) bool { return w.Version == version })
}

func (c *Channels) withdraw(p *paymux.Rollout, w paymux.Withdrawal) {
	if p.Withdrew(w.Version) {
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

// rewrite changes a channel's policy where it is kept, again from the start when
// somebody else was quicker. This process goes by it before rewrite returns, others
// as soon as they hear of it.
func (c *Channels) rewrite(ctx context.Context, name, who, why string, change func(*paymux.Rollout) error) error {
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

func (c *Channels) rewriteOnce(ctx context.Context, name, who, why string, change func(*paymux.Rollout) error) (uint64, error) {
	settings := c.Registry.Settings()
	d, err := settings.Get(ctx, settingsKey(name))
	var p paymux.Rollout
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
	if err := check(&p); err != nil {
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
	var canary, stable paymux.Tally
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
	p.rollBack(f, paymux.Withdrawal{Version: f.policy.Canary, When: p.channels.Now().UTC(), Who: itself, Reason: reason, Canary: canary, Stable: stable})
}

// rollBack withdraws the canary: here at once, and everywhere as soon as the policy is written.
func (p *packages) rollBack(f *fleet, w paymux.Withdrawal) {
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
		err := c.rewrite(ctx, p.name, itself, w.Reason, func(policy *paymux.Rollout) error {
			c.withdraw(policy, w)
			return nil
		})
		if err == nil {
			p.mu.Lock()
			p.ruled = slices.DeleteFunc(p.ruled, func(r paymux.Withdrawal) bool { return r.Version == w.Version })
			p.mu.Unlock()
			return
		}
		c.Log.Error("the rollback could not be written down; it holds in this process alone", "channel", p.name, "version", w.Version, "error", err)
	})
}

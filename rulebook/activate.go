package rulebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing"
)

// awaitLimit is how long an activation waits for nodes to say that they route by it, awaitEvery how often it asks those that have not.
const (
	awaitLimit = 5 * time.Second
	awaitEvery = 50 * time.Millisecond
)

// changeLimit is how long a change may take beside that.
const changeLimit = 3 * time.Second

// rewrites is how often an activation begins again because another was quicker.
const rewrites = 8

// ActivateRuleSet brings a draft into force, or what an earlier version said, as the next version, and waits a while for every node to route by it.
// What says the same as the version in force is not activated again, and a draft with errors is refused; an earlier version is not, if
// it can be routed by: it worked once. Errors: NotFound; InvalidRequest with all that is wrong;
// Unavailable; OutcomeUnknown where it may have come into force: a repeat finds out.
func (b *Book) ActivateRuleSet(ctx context.Context, a paymux.RuleSetActivation) (paymux.RuleSetActivated, error) {
	ctx, cancel := context.WithTimeout(ctx, changeLimit+awaitLimit)
	defer cancel()
	next, err := b.chosen(ctx, a)
	if err != nil {
		return paymux.RuleSetActivated{}, err
	}
	set, found := findings(next.Document, b.Known())
	if set == nil || a.Draft != "" && wrong(found) {
		return paymux.RuleSetActivated{}, refusal(found)
	}
	next.Name, next.Fingerprint = set.Name, routing.Fingerprint(set)
	for range rewrites {
		out, err := b.activate(ctx, next)
		if !errors.Is(err, registry.ErrConflict) {
			return out, err
		}
	}
	return paymux.RuleSetActivated{}, paymux.Errorf(paymux.Unavailable, "Several rule sets are being activated at once. Look at what is in force, and try again.")
}

// chosen is what an operator wants in force.
func (b *Book) chosen(ctx context.Context, a paymux.RuleSetActivation) (paymux.RuleSetVersion, error) {
	next := paymux.RuleSetVersion{Who: a.Who, Why: a.Why}
	if a.Draft != "" {
		d, err := b.RuleSetDraft(ctx, a.Draft)
		next.Document, next.From = d.Document, "draft "+a.Draft
		return next, err
	}
	v, err := b.RuleSetVersion(ctx, a.Version)
	next.Document, next.From = v.Document, "version "+strconv.FormatInt(a.Version, 10)
	return next, err
}

func (b *Book) activate(ctx context.Context, next paymux.RuleSetVersion) (out paymux.RuleSetActivated, err error) {
	d, err := b.Settings.Get(ctx, ActiveKey)
	if errors.Is(err, registry.ErrNotFound) {
		d, err = registry.Document{Key: ActiveKey}, nil
	}
	if err != nil {
		return out, registryFault(err, "Nothing was done")
	}
	now, unread := readActive(d) // what cannot be read is replaced, and its number, where it has one, not used again
	if unread == nil && now.Fingerprint == next.Fingerprint && b.good(now) {
		out.Active = now
		return b.await(ctx, out)
	}
	if next.Version, err = b.nextVersion(ctx, now.Version); err != nil {
		return out, err
	}
	next.At = b.Now().UTC()
	d.Value, err = json.Marshal(kept{Version: next.Version, Name: next.Name, Fingerprint: next.Fingerprint, From: next.From, Document: next.Document})
	if err != nil {
		return out, fmt.Errorf("write rule set: %w", err)
	}
	d.Who, d.Why, d.When = next.Who, next.Why, next.At
	if _, err := b.Settings.Put(ctx, d); err != nil {
		if errors.Is(err, registry.ErrConflict) {
			return out, err
		}
		e := paymux.Errorf(paymux.OutcomeUnknown, "The rule set may be in force or not: the registry did not answer. Repeat the request: nothing is activated twice.").Because(err)
		e.RetryAfter = 1
		return out, e
	}
	out.Active, out.Changed = next, true
	return b.await(ctx, out)
}

// good reports whether nodes can route by what the registry has in force.
func (b *Book) good(v paymux.RuleSetVersion) bool {
	_, err := compile(v)
	return err == nil && v.Version >= b.inForce.Load().version.Version
}

// nextVersion is above every number that was used, as far as this region knows.
func (b *Book) nextVersion(ctx context.Context, registered int64) (int64, error) {
	kept, err := b.Store.RuleSets(ctx, 0, 1)
	if err != nil {
		return 0, fmt.Errorf("number a rule set: %w", err)
	}
	last := max(registered, b.inForce.Load().version.Version)
	if len(kept) > 0 {
		last = max(last, kept[0].Version)
	}
	return last + 1, nil
}

// await asks nodes until all have said what they make of the version, or the time for it is over.
func (b *Book) await(ctx context.Context, out paymux.RuleSetActivated) (paymux.RuleSetActivated, error) {
	limited, cancel := context.WithTimeout(ctx, awaitLimit)
	defer cancel()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	said := map[string]paymux.RuleSetNode{}
	for {
		nodes, open := b.nodes(limited, said), false
		if limited.Err() != nil && out.Nodes != nil {
			return out, nil // some could not be asked once more
		}
		out.Nodes = nodes
		out.Everywhere = true
		for _, n := range out.Nodes {
			runs := n.Version >= out.Active.Version
			if runs || n.Refused == out.Active.Version {
				said[n.ID] = n
			} else {
				open = true
			}
			out.Everywhere = out.Everywhere && runs
		}
		if !open {
			return out, nil
		}
		select {
		case <-tick.C:
		case <-limited.Done():
			return out, nil
		}
	}
}

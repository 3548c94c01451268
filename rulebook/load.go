package rulebook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
)

// againAfter is when what the registry or the store did not take is tried again, writeLimit how long it may take.
const (
	againAfter = 500 * time.Millisecond
	writeLimit = 2 * time.Second
)

// recalled is how many versions are looked through for one that can be routed by.
const recalled = 16

// seen is what was looked at last.
type seen struct {
	revision uint64
	value    []byte
}

// takeUp routes by r from now on, and says so.
func (b *Book) takeUp(r *rules) {
	b.inForce.Store(r)
	if b.TakenUp != nil {
		b.TakenUp(r.program)
	}
	b.say(paymux.RuleSetNode{State: paymux.RuleSetLoaded})
}

// refuse says that a version cannot be routed by. What is in force stays.
func (b *Book) refuse(version int64, why error) {
	b.refused.Add(1)
	b.Log.Error("a version of the routing rules is refused; the one in force stays", "version", version, "in_force", b.inForce.Load().version.Version, "error", why)
	b.say(paymux.RuleSetNode{State: paymux.RuleSetRefused, Refused: version, Error: why.Error()})
}

func (b *Book) say(n paymux.RuleSetNode) {
	v := &b.inForce.Load().version
	n.ID, n.Region, n.Version, n.Fingerprint, n.At = b.ID, b.Region, v.Version, v.Fingerprint, b.Now().UTC()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.self = n
	close(b.changed)
	b.changed = make(chan struct{})
}

// recall takes up the newest version the store has, of those that can be routed by.
func (b *Book) recall(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	list, err := b.Store.RuleSets(ctx, 0, recalled)
	for i := 0; err == nil && i < len(list) && list[i].Version > max(b.inForce.Load().version.Version, b.useless); i++ {
		var v paymux.RuleSetVersion
		if v, err = b.Store.RuleSet(ctx, list[i].Version); err != nil {
			break
		}
		r, wrong := compile(v)
		if wrong == nil {
			failed := b.Node()
			b.takeUp(r)
			b.Log.Info("routing rules, as the store has them", "version", v.Version, "fingerprint", v.Fingerprint)
			if failed.State == paymux.RuleSetRefused {
				b.say(failed)
			}
			return
		}
		b.refuse(v.Version, wrong)
	}
	if err == nil && len(list) > 0 {
		b.useless = max(b.useless, list[0].Version)
	}
	if err != nil {
		b.Log.Warn("the versions of the routing rules in the store cannot be read", "error", err)
	}
}

// look takes up what the registry has in force, where that is new.
func (b *Book) look() {
	d, ok := b.active.Get(ActiveKey)
	if !ok || d.Version == b.looked.revision && bytes.Equal(d.Value, b.looked.value) {
		return // one that was deleted stays in force: who wants another activates it
	}
	b.looked = seen{d.Version, d.Value}
	v, err := readActive(d)
	was := b.inForce.Load().version
	switch {
	case err != nil:
	case v.Version == was.Version && v.Fingerprint == was.Fingerprint:
		b.say(paymux.RuleSetNode{State: paymux.RuleSetLoaded})
		return
	case v.Version <= was.Version:
		err = fmt.Errorf("version %d was in force here already: numbers only rise, and the registry may have lost what it had; activate again", was.Version)
	default:
		var r *rules
		if r, err = compile(v); err == nil {
			b.takeUp(r)
			b.unkept = append(b.unkept, v)
			b.Log.Info("routing rules", "version", v.Version, "fingerprint", v.Fingerprint, "who", v.Who, "why", v.Why)
			return
		}
	}
	b.refuse(v.Version, err)
}

// follow takes up what comes into force, keeps it in the store and tells others what this node routes by.
func (b *Book) follow(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		changed := b.active.Changed()
		b.look()
		b.lookInStore(ctx)
		timer.Reset(b.pause(b.tell(ctx), b.keep(ctx)))
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// pause is how long there is nothing to do, unless something changes.
func (b *Book) pause(told, kept bool) time.Duration {
	switch {
	case !told || !kept:
		return againAfter
	case b.StoreLook > 0:
		return b.StoreLook
	}
	return time.Hour
}

// lookInStore takes up what another process has put into the store.
func (b *Book) lookInStore(ctx context.Context) {
	if b.StoreLook == 0 || b.Now().Sub(b.checked) < b.StoreLook {
		return
	}
	b.checked = b.Now()
	b.recall(ctx)
}

// tell sets this node's flag, again where the registry was away and may have lost it. ok: it is as it should be.
func (b *Book) tell(ctx context.Context) (ok bool) {
	_, stale := b.active.Stale()
	if b.stale && !stale {
		b.told = paymux.RuleSetNode{}
	}
	b.stale = stale
	self := b.Node()
	if self == b.told {
		return true
	}
	value, err := json.Marshal(self)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, writeLimit)
		defer cancel()
		_, err = b.Flags.Set(ctx, registry.Document{Key: nodePrefix + b.ID, Value: value, Who: b.ID})
	}
	if err != nil {
		b.Log.Debug("what this node routes by cannot be told; it is tried again", "error", err)
		return false
	}
	b.told = self
	return true
}

// keep writes into the store what came into force, and what did so before without this region.
func (b *Book) keep(ctx context.Context) (ok bool) {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	for len(b.unkept) > 0 {
		v := b.unkept[0]
		if err := b.keepMissed(ctx, v.Version); err != nil {
			b.Log.Debug("earlier versions of the routing rules cannot be kept; it is tried again", "error", err)
			return false
		}
		kept, err := b.Store.KeepRuleSet(ctx, v)
		if err != nil {
			b.Log.Warn("a version of the routing rules cannot be kept; it is tried again", "version", v.Version, "error", err)
			return false
		}
		if !kept {
			b.Log.Error("the store has another rule set of the same version", "version", v.Version)
		}
		b.unkept = b.unkept[1:]
	}
	return true
}

// keepMissed keeps those before a version that the registry still has and the store has not.
func (b *Book) keepMissed(ctx context.Context, version int64) error {
	newest, err := b.Store.RuleSets(ctx, 0, 1)
	if err != nil || version == 1 || len(newest) > 0 && newest[0].Version >= version-1 {
		return err
	}
	past, err := b.Settings.History(ctx, ActiveKey)
	if err != nil {
		return err
	}
	for _, d := range past {
		v, err := readActive(d)
		if err != nil || v.Version >= version {
			continue
		}
		if _, err := compile(v); err != nil {
			continue // it was refused then, too
		}
		if _, err := b.Store.KeepRuleSet(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

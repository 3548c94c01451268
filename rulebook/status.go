package rulebook

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing"
)

// RuleSetStatus is what this node routes by, and what all nodes say they do.
func (b *Book) RuleSetStatus(ctx context.Context) (paymux.RuleSetStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	now := b.inForce.Load()
	s := paymux.RuleSetStatus{Active: now.version, Source: now.source, Nodes: b.nodes(ctx, nil)}
	if since, stale := b.active.Stale(); stale {
		s.StaleSince = since
	}
	return s, nil
}

// askedAtOnce is how many flags are asked for at a time.
const askedAtOnce = 16

// nodes is what every node that is there says it routes by, in the order of regions. Those in said have been asked.
func (b *Book) nodes(ctx context.Context, said map[string]paymux.RuleSetNode) []paymux.RuleSetNode {
	all := []paymux.RuleSetNode{b.Node()}
	if b.Nodes != nil {
		for _, i := range b.Nodes() {
			if i.ID != b.ID {
				all = append(all, paymux.RuleSetNode{ID: i.ID, Region: i.Name, State: paymux.RuleSetUnknown})
			}
		}
	}
	places := make(chan struct{}, askedAtOnce)
	var asked sync.WaitGroup
	for i := range all[1:] {
		n := &all[1+i]
		if known, ok := said[n.ID]; ok {
			*n = known
			continue
		}
		places <- struct{}{}
		asked.Go(func() {
			b.ask(ctx, n)
			<-places
		})
	}
	asked.Wait()
	slices.SortFunc(all, func(a, b paymux.RuleSetNode) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// Said is what a node says in its flag that it routes by. Errors: registry.ErrNotFound where it has not said anything.
func Said(ctx context.Context, flags *registry.Settings, id string) (n paymux.RuleSetNode, err error) {
	d, err := flags.Get(ctx, nodePrefix+id)
	if err == nil {
		err = json.Unmarshal(d.Value, &n)
	}
	return n, err
}

// ask reads a node's flag.
func (b *Book) ask(ctx context.Context, n *paymux.RuleSetNode) {
	told, err := Said(ctx, b.Flags, n.ID)
	switch {
	case err == nil:
		told.ID, told.Region = n.ID, n.Region
		*n = told
	case !errors.Is(err, registry.ErrNotFound):
		n.Error = "what it says cannot be read: " + err.Error()
	}
}

// RuleSetVersion returns a version that was ever in force, wherever it is kept. Errors: NotFound, Unavailable.
func (b *Book) RuleSetVersion(ctx context.Context, version int64) (paymux.RuleSetVersion, error) {
	if now := b.inForce.Load(); version > 0 && now.version.Version == version {
		return now.version, nil
	}
	v, err := b.Store.RuleSet(ctx, version)
	if !errors.Is(err, paymux.NotFound) {
		return v, err
	}
	past, fault := b.Settings.History(ctx, ActiveKey)
	for _, d := range past {
		if v, wrong := readActive(d); wrong == nil && v.Version == version {
			return v, nil
		}
	}
	if fault != nil && !errors.Is(fault, registry.ErrNotFound) {
		return v, registryFault(fault, "This region has not had version "+strconv.FormatInt(version, 10)+" in force")
	}
	return v, err
}

// RuleSetVersions lists at most limit versions below one, newest first, without their documents; 0: from the newest on. It is
// what was in force in this region, and what is just coming into force.
func (b *Book) RuleSetVersions(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error) {
	list, err := b.Store.RuleSets(ctx, below, limit)
	if err != nil || below != 0 {
		return list, err
	}
	now := b.inForce.Load().version
	now.Document = ""
	if now.Version > 0 && (len(list) == 0 || list[0].Version < now.Version) {
		list = slices.Insert(list, 0, now)
		list = list[:min(len(list), limit)]
	}
	return list, nil
}

// LintRuleSet looks at a document as an activation would.
func (b *Book) LintRuleSet(_ context.Context, document string) (paymux.RuleSetReport, error) {
	set, found := findings(document, b.Known())
	r := paymux.RuleSetReport{Fine: !wrong(found), Findings: found}
	if set != nil {
		r.Name, r.Fingerprint = set.Name, routing.Fingerprint(set)
	}
	if r.Findings == nil {
		r.Findings = []paymux.RuleSetFinding{}
	}
	return r, nil
}

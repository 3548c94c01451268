package rulebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing"
)

// PutRuleSetDraft keeps a draft in place of what it was. One that nobody could route by is InvalidRequest, with all that is wrong; what
// lint finds besides is kept with it.
func (b *Book) PutRuleSetDraft(ctx context.Context, d paymux.RuleSetDraft) (paymux.RuleSetDraft, error) {
	set, found := findings(d.Document, b.Known())
	if set == nil {
		return d, refusal(found)
	}
	ctx, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	d.Fingerprint, d.Findings, d.At = routing.Fingerprint(set), found, b.Now().UTC()
	value, err := json.Marshal(kept{Name: set.Name, Fingerprint: d.Fingerprint, Document: d.Document, Findings: found})
	if err != nil {
		return d, fmt.Errorf("write draft %s: %w", d.Name, err)
	}
	_, err = b.Settings.Set(ctx, registry.Document{Key: draftPrefix + d.Name, Value: value, Who: d.Who, Why: d.Why, When: d.At})
	return d, registryFault(err, "The draft may have been written or not")
}

// RuleSetDraft returns a draft. Errors: NotFound; Unavailable.
func (b *Book) RuleSetDraft(ctx context.Context, name string) (paymux.RuleSetDraft, error) {
	d, err := b.Settings.Get(ctx, draftPrefix+name)
	if errors.Is(err, registry.ErrNotFound) {
		return paymux.RuleSetDraft{}, paymux.Errorf(paymux.NotFound, "There is no draft %s.", name)
	}
	if err != nil {
		return paymux.RuleSetDraft{}, registryFault(err, "Nothing was done")
	}
	return readDraft(d)
}

func readDraft(d registry.Document) (paymux.RuleSetDraft, error) {
	var k kept
	name := d.Key[len(draftPrefix):]
	if err := json.Unmarshal(d.Value, &k); err != nil {
		return paymux.RuleSetDraft{}, fmt.Errorf("read draft %s: %w", name, err)
	}
	return paymux.RuleSetDraft{Name: name, Fingerprint: k.Fingerprint, Document: k.Document, Who: d.Who, Why: d.Why, At: d.When, Findings: k.Findings}, nil
}

// RuleSetDrafts lists the drafts by name, without their documents.
func (b *Book) RuleSetDrafts(ctx context.Context) ([]paymux.RuleSetDraft, error) {
	view := b.Settings.Watch(draftPrefix[:len(draftPrefix)-1])
	defer view.Stop()
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	select {
	case <-view.Ready():
	case <-ctx.Done():
		return nil, registryFault(ctx.Err(), "Nothing was done")
	}
	var all []paymux.RuleSetDraft
	for _, d := range view.Documents() {
		draft, err := readDraft(d)
		if err != nil {
			b.Log.Error("a draft of the routing rules cannot be read", "key", d.Key, "error", err)
			continue
		}
		draft.Document = ""
		all = append(all, draft)
	}
	return all, nil
}

// DeleteRuleSetDraft removes a draft. Versions that were made of it stay. Errors: NotFound; Unavailable.
func (b *Book) DeleteRuleSetDraft(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	if _, err := b.RuleSetDraft(ctx, name); err != nil {
		return err
	}
	return registryFault(b.Settings.Delete(ctx, draftPrefix+name), "The draft may have been removed or not")
}

// registryFault is what an operator is told where the registry does not answer.
func registryFault(err error, left string) error {
	if err == nil {
		return nil
	}
	e := paymux.Errorf(paymux.Unavailable, "The registry, which keeps rule sets and drafts, is away. %s; nodes go on as they are. Try again in a moment.", left).Because(err)
	e.RetryAfter = 1
	return e
}

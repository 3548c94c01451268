package storetest

import (
	"testing"

	"github.com/paymux/paymux"
)

func ruleSetTests() []test {
	return []test{
		{"rule set/round trip and list", ruleSetRoundTrip},
		{"rule set/checks", ruleSetChecks},
	}
}

func (f *fixture) ruleSet(version int64) paymux.RuleSetVersion {
	var v paymux.RuleSetVersion
	f.fill.value(&v)
	v.Version = version
	return v
}

// A version is one set for good: whoever comes second with the same is told so, whoever comes with another, too.
func ruleSetRoundTrip(t *testing.T, f *fixture) {
	ctx := t.Context()
	keep := func(v paymux.RuleSetVersion) bool { return must[bool](t)(f.KeepRuleSet(ctx, v)) }
	one, two, four := f.ruleSet(1), f.ruleSet(2), f.ruleSet(4)
	for _, v := range []paymux.RuleSetVersion{four, one, two} {
		if !keep(v) {
			t.Fatalf("version %d was not kept", v.Version)
		}
	}
	again, other := f.ruleSet(2), f.ruleSet(2)
	again.Fingerprint = two.Fingerprint
	if !keep(again) || keep(other) {
		t.Error("a version that is there is another set's, or its own set is refused")
	}
	same(t, "the version", must[paymux.RuleSetVersion](t)(f.RuleSet(ctx, 2)), two)
	_, err := f.RuleSet(ctx, 3)
	wantErr(t, "a version that never was", err, paymux.NotFound)

	short := []paymux.RuleSetVersion{four, two, one}
	for i := range short {
		short[i].Document = ""
	}
	same(t, "the first page", must[[]paymux.RuleSetVersion](t)(f.RuleSets(ctx, 0, 2)), short[:2])
	same(t, "the second", must[[]paymux.RuleSetVersion](t)(f.RuleSets(ctx, 2, 2)), short[2:])
	same(t, "behind the last", must[[]paymux.RuleSetVersion](t)(f.RuleSets(ctx, 1, 2)), nil)
}

func ruleSetChecks(t *testing.T, f *fixture) {
	for name, spoil := range map[string]func(*paymux.RuleSetVersion){
		"version 0":      func(v *paymux.RuleSetVersion) { v.Version = 0 },
		"no fingerprint": func(v *paymux.RuleSetVersion) { v.Fingerprint = "" },
		"no document":    func(v *paymux.RuleSetVersion) { v.Document = "" },
	} {
		v := f.ruleSet(1)
		spoil(&v)
		_, err := f.KeepRuleSet(t.Context(), v)
		refused(t, name, err)
	}
	same(t, "what was kept", must[[]paymux.RuleSetVersion](t)(f.RuleSets(t.Context(), 0, 9)), nil)
}

package rulebook_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
	"github.com/paymux/paymux/rulebook"
)

// A draft decides nothing; activated it is a version that all nodes route by when the operator has the answer; what says the
// same is not activated twice; going back makes a new version of what an old one said.
func TestTheLifeOfRules(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.node("east", "a"), h.node("west", "b")
	if s, err := a.RuleSetStatus(t.Context()); err != nil || s.Source != paymux.RulesNone || s.Active.Version != 0 || a.goesTo() != "one" {
		t.Fatalf("at first: %+v, %v, goes to %s", s, err, a.goesTo())
	}
	d, err := a.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: "d", Document: to("two"), Who: "ann", Why: "a try"})
	if err != nil || d.Fingerprint == "" || a.goesTo() != "one" {
		t.Fatalf("a draft: %+v, %v, goes to %s", d, err, a.goesTo())
	}
	if got, err := b.RuleSetDraft(t.Context(), "d"); err != nil || got.Document != to("two") || got.Who != "ann" || got.Why != "a try" || got.At.IsZero() {
		t.Errorf("the draft: %+v, %v", got, err)
	}
	out := a.activate(t, to("two"), "two is cheaper")
	if !out.Changed || !out.Everywhere || len(out.Nodes) != 2 || out.Active.Version != 1 || out.Active.From != "draft d" || out.Active.Name != "to-two" {
		t.Fatalf("activated: %+v", out)
	}
	for _, n := range []*node{a, b} {
		if n.goesTo() != "two" || n.RuleSet().Version != 1 || n.Node().State != paymux.RuleSetLoaded || n.Node().Fingerprint != out.Active.Fingerprint {
			t.Errorf("goes to %s by %+v", n.goesTo(), n.Node())
		}
	}
	if again := b.activate(t, "# another hand\n"+to("two"), "again"); again.Changed || again.Active.Version != 1 || again.Active.Why != "two is cheaper" || !again.Everywhere {
		t.Errorf("the same once more: %+v", again)
	}
	if second := b.activate(t, to("one"), "two declines"); second.Active.Version != 2 || a.goesTo() != "one" {
		t.Errorf("the second: %+v, goes to %s", second, a.goesTo())
	}
	back, err := a.ActivateRuleSet(t.Context(), paymux.RuleSetActivation{Version: 1, Who: "bob", Why: "it was better"})
	if err != nil || back.Active.Version != 3 || back.Active.From != "version 1" || back.Active.Document != to("two") || b.goesTo() != "two" {
		t.Errorf("back: %+v, %v, goes to %s", back, err, b.goesTo())
	}
	for _, region := range []string{"east", "west"} {
		eventually(t, region+" has kept every version", func() bool { return slices.Equal(h.stores[region].kept(), []int64{1, 2, 3}) })
	}
	var said []string
	list, err := b.RuleSetVersions(t.Context(), 0, 10)
	for _, v := range list {
		said = append(said, fmt.Sprintf("%d %s %s%s", v.Version, v.Who, v.Why, v.Document))
	}
	if diff := cmp.Diff([]string{"3 bob it was better", "2 ann two declines", "1 ann two is cheaper"}, said); diff != "" || err != nil {
		t.Errorf("the history: %v\n%s", err, diff)
	}
	if v, err := b.RuleSetVersion(t.Context(), 2); err != nil || v.Document != to("one") {
		t.Errorf("version 2: %+v, %v", v, err)
	}
	if _, err := b.RuleSetVersion(t.Context(), 9); !errors.Is(err, paymux.NotFound) {
		t.Errorf("version 9: %v", err)
	}
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	a := newHouse(t).node("east", "a")
	for _, name := range []string{"spring", "autumn"} {
		if _, err := a.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: name, Document: to("none-of-this-name")}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := a.RuleSetDrafts(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "autumn" || list[0].Document != "" || len(list[0].Findings) == 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := a.DeleteRuleSetDraft(t.Context(), "autumn"); err != nil {
		t.Error(err)
	}
	if err := a.DeleteRuleSetDraft(t.Context(), "autumn"); !errors.Is(err, paymux.NotFound) {
		t.Errorf("a second time: %v", err)
	}
	if list, err := a.RuleSetDrafts(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	// It can be kept, for the account may come; it cannot come into force.
	_, err = a.ActivateRuleSet(t.Context(), paymux.RuleSetActivation{Draft: "spring", Who: "ann", Why: "x"})
	if refused := new(paymux.Error); !errors.As(err, &refused) || refused.Code != paymux.InvalidRequest || !strings.Contains(fmt.Sprint(refused.Fields), "none-of-this-name") {
		t.Errorf("a draft that names no account: %v", err)
	}
}

// What nobody could route by is refused before it is kept, and by each node where it came into the registry all the same: nodes go on with the last good
// one, say so, and are back as soon as there is a good one.
func TestABrokenSetIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.node("east", "a"), h.node("west", "b")
	good := a.activate(t, to("two"), "good")
	_, err := a.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: "d", Document: "static:\n- name: all\n  uses: [one]\nfallback: {refuse: true}\n"})
	if refused := new(paymux.Error); !errors.As(err, &refused) || refused.Code != paymux.InvalidRequest || len(refused.Fields) == 0 || !strings.Contains(refused.Fields[0].Message, "line 3") {
		t.Fatalf("a broken draft: %v", err)
	}
	if d, err := a.RuleSetDraft(t.Context(), "d"); err != nil || d.Document != to("two") {
		t.Errorf("the draft after it: %+v, %v", d, err)
	}
	for i, value := range []string{
		`{"version":2,"fingerprint":"f","document":"static: [{name: all, uses: [one]}]"}`, `{"version":3,"fingerprint":"f","document":"a: [b"}`,
		`{"version":4}`, `[]`, `{"version":1,"fingerprint":"another","document":"fallback: {all: true}"}`,
	} {
		h.write(value)
		for _, n := range []*node{a, b} {
			eventually(t, "it is refused: "+value, func() bool { return n.Refused() == int64(i+1) })
			if self := n.Node(); self.State != paymux.RuleSetRefused || self.Error == "" || self.Version != good.Active.Version || n.goesTo() != "two" {
				t.Errorf("%s: %+v, goes to %s", value, self, n.goesTo())
			}
		}
	}
	eventually(t, "everybody can see it", func() bool {
		s, err := a.RuleSetStatus(t.Context())
		return err == nil && !slices.ContainsFunc(s.Nodes, func(n paymux.RuleSetNode) bool { return n.State != paymux.RuleSetRefused || n.Error == "" })
	})
	out := b.activate(t, to("one"), "better")
	if out.Active.Version != 2 || !out.Everywhere || a.goesTo() != "one" || a.Node().State != paymux.RuleSetLoaded {
		t.Errorf("afterwards: %+v, goes to %s", out, a.goesTo())
	}
	if kept := h.stores["east"].kept(); slices.Contains(kept, 3) || slices.Contains(kept, 4) {
		t.Errorf("what was refused is in the store: %v", kept)
	}
}

// While the registry is away nodes go on, one that starts goes by what its store has, and all catch up by themselves.
func TestTheRegistryIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.node("east", "a"), h.node("west", "b")
	a.activate(t, to("two"), "good")
	eventually(t, "it is kept", func() bool { return len(h.stores["east"].kept()) == 1 })
	h.Stop()
	eventually(t, "a knows it", func() bool { s, err := a.RuleSetStatus(t.Context()); return err == nil && !s.StaleSince.IsZero() })
	late := h.node("east", "late")
	if late.goesTo() != "two" || late.RuleSet().Version != 1 {
		t.Errorf("one that starts goes to %s by version %d", late.goesTo(), late.RuleSet().Version)
	}
	if late := h.node("south", "new", func(c *rulebook.Config) { c.File = to("one") }); late.goesTo() != "one" || late.Node().Version != 0 {
		t.Errorf("one that starts in a new region goes to %s", late.goesTo())
	}
	for _, n := range []*node{a, b} {
		if n.goesTo() != "two" {
			t.Errorf("goes to %s", n.goesTo())
		}
	}
	_, err := a.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: "d", Document: to("one")})
	if !errors.Is(err, paymux.Unavailable) {
		t.Errorf("a draft: %v", err)
	}
	if _, err := a.ActivateRuleSet(t.Context(), paymux.RuleSetActivation{Version: 1}); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("an activation: %v", err)
	}
	h.Start()
	// Another process, which sees the registry first, activates; those that were cut off take it up without being told again.
	eventually(t, "it can be activated again", func() bool {
		_, err := b.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: "d", Document: to("one")})
		if err == nil {
			_, err = b.ActivateRuleSet(t.Context(), paymux.RuleSetActivation{Draft: "d", Who: "ann", Why: "back"})
		}
		return err == nil
	})
	for _, n := range []*node{a, b, late} {
		eventually(t, "they catch up", func() bool { return n.goesTo() == "one" && n.Node().Version == 2 })
	}
	eventually(t, "they say so", func() bool {
		s, err := a.RuleSetStatus(t.Context())
		return err == nil && s.StaleSince.IsZero() && !slices.ContainsFunc(s.Nodes, func(n paymux.RuleSetNode) bool { return n.Version != 2 })
	})
}

// An activation says who does not route by it.
func TestAnActivationTellsWhoDoesNotFollow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.node("east", "a"), h.node("west", "b")
	b.Stop()
	out := a.activate(t, to("two"), "x")
	at := slices.IndexFunc(out.Nodes, func(n paymux.RuleSetNode) bool { return n.ID == "b" })
	if !out.Changed || out.Everywhere || at < 0 || out.Nodes[at].Version != 0 || a.goesTo() != "two" {
		t.Errorf("%+v, goes to %s", out, a.goesTo())
	}
}

// The set of the configuration is what to route by until one is activated, and is refused with line and remedy where it is broken.
func TestTheConfiguredSet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.node("east", "a", func(c *rulebook.Config) { c.File = to("two") })
	if s, err := a.RuleSetStatus(t.Context()); err != nil || s.Source != paymux.RulesConfigured || s.Active.Name != "to-two" || a.goesTo() != "two" {
		t.Errorf("%+v, %v", s, err)
	}
	if out := a.activate(t, to("two"), "the same, as a version"); !out.Changed || out.Active.Version != 1 {
		t.Errorf("%+v", out)
	}
	r := h.registry()
	_, err := rulebook.Open(t.Context(), rulebook.Config{Settings: r.Settings(), File: "static: [{use: [one], nam: x}]", Now: time.Now})
	if faults := (routing.Faults{}); !errors.As(err, &faults) || faults[0].Line != 1 || faults[0].Remedy == "" {
		t.Errorf("a broken one: %v", err)
	}
}

// Versions that came into force while a region was away are in its history all the same, as far as the registry has them.
func TestMissedVersionsAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.node("east", "a")
	for i := range 4 {
		a.activate(t, to([]string{"one", "two"}[i%2]), "x")
	}
	b := h.node("west", "b")
	if b.goesTo() != "two" || b.RuleSet().Version != 4 {
		t.Errorf("goes to %s by version %d", b.goesTo(), b.RuleSet().Version)
	}
	eventually(t, "all are kept", func() bool { return slices.Equal(h.stores["west"].kept(), []int64{1, 2, 3, 4}) })
}

// A store that is away costs nothing but time: what came into force meanwhile is kept when it is back.
func TestTheStoreIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.node("east", "a"), h.node("west", "b")
	h.stores["west"].set(true)
	a.activate(t, to("two"), "x")
	a.activate(t, to("one"), "x")
	if b.goesTo() != "one" {
		t.Errorf("goes to %s", b.goesTo())
	}
	h.stores["west"].set(false)
	eventually(t, "all are kept", func() bool { return slices.Equal(h.stores["west"].kept(), []int64{1, 2}) })
}

// Several who activate at once get a version each, and the last is in force everywhere.
func TestActivationsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	nodes := []*node{h.node("east", "a"), h.node("east", "b"), h.node("west", "c")}
	var all sync.WaitGroup
	numbers := make([]int64, len(nodes))
	for i, n := range nodes {
		all.Go(func() {
			name := fmt.Sprintf("d%d", i)
			if _, err := n.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: name, Document: fmt.Sprintf("name: n%d\nfallback: {all: true}\n", i)}); err != nil {
				t.Error(err)
			}
			out, err := n.ActivateRuleSet(t.Context(), paymux.RuleSetActivation{Draft: name, Who: "ann", Why: "x"})
			if err != nil {
				t.Error(err)
			}
			numbers[i] = out.Active.Version
		})
	}
	all.Wait()
	slices.Sort(numbers)
	if diff := cmp.Diff([]int64{1, 2, 3}, numbers); diff != "" {
		t.Error(diff)
	}
	for _, n := range nodes {
		eventually(t, "the last is in force", func() bool { return n.RuleSet().Version == 3 })
	}
}

// A registry that has lost what it had does not take numbers back: what it says is refused, and the next activation goes on above.
func TestNumbersOnlyRise(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.node("east", "a")
	a.activate(t, to("one"), "x")
	a.activate(t, to("two"), "x")
	h.write(`{"version":1,"fingerprint":"f","document":"fallback: {refuse: true}"}`)
	eventually(t, "it is refused", func() bool { return a.Node().State == paymux.RuleSetRefused })
	if a.goesTo() != "two" || !strings.Contains(a.Node().Error, "activate again") {
		t.Errorf("goes to %s; %s", a.goesTo(), a.Node().Error)
	}
	if out := a.activate(t, to("one"), "x"); out.Active.Version != 3 || !out.Everywhere {
		t.Errorf("%+v", out)
	}
}

// Processes that share a store and nothing else learn from it.
func TestByTheStoreAlone(t *testing.T) {
	t.Parallel()
	one, other := newHouse(t), newHouse(t)
	look := func(c *rulebook.Config) { c.Nodes, c.StoreLook = nil, 10*time.Millisecond }
	a := one.node("east", "a", look)
	other.stores["east"] = one.stores["east"]
	b := other.node("east", "b", look)
	a.activate(t, to("two"), "x")
	eventually(t, "the other has it", func() bool { return b.goesTo() == "two" && b.Node().Version == 1 })
	if out := b.activate(t, to("one"), "x"); out.Active.Version != 2 {
		t.Errorf("%+v", out)
	}
	eventually(t, "the first has that", func() bool { return a.goesTo() == "one" })
}

// A node that starts with a version it cannot read goes by the newest that it can.
func TestWhatTheStoreHasCannotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.stores["east"] = &shelf{versions: map[int64]paymux.RuleSetVersion{
		1: {Version: 1, Fingerprint: "f", Document: to("two")}, 2: {Version: 2, Fingerprint: "g", Document: "of: tomorrow"},
	}}
	a := h.node("east", "a")
	if self := a.Node(); a.goesTo() != "two" || self.Version != 1 || self.State != paymux.RuleSetRefused || self.Refused != 2 {
		t.Errorf("goes to %s; %+v", a.goesTo(), self)
	}
	if out := a.activate(t, to("one"), "x"); out.Active.Version != 3 {
		t.Errorf("%+v", out)
	}
}

// A simulation goes by what is asked, explains itself in both languages, and touches nothing.
func TestSimulation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.node("east", "a", func(c *rulebook.Config) { c.Allowed = allowed })
	a.activate(t, to("two"), "x")
	a.activate(t, to("one"), "x")
	if _, err := a.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: "d", Document: to("two")}); err != nil {
		t.Fatal(err)
	}
	pay := paymux.SimulatedPayment{Amount: 5, Currency: "CNY", Method: paymux.Card}
	bound := pay
	bound.Merchant = "mer_bound"
	for name, x := range map[string]struct {
		of   paymux.Simulation
		want []string
	}{
		"in force":   {paymux.Simulation{Payment: pay}, []string{"one"}},
		"a draft":    {paymux.Simulation{Rules: paymux.RuleSetChoice{Draft: "d"}, Payment: pay}, []string{"two"}},
		"a version":  {paymux.Simulation{Rules: paymux.RuleSetChoice{Version: 1}, Payment: pay}, []string{"two"}},
		"a document": {paymux.Simulation{Rules: paymux.RuleSetChoice{Document: "fallback: {all: true}"}, Payment: pay}, []string{"one", "two"}},
		"a merchant": {paymux.Simulation{Payment: bound}, []string{}},
	} {
		got, err := a.SimulateRouting(t.Context(), x.of)
		if diff := cmp.Diff(x.want, got.Order); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
		if got.Text["en"] == "" || got.Text["zh-CN"] == "" || got.Text["en"] == got.Text["zh-CN"] || len(got.Routing.Candidates) == 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := a.SimulateRouting(t.Context(), paymux.Simulation{Rules: paymux.RuleSetChoice{Document: "x"}, Payment: pay}); !errors.Is(err, paymux.InvalidRequest) {
		t.Errorf("by a broken document: %v", err)
	}
	if list, err := a.RuleSetVersions(t.Context(), 0, 9); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

// A simulation passes over an account whose quota has no room for the payment on the day it is made for, and by the rules it is made by.
func TestSimulationKnowsQuotas(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	at := time.Date(2026, 11, 26, 23, 30, 0, 0, time.UTC) // a day later in Shanghai
	var fault error
	a := h.node("east", "a", func(c *rulebook.Config) {
		c.Learnt = learn.New(learn.Options{Node: "a"}, at)
		c.Taken = func(_ context.Context, day int32) ([]paymux.QuotaUsed, error) {
			key := paymux.QuotaKey{Account: "one", Quota: "daily", Day: int32(at.Unix()/86400) + 1}
			money := key
			money.Currency = "CNY"
			if day != key.Day {
				return nil, fault
			}
			return []paymux.QuotaUsed{{QuotaKey: key, Used: 3}, {QuotaKey: money, Used: 900}}, fault
		}
	})
	simulate := func(zone, quota string, amount int64) ([]string, error) {
		document := "time_zone: " + zone + "\naccounts: [{name: one, quotas: [{name: daily, " + quota + "}]}]\nfallback: {all: true}"
		got, err := a.SimulateRouting(t.Context(), paymux.Simulation{
			Rules:   paymux.RuleSetChoice{Document: document},
			Payment: paymux.SimulatedPayment{Amount: amount, Currency: "CNY", Method: paymux.Card, At: at},
		})
		return got.Order, err
	}
	for _, x := range []struct {
		zone, quota string
		amount      int64
		want        []string
	}{
		{"Asia/Shanghai", "count: 4", 100, []string{"one", "two"}},
		{"Asia/Shanghai", "count: 3", 100, []string{"two"}},
		{"Asia/Shanghai", "currency: CNY, amount: 1000", 100, []string{"one", "two"}},
		{"Asia/Shanghai", "currency: CNY, amount: 1000", 101, []string{"two"}},
		{"Asia/Shanghai", "currency: EUR, amount: 1000", 101, []string{"one", "two"}},
		{"UTC", "count: 3", 100, []string{"one", "two"}},
	} {
		got, err := simulate(x.zone, x.quota, x.amount)
		if diff := cmp.Diff(x.want, got); diff != "" || err != nil {
			t.Errorf("%+v: %v\n%s", x, err, diff)
		}
	}
	fault = errors.New("the store is away")
	if _, err := simulate("UTC", "count: 3", 100); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("without the store: %v", err)
	}
}

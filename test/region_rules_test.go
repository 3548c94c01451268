package test_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/rulebook"
	"github.com/paymux/paymux/test/stripefake"
)

// accounts are what each gateway serves.
func (w *world) accounts() string {
	account := func(name, url string) string {
		return fmt.Sprintf("{name: %s, channel: stripe, methods: [card], options: {api_key: env:TEST_BANK_KEY, base_url: %q}}", name, url)
	}
	all := account("cards", w.bankURL)
	if w.c.spare {
		all += ", " + account("spare", w.places["outside"].serve(w.t, w.bank))
	}
	return all
}

// door is the institution's first, at which every card is declined for it is busy while w.busy says so.
func (w *world) door() http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.busy.Load() {
			body, _ := io.ReadAll(r.Body)
			body = bytes.ReplaceAll(body, []byte(stripefake.Visa), []byte(stripefake.Busy))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		w.bank.ServeHTTP(out, r)
	})
}

// usesFirst is a rule set that has one account before another.
func usesFirst(first, then string) string {
	return fmt.Sprintf(`# who changes this says why
name: %[1]s-first
static:
- name: all
  use: [%[1]s, %[2]s]
fallback: {all: true}
health: {least: 5, window: 10s, probe: 0.1, probe_after: 2s, successes: 3}
`, first, then)
}

// activate brings a rule set into force as an operator of a region, and returns what came of it and how long it took.
func (r *region) activate(document, why string) (*paymux.RuleSetActivated, time.Duration, error) {
	o, ctx := r.ops(), r.w.t.Context()
	if _, err := o.PutRuleSetDraft(ctx, "next", document, why); err != nil {
		return nil, 0, err
	}
	began := time.Now()
	out, err := o.ActivateDraft(ctx, "next", why)
	return out, time.Since(began), err
}

// mustActivate is activate where every node follows.
func (r *region) mustActivate(document, why string) *paymux.RuleSetActivated {
	r.w.t.Helper()
	out, took, err := r.activate(document, why)
	if err != nil || !out.Everywhere || !out.Changed {
		r.w.t.Fatalf("activated: %+v, %v", out, err)
	}
	r.w.t.Logf("version %d (%s) is in force at %d nodes after %s", out.Active.Version, why, len(out.Nodes), took.Round(time.Millisecond))
	if took > time.Second {
		r.w.t.Errorf("it took %s until every node said so", took)
	}
	return out
}

// routedTo are the accounts to which the payments of deals went, and the versions of the rules they were routed by.
func routedTo(deals []deal) (accounts map[string]int, versions map[int64]int) {
	accounts, versions = map[string]int{}, map[int64]int{}
	for _, d := range deals {
		if d.payment != nil && d.payment.Routing != nil {
			accounts[d.payment.Account]++
			versions[d.payment.Routing.Version]++
		}
	}
	return accounts, versions
}

// goes makes sure that all payments begun since a moment go one way.
func (tr *trade) goes(what string, from time.Time, account string, version int64) {
	tr.t.Helper()
	<-time.After(time.Until(from))
	for _, s := range tr.stalls {
		tr.answered(what+", "+s.name, 15, func(d *deal) bool { return d.stall == s && d.succeeded() })
	}
	deals := tr.of(from, time.Now(), func(*stall) bool { return true })
	accounts, versions := routedTo(deals)
	tr.t.Logf("%s: %d payments, to %v by versions %v", what, len(deals), accounts, versions)
	if len(accounts) != 1 || accounts[account] == 0 || len(versions) != 1 || versions[version] == 0 {
		tr.t.Errorf("%s: payments went to %v by versions %v, want %s by %d", what, accounts, versions, account, version)
	}
}

// allRun waits until every node says that it routes by a version, as each node of a region sees it: ten answers in a row are from all of them.
func (w *world) allRun(at *region, version int64) {
	w.t.Helper()
	var last string
	row := 0
	if !within(30*time.Second, func() bool {
		s, err := at.ops().Routing(w.t.Context())
		last = fmt.Sprintf("%+v, %v", s, err)
		if row++; err != nil || len(s.Nodes) != 2*w.c.nodes || slices.ContainsFunc(s.Nodes, func(n paymux.RuleSetNode) bool {
			return n.Version != version || n.State != paymux.RuleSetLoaded
		}) {
			row = 0
		}
		return row == 10
	}) {
		w.t.Fatalf("not every node routes by version %d: %s", version, last)
	}
}

// A change that is activated while four nodes of two regions take load is in effect on all within a second, acknowledged and to be seen; a broken set is
// refused by the interface and, where it came into the registry all the same, by every node (C1, C4, C8).
func TestRulesAreChangedUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldConfig{nodes: 2, spare: true})
	tr := newTrade(t, w.trader(w.east).stall("eastern", time.Second/30), w.trader(w.west).stall("western", time.Second/30))
	w.east.mustActivate(usesFirst("cards", "spare"), "to begin with")
	tr.goes("the first", time.Now(), "cards", 1)
	for version := int64(2); version < 6; version++ {
		first, then, at := "spare", "cards", w.west
		if version%2 == 1 {
			first, then, at = "cards", "spare", w.east
		}
		before := time.Now()
		at.mustActivate(usesFirst(first, then), "the other one first")
		tr.goes("since the answer", time.Now(), first, version)
		tr.goes("a second after it was asked for", before.Add(time.Second), first, version)
	}
	back, err := w.east.ops().RollBackRuleSet(t.Context(), 4, "it was better")
	if err != nil || !back.Everywhere || back.Active.Version != 6 || back.Active.From != "version 4" {
		t.Fatalf("rolled back: %+v, %v", back, err)
	}
	tr.goes("rolled back", time.Now(), "spare", 6)
	if shown := w.operate(w.west, "topology"); strings.Count(shown, "rules 6") != 4 {
		t.Errorf("paymux topology shows\n%s", shown)
	}
	w.history(6)
	w.brokenSets(tr)
	w.balance(tr)
	tr.flawless("all payments", tr.of(time.Time{}, time.Now(), func(*stall) bool { return true }))
}

// history: each region tells the whole of it, who and why.
func (w *world) history(newest int64) {
	w.t.Helper()
	for _, r := range w.regions {
		want := newest
		for v, err := range r.ops().RuleSetVersions(w.t.Context()) {
			if err != nil || v.Version != want || v.Who == "" || v.Why == "" || v.At.IsZero() {
				w.t.Errorf("%s: %+v, %v, want version %d", r.name, v, err, want)
			}
			want--
		}
		if want != 0 {
			w.t.Errorf("%s: the history ends before version %d", r.name, want)
		}
	}
}

// brokenSets tries to bring two into force that are none.
func (w *world) brokenSets(tr *trade) {
	w.t.Helper()
	broken := "name: x\nstatic:\n- {name: all, uses: [cards]}\nfallback: {all: true}\n"
	_, _, err := w.east.activate(broken, "by mistake")
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest || len(refused.Problem.Fields) == 0 || !strings.Contains(refused.Problem.Fields[0].Message, "line 3") {
		w.t.Errorf("a broken draft: %v", err)
	}
	value, _ := json.Marshal(map[string]any{"version": 7, "fingerprint": "f", "document": broken})
	settings := registry.New(registry.Config{Conn: w.join("west", "operator")}).Settings()
	if _, err := settings.Set(w.t.Context(), registry.Document{Key: rulebook.ActiveKey, Value: value, Who: "somebody", Why: "past the interface"}); err != nil {
		w.t.Fatal(err)
	}
	at := time.Now()
	var nodes []paymux.RuleSetNode
	if !within(5*time.Second, func() bool {
		s, err := w.east.ops().Routing(w.t.Context())
		if err != nil {
			return false
		}
		nodes = s.Nodes
		return len(nodes) == 4 && !slices.ContainsFunc(nodes, func(n paymux.RuleSetNode) bool {
			return n.State != paymux.RuleSetRefused || n.Refused != 7 || n.Version != 6 || !strings.Contains(n.Error, "line 3")
		})
	}) {
		w.t.Errorf("not every node refuses it and says so: %+v", nodes)
	}
	tr.goes("with a broken set in the registry", at, "spare", 6)
	if shown := w.operate(w.west, "topology"); strings.Count(shown, "refuses rules 7") != 4 {
		w.t.Errorf("paymux topology shows\n%s", shown)
	}
	if out := w.east.mustActivate(usesFirst("cards", "spare"), "a good one again"); out.Active.Version != 8 {
		w.t.Errorf("the next is version %d", out.Active.Version)
	}
	tr.goes("a good one again", time.Now(), "cards", 8)
}

// While the registry is away nodes go on with the rules they have, and one that is started again goes by what its region's store has; while a region's
// own NATS is away the rest of the world goes on to the next version, and the region catches up by itself (C4, C9).
func TestRulesWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	s := newStage(t, worldConfig{spare: true, frontLines: []string{"relay: {horizon: 2s}"}, nodeOf: map[string]string{"east": "routing: {file: " + rulesFile(t) + "}"}})
	w, tr := s.world, s.trade
	if s, err := w.east.ops().Routing(t.Context()); err != nil || s.Source != paymux.RulesConfigured || s.Active.Name != "spare-first" {
		t.Errorf("at first: %+v, %v", s, err)
	}
	w.east.mustActivate(usesFirst("cards", "spare"), "to begin with")
	tr.goes("to begin with", time.Now(), "cards", 1)

	w.witness.kill()
	tr.goes("without the registry", time.Now(), "cards", 1)
	if _, _, err := w.west.activate(usesFirst("spare", "cards"), "in vain"); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("activated without the registry: %v", err)
	}
	w.east.nodes[0].kill()
	tr.goes("without the registry and one node", time.Now(), "cards", 1)
	w.east.nodes[0].start() // the accounts of gateways it learns from the registry alone, the rules it has
	if log := w.east.nodes[0].logged(); !strings.Contains(log, `"msg":"routing rules, as the store has them","version":1,`) {
		t.Errorf("a node that is started without the registry does not go by the store: %s", log)
	}
	w.witness.start()
	w.allRun(w.west, 1)
	w.allRun(w.east, 1)
	for _, d := range tr.of(s.calm, time.Now(), func(*stall) bool { return true }) {
		if errors.Is(d.err, paymux.NoChannel) {
			t.Errorf("refused for good by a node that knew no gateways yet: %s", d.String())
		}
	}
	w.east.mustActivate(usesFirst("spare", "cards"), "the registry is back")
	tr.goes("the registry is back", time.Now(), "spare", 2)

	w.east.nats.kill()
	out, took, err := w.west.activate(usesFirst("cards", "spare"), "without the east")
	if err != nil || out.Active.Version != 3 {
		t.Fatalf("without the east: %+v, %v", out, err)
	}
	t.Logf("without the east: answered after %s, everywhere: %t, %+v", took.Round(time.Millisecond), out.Everywhere, out.Nodes)
	w.east.nats.start()
	w.allRun(w.east, 3)
	tr.goes("the east is back", time.Now(), "cards", 3)
	w.balance(tr)
}

// rulesFile is a rule set as a file.
func rulesFile(t *testing.T) string {
	t.Helper()
	return write(t, t.TempDir(), "rules.yaml", usesFirst("spare", "cards"))
}

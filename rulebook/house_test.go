package rulebook_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/rulebook"
)

// patience is how long a test waits for what has to become true.
const patience = 20 * time.Second

// house is a deployment: a NATS server that can be stopped and started again, a store for each region, and nodes.
type house struct {
	*wiretest.Server
	t      *testing.T
	stores map[string]*shelf

	mu    sync.Mutex // guards what follows
	nodes []registry.Instance
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return &house{Server: wiretest.Serve(t), t: t, stores: map[string]*shelf{}}
}

// registry is one process's, with a connection of its own.
func (h *house) registry() *registry.Registry {
	h.t.Helper()
	r := registry.New(registry.Config{Conn: h.Dial(), TTL: 600 * time.Millisecond, Creates: true, Log: slog.New(slog.DiscardHandler)})
	h.t.Cleanup(func() { _ = r.Stop(context.Background()) })
	return r
}

// node is a process of a region that routes by what is in force.
type node struct {
	*rulebook.Book
	registry *registry.Registry
}

func (h *house) node(region, id string, change ...func(*rulebook.Config)) *node {
	h.t.Helper()
	r := h.registry()
	h.mu.Lock()
	if h.stores[region] == nil {
		h.stores[region] = &shelf{versions: map[int64]paymux.RuleSetVersion{}}
	}
	h.nodes = append(h.nodes, registry.Instance{Role: registry.RoleNode, Name: region, ID: id})
	c := rulebook.Config{
		Settings: r.Settings(), Flags: r.Flags(), Nodes: h.registered, Store: h.stores[region], ID: id, Region: region,
		Accounts: accounts, Known: accounts, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	h.mu.Unlock()
	for _, do := range change {
		do(&c)
	}
	first, cancel := context.WithTimeout(h.t.Context(), 300*time.Millisecond)
	defer cancel()
	b, err := rulebook.Open(first, c)
	if err != nil {
		h.t.Fatal(err)
	}
	b.Start()
	h.t.Cleanup(b.Stop)
	return &node{b, r}
}

func (h *house) registered() []registry.Instance {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.nodes)
}

func accounts() []routing.Account {
	takes := func(paymux.MethodType, paymux.Currency) bool { return true }
	return []routing.Account{{Name: "one", Channel: "bank", Takes: takes}, {Name: "two", Channel: "bank", Takes: takes}}
}

// to is a rule set that sends everything to one account.
func to(account string) string {
	return fmt.Sprintf("# by hand\nname: to-%s\nstatic:\n- name: all\n  use: [%s]\nfallback: {refuse: true}\n", account, account)
}

// goesTo is where a payment goes by what the node has in force.
func (n *node) goesTo() string {
	d := n.Program().Bind(accounts(), nil).Decide(&routing.Request{ID: "pay_1", At: time.Now(), Money: paymux.Money{Amount: 5, Currency: "CNY"}, Method: paymux.Card})
	if len(d.Order) == 0 {
		return ""
	}
	return d.Order[0]
}

// activate writes a draft and brings it into force.
func (n *node) activate(t *testing.T, document, why string) paymux.RuleSetActivated {
	t.Helper()
	if _, err := n.PutRuleSetDraft(t.Context(), paymux.RuleSetDraft{Name: "d", Document: document, Who: "ann"}); err != nil {
		t.Fatal(err)
	}
	out, err := n.ActivateRuleSet(t.Context(), paymux.RuleSetActivation{Draft: "d", Who: "ann", Why: why})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// write puts something into the registry as it is, past all that could refuse it.
func (h *house) write(value string) {
	h.t.Helper()
	if _, err := h.registry().Settings().Set(h.t.Context(), registry.Document{Key: rulebook.ActiveKey, Value: json.RawMessage(value), Who: "mallory"}); err != nil {
		h.t.Fatal(err)
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %s, still not so: %s", patience, what)
		}
	}
}

// shelf is a region's store in memory.
type shelf struct {
	mu       sync.Mutex
	versions map[int64]paymux.RuleSetVersion
	away     bool
}

var errAway = errors.New("the store is away")

func (s *shelf) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *shelf) KeepRuleSet(_ context.Context, v paymux.RuleSetVersion) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return false, errAway
	}
	if had, ok := s.versions[v.Version]; ok {
		return had.Fingerprint == v.Fingerprint, nil
	}
	s.versions[v.Version] = v
	return true, nil
}

func (s *shelf) RuleSet(_ context.Context, version int64) (paymux.RuleSetVersion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.versions[version]
	switch {
	case s.away:
		return v, errAway
	case !ok:
		return v, paymux.Errorf(paymux.NotFound, "There is no rule set version %d.", version)
	}
	return v, nil
}

func (s *shelf) RuleSets(_ context.Context, below int64, limit int) (list []paymux.RuleSetVersion, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errAway
	}
	for _, v := range s.versions {
		if below == 0 || v.Version < below {
			v.Document = ""
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b paymux.RuleSetVersion) int { return cmp.Compare(b.Version, a.Version) })
	return list[:min(len(list), limit)], nil
}

// kept are the numbers of the versions in a store, oldest first.
func (s *shelf) kept() (numbers []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.versions {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers
}

// allowed lets one merchant use no account of this house.
func allowed(_ context.Context, m paymux.MerchantID) ([]string, error) {
	if m == "mer_bound" {
		return []string{"three"}, nil
	}
	return nil, nil
}

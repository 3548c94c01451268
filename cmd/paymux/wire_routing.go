package main

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/monitor/metrics"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
	"github.com/paymux/paymux/replay"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
	"github.com/paymux/paymux/rulebook"
)

// routed is how a node decides where payments go.
type routed struct {
	rules  *rulebook.Book
	learnt *learn.Book
	health *rulebook.Health

	decisions decided
}

// decided counts decisions by the kind of rule that made them.
type decided struct{ designated, static, dynamic, fallback atomic.Int64 }

func (d *decided) kinds() map[string]*atomic.Int64 {
	return map[string]*atomic.Int64{
		paymux.RoutedDesignated: &d.designated, paymux.RoutedStatic: &d.static, paymux.RoutedDynamic: &d.dynamic, paymux.RoutedFallback: &d.fallback,
	}
}

func (d *decided) count(kind string) {
	switch kind {
	case paymux.RoutedDesignated:
		d.designated.Add(1)
	case paymux.RoutedStatic:
		d.static.Add(1)
	case paymux.RoutedDynamic:
		d.dynamic.Add(1)
	case paymux.RoutedFallback:
		d.fallback.Add(1)
	}
}

// rulesLook is how often processes that share a database and no NATS look for a newer rule set there.
const rulesLook = time.Second

// openRouting opens the rules in force and what is known of accounts. A registry that is away does not hold the start up for long: then it
// is what the store has.
func (s *system) openRouting(ctx context.Context) error {
	file, err := s.conf.Routing.read()
	if err != nil {
		return usagef("%w", err)
	}
	first, cancel := context.WithTimeout(ctx, findLimit)
	defer cancel()
	s.learnt = learn.New(learn.Options{Node: s.replica}, s.now())
	s.health = rulebook.OpenHealth(first, rulebook.HealthConfig{
		Settings: s.registry.Settings(), Flags: s.registry.Flags(), Book: s.learnt, Accounts: s.accountNames, ID: s.replica, Log: s.log, Now: s.now,
	})
	s.onStop(func(context.Context) error { s.health.Stop(); return nil })
	c := rulebook.Config{
		Settings: s.registry.Settings(), Flags: s.registry.Flags(), Store: s.store, ID: s.replica, Region: s.conf.Region.Name, File: file,
		Accounts: s.routable, Known: s.routable, Allowed: s.allowed, Learnt: s.learnt,
		Taken:   func(ctx context.Context, day int32) ([]paymux.QuotaUsed, error) { return s.store.Quotas(ctx, day, "") },
		TakenUp: func(p *routing.Program) { s.learnt.SetPolicy(p.Health) }, Log: s.log, Now: s.now,
	}
	switch {
	case !s.messaging.Embedded():
		s.nodes = s.registry.Watch(registry.RoleNode)
		c.Nodes, c.Known = s.nodes.Instances, s.routableAnywhere
	case s.conf.Store.Engine == "postgres":
		c.StoreLook = rulesLook
	}
	if s.rules, err = rulebook.Open(first, c); err != nil {
		return err
	}
	s.onStop(func(context.Context) error { s.rules.Stop(); return nil })
	return nil
}

// learnt teaches what outcomes were.
type learnt struct{ *learn.Book }

// Observe implements payment.Observer.
func (l learnt) Observe(o payment.Outcome) {
	was := learn.Result(0)
	if o.Was != paymux.OpSent {
		was = learn.ResultOf(o.Was, "", false)
	}
	l.Book.Observe(learn.Outcome{
		Merchant: o.Merchant, Account: o.Account, Kind: o.Kind, Result: learn.ResultOf(o.State, o.Decline, o.Retryable), Was: was,
		Retried: o.Retried, Latency: o.Latency, At: o.At,
	})
}

func (s *system) accountNames() []string {
	var names []string
	for _, a := range s.channels.Accounts().All() {
		names = append(names, a.Name)
	}
	return names
}

// routable are the accounts that are open here, as routing sees them.
func (s *system) routable() []routing.Account { return payment.Routable(s.channels.Accounts()) }

// routableAnywhere are those of other regions, too, as far as they say: a rule set that is for all of them names them as well.
func (s *system) routableAnywhere() []routing.Account {
	all := s.routable()
	accounts, channels := map[string]bool{}, map[string]bool{}
	for _, a := range all {
		accounts[a.Name], channels[a.Channel] = true, true
	}
	any := routing.FeaturesOf(routing.AllFeatures()...)
	for _, i := range s.nodes.Instances() {
		var d relay.Detail
		if json.Unmarshal(i.Detail, &d) != nil {
			continue // the relay says so
		}
		for _, name := range d.Accounts {
			if !accounts[name] {
				all = append(all, routing.Account{Name: name, Features: any})
				accounts[name] = true
			}
		}
		for _, name := range d.Channels {
			if !channels[name] {
				all = append(all, routing.Account{Name: name + " elsewhere", Channel: name, Features: any}) // no name of an account: it stands for those of the channel
				channels[name] = true
			}
		}
	}
	return all
}

// allowed are the accounts that a merchant's policy allows.
func (s *system) allowed(ctx context.Context, id paymux.MerchantID) ([]string, error) {
	p, err := s.policy(ctx, id)
	return p.Accounts, err
}

// trials try rule sets.
type trials struct {
	*rulebook.Book
	replays *replay.Service
}

// ReplayRouting implements access.RuleSetTrials.
func (t trials) ReplayRouting(ctx context.Context, r paymux.RuleSetReplay) (paymux.RoutingReplay, error) {
	set, err := t.Chosen(ctx, r.Rules)
	if err != nil {
		return paymux.RoutingReplay{}, err
	}
	report, err := t.replays.Run(ctx, set, replay.Options{
		Filter: replay.Filter{Merchant: r.Merchant, From: r.From, To: r.To, After: r.After, Limit: r.Payments}, Mode: r.Mode, Moves: r.Moves,
	})
	if err != nil {
		return paymux.RoutingReplay{}, err
	}
	return *report, nil
}

// replays read what this region's store has.
func (s *system) replays() *replay.Service {
	return replay.New(replay.Config{
		Store: s.store, Accounts: s.routable, Allowed: s.allowed,
		Sets: func(ctx context.Context, version int64) (*routing.RuleSet, error) {
			return s.rules.Chosen(ctx, paymux.RuleSetChoice{Version: version})
		},
	})
}

// routesShown is how payments were routed and how accounts do, as operators see it.
type routesShown struct{ s *system }

func (r routesShown) ExplainRouting(ctx context.Context, id paymux.PaymentID) (paymux.RoutingExplanation, error) {
	p, err := r.s.payments.Find(ctx, id)
	if err != nil {
		return paymux.RoutingExplanation{}, err
	}
	out := paymux.RoutingExplanation{Payment: p.ID, Merchant: p.Merchant, Account: p.Account, Routing: p.Routing}
	if p.Routing != nil {
		out.Text = rulebook.Texts(p.Routing)
	}
	return out, nil
}

func (r routesShown) RoutingHealth(ctx context.Context) ([]paymux.RouteHealth, error) {
	return r.s.health.RoutingHealth(ctx)
}

func (r routesShown) RoutingQuotas(ctx context.Context) ([]paymux.QuotaStatus, error) {
	list, err := r.s.payments.QuotaStatuses(ctx)
	for i := range list {
		list[i].Region = r.s.conf.Region.Name
	}
	return list, err
}

func (r routesShown) PinRoute(ctx context.Context, p paymux.RoutePin) (paymux.RouteHealth, error) {
	return r.s.health.PinRoute(ctx, p)
}

func (s *system) scrapeRouting(c *metrics.Scrape) {
	self := s.rules.Node()
	c.Set("paymux_routing_version", float64(self.Version))
	c.Set("paymux_routing_refusing", metrics.One(self.State == paymux.RuleSetRefused))
	c.Count("paymux_routing_refused_total", s.rules.Refused())
	for kind, n := range s.decisions.kinds() {
		c.Count("paymux_routing_decisions_total", n.Load(), kind)
	}
	for state, n := range s.health.CountStates() {
		c.Set("paymux_routing_accounts", float64(n), string(state))
	}
}

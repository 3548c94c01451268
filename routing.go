package paymux

import (
	"slices"
	"time"
)

// Routing is why a payment went where it went (X4): with the rule set of its version it is enough to choose again.
type Routing struct {
	RuleSet    string      `json:"ruleset"`
	Version    int64       `json:"version"`
	Rule       string      `json:"rule"` // that matched; "designated" and "fallback" where none did
	Reason     string      `json:"reason"`
	Kind       string      `json:"kind,omitempty"`    // of the rule: designated, static, dynamic, fallback
	By         string      `json:"by,omitempty"`      // what ordered the accounts: listed, split, score, priority
	Ranker     string      `json:"ranker,omitempty"`  // the dynamic rule whose order it is, where a static rule left it to them
	Turn       string      `json:"turn,omitempty"`    // explore, probe: why the first is not the best
	At         time.Time   `json:"at,omitzero"`       // when it was decided
	BIN        string      `json:"bin,omitempty"`     // the card number's first six to eight digits
	Network    string      `json:"network,omitempty"` // of the card, as far as it was known
	Object     string      `json:"object,omitempty"`  // country of the transaction object, where a rule asks for it
	Payer      string      `json:"payer,omitempty"`   // a hash that no one can undo; splits stick by it, or by the ID where it is empty
	Card       string      `json:"card,omitempty"`    // number or token, where the request came with one
	Draw       string      `json:"draw,omitempty"`    // the random bits of turns, in hex
	Explore    float64     `json:"explore,omitempty"` // share of payments in which another than the best has its turn
	Probe      float64     `json:"probe,omitempty"`   // share in which each probing account has its turn, where there are any
	Candidates []Candidate `json:"candidates,omitempty"`
	Failovers  []Failover  `json:"failovers,omitempty"`
}

// Shown is what merchants see of it: which rule, which accounts, and why not another; not what accounts cost the platform, how they do with
// others' payments, and what decides turns, which are the operators'. r stays as it is; nil stays nil.
func (r *Routing) Shown() *Routing {
	if r == nil {
		return nil
	}
	s := *r
	s.Payer, s.Draw, s.Explore, s.Probe = "", "", 0, 0
	s.Candidates, s.Failovers = shown(r.Candidates), slices.Clone(r.Failovers)
	for i := range s.Failovers {
		f := &s.Failovers[i]
		f.Payer, f.Draw, f.Explore, f.Probe, f.Candidates = "", "", 0, 0, shown(f.Candidates)
	}
	return &s
}

func shown(candidates []Candidate) []Candidate {
	list := slices.Clone(candidates)
	for i := range list {
		c := &list[i]
		c.Priority, c.Share, c.Success, c.Trials, c.Cost, c.LatencyMS, c.Score = 0, 0, 0, 0, 0, 0, 0
	}
	return list
}

// Candidate is one account that was considered: those that were kept in the order they are tried, then those that were dropped.
type Candidate struct {
	Channel   string  `json:"channel"`
	Account   string  `json:"account"`
	Dropped   string  `json:"dropped,omitempty"`  // what excluded it, for people; empty for those that were kept
	Code      string  `json:"code,omitempty"`     // the same as a word for programs
	Detail    string  `json:"detail,omitempty"`   // what about it: "50000 > 20000 CNY"
	Fallback  bool    `json:"fallback,omitempty"` // considered because nobody of the rule, or no rule, took it
	Place     int     `json:"place,omitempty"`    // where it was named, from 1: the order where nothing else decides
	Health    string  `json:"health,omitempty"`   // abnormal, probing; empty: normal
	Priority  int     `json:"priority,omitempty"` // the lower comes first among equals; 0: 100
	Share     float64 `json:"share,omitempty"`    // of a split, 0 to 1
	Success   float64 `json:"success,omitempty"`  // expected share of payments that succeed
	Trials    float64 `json:"trials,omitempty"`   // how many payments that expectation weighs
	Cost      int64   `json:"cost,omitempty"`     // expected fee in minor units
	LatencyMS int64   `json:"latency_ms,omitempty"`
	Score     float64 `json:"score,omitempty"` // the higher is tried first: of By score or split
}

// Failover is how a payment went on to the next account.
type Failover struct {
	From string    `json:"from"`
	To   string    `json:"to"`
	Why  string    `json:"why"`
	At   time.Time `json:"at,omitzero"`

	// Routing was asked anew, without those that had their turn. What it said, as in Routing:
	RuleSet    string      `json:"ruleset,omitempty"`
	Version    int64       `json:"version,omitempty"`
	Rule       string      `json:"rule,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Kind       string      `json:"kind,omitempty"`
	By         string      `json:"by,omitempty"`
	Ranker     string      `json:"ranker,omitempty"`
	Turn       string      `json:"turn,omitempty"`
	Object     string      `json:"object,omitempty"`
	Payer      string      `json:"payer,omitempty"`
	Draw       string      `json:"draw,omitempty"`
	Explore    float64     `json:"explore,omitempty"`
	Probe      float64     `json:"probe,omitempty"`
	Candidates []Candidate `json:"candidates,omitempty"`
}

// Onward is the failover to an account, with what routing said of it.
func (r *Routing) Onward(from, to, why string) Failover {
	return Failover{
		From: from, To: to, Why: why, At: r.At, RuleSet: r.RuleSet, Version: r.Version, Rule: r.Rule, Reason: r.Reason, Kind: r.Kind, By: r.By,
		Ranker: r.Ranker, Turn: r.Turn, Object: r.Object, Payer: r.Payer, Draw: r.Draw, Explore: r.Explore, Probe: r.Probe, Candidates: r.Candidates,
	}
}

// Again is what routing said at the nth failover, from 0, as it says it of a first attempt.
func (r *Routing) Again(n int) Routing {
	f := &r.Failovers[n]
	return Routing{
		RuleSet: f.RuleSet, Version: f.Version, Rule: f.Rule, Reason: f.Reason, Kind: f.Kind, By: f.By, Ranker: f.Ranker, Turn: f.Turn, At: f.At,
		BIN: r.BIN, Object: f.Object, Payer: f.Payer, Network: r.Network, Card: r.Card, Draw: f.Draw, Explore: f.Explore, Probe: f.Probe, Candidates: f.Candidates,
	}
}

// What Routing says: its kinds, what ordered the accounts, and why the first is not the best.
const (
	RoutedDesignated = "designated"
	RoutedStatic     = "static"
	RoutedDynamic    = "dynamic"
	RoutedFallback   = "fallback"

	OrderedListed   = "listed"
	OrderedSplit    = "split"
	OrderedScore    = "score"
	OrderedPriority = "priority"

	RoutedCardNumber = "number"
	RoutedCardToken  = "token"

	TurnExplore = "explore"
	TurnProbe   = "probe"
)

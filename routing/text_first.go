package routing

import (
	"cmp"

	"github.com/paymux/paymux"
)

// first tells why the first of the order is the first.
func (t *teller) first(r *paymux.Routing, kept []paymux.Candidate) {
	if len(kept) == 0 || r.Kind == "" {
		return
	}
	x := &kept[0]
	best := x
	for i := range kept {
		if better(r.By, &kept[i], best) < 0 {
			best = &kept[i]
		}
	}
	switch {
	case r.Turn != "":
		t.line("first "+r.Turn, name(x.Account))
	case len(kept) == 1:
		t.line("first alone", name(x.Account))
	case best != x:
		t.line("first healthier", name(x.Account), name(best.Account), t.say("health "+healthWord(best)))
	default:
		t.line("first "+decider(r.By, x, kept[1:]), name(x.Account))
	}
}

// decider is what puts a candidate before others that are no healthier: the strategy, or what decides among equals.
func decider(by string, x *paymux.Candidate, others []paymux.Candidate) string {
	scored := by == paymux.OrderedScore || by == paymux.OrderedSplit
	equal, alike := false, false
	for i := range others {
		o := &others[i]
		if healthWord(o) != healthWord(x) {
			continue
		}
		if !scored || o.Score == x.Score {
			equal = true
			alike = alike || priorityOf(o) == priorityOf(x)
		}
	}
	switch {
	case by == paymux.OrderedListed:
		return "listed"
	case scored && !equal:
		return by
	case alike:
		return "place"
	}
	return "priority"
}

// better compares by what orders the accounts, health left out: negative where a comes before b.
func better(by string, a, b *paymux.Candidate) int {
	switch by {
	case paymux.OrderedListed:
		return cmp.Compare(a.Place, b.Place)
	case paymux.OrderedPriority:
		return cmp.Or(cmp.Compare(priorityOf(a), priorityOf(b)), cmp.Compare(a.Place, b.Place))
	}
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(priorityOf(a), priorityOf(b)), cmp.Compare(a.Place, b.Place))
}

func priorityOf(c *paymux.Candidate) int { return cmp.Or(c.Priority, 100) }

func healthWord(c *paymux.Candidate) string { return cmp.Or(c.Health, Normal.String()) }

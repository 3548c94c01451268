package routing

import (
	"fmt"
	"math"
	"slices"

	"github.com/paymux/paymux/internal/boxes"
)

// splits looks at how dynamic rules rank.
func (l *linter) splits() {
	for i := range l.set.Dynamic {
		d, path := &l.set.Dynamic[i], at("dynamic", i)
		if len(d.Split) > 0 {
			l.shares(d, path)
			l.splitAmong(d, path)
		}
		if d.Score != nil {
			l.choice(d, path)
			l.costs(d, path, l.dynamic[i])
		}
	}
}

// shares looks for weights that were to add up to 100 or to 1 and do not.
func (l *linter) shares(d *DynamicRule, path string) {
	sum, positive := 0.0, 0
	for _, name := range sortedKeys(d.Split) {
		if sum += d.Split[name]; d.Split[name] > 0 {
			positive++
		}
	}
	for _, whole := range []float64{100, 1} {
		if off := math.Abs(sum-whole) / whole; positive > 1 && off > 0.0001 && off < 0.15 {
			l.add(SeverityWarning, LintShares, path+".split", fmt.Sprintf("Make them add up to %g, or write percent signs to have it checked.", whole),
				"The shares add up to %g, not to %g: each account gets its share of that.", math.Round(sum*1e6)/1e6, whole)
		}
	}
	if positive == 1 {
		l.add(SeverityWarning, LintShares, path+".split", "Give others a share, or write a static rule.", "One account has all of it.")
	}
}

// splitAmong holds the shares to the accounts they are for.
func (l *linter) splitAmong(d *DynamicRule, path string) {
	if len(d.Among) == 0 {
		return
	}
	for _, name := range sortedKeys(d.Split) {
		if !slices.Contains(d.Among, name) {
			l.add(SeverityWarning, LintShares, path+".split."+clip(name), "Add it to among, or remove its share.", "The account %s is not among the rule's accounts: it never gets its share.", clip(name))
		}
	}
	for i, name := range d.Among {
		if d.Split[name] == 0 {
			l.add(SeverityWarning, LintShares, at(path+".among", i), "Give it a share, or take it out.", "The account %s has no share of the split: it is only tried when the others fail.", clip(name))
		}
	}
}

// choice looks for a score that has nothing to choose from.
func (l *linter) choice(d *DynamicRule, path string) {
	if len(d.Among) == 1 {
		l.add(SeverityWarning, LintNoChoice, path+".among", "Name more accounts, or write a static rule.", "There is one account to score.")
	}
}

// costs looks for accounts whose fee is unknown where cost is weighed: they would look as if they took nothing.
func (l *linter) costs(d *DynamicRule, path string, where extent) {
	if d.Score.Cost == 0 || len(where.boxes) == 0 {
		return
	}
	names, place := d.Among, at(path+".among", 0)
	if len(names) == 0 {
		names, place = sortedKeys(l.accounts), path+".score.cost"
	}
	for i, name := range names {
		if len(d.Among) > 0 {
			place = at(path+".among", i)
		}
		l.cost(name, place, where)
	}
}

func (l *linter) cost(name, path string, where extent) {
	k := l.accounts[name]
	if code, _ := l.excluded(k, where, nil); code != "" {
		return
	}
	const remedy = "Write fees for it under accounts, at the end one without conditions."
	if k == nil || k.rule == nil || len(k.rule.Fees) == 0 {
		l.add(SeverityWarning, LintNoFee, path, remedy, "Cost is weighed, and the account %s has no fees: it counts as free.", clip(name))
		return
	}
	left := boxes.Shared(where.boxes, k.takes)
	for _, f := range k.rule.Fees {
		if e := l.set.extentOf(&Condition{Methods: f.Methods, Currencies: f.Currencies, Networks: f.Networks, Client: f.Client}); e.exact {
			var few bool
			if left, few = boxes.Without(left, e.boxes, mostLeft); !few {
				return
			}
		}
	}
	if len(left) > 0 && where.exact {
		l.add(SeverityWarning, LintNoFee, path, remedy, "Cost is weighed, and some of what the rule matches has no fee at the account %s: it counts as free there.", clip(name))
	}
}

package routing

import (
	"slices"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/boxes"
)

// conditions looks for what no payment meets, and for parts of conditions that change nothing.
func (l *linter) conditions() {
	l.set.walk(func(c *Condition, path string) {
		if len(l.set.extentOf(c).boxes) == 0 {
			l.neverMatches(c, path)
			return
		}
		l.deadWords(c, path)
		if c.Not != nil {
			l.idleNot(c, path)
		}
	})
}

// neverMatches says why. Within another condition it is a warning: the other one may still be met.
func (l *linter) neverMatches(c *Condition, path string) {
	plain := *c
	plain.Any, plain.Not = nil, nil
	severity := SeverityWarning
	if strings.HasSuffix(path, ".when") {
		severity = SeverityError
	}
	add := func(path, remedy, message string) { l.add(severity, LintNeverMatches, path, remedy, "%s", message) }
	left := len(l.set.extentOf(&plain).boxes) > 0
	switch {
	case left && c.Not != nil && len(c.Any) == 0:
		add(path+".not", "Narrow it: it excludes all that the rest lets through.", "The condition is never met: what it excludes is everything.")
	case left:
		add(path, "Let any and not leave something of the rest.", "The condition is never met: its any and not leave nothing of the rest.")
	case !moneyLeft(c):
		add(path+".amounts", "List the same currencies under both, or leave currencies out.", "The condition is never met: amounts has none of its currencies.")
	default:
		add(path, "Leave out merchants or groups, or name merchants of these groups.", "The condition is never met: none of its merchants is in one of its groups.")
	}
}

// moneyLeft reports whether currencies and amounts have a currency in common.
func moneyLeft(c *Condition) bool {
	return len(c.Currencies) == 0 || len(c.Amounts) == 0 || slices.ContainsFunc(c.Currencies, func(one paymux.Currency) bool {
		_, ok := c.Amounts[one]
		return ok
	})
}

// deadWords are entries of lists that another list beside them excludes.
func (l *linter) deadWords(c *Condition, path string) {
	const remedy = "List the same currencies under both, or leave currencies out."
	if len(c.Currencies) > 0 && len(c.Amounts) > 0 {
		for _, one := range sortedKeys(c.Amounts) {
			if !slices.Contains(c.Currencies, one) {
				l.add(SeverityWarning, LintNoEffect, path+".amounts."+string(one), remedy, "%s is not among the currencies: this range is never looked at.", one)
			}
		}
		for i, one := range c.Currencies {
			if _, ok := c.Amounts[one]; !ok {
				l.add(SeverityWarning, LintNoEffect, at(path+".currencies", i), remedy, "%s is not under amounts, so no amount of it matches.", one)
			}
		}
	}
	if len(c.Merchants) > 0 && len(c.Groups) > 0 {
		members, _ := l.set.grouped(c.Groups).List()
		for i, m := range c.Merchants {
			if _, in := slices.BinarySearch(members, string(m)); !in {
				l.add(SeverityWarning, LintNoEffect, at(path+".merchants", i), "Remove it, or leave groups out.", "%s is in none of the groups beside it, so it never matches.", clip(string(m)))
			}
		}
	}
}

// idleNot is a not that excludes nothing of what the rest lets through.
func (l *linter) idleNot(c *Condition, path string) {
	rest := *c
	rest.Not = nil
	if not := l.set.extentOf(c.Not).boxes; len(not) > 0 && !boxes.Cross(l.set.extentOf(&rest).boxes, not) {
		l.add(SeverityWarning, LintNoEffect, path+".not", "Remove it, or correct it.", "It excludes nothing that the rest of the condition lets through.")
	}
}

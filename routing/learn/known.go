package learn

import (
	"cmp"
	"maps"
	"slices"

	"github.com/paymux/paymux/routing"
)

// Accounts are the names of all that something was observed, or adopted, of.
func (b *Book) Accounts() []string { return slices.Sorted(maps.Keys(*b.accounts.Load())) }

// Unwell is how many accounts, and merchants at one, are abnormal or probing by what was learnt.
func (b *Book) Unwell() int { return int(b.unwell.Load()) }

// Learnt is what is known of a kind at an account.
type Learnt struct {
	Account string
	Kind    routing.Kind // empty: all of them
	routing.Figures
}

// Learnt are the figures of an account: of all kinds first, then of each, for people.
func (b *Book) Learnt(account string) []Learnt {
	a := b.find(account)
	if a == nil {
		return nil
	}
	now := b.clock.Load()
	var all []Learnt
	a.kinds.each(func(k routing.Kind, r *rate) { all = append(all, Learnt{account, k, b.figures(r, now)}) })
	slices.SortFunc(all, func(x, y Learnt) int {
		return cmp.Or(cmp.Compare(x.Kind.Method, y.Kind.Method), cmp.Compare(x.Kind.Currency, y.Kind.Currency), cmp.Compare(x.Kind.Client, y.Kind.Client))
	})
	return slices.Insert(all, 0, Learnt{account, routing.Kind{}, b.figures(&a.all, now)})
}

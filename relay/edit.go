package relay

import (
	"slices"

	"github.com/paymux/paymux"
)

// movedTo begins the name of the rules that Move makes.
const movedTo = "moved to "

// Move returns the list with all that is new of some merchants sent to one region, whatever its other rules say of
// them (A15). Rules that named these merchants alone go; nothing else changes.
func (l *List) Move(to string, merchants ...paymux.MerchantID) *List {
	next := *l
	next.Rules = nil
	target := Rule{Name: movedTo + to, To: []Target{{Region: to, Weight: 1}}}
	for _, r := range l.Rules {
		if r.Name == target.Name {
			target = r
			continue
		}
		had := len(r.Merchants) > 0
		if r.Merchants = others(r.Merchants, merchants); !had || len(r.Merchants) > 0 {
			next.Rules = append(next.Rules, r)
		}
	}
	target.Merchants = append(others(target.Merchants, merchants), merchants...)
	next.Rules = slices.Insert(next.Rules, 0, target)
	return &next
}

// Unmove returns the list as it would be had these merchants never been moved: the rules say again where they go.
func (l *List) Unmove(merchants ...paymux.MerchantID) *List {
	next := *l
	next.Rules = nil
	for _, r := range l.Rules {
		if len(r.To) == 1 && r.Name == movedTo+r.To[0].Region {
			if r.Merchants = others(r.Merchants, merchants); len(r.Merchants) == 0 {
				continue
			}
		}
		next.Rules = append(next.Rules, r)
	}
	return &next
}

// Weigh returns the list with another weight for a region, among those with the same jurisdiction and as a target of
// rules. ok is false where the list has no such region.
func (l *List) Weigh(region string, weight float64) (next *List, ok bool) {
	next = &List{}
	*next = *l
	next.Regions, next.Rules = slices.Clone(l.Regions), slices.Clone(l.Rules)
	for i := range next.Regions {
		if next.Regions[i].Name == region {
			next.Regions[i].Weight, ok = weight, true
		}
	}
	for i := range next.Rules {
		r := &next.Rules[i]
		r.To = slices.Clone(r.To)
		for j := range r.To {
			if r.To[j].Region == region && len(r.To) > 1 {
				r.To[j].Weight = weight
			}
		}
	}
	return next, ok
}

// others are those not among some.
func others(list, some []paymux.MerchantID) []paymux.MerchantID {
	return slices.DeleteFunc(slices.Clone(list), func(m paymux.MerchantID) bool { return slices.Contains(some, m) })
}

package routing

import (
	"cmp"
	"maps"
	"slices"

	"github.com/paymux/paymux/internal/boxes"
)

// walk visits every condition of the rules, and those within them.
func (s *RuleSet) walk(visit func(c *Condition, path string)) {
	var within func(c *Condition, path string)
	within = func(c *Condition, path string) {
		visit(c, path)
		for i := range c.Any {
			within(&c.Any[i], at(path+".any", i))
		}
		if c.Not != nil {
			within(c.Not, path+".not")
		}
	}
	for i := range s.Designated {
		within(&s.Designated[i].When, at("designated", i)+".when")
	}
	for i := range s.Static {
		within(&s.Static[i].When, at("static", i)+".when")
	}
	for i := range s.Dynamic {
		within(&s.Dynamic[i].When, at("dynamic", i)+".when")
	}
}

// names are the groups and areas that are used.
func (s *RuleSet) names() (groups, areas map[string]bool) {
	groups, areas = map[string]bool{}, map[string]bool{}
	use := func(into map[string]bool, lists ...[]string) {
		for _, list := range lists {
			for _, name := range list {
				into[name] = true
			}
		}
	}
	s.walk(func(c *Condition, _ string) {
		use(groups, c.Groups)
		use(areas, c.Client, c.Object)
	})
	for i := range s.Accounts {
		use(groups, s.Accounts[i].BlockedGroups)
		use(areas, s.Accounts[i].Client)
		for j := range s.Accounts[i].Fees {
			use(areas, s.Accounts[i].Fees[j].Client)
		}
	}
	return groups, areas
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func extentOfAll() extent { return extent{boxes: []boxes.Box{{}}, exact: true} }

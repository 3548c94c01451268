package relay

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/document"
)

// lint looks for what can be read and still cannot work.
func (p *parser) lint(l *List) {
	p.lintRegions(l)
	p.lintPlaces(l)
	p.lintRules(l)
}

func (p *parser) lintRegions(l *List) {
	if len(l.Regions) == 0 {
		p.Fault("regions", "List every region with its name and number.", "There are no regions.")
	}
	for i, g := range l.Regions {
		at := fmt.Sprintf("regions[%d]", i)
		if g.Name == "" || strings.ContainsAny(g.Name, ".*> \t\r\n") {
			p.Fault(at, "Write the name of the region's nodes: no dots, blanks and wildcards.", "%q is no region's name.", document.Clip(g.Name))
		}
		for _, other := range l.Regions[:i] {
			if other.Name == g.Name {
				p.Fault(at, "Keep one of them.", "The region %s is listed twice.", g.Name)
			}
			if other.Number == g.Number {
				p.Fault(at, "Every region has a number of its own.", "The regions %s and %s both have the number %d.", other.Name, g.Name, g.Number)
			}
		}
		p.countries(at+".countries", g.Countries, nil)
	}
}

func (p *parser) lintPlaces(l *List) {
	for name, countries := range l.Areas {
		at := "areas." + document.Clip(name)
		if isCountry(name) || name == "" {
			p.Fault(at, "Call it something else than two capital letters.", "An area cannot be called as a country is.")
		}
		p.countries(at, countries, nil)
	}
	for i, a := range l.Accounts {
		at := fmt.Sprintf("accounts[%d]", i)
		if a.Name == "" {
			p.Fault(at, "Name it.", "The account has no name.")
		}
		if slices.ContainsFunc(l.Accounts[:i], func(b ListedAccount) bool { return a.Name == b.Name }) {
			p.Fault(at, "Keep one of them.", "The account %s is listed twice.", document.Clip(a.Name))
		}
		if a.Country != "" {
			p.countries(at+".country", []string{a.Country}, nil)
		}
		words(p, at+".methods", a.Methods, paymux.MethodTypes())
	}
}

func (p *parser) lintRules(l *List) {
	if len(l.Rules) == 0 {
		p.Fault("rules", "End with a rule without conditions.", "There are no rules.")
		return
	}
	for i := range l.Rules {
		p.lintRule(l, i)
	}
	last := len(l.Rules) - 1
	if r := &l.Rules[last]; r.By != "" || r.narrow() {
		p.Fault(fmt.Sprintf("rules[%d]", last), "End with a rule that has no conditions and names regions, for whatever no other rule matches.", "The last rule does not match everything.")
	}
}

func (p *parser) lintRule(l *List, i int) {
	r, at := &l.Rules[i], fmt.Sprintf("rules[%d]", i)
	if r.Name == "" {
		p.Fault(at, "Name it: the name is on the timeline of every payment it decides.", "The rule has no name.")
	}
	for j := range l.Rules[:i] {
		earlier := &l.Rules[j]
		if earlier.Name == r.Name && r.Name != "" {
			p.Fault(at, "Rename one.", "Two rules are called %s.", document.Clip(r.Name))
		}
		if earlier.By == "" && earlier.covers(r, l.Areas) {
			p.Fault(at, fmt.Sprintf("Move it before %q, narrow that one, or remove this one.", document.Clip(earlier.Name)),
				"It is never reached: the rule %q before it matches whatever this one would.", document.Clip(earlier.Name))
			break
		}
	}
	for n, m := range r.Merchants {
		if !strings.HasPrefix(string(m), paymux.PrefixMerchant) {
			p.Fault(fmt.Sprintf("%s.merchants[%d]", at, n), "Merchants' IDs begin with "+paymux.PrefixMerchant+".", "%q is no merchant's ID.", document.Clip(string(m)))
		}
	}
	words(p, at+".services", r.Services, paymux.ServiceTypes())
	words(p, at+".methods", r.Methods, paymux.MethodTypes())
	p.countries(at+".client", r.Client, l.Areas)
	p.countries(at+".object", r.Object, l.Areas)
	words(p, at+".rematch", []Rematch{r.Rematch}, []Rematch{RematchRule, RematchNever, "any", RematchAny})
	p.lintTargets(l, r, at)
}

func (p *parser) lintTargets(l *List, r *Rule, at string) {
	switch {
	case r.By != "" && len(r.To) > 0:
		p.Fault(at+".by", "Keep by, or to.", "The rule has both by and to.")
	case r.By != "":
		words(p, at+".by", []Location{r.By}, []Location{ByClient, ByObject})
		if !slices.ContainsFunc(l.Regions, func(g ListedRegion) bool { return len(g.Countries) > 0 && g.Weight > 0 }) {
			p.Fault(at+".by", "Give regions countries.", "No region has jurisdiction over any country.")
		}
		return
	case len(r.To) == 0:
		p.Fault(at, "Name regions with to, or say by: client or by: object.", "The rule sends nowhere.")
		return
	}
	total := 0.0
	for n, t := range r.To {
		here := fmt.Sprintf("%s.to[%d]", at, n)
		if !slices.ContainsFunc(l.Regions, func(g ListedRegion) bool { return g.Name == t.Region }) {
			p.Fault(here, "List it under regions, or name one of "+strings.Join(names(l.Regions), ", ")+".", "There is no region %q.", document.Clip(t.Region))
		}
		if slices.ContainsFunc(r.To[:n], func(other Target) bool { return other.Region == t.Region }) {
			p.Fault(here, "Add their weights up in one.", "The region %s is named twice.", document.Clip(t.Region))
		}
		total += t.Weight
	}
	if total <= 0 {
		p.Fault(at+".to", "Give one a weight above 0.", "All weights are 0: the rule sends nowhere.")
	}
	p.lintPercent(r, at, total)
}

// lintPercent holds weights that are written as percent to what they say.
func (p *parser) lintPercent(r *Rule, at string, total float64) {
	written := 0
	for n := range r.To {
		if p.Percent(fmt.Sprintf("%s.to[%d].weight", at, n)) {
			written++
		}
	}
	switch {
	case written == 0:
	case written < len(r.To):
		p.Fault(at+".to", "Write all of them as percent, or none.", "Some weights are percent and some are not.")
	case math.Abs(total-100) > 0.01:
		p.Fault(at+".to", "Make them add up to 100 %.", "The weights add up to %g %%.", total)
	}
}

// narrow reports whether the rule has any condition.
func (r *Rule) narrow() bool {
	return len(r.Merchants)+len(r.Services)+len(r.Client)+len(r.Object)+len(r.Channels)+len(r.Methods) > 0
}

// covers reports whether r matches whatever other matches.
func (r *Rule) covers(other *Rule, areas map[string][]string) bool {
	return within(other.Merchants, r.Merchants) && within(other.Services, r.Services) &&
		within(spread(other.Client, areas), spread(r.Client, areas)) && within(spread(other.Object, areas), spread(r.Object, areas)) &&
		within(other.Channels, r.Channels) && within(other.Methods, r.Methods)
}

// within reports whether a condition lets through no more than another. An empty one lets everything through.
func within[T comparable](inner, outer []T) bool {
	if len(outer) == 0 {
		return true
	}
	return len(inner) > 0 && !slices.ContainsFunc(inner, func(x T) bool { return !slices.Contains(outer, x) })
}

// spread puts countries in the place of areas.
func spread(places []string, areas map[string][]string) []string {
	var out []string
	for _, place := range places {
		if countries, ok := areas[place]; ok {
			out = append(out, countries...)
		} else {
			out = append(out, place)
		}
	}
	return out
}

func (p *parser) countries(path string, list []string, areas map[string][]string) {
	for i, c := range list {
		if _, ok := areas[c]; ok || isCountry(c) {
			continue
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		if p.Line(at) == 0 {
			at = path
		}
		p.Fault(at, "Write ISO 3166-1 codes of two capital letters, such as CN (ZZ: not known), or the name of an area of this list.", "%q is no country.", document.Clip(c))
	}
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// words checks that each is one of the known.
func words[S ~string](p *parser, path string, given, known []S) {
	for i, w := range given {
		if slices.Contains(known, w) {
			continue
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		if p.Line(at) == 0 {
			at = path
		}
		list := make([]string, 0, len(known))
		for _, k := range known {
			if k != "" {
				list = append(list, string(k))
			}
		}
		p.Fault(at, "Write one of "+strings.Join(list, ", ")+".", "%q is not known.", document.Clip(string(w)))
	}
}

func names(regions []ListedRegion) []string {
	out := make([]string, 0, len(regions))
	for _, g := range regions {
		out = append(out, g.Name)
	}
	return out
}

package routing

import "github.com/paymux/paymux"

// deciding is a decision being made.
type deciding struct {
	v      *View
	in     inputs
	object string // of the transaction; empty: no rule asks

	rule, kind, by string
	needs          []Feature // of the rule
	final          bool
	ranker         *ranker // dynamic rule that orders; nil: none does

	chairs // the candidates as they were considered, and the order of the kept
	turn   string
	spare  bool // the fallback's are being considered
}

// candidate is an account that is considered.
type candidate struct {
	place
	spare  bool // by the fallback
	drop   drop
	about  string // the feature that is missing, the quota that is full
	health Health

	share, score float64
	figures      Figures
	fee          int64
}

func (d *deciding) decide() {
	if d.v.program.objects {
		d.object = d.v.object(d.in.r)
		d.in.object = countryNumber(d.object)
	}
	if name := d.in.r.Designated; name != "" {
		d.designated(name)
	} else {
		d.consider(d.choose())
	}
	if d.kept == 0 && !d.final {
		d.fallBack()
	}
	d.order()
}

// designated considers the account a request names.
func (d *deciding) designated(name string) {
	d.rule, d.kind, d.by, d.final = paymux.RoutedDesignated, paymux.RoutedDesignated, paymux.OrderedListed, true
	for i := range d.v.accounts {
		if d.v.accounts[i].Name == name {
			d.add(place{i, name})
			return
		}
	}
	d.add(place{nobody, name})
}

// choose finds the rule, and the places it names.
func (d *deciding) choose() stretch {
	p := d.v.program
	if i := p.designated.first(&d.in); i >= 0 {
		d.rule, d.kind, d.by = p.Set.Designated[i].Name, paymux.RoutedDesignated, paymux.OrderedListed
		return d.v.designated[i]
	}
	if i := p.static.first(&d.in); i >= 0 {
		rule := &p.Set.Static[i]
		d.rule, d.kind, d.by, d.needs, d.final = rule.Name, paymux.RoutedStatic, paymux.OrderedListed, rule.Needs, rule.Final
		if rule.Order == OrderDynamic {
			d.rankBy(p.dynamic.first(&d.in))
		}
		return d.v.static[i]
	}
	if i := p.dynamic.first(&d.in); i >= 0 {
		rule := &p.Set.Dynamic[i]
		d.rule, d.kind, d.needs, d.final = rule.Name, paymux.RoutedDynamic, rule.Needs, rule.Final
		d.rankBy(i)
		return d.v.dynamic[i]
	}
	d.rule, d.kind, d.by = paymux.RoutedFallback, paymux.RoutedFallback, paymux.OrderedPriority
	return stretch{}
}

// rankBy leaves the order to a dynamic rule.
func (d *deciding) rankBy(i int) {
	if i >= 0 {
		d.ranker = &d.v.program.rankers[i]
		d.by = d.ranker.by
	}
}

// fallBack considers the fallback's accounts. What excluded an account already, a need of
// the rule's own aside, excludes it here, too.
func (d *deciding) fallBack() {
	d.spare, d.by, d.ranker, d.needs = true, paymux.OrderedPriority, nil, nil
	before := d.n
	for _, p := range d.v.places[d.v.fallback.from:d.v.fallback.to] {
		if !d.excluded(before, p.name) {
			d.add(p)
		}
	}
}

func (d *deciding) excluded(before int, name string) bool {
	for i := range before {
		if one := d.at(i); one.name == name && one.drop != dropNeed {
			return true
		}
	}
	return false
}

func (d *deciding) consider(s stretch) {
	for _, p := range d.v.places[s.from:s.to] {
		d.add(p)
	}
}

// add keeps an account or drops it.
func (d *deciding) add(p place) {
	one := d.seat()
	one.place, one.spare = p, d.spare
	if one.drop = d.restriction(one); one.drop == 0 {
		d.keep(d.n - 1)
	}
}

func (d *deciding) decision() Decision {
	out := Decision{Rule: d.rule, Kind: d.kind, By: d.by, Turn: d.turn, Fallback: d.spare && d.kept > 0}
	if d.kept == 0 {
		return out
	}
	out.Order = make([]string, d.kept)
	for n := range out.Order {
		out.Order[n] = d.at(d.place(n)).name
	}
	return out
}

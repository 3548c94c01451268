package relay

import (
	"fmt"
	"strings"

	"github.com/paymux/paymux"
)

// Request is what assignment looks at.
type Request struct {
	Merchant paymux.MerchantID
	Service  paymux.ServiceType
	Country  string // the client's; empty or ZZ: nobody knows
	Account  string // designated by the application; empty: routing decides
	Method   paymux.MethodType
}

// Standing is how a region stands when something new is to be assigned.
type Standing struct {
	Down    string // why it cannot take anything; empty: it can
	Unfit   string // why it should not; empty: nothing speaks against it
	Lacking bool   // it has said what it serves, and what the request needs is not among it
	Serves  bool   // it has said that it serves what the request needs
}

// Decision is where a request goes and why.
type Decision struct {
	Rule   string
	Home   string // the list's and the hash's region, whatever its state
	To     string // where it goes; empty: no region can take it
	Outage bool   // home cannot take it, as opposed to should not
	Why    string // one line for the timeline
}

// plan is an assignment list made ready. It is immutable; what it decides depends on its arguments alone.
type plan struct {
	list   *List
	rules  []prepared
	byName map[string]*ListedAccount
	byWay  map[paymux.MethodType]object // of accounts with the method
	all    []Target                     // every region that takes anything new, alike
}

// object is what is known of the institution a request is for.
type object struct{ channel, country string }

// prepared is a rule with its conditions as sets.
type prepared struct {
	*Rule
	merchants map[paymux.MerchantID]bool
	client    map[string]bool
	object    map[string]bool
	by        map[string][]Target // regions by the country they have jurisdiction over
	lines     map[string]string   // for the timeline, by region of To
}

func prepare(l *List) *plan {
	p := &plan{list: l, byName: map[string]*ListedAccount{}, byWay: map[paymux.MethodType]object{}}
	seen := map[paymux.MethodType]bool{}
	for i := range l.Accounts {
		a := &l.Accounts[i]
		p.byName[a.Name] = a
		for _, m := range a.Methods {
			o := object{a.Channel, a.Country}
			if seen[m] {
				o = o.common(p.byWay[m])
			}
			p.byWay[m], seen[m] = o, true
		}
	}
	jurisdiction := map[string][]Target{}
	for _, g := range l.Regions {
		if g.Weight > 0 {
			p.all = append(p.all, Target{Region: g.Name, Weight: 1})
		}
		for _, c := range g.Countries {
			jurisdiction[c] = append(jurisdiction[c], Target{Region: g.Name, Weight: g.Weight})
		}
	}
	for i := range l.Rules {
		r := &l.Rules[i]
		ready := prepared{Rule: r, merchants: set(r.Merchants), client: set(spread(r.Client, l.Areas)), object: set(spread(r.Object, l.Areas))}
		if r.By != "" {
			ready.by = jurisdiction
		}
		ready.lines = map[string]string{}
		for _, t := range r.To {
			ready.lines[t.Region] = p.usual(&ready, t.Region, len(r.To))
		}
		p.rules = append(p.rules, ready)
	}
	return p
}

// common keeps what two accounts agree on.
func (o object) common(other object) object {
	if o.channel != other.channel {
		o.channel = ""
	}
	if o.country != other.country {
		o.country = ""
	}
	return o
}

func set[T comparable](list []T) map[T]bool {
	if len(list) == 0 {
		return nil
	}
	m := make(map[T]bool, len(list))
	for _, x := range list {
		m[x] = true
	}
	return m
}

// unknownCountry is where nobody can place the client: private addresses, and those that no country has.
const unknownCountry = "ZZ"

// object is where the transaction object is: the designated account, or what all accounts with the method have in common.
func (p *plan) object(q *Request) object {
	if q.Account != "" {
		if a := p.byName[q.Account]; a != nil {
			return object{a.Channel, a.Country}
		}
		return object{}
	}
	return p.byWay[q.Method]
}

// find returns the first rule that matches, and its regions.
func (p *plan) find(q *Request, o object) (*prepared, []Target) {
	country := q.Country
	if country == "" {
		country = unknownCountry
	}
	for i := range p.rules {
		r := &p.rules[i]
		if !r.matches(q, o, country) {
			continue
		}
		switch r.By {
		case "":
			return r, r.To
		case ByClient:
			if to := r.by[country]; len(to) > 0 {
				return r, to
			}
		case ByObject:
			if to := r.by[o.country]; len(to) > 0 {
				return r, to
			}
		}
	}
	return nil, nil
}

func (r *prepared) matches(q *Request, o object, country string) bool {
	return (r.merchants == nil || r.merchants[q.Merchant]) &&
		(r.client == nil || r.client[country]) &&
		(r.object == nil || r.object[o.country]) &&
		named(r.Services, q.Service) && named(r.Methods, q.Method) && named(r.Channels, o.channel)
}

func named[S comparable](list []S, x S) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return len(list) == 0
}

// home is the region that the list and the hash alone give; empty: none.
func (p *plan) home(q *Request) string {
	_, targets := p.find(q, p.object(q))
	if t := first(targets, string(q.Merchant), string(q.Service)); t != nil {
		return t.Region
	}
	return ""
}

// decide puts a request somewhere. look tells how a region stands now.
func (p *plan) decide(q *Request, look func(region string) Standing) Decision {
	o := p.object(q)
	r, targets := p.find(q, o)
	home := first(targets, string(q.Merchant), string(q.Service))
	if home == nil {
		return Decision{Why: "no rule of the assignment list has a region for it"}
	}
	d := Decision{Rule: r.Name, Home: home.Region, To: home.Region}
	s := look(home.Region)
	if s.Down == "" && s.Unfit == "" {
		if d.Why = r.lines[d.Home]; r.By != "" {
			d.Why = p.usual(r, d.Home, len(targets))
		}
		return d
	}
	return p.rematch(d, s, q, r, targets, look)
}

// rematch looks for another region (A13): one of the rule's, then any that serves what the request needs. What
// merely should not take more is kept where there is nothing better.
func (p *plan) rematch(d Decision, s Standing, q *Request, r *prepared, targets []Target, look func(string) Standing) Decision {
	reason := s.Down
	if d.Outage = s.Down != ""; !d.Outage {
		reason = s.Unfit
	}
	merchant, service := string(q.Merchant), string(q.Service)
	for _, fit := range []bool{true, false} {
		if !fit && !d.Outage {
			break
		}
		if r.Rematch != RematchNever {
			for _, t := range ranked(targets, merchant, service) {
				if s := look(t.Region); t.Region != d.Home && s.Down == "" && !s.Lacking && (!fit || s.Unfit == "") {
					d.To, d.Why = t.Region, fmt.Sprintf("to region %s, the next by hash of the rule's, as region %s cannot be used: %s", t.Region, d.Home, reason)
					return p.under(d, r)
				}
			}
		}
		if r.Rematch == RematchAny {
			for _, t := range ranked(p.all, merchant, service) {
				if s := look(t.Region); t.Region != d.Home && s.Down == "" && s.Serves && (!fit || s.Unfit == "") {
					d.To, d.Why = t.Region, fmt.Sprintf("to region %s, which serves the same, as region %s cannot be used: %s", t.Region, d.Home, reason)
					return p.under(d, r)
				}
			}
		}
	}
	if d.Outage {
		d.To, d.Why = "", fmt.Sprintf("region %s cannot be used, and there is no other: %s", d.Home, reason)
		return d
	}
	d.Why = fmt.Sprintf("to region %s, although %s: no other region can take it", d.Home, reason)
	return p.under(d, r)
}

// under adds the rule.
func (p *plan) under(d Decision, r *prepared) Decision {
	if r.Name != "" {
		d.Why += fmt.Sprintf(" (rule %q, assignment list %d)", r.Name, p.list.Version)
	}
	return d
}

// usual is the line of what goes where the list puts it.
func (p *plan) usual(r *prepared, region string, of int) string {
	var b strings.Builder
	b.WriteString("to region ")
	b.WriteString(region)
	if r.Name != "" {
		fmt.Fprintf(&b, " by rule %q of assignment list %d", r.Name, p.list.Version)
	}
	switch r.By {
	case ByClient:
		b.WriteString(", which has jurisdiction over the client's country")
	case ByObject:
		b.WriteString(", which has jurisdiction over the institution's country")
	}
	if of > 1 || r.Name == "" {
		fmt.Fprintf(&b, ", by hash of merchant and service type over %d", of)
	}
	return b.String()
}

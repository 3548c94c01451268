package routing

import (
	"maps"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// Program is a rule set made ready to decide. It is never changed, and safe for concurrent use.
type Program struct {
	Set    *RuleSet     // nobody changes it any more
	Health HealthPolicy // with its defaults filled in

	words      *words
	zone       *time.Location
	clocked    bool // a rule asks for the hour or the day
	objects    bool // a rule asks for the transaction object
	accounts   map[string]*terms
	designated *index
	static     *index
	dynamic    *index
	rankers    []ranker // of dynamic rules
}

// Compile makes a rule set ready. The error is a Faults with all that is wrong with it. The time zone is
// looked up where Go looks for them; nothing else outside s is read.
func Compile(s *RuleSet) (*Program, error) {
	if faults := check(s); len(faults) > 0 {
		return nil, faults
	}
	p := &Program{Set: s, Health: s.Health.OrDefault(), words: newWords(s), accounts: make(map[string]*terms, len(s.Accounts))}
	p.zone, _ = time.LoadLocation(s.TimeZone) // check has seen that there is one
	for i := range s.Accounts {
		p.accounts[s.Accounts[i].Name] = p.terms(&s.Accounts[i])
	}
	p.designated = indexOf(p, s.Designated, func(d *Designation) *Condition { return &d.When })
	p.static = indexOf(p, s.Static, func(r *StaticRule) *Condition { return &r.When })
	p.dynamic = indexOf(p, s.Dynamic, func(r *DynamicRule) *Condition { return &r.When })
	for i := range s.Dynamic {
		p.rankers = append(p.rankers, newRanker(&s.Dynamic[i]))
	}
	return p, nil
}

func indexOf[R any](p *Program, rules []R, when func(*R) *Condition) *index {
	list := make([]*condition, len(rules))
	for i := range rules {
		c := when(&rules[i])
		p.notes(c)
		list[i] = p.words.condition(c)
	}
	return newIndex(list)
}

// notes remembers what has to be found out before conditions can be asked.
func (p *Program) notes(c *Condition) {
	p.clocked = p.clocked || len(c.Hours) > 0
	p.objects = p.objects || len(c.Object) > 0
	for i := range c.Any {
		p.notes(&c.Any[i])
	}
	if c.Not != nil {
		p.notes(c.Not)
	}
}

// Quotas are those of an account.
func (p *Program) Quotas(account string) []Quota {
	if t := p.accounts[account]; t != nil {
		return t.rule.Quotas
	}
	return nil
}

// Day is the number of days since 1970 in the rule set's time zone: quotas are counted by it.
func (p *Program) Day(at time.Time) int32 { return dateOf(at.In(p.zone)) }

// Fee is what an account's institution is expected to take of a payment, in minor units; 0 where the rules have no fee for it.
func (p *Program) Fee(account string, r *Request) int64 {
	t := p.accounts[account]
	if t == nil || len(t.fees) == 0 {
		return 0
	}
	in := p.read(r)
	return t.fee(&in)
}

// ranker is a dynamic rule made ready to order accounts.
type ranker struct {
	*DynamicRule
	by   string
	hash uint64  // of its name
	sum  float64 // of its split
}

func newRanker(d *DynamicRule) ranker {
	r := ranker{DynamicRule: d, by: paymux.OrderedSplit, hash: hashed(d.Name)}
	if d.Score != nil {
		r.by = paymux.OrderedScore
	}
	for _, name := range slices.Sorted(maps.Keys(d.Split)) { // floats add up the same in the same order only
		r.sum += d.Split[name]
	}
	return r
}

// share is an account's of the split.
func (r *ranker) share(account string) float64 {
	if r.sum == 0 {
		return 0
	}
	return r.Split[account] / r.sum
}

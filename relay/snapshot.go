package relay

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// snapshot is what requests are decided by: regions and list as they are at one moment. It is never changed.
type snapshot struct {
	plan     *plan
	places   []*place // in the order of their names
	byName   map[string]*place
	byNumber map[paymux.Region]*place
	shared   bool // new requests may go to more than one region, so keys have to be journaled
	partial  bool // there may be other regions that are not known yet
	before   []former
}

// place is a region as it stands, with circuit and counts, which outlive snapshots.
type place struct {
	Region
	circuit *circuit
	tally   *tally
	unfit   string
}

// former is a list that was in force, and until when.
type former struct {
	plan  *plan
	until time.Time
}

// build makes the snapshot of now. Only one build runs at a time.
func (r *Relay) build() {
	now := r.conf.Now()
	partial := !r.read() // asked first: what was read is what follows
	l, regions := r.list(), r.conf.Directory.Regions()
	_, stale := r.conf.Directory.Stale()
	before := r.shown.Load()
	s := &snapshot{byName: map[string]*place{}, byNumber: map[paymux.Region]*place{}, partial: partial}
	if before != nil && before.plan.list == l {
		s.plan, s.before = before.plan, before.before
	} else {
		s.plan = prepare(l)
		s.before = formers(before, now, r.timing().Horizon)
	}
	for _, g := range withListed(regions, l) {
		s.places = append(s.places, r.place(g, &l.Condition, stale, now))
	}
	slices.SortFunc(s.places, func(a, b *place) int { return cmp.Compare(a.Name, b.Name) })
	for _, p := range s.places {
		s.byName[p.Name] = p
		if other := s.byNumber[p.Number]; other != nil {
			r.conf.Log.Error("two regions have the same number; only one of them is asked", "number", p.Number, "regions", []string{other.Name, p.Name})
			continue
		}
		s.byNumber[p.Number] = p
	}
	s.shared = r.ledger != nil && (len(s.places) > 1 || partial)
	r.shown.Store(s)
	if r.conf.Listed != nil && (before == nil || before.plan.list != l) {
		r.conf.Listed(l.Version)
	}
}

// mostFormer is how many lists are remembered. Of those before them, as of those before this process began, nothing is known.
const mostFormer = 32

// formers are the lists that were in force within the horizon before this one.
func formers(before *snapshot, now time.Time, horizon time.Duration) []former {
	if before == nil {
		return nil
	}
	all := append(slices.Clone(before.before), former{before.plan, now})
	all = all[max(0, len(all)-mostFormer):]
	return slices.DeleteFunc(all, func(f former) bool { return now.Sub(f.until) > horizon })
}

// withListed adds the regions that are listed and that nobody has seen.
func withListed(regions []Region, l *List) []Region {
	all := slices.Clone(regions)
	for _, listed := range l.Regions {
		if !slices.ContainsFunc(all, func(g Region) bool { return g.Name == listed.Name }) {
			all = append(all, Region{Name: listed.Name, Number: listed.Number, Down: "none of its nodes is known"})
		}
	}
	return all
}

// place looks at a region. While the directory is stale, what it says of usage is old: then only the circuit counts.
func (r *Relay) place(g Region, c *Condition, stale bool, now time.Time) *place {
	if g.Node == nil && g.Down == "" {
		g.Down = "it cannot be reached from here"
	}
	k := r.circuits[g.Name]
	if k == nil {
		k = newCircuit()
		r.circuits[g.Name], r.tallies[g.Name] = k, &tally{}
	}
	p := &place{Region: g, circuit: k, tally: r.tallies[g.Name]}
	if !stale {
		f := r.fitness[g.Name].next(c, g.Usage, now)
		r.fitness[g.Name] = f
		p.unfit = f.why
	}
	return p
}

// stable reports whether every list that was in force within the horizon, at any frontend, puts a request where this one does.
func (s *snapshot) stable(q *Request, now time.Time, horizon time.Duration) bool {
	oldest, home := s.plan.list, s.plan.home(q)
	if oldest.own {
		return false
	}
	for i := len(s.before) - 1; i >= 0 && now.Sub(s.before[i].until) <= horizon; i-- {
		f := s.before[i]
		if oldest = f.plan.list; oldest.own || f.plan.home(q) != home {
			return false
		}
	}
	return oldest.fixed || now.Sub(oldest.Since) > horizon // otherwise there was one that is not known here
}

// standing is how a region stands for a request. Regions that were tried for it are down for it.
func (s *snapshot) standing(q *Request, tried map[string]bool, now time.Time) func(string) Standing {
	o := s.plan.object(q)
	return func(name string) Standing {
		p := s.byName[name]
		if p == nil {
			return Standing{Down: "it is not known here"}
		}
		st := Standing{Down: p.Down, Unfit: p.unfit, Serves: p.serves(q, o.channel)}
		st.Lacking = !p.silent() && !st.Serves
		switch {
		case st.Down != "":
		case tried[name]:
			st.Down = "it did not take this request"
		case len(s.places) > 1 && !p.circuit.ready(now):
			st.Down = "it does not answer"
		}
		return st
	}
}

// names are the regions' names, for messages.
func (s *snapshot) names() []string { return slices.Sorted(maps.Keys(s.byName)) }

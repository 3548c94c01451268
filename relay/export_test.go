package relay

import "time"

// Plan is a list made ready, for tests of what it decides.
type Plan struct{ p *plan }

func PlanOf(l *List) Plan { return Plan{prepare(l)} }

func (p Plan) Decide(q Request, look func(string) Standing) Decision { return p.p.decide(&q, look) }

func (p Plan) Home(q Request) string { return p.p.home(&q) }

// Fitness walks the usage condition.
type Fitness struct{ f fitness }

func (f Fitness) Next(c Condition, u Usage, now time.Time) Fitness {
	return Fitness{f.f.next(&c, u, now)}
}

func (f Fitness) Why() string { return f.f.why }

var Suggested = suggested

// EntryName is a key's name in the journal.
var EntryName = entryName

const MostBare = mostBare

// Spare is what becomes of a region that was found silent.
func (r *Relay) Spare(region string) { r.spare(r.shown.Load().byName[region]) }

// Spared reports whether it is given nothing.
func (r *Relay) Spared(region string) bool { return r.shown.Load().byName[region].circuit.tripped() }

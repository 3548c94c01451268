package tally

import (
	"cmp"
	"slices"
	"time"
)

// Delivery is one event that reached its endpoint. Times are Unix nanoseconds.
type Delivery struct {
	Endpoint  uint32
	Phase     uint32
	Due       int64 // when it was to be emitted
	Committed int64
	Arrived   int64 // the first time
}

// Took is from the commit to the arrival. A replica that found the row before the committer
// was told arrives "before" the commit; that counts as no time at all.
func (d Delivery) Took() time.Duration { return time.Duration(max(0, d.Arrived-d.Committed)) }

// TookFromDue is from when the event was to be emitted to its arrival: what a slow commit hides from Took.
func (d Delivery) TookFromDue() time.Duration { return time.Duration(max(0, d.Arrived-d.Due)) }

// Matched is what became of everything that was emitted.
type Matched struct {
	Deliveries []Delivery // in the order of their first arrival
	Missing    []Record   // emitted, never arrived
	Duplicates int        // arrivals after the first
	Strange    int        // arrivals of what nobody noted as emitted: a commit without an answer, a killed emitter
}

// Match joins both sides' records. It sorts its arguments.
func Match(emitted, arrived []Record) Matched {
	slices.SortFunc(emitted, func(a, b Record) int { return cmp.Compare(a.Key, b.Key) })
	slices.SortFunc(arrived, func(a, b Record) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.At, b.At)) })
	m := Matched{Deliveries: make([]Delivery, 0, len(emitted))}
	i := 0
	for _, e := range emitted {
		for ; i < len(arrived) && arrived[i].Key < e.Key; i++ {
			m.Strange++
		}
		if i == len(arrived) || arrived[i].Key != e.Key {
			m.Missing = append(m.Missing, e)
			continue
		}
		m.Deliveries = append(m.Deliveries, Delivery{Endpoint: e.Endpoint, Phase: e.Phase, Due: e.Due, Committed: e.At, Arrived: arrived[i].At})
		for i++; i < len(arrived) && arrived[i].Key == e.Key; i++ {
			m.Duplicates++
		}
	}
	m.Strange += len(arrived) - i
	slices.SortFunc(m.Deliveries, func(a, b Delivery) int { return cmp.Compare(a.Arrived, b.Arrived) })
	return m
}

// Where returns the deliveries that a test accepts, in the order they were in.
func Where(list []Delivery, keep func(Delivery) bool) []Delivery {
	var out []Delivery
	for _, d := range list {
		if keep(d) {
			out = append(out, d)
		}
	}
	return out
}

package relay

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/internal/histogram"
)

// tally counts what a region was given. It outlives snapshots.
type tally struct{ home, rematched, followed, spared atomic.Int64 }

// sent counts a new payment that is sent to the region.
func (c *tally) sent(t *trip) {
	switch {
	case t.home == "" && t.claim != nil:
		c.followed.Add(1)
	case t.moved:
		c.rematched.Add(1)
	default:
		c.home.Add(1)
	}
}

// State is how a relay stands.
type State struct {
	List    uint64 // version of the assignment list in force; 0: there is none
	Refused int64  // new payments that no region could be given; nothing of them was begun
	Regions []RegionState
	Journal *JournalState // nil: there is none
}

// RegionState is one region as requests find it.
type RegionState struct {
	Name string
	Down bool // nothing new goes there: none of its nodes is registered, or it is not known
	Full bool // it does not meet the usage condition
	Open bool // its circuit: it does not answer

	Home, Rematched, Followed int64 // new payments sent there: by the list, in another's place, after an earlier request of the key
	Spared                    int64 // requests about what it has that were not sent, for it did not answer
}

// JournalState is how the journal of keys does.
type JournalState struct {
	Away    time.Duration // for how long it has not answered; 0: it does
	Settled bool          // keys may leave their homes
	Unsaved int           // keys sent that it does not have yet
	Reads   histogram.Counts
	Writes  histogram.Counts
	Failed  int64 // reads and writes without an answer
}

// State tells how the relay stands now.
func (r *Relay) State() State {
	s, now := r.shown.Load(), r.conf.Now()
	out := State{List: s.plan.list.Version, Refused: r.refused.Load()}
	for _, p := range s.places {
		out.Regions = append(out.Regions, RegionState{
			Name: p.Name, Down: p.Down != "", Full: p.unfit != "", Open: p.circuit.tripped(),
			Home: p.tally.home.Load(), Rematched: p.tally.rematched.Load(), Followed: p.tally.followed.Load(), Spared: p.tally.spared.Load(),
		})
	}
	if r.ledger != nil {
		out.Journal = r.ledger.state(now)
	}
	return out
}

// journalMeter counts what the journal was asked.
type journalMeter struct {
	reads, writes histogram.Histogram
	failed        atomic.Int64
}

func (m *journalMeter) count(wrote bool, took time.Duration, err error) {
	if err != nil && !errors.Is(err, ErrNotWritten) && !errors.Is(err, ErrRewritten) {
		m.failed.Add(1)
		return
	}
	if wrote {
		m.writes.Observe(took)
		return
	}
	m.reads.Observe(took)
}

func (l *ledger) state(now time.Time) *JournalState {
	j := &JournalState{Reads: l.meter.reads.Counts(), Writes: l.meter.writes.Counts(), Failed: l.meter.failed.Load(), Unsaved: l.claims.unsaved()}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.away.IsZero() {
		j.Away = max(now.Sub(l.away), time.Nanosecond)
	}
	j.Settled = l.unsettled() == nil
	return j
}

func (s *claims) unsaved() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bare)
}

package queue

import (
	"time"

	"github.com/paymux/paymux"
)

const keepGone = 2 * time.Second

// tombstones remember for a few seconds which attempts of which tasks were settled, so
// that a read or an Offer that overlaps the settlement does not bring them back.
type tombstones struct {
	newer, older map[paymux.TaskID]int
	turned       time.Time
}

func newTombstones() tombstones {
	return tombstones{newer: map[paymux.TaskID]int{}, older: map[paymux.TaskID]int{}}
}

func (g *tombstones) add(t Task) { g.newer[t.ID] = t.Attempt }

func (g *tombstones) has(t Task) bool {
	for _, m := range []map[paymux.TaskID]int{g.newer, g.older} {
		if attempt, ok := m[t.ID]; ok && t.Attempt <= attempt {
			return true
		}
	}
	return false
}

// rotate forgets the older ones when it is time. It is called between reads only:
// what was settled during a read is known until the read has been taken.
func (g *tombstones) rotate(now time.Time) bool {
	if now.Sub(g.turned) < keepGone {
		return false
	}
	g.older, g.newer, g.turned = g.newer, map[paymux.TaskID]int{}, now
	return true
}

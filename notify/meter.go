package notify

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/histogram"
	"github.com/paymux/paymux/queue"
)

// postponed is what becomes of a notification that is not attempted yet: it waits for an earlier one, or something of ours failed.
const postponed = "postponed"

var results = [...]string{
	string(paymux.AttemptDelivered), string(paymux.AttemptFailed), string(paymux.AttemptDead), string(paymux.AttemptDropped), postponed,
}

// meter counts attempts. It takes no lock.
type meter struct {
	ended [len(results)]atomic.Int64
	took  histogram.Histogram
}

// count takes what became of a notification.
func (m *meter) count(v *queue.Verdict) {
	a, result := v.Attempt, postponed
	switch {
	case a != nil:
		result = string(a.Result)
	case v.Bury:
		result = string(paymux.AttemptDead)
	}
	if i := slices.Index(results[:], result); i >= 0 {
		m.ended[i].Add(1)
	}
	if a != nil && a.Result != paymux.AttemptDropped {
		m.took.Observe(time.Duration(a.Duration) * time.Microsecond)
	}
}

// Counts is what a notifier has done.
type Counts struct {
	Attempts map[string]int64 // by their result; postponed: not attempted yet
	Took     histogram.Counts // by endpoints, until they answered or were given up
}

// Counts tells what was done so far.
func (n *Notifier) Counts() Counts {
	c := Counts{Attempts: map[string]int64{}, Took: n.meter.took.Counts()}
	for i, result := range results {
		c.Attempts[result] = n.meter.ended[i].Load()
	}
	return c
}

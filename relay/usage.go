package relay

import (
	"fmt"
	"time"
)

// Usage is what a region's nodes report of themselves (A12). Zero is not known, or none.
type Usage struct {
	Ratio   float64       // traffic now ÷ rated capacity
	Errors  float64       // share of requests that failed by the region's own fault
	Queue   int           // tasks due and not yet begun
	Latency time.Duration // of a commit
}

// Condition is what a region's usage must meet to be given new requests (A12). A threshold of 0 is not looked at.
type Condition struct {
	Ratio   float64 `json:"traffic_ratio"`    // at most; 0.85 where the list has no condition
	Errors  float64 `json:"error_ratio"`      // at most
	Queue   int     `json:"queue_depth"`      // at most
	Latency int     `json:"store_latency_ms"` // at most
	// Return is the part of every threshold below which a region that failed is taken again, and Hold for how many
	// seconds it is spared at least: between the two nothing flaps.
	Return float64 `json:"return"`
	Hold   int     `json:"hold_seconds"`
}

// DefaultCondition is that of a list without one.
func DefaultCondition() Condition { return Condition{Ratio: 0.85, Return: 0.9, Hold: 5} }

// breach says which threshold is exceeded, where each is taken times part; empty: none.
func (c *Condition) breach(u Usage, part float64) string {
	switch {
	case c.Ratio > 0 && u.Ratio > c.Ratio*part:
		return fmt.Sprintf("its traffic ratio is %.0f %%, above %.0f %%", u.Ratio*100, c.Ratio*part*100)
	case c.Errors > 0 && u.Errors > c.Errors*part:
		return fmt.Sprintf("its error ratio is %.1f %%, above %.1f %%", u.Errors*100, c.Errors*part*100)
	case c.Queue > 0 && float64(u.Queue) > float64(c.Queue)*part:
		return fmt.Sprintf("its queue has %d tasks, above %.0f", u.Queue, float64(c.Queue)*part)
	case c.Latency > 0 && u.Latency.Seconds()*1000 > float64(c.Latency)*part:
		return fmt.Sprintf("its store takes %d ms, above %.0f ms", u.Latency.Milliseconds(), float64(c.Latency)*part)
	}
	return ""
}

// fitness is whether a region meets the condition, with what keeps it from flapping.
type fitness struct {
	why   string    // it does not; empty: it does
	since time.Time // it does not
}

// next is the fitness after a look at the usage.
func (f fitness) next(c *Condition, u Usage, now time.Time) fitness {
	if f.why == "" {
		if why := c.breach(u, 1); why != "" {
			return fitness{why: why, since: now}
		}
		return f
	}
	part := c.Return
	if part == 0 {
		part = 1
	}
	if why := c.breach(u, part); why != "" {
		return fitness{why: why, since: f.since}
	}
	if hold := time.Duration(c.Hold) * time.Second; now.Sub(f.since) < hold {
		return fitness{why: "it did not meet the usage condition within the last " + hold.String(), since: f.since}
	}
	return fitness{}
}

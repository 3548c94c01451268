package tally

import (
	"slices"
	"time"
)

// Spread is times, sorted.
type Spread []time.Duration

// SpreadOf measures each delivery.
func SpreadOf(list []Delivery, measure func(Delivery) time.Duration) Spread {
	s := make(Spread, 0, len(list))
	for _, d := range list {
		s = append(s, measure(d))
	}
	slices.Sort(s)
	return s
}

// Quantile is the time within which a share of them lies, 0 when there are none.
func (s Spread) Quantile(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return s[min(len(s)-1, int(share*float64(len(s))))]
}

// PerSecond is the rate of arrivals between the tenth and the ninetieth percent of them,
// so that neither the start nor a straggler decides it. The list is in order of arrival. 0 when
// there are fewer than ten.
func PerSecond(list []Delivery) float64 {
	if len(list) < 10 {
		return 0
	}
	from, to := len(list)/10, len(list)*9/10
	length := time.Duration(list[to].Arrived - list[from].Arrived)
	if length <= 0 {
		return 0
	}
	return float64(to-from) / length.Seconds()
}

// LongestGap is the longest time between two arrivals in a row, the bounds of the time looked at
// counted as arrivals. The list is in order of arrival.
func LongestGap(list []Delivery, from, to int64) time.Duration {
	last, longest := from, int64(0)
	for _, d := range list {
		if d.Arrived < from || d.Arrived > to {
			continue
		}
		longest, last = max(longest, d.Arrived-last), d.Arrived
	}
	return time.Duration(max(longest, to-last))
}

package relay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/relay"
)

func TestEveryThresholdCounts(t *testing.T) {
	t.Parallel()
	c := relay.Condition{Ratio: 0.85, Errors: 0.1, Queue: 100, Latency: 50}
	at := relay.Usage{Ratio: 0.85, Errors: 0.1, Queue: 100, Latency: 50 * time.Millisecond}
	if why := (relay.Fitness{}).Next(c, at, time.Time{}).Why(); why != "" {
		t.Errorf("at the thresholds: %s", why)
	}
	for words, u := range map[string]relay.Usage{
		"its traffic ratio is 86 %, above 85 %":    {Ratio: 0.86},
		"its error ratio is 11.0 %, above 10.0 %":  {Errors: 0.11},
		"its queue has 101 tasks, above 100":       {Queue: 101},
		"its store takes 51 ms, above 50 ms":       {Latency: 51 * time.Millisecond},
		"its store takes 90 ms, above 50 ms":       {Latency: 90 * time.Millisecond, Queue: 7},
		"its traffic ratio is 200 %, above 85 %":   {Ratio: 2, Errors: 1, Queue: 1000},
		"its error ratio is 50.0 %, above 10.0 %":  {Ratio: 0.5, Errors: 0.5},
		"its queue has 1000000 tasks, above 100":   {Queue: 1_000_000},
		"its store takes 3600000 ms, above 50 ms":  {Latency: time.Hour},
		"its traffic ratio is 10000 %, above 85 %": {Ratio: 100},
	} {
		if why := (relay.Fitness{}).Next(c, u, time.Time{}).Why(); why != words {
			t.Errorf("%+v: %q, want %q", u, why, words)
		}
		if why := (relay.Fitness{}).Next(relay.Condition{}, u, time.Time{}).Why(); why != "" {
			t.Errorf("%+v without thresholds: %q", u, why)
		}
	}
}

// A region around its threshold changes sides rarely.
func TestUsageDoesNotFlap(t *testing.T) {
	t.Parallel()
	c := relay.Condition{Ratio: 0.85, Return: 0.9, Hold: 5}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var f relay.Fitness
	for i, step := range []struct {
		ratio float64
		why   string
	}{
		{0.80, ""}, {0.85, ""}, {0.86, "above 85 %"}, {0.84, "above 76 %"}, {0.78, "above 76 %"}, {0.70, "within the last 5s"},
		{0.86, "above 76 %"}, {0.70, ""}, {0.80, ""}, {0.90, "above 85 %"},
	} {
		f = f.Next(c, relay.Usage{Ratio: step.ratio}, now.Add(time.Duration(i)*time.Second))
		if (f.Why() == "") != (step.why == "") || !strings.Contains(f.Why(), step.why) {
			t.Errorf("second %d, ratio %g: %q, want %q", i, step.ratio, f.Why(), step.why)
		}
	}
}

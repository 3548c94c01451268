package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"time"

	"github.com/paymux/paymux/bench/tally"
)

// notifyLine is what is printed of one load. Times are milliseconds from the commit to the arrival
// at the endpoint, of endpoints without trouble, unless their name says otherwise.
type notifyLine struct {
	Scenario  string `json:"scenario"`
	Phase     string `json:"phase"`
	Side      string `json:"side"` // paymux or ceiling
	Store     string `json:"store,omitempty"`
	Loop      string `json:"loop,omitempty"` // closed or open
	Endpoints int    `json:"endpoints"`
	Merchants int    `json:"merchants,omitempty"`
	Hosts     int    `json:"hosts"`
	Replicas  int    `json:"replicas,omitempty"`
	Callers   int    `json:"callers,omitempty"` // of the ceiling
	Rate      int    `json:"rate,omitempty"`
	BodyBytes int    `json:"body_bytes,omitempty"`

	Seconds    float64 `json:"seconds"`
	Events     int64   `json:"events,omitempty"`
	Accepted   float64 `json:"accepted_per_second,omitempty"` // events committed
	Deliveries int     `json:"deliveries"`
	PerSecond  float64 `json:"per_second"` // deliveries, from 10 % to 90 % of them
	P50        float64 `json:"p50_ms,omitempty"`
	P95        float64 `json:"p95_ms,omitempty"`
	P99        float64 `json:"p99_ms,omitempty"`
	Longest    float64 `json:"longest_ms,omitempty"`
	DueP99     float64 `json:"from_due_p99_ms,omitempty"` // commit included, from when the event was due
	CommitP99  float64 `json:"commit_p99_ms,omitempty"`   // from when it was due to its commit

	Ratio       float64 `json:"ratio_to_ceiling,omitempty"`
	P50Ratio    float64 `json:"p50_to_baseline,omitempty"`
	P99Ratio    float64 `json:"p99_to_baseline,omitempty"`
	Shaky       int     `json:"shaky_endpoints,omitempty"`
	ShakyPer    float64 `json:"shaky_events_per_second,omitempty"`
	ShakyRate   float64 `json:"shaky_deliveries_per_second,omitempty"` // 10 % to 90 %
	ShakyDone   int     `json:"shaky_deliveries,omitempty"`            // of this phase's events, by the end
	SlowFor     float64 `json:"slow_for_seconds,omitempty"`
	Slots       int     `json:"delivery_slots,omitempty"`
	LoadOfSlots float64 `json:"slow_load_of_slots,omitempty"` // (slow events/s × time each holds a slot) ÷ slots

	Takeover *takeover `json:"takeover,omitempty"`

	CPU        map[string]float64 `json:"cpu_seconds_per_1000,omitempty"`   // deliveries
	CPUSecond  map[string]float64 `json:"cpu_seconds_per_second,omitempty"` // of an idle node
	PeakMiB    float64            `json:"node_peak_mib,omitempty"`
	NowMiB     float64            `json:"node_mib,omitempty"`
	Duplicates *int               `json:"duplicates,omitempty"` // of the whole stage
	Strange    int                `json:"unnoted,omitempty"`    // arrivals of events whose commit got no answer
	Complete   *bool              `json:"all_delivered,omitempty"`
	CPUs       int                `json:"cpus"`
	Go         string             `json:"go"`
}

// line begins what is printed of one of the stage's phases.
func (s *stage) line(phase string, rate int) notifyLine {
	l := notifyLine{
		Scenario: s.scenario, Phase: phase, Side: "paymux", Store: s.lab.store, Loop: loopOf(rate), Endpoints: s.endpoints, Merchants: s.merchants,
		Hosts: s.hosts, Replicas: s.replicas, Rate: rate, CPUs: runtime.NumCPU(), Go: runtime.Version(),
	}
	if s.shaky < s.endpoints {
		l.Shaky = s.shaky
	}
	return l
}

func loopOf(rate int) string {
	if rate > 0 {
		return "open"
	}
	return "closed"
}

// load fills in how a load went.
func (l *notifyLine) load(w window) {
	l.Seconds, l.Events = round3(w.length().Seconds()), w.Events
	l.Accepted = round3(float64(w.Events) / w.length().Seconds())
	l.ShakyPer = round3(float64(w.Shaky) / w.length().Seconds())
	l.CPU = w.per(w.Steady + w.Shaky)
}

// deliveries fills in what arrived of a phase, at endpoints without trouble and at the others.
func (l *notifyLine) deliveries(m *tally.Matched, phase uint32, shakyFrom int) {
	of := func(steady bool) []tally.Delivery {
		return tally.Where(m.Deliveries, func(d tally.Delivery) bool {
			return d.Phase == phase && (int(d.Endpoint) < shakyFrom) == steady
		})
	}
	l.times(of(true))
	shaky := of(false)
	l.ShakyDone, l.ShakyRate = len(shaky), round3(tally.PerSecond(shaky))
	l.outcome(m)
}

// outcome fills in whether all of the stage's events arrived.
func (l *notifyLine) outcome(m *tally.Matched) {
	complete := len(m.Missing) == 0
	l.Complete, l.Duplicates, l.Strange = &complete, &m.Duplicates, m.Strange
}

func (l *notifyLine) times(list []tally.Delivery) {
	took := tally.SpreadOf(list, tally.Delivery.Took)
	l.Deliveries, l.PerSecond = len(list), round3(tally.PerSecond(list))
	l.P50, l.P95, l.P99, l.Longest = ms(took.Quantile(.5)), ms(took.Quantile(.95)), ms(took.Quantile(.99)), ms(took.Quantile(1))
	l.DueP99 = ms(tally.SpreadOf(list, tally.Delivery.TookFromDue).Quantile(.99))
	l.CommitP99 = ms(tally.SpreadOf(list, func(d tally.Delivery) time.Duration { return time.Duration(d.Committed - d.Due) }).Quantile(.99))
}

// against fills in how the times compare to those of the baseline.
func (l *notifyLine) against(base *notifyLine) {
	if base.P50 > 0 && base.P99 > 0 {
		l.P50Ratio, l.P99Ratio = round3(l.P50/base.P50), round3(l.P99/base.P99)
	}
}

// print writes the lines, and is an error when something that was emitted did not arrive.
func printNotify(m *tally.Matched, lines ...notifyLine) error {
	for _, l := range lines {
		if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
			return err
		}
	}
	if m != nil && len(m.Missing) > 0 {
		return fmt.Errorf("%d deliveries of %d never arrived", len(m.Missing), len(m.Missing)+len(m.Deliveries))
	}
	return nil
}

var errNothing = errors.New("nothing was delivered under the measured load")

func round3(f float64) float64 { return math.Round(f*1000) / 1000 }

package main

import (
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"time"
)

// line is what is printed of a scenario. Times are of the whole request as the
// client sees it, in milliseconds; CPU is of the server process alone.
type line struct {
	Scenario  string             `json:"scenario"`
	Side      string             `json:"side"` // paymux or ceiling; split: how the roles are spread
	Store     string             `json:"store"`
	Loop      string             `json:"loop"` // closed or open
	Callers   int                `json:"callers"`
	Rate      int                `json:"rate,omitempty"`
	Rounds    int                `json:"rounds"`
	PerSecond float64            `json:"per_second"` // median of the rounds
	Lowest    float64            `json:"per_second_lowest"`
	Highest   float64            `json:"per_second_highest"`
	P50       float64            `json:"p50_ms"` // of the median round
	P99       float64            `json:"p99_ms"`
	P999      float64            `json:"p99_9_ms"`
	CPU       float64            `json:"server_cpu_us"`               // a payment
	ClientCPU float64            `json:"client_cpu_us"`               // of making it and reading the answer
	PartsCPU  map[string]float64 `json:"cpu_us_by_process,omitempty"` // where there are several
	Allocs    float64            `json:"server_allocs,omitempty"`     // a payment
	Channel   float64            `json:"channel_p50_ms,omitempty"`    // the institution's own share of it
	PeakMiB   float64            `json:"server_peak_mib"`
	Failed    int                `json:"failed"`
	FirstFail string             `json:"first_failure,omitempty"`
	Ratio     float64            `json:"ratio_to_ceiling,omitempty"`
	split
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

// round is one side measured once.
type round struct {
	result
	cpu     map[string]time.Duration // by process
	client  time.Duration            // of processors, in this process
	allocs  float64
	peak    int64 // bytes
	channel float64
}

// summary is the median round with the spread of all.
func summary(p plan, side string, rounds []round) line {
	rounds = slices.Clone(rounds)
	slices.SortFunc(rounds, func(a, b round) int {
		switch {
		case a.perSecond() < b.perSecond():
			return -1
		case a.perSecond() > b.perSecond():
			return 1
		}
		return 0
	})
	m := rounds[len(rounds)/2]
	l := line{
		Scenario: p.scenario, Side: side, Store: p.store, Loop: "closed", Callers: p.callers, Rate: p.rate, Rounds: len(rounds),
		PerSecond: m.perSecond(), Lowest: rounds[0].perSecond(), Highest: rounds[len(rounds)-1].perSecond(),
		P50: ms(m.quantile(.5)), P99: ms(m.quantile(.99)), P999: ms(m.quantile(.999)),
		CPUs: runtime.NumCPU(), Go: runtime.Version(), Allocs: m.allocs, Channel: m.channel,
	}
	if p.rate > 0 {
		l.Loop = "open"
	}
	l.cpu(&m)
	for _, r := range rounds {
		l.PeakMiB = max(l.PeakMiB, float64(r.peak)/(1<<20))
		l.Failed += r.Failed
		if l.FirstFail == "" {
			l.FirstFail = r.FirstFail
		}
	}
	return l
}

// cpu is what a payment costs of processor time: of each server process, where there are several, of all, and of the client.
func (l *line) cpu(m *round) {
	if m.Done == 0 {
		return
	}
	if len(m.cpu) > 1 {
		l.PartsCPU = map[string]float64{}
	}
	l.ClientCPU = float64(m.client.Microseconds()) / float64(m.Done)
	for name, used := range m.cpu {
		a := float64(used.Microseconds()) / float64(m.Done)
		l.CPU += a
		if l.PartsCPU != nil {
			l.PartsCPU[name] = a
		}
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (l line) print() error { return json.NewEncoder(os.Stdout).Encode(l) }

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// layout is how a system's roles are spread over processes.
type layout struct {
	name  string
	parts []part // nil: all of them in one process, with a NATS server in it
}

// part is a process of one or more roles, with the credentials of the first.
type part struct {
	name  string
	roles []string
}

// whole is the layout that the others are compared with.
const whole = "one_process"

// spread is the layout of which a hop's rate, profiles and ratio are of interest.
const spread = "split"

// layouts are those measured. With one role apart there is one hop, so that it can be told from the other.
func layouts() []layout {
	return []layout{
		{name: whole},
		{spread, []part{{"node", []string{"node"}}, {"frontend", []string{"frontend"}}, {"gateway", []string{"gateway"}}}},
		{"frontend_apart", []part{{"node", []string{"node", "gateway"}}, {"frontend", []string{"frontend"}}}},
		{"gateway_apart", []part{{"node", []string{"node", "frontend"}}, {"gateway", []string{"gateway"}}}},
	}
}

func layoutNames() string {
	var names []string
	for _, l := range layouts() {
		names = append(names, l.name)
	}
	return strings.Join(names, ",")
}

// chosen are the layouts with these names.
func chosen(names []string) ([]layout, error) {
	var list []layout
	for _, name := range names {
		at := slices.IndexFunc(layouts(), func(l layout) bool { return l.name == name })
		if at < 0 {
			return nil, fmt.Errorf("no layout %q: %s", name, layoutNames())
		}
		list = append(list, layouts()[at])
	}
	return list, nil
}

// layoutRounds are what was measured of a layout, by round.
type layoutRounds struct {
	lone   []round // of one caller
	loaded []round // of all
}

// measureSplit measures the layouts in turn, round by round, each time in another order, and prints the lines of each.
func measureSplit(ctx context.Context, p plan) error {
	list, err := chosen(p.layouts)
	if err != nil {
		return err
	}
	b, err := newBuilding(ctx, p)
	if err != nil {
		return err
	}
	defer b.remove()
	got, hops := map[string]*layoutRounds{whole: {}}, hopRounds{}
	for _, l := range list {
		got[l.name] = &layoutRounds{}
	}
	for n := range p.rounds {
		for _, l := range turned(list, n) {
			if err := b.splitRound(ctx, l, n, got[l.name], hops); err != nil {
				return fmt.Errorf("%s, round %d: %w", l.name, n+1, err)
			}
		}
	}
	for _, l := range list {
		if err := got[l.name].print(p, l.name, got[whole]); err != nil {
			return err
		}
	}
	if len(hops) == 0 {
		return nil
	}
	return hops.print(p)
}

// turned is a list that begins elsewhere each round: what comes first finds the machine in another state than what comes last.
func turned[T any](list []T, n int) []T {
	n %= len(list)
	return slices.Concat(list[n:], list[:n])
}

// splitRound starts a layout and loads it: one caller, then all, then, of the split system, hops alone.
func (b *building) splitRound(ctx context.Context, l layout, n int, into *layoutRounds, hops hopRounds) error {
	var wire natsAt
	s := side{name: l.name, start: b.startPaymux}
	if l.parts != nil {
		s.start = func(ctx context.Context, dir, database string) (t *target, err error) {
			t, wire, err = b.startSplit(ctx, l, dir, database)
			return t, err
		}
	}
	t, err := b.open(ctx, s, n)
	if err != nil {
		return err
	}
	defer t.stop()
	lone := b.plan
	lone.callers, lone.rate, lone.length = 1, 0, b.length/2
	first, err := t.measure(ctx, lone, false)
	if err != nil {
		return err
	}
	all, err := t.measure(ctx, b.plan, l.name == spread && n == b.rounds-1)
	if err != nil {
		return err
	}
	into.lone, into.loaded = append(into.lone, first), append(into.loaded, all)
	if l.name != spread {
		return nil
	}
	return hops.measure(ctx, b.plan, wire, all.perSecond())
}

// split is what a layout's line says beside the others: how it compares with everything in one process. Each is the
// median of the rounds' own comparisons, as the machine is another one from round to round.
type split struct {
	ToWhole float64 `json:"ratio_to_one_process,omitempty"` // of throughput
	// CPUToWhole is what that ratio is where processors are all that limits: of the processor time that a payment takes of
	// servers and client. Where others use the machine, too, a system of more processes gets more of it, and its throughput flatters.
	CPUToWhole float64 `json:"cpu_ratio_to_one_process,omitempty"`
	AddedP50   float64 `json:"added_p50_us,omitempty"` // one caller: microseconds more than in one process
	AddedP99   float64 `json:"added_p99_us,omitempty"`
}

// print prints a layout's two lines.
func (m *layoutRounds) print(p plan, name string, base *layoutRounds) error {
	alone := p
	alone.callers = 1
	lone, loaded := summary(alone, name, m.lone), summary(p, name, m.loaded)
	if m != base {
		lone.AddedP50, lone.AddedP99 = added(m.lone, base.lone, .5), added(m.lone, base.lone, .99)
		loaded.ToWhole, loaded.CPUToWhole = ratio(m.loaded, base.loaded), cpuRatio(m.loaded, base.loaded)
	}
	if err := lone.print(); err != nil {
		return err
	}
	return loaded.print()
}

// added is how much longer requests took than in the same round's base, in microseconds.
func added(rounds, base []round, share float64) float64 {
	return paired(rounds, base, func(a, b *round) float64 {
		return float64((a.quantile(share) - b.quantile(share)).Nanoseconds()) / 1000
	})
}

// ratio is of throughput to the same round's base.
func ratio(rounds, base []round) float64 {
	return paired(rounds, base, func(a, b *round) float64 { return a.perSecond() / b.perSecond() })
}

// cpuRatio is of the processor time a payment took in the same round's base to its own.
func cpuRatio(rounds, base []round) float64 {
	return paired(rounds, base, func(a, b *round) float64 { return b.cpuEach() / a.cpuEach() })
}

// cpuEach is a payment's share of the processor time of servers and client.
func (r *round) cpuEach() float64 {
	all := r.client
	for _, used := range r.cpu {
		all += used
	}
	return float64(all) / float64(max(1, r.Done))
}

// paired is the median of what is said of each round and its base.
func paired(rounds, base []round, say func(a, b *round) float64) float64 {
	var all []float64
	for i := range min(len(rounds), len(base)) {
		all = append(all, say(&rounds[i], &base[i]))
	}
	return median(all)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

// regionsShape is a number of regions, and over how many of them merchants are spread.
type regionsShape struct {
	regions, over int
}

func (s regionsShape) name() string { return fmt.Sprintf("%d_of_%d", s.over, s.regions) }

// With one region there is no journal. With a second one that gets nothing, each key is journaled, and that is all that differs.
var regionsShapes = []regionsShape{{1, 1}, {2, 1}, {2, 2}, {4, 4}}

// shops is how many merchants pay: enough for each region to have some.
const shops = 16

// measureLoaded makes payments in systems of several regions, in turn, round by round, by one caller and by all.
func measureLoaded(ctx context.Context, b *building, p scalePlan) error {
	got := map[string]*layoutRounds{}
	for _, s := range regionsShapes {
		got[s.name()] = &layoutRounds{}
	}
	for n := range p.rounds {
		for _, s := range turned(regionsShapes, n) {
			if err := b.loaded(ctx, p, s, n, got[s.name()]); err != nil {
				return fmt.Errorf("%s, round %d: %w", s.name(), n+1, err)
			}
		}
	}
	base := got[regionsShapes[0].name()]
	for _, s := range regionsShapes {
		m := got[s.name()]
		for _, line := range []regionsLine{s.line(p, 1, m.lone, base.lone), s.line(p, p.callers, m.loaded, base.loaded)} {
			if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// regionsLine is what is printed of a number of regions: beside the rest how it compares with one, round by round.
type regionsLine struct {
	line
	Part     string  `json:"part"`
	Regions  int     `json:"regions"`
	Over     int     `json:"regions_with_payments"`
	ToOne    float64 `json:"ratio_to_one_region"`     // of throughput
	CPUToOne float64 `json:"cpu_ratio_to_one_region"` // of processor time, see split
	AddedP50 float64 `json:"added_p50_us"`
	AddedP99 float64 `json:"added_p99_us"`
}

func (s regionsShape) line(p scalePlan, callers int, rounds, base []round) regionsLine {
	of := p.plan
	of.callers = callers
	return regionsLine{
		line: summary(of, "paymux", rounds), Part: "loaded", Regions: s.regions, Over: s.over,
		ToOne: ratio(rounds, base), CPUToOne: cpuRatio(rounds, base), AddedP50: added(rounds, base, .5), AddedP99: added(rounds, base, .99),
	}
}

func (b *building) loaded(ctx context.Context, p scalePlan, shape regionsShape, n int, into *layoutRounds) error {
	s, err := b.startFleet(ctx, fleet{Regions: shape.regions, Replicas: 1, Frontends: 1}, fmt.Sprintf("loaded-%s-%d", shape.name(), n))
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.assign(ctx, shape.over); err != nil {
		return err
	}
	var merchants []*shop
	for range shops {
		m, err := openShop(ctx, "http://"+s.front)
		if err != nil {
			return err
		}
		merchants = append(merchants, m)
	}
	s.t.fire = func(ctx context.Context, caller int) error { return merchants[caller%shops].pay(ctx, caller) }
	lone := p.plan
	lone.callers, lone.length = 1, p.length/2
	first, err := s.t.measure(ctx, lone, false)
	if err != nil {
		return err
	}
	all, err := s.t.measure(ctx, p.plan, false)
	if err != nil {
		return err
	}
	into.lone, into.loaded = append(into.lone, first), append(into.loaded, all)
	return nil
}

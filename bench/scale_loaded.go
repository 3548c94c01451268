package main

import (
	"context"
	"fmt"
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
		if err := got[s.name()].print(p.plan, "regions_"+s.name(), base); err != nil {
			return err
		}
	}
	return nil
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

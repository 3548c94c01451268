package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paymux/paymux/internal/pgcluster"
)

// side is a system under measurement: started fresh for each round, so that no
// round inherits another's tables.
type side struct {
	name  string
	start func(ctx context.Context, dir, database string) (*target, error)
}

// target is a started system and what to do to it.
type target struct {
	*server
	debug string // where it tells of its allocations
	fire  shot
	// channel tells the institution's share of a request's time, in milliseconds; nil where there is none.
	channel func(context.Context) (float64, error)
}

// measure runs both sides in turn, round by round, and prints a line each.
func measure(ctx context.Context, p plan) error {
	b, err := newBuilding(ctx, p)
	if err != nil {
		return err
	}
	defer b.remove()
	sides := []side{{"ceiling", b.startCeiling}, {"paymux", b.startPaymux}}
	rounds := map[string][]round{}
	for n := range p.rounds {
		for _, s := range sides {
			r, err := b.round(ctx, p, s, n)
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", s.name, n+1, err)
			}
			rounds[s.name] = append(rounds[s.name], r)
		}
	}
	ceiling, paymux := summary(p, "ceiling", rounds["ceiling"]), summary(p, "paymux", rounds["paymux"])
	paymux.Ratio = paymux.PerSecond / ceiling.PerSecond
	if err := ceiling.print(); err != nil {
		return err
	}
	return paymux.print()
}

// building is where a run lives: its folder, the built binary, the cluster.
type building struct {
	plan
	folder  string
	binary  string
	cluster *pgcluster.Cluster
	made    bool
}

func newBuilding(ctx context.Context, p plan) (*building, error) {
	b := &building{plan: p, folder: p.dir}
	if b.folder == "" {
		var err error
		if b.folder, err = os.MkdirTemp("", "paymux-bench-"); err != nil {
			return nil, err
		}
		b.made = true
	}
	b.binary = filepath.Join(b.folder, "paymux")
	if err := build(ctx, b.binary); err != nil {
		b.remove()
		return nil, err
	}
	if p.store == "postgres" {
		cluster, err := pgcluster.New(ctx, pgcluster.Config{})
		if err != nil {
			b.remove()
			return nil, err
		}
		b.cluster = cluster
	}
	return b, nil
}

func (b *building) remove() {
	if b.cluster != nil {
		_ = b.cluster.Remove()
	}
	if b.made {
		_ = os.RemoveAll(b.folder)
	}
}

// round starts a side on an empty database and loads it.
func (b *building) round(ctx context.Context, p plan, s side, n int) (round, error) {
	name := fmt.Sprintf("%s_%d", s.name, n)
	dir := filepath.Join(b.folder, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return round{}, err
	}
	database := filepath.Join(dir, "orders.db")
	if b.cluster != nil {
		if err := b.cluster.CreateDatabase(ctx, name, ""); err != nil {
			return round{}, err
		}
		database = b.cluster.URL(name)
	}
	t, err := s.start(ctx, dir, database)
	if err != nil {
		return round{}, err
	}
	defer t.stop()
	return t.measure(ctx, p, s.name == "paymux" && n == p.rounds-1)
}

// measure warms the target up, loads it, and reads its figures.
func (t *target) measure(ctx context.Context, p plan, last bool) (round, error) {
	warm := p
	warm.length = p.length / 5
	load(ctx, warm, t.fire)
	cpu := t.cpu()
	before, err := mallocs(ctx, t.debug)
	if err != nil {
		return round{}, err
	}
	profiled := make(chan error, 1)
	if p.profile != "" && last {
		go func() { profiled <- t.profile(ctx, p) }()
	} else {
		profiled <- nil
	}
	r := round{result: load(ctx, p, t.fire)}
	after, err := mallocs(ctx, t.debug)
	if err != nil {
		return r, err
	}
	r.cpu, r.peak = t.cpu()-cpu, t.peak()
	if r.Done > 0 {
		r.allocs = (after - before) / float64(r.Done)
	}
	if err := <-profiled; err != nil {
		return r, err
	}
	if t.channel != nil {
		if r.channel, err = t.channel(ctx); err != nil {
			return r, err
		}
	}
	return r, t.alive()
}

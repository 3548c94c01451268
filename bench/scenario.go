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
		cluster, err := pgcluster.New(ctx, pgcluster.Config{Settings: p.settings})
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
	t, err := b.open(ctx, s, n)
	if err != nil {
		return round{}, err
	}
	defer t.stop()
	return t.measure(ctx, p, s.name == "paymux" && n == p.rounds-1)
}

// open starts a side for a round, with a folder and a database of its own.
func (b *building) open(ctx context.Context, s side, n int) (*target, error) {
	name := fmt.Sprintf("%s_%d", s.name, n)
	dir := filepath.Join(b.folder, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	database := filepath.Join(dir, "orders.db")
	if b.cluster != nil {
		if err := b.cluster.CreateDatabase(ctx, name, ""); err != nil {
			return nil, err
		}
		database = b.cluster.URL(name)
	}
	return s.start(ctx, dir, database)
}

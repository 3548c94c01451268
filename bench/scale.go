package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// scale measures what a system grows by: idle, what each node, region and frontend costs everybody; loaded, what
// more regions cost a payment; and alone, the parts that all share, at sizes that no system on this machine has.
// docs/scale.md has the figures, and what follows from them for a thousand nodes.

const scaleUsage = `usage: go run ./bench scale [flags]

  --parts LIST       of registry,idle,loaded,journal (default all)
  --store sqlite|postgres   of nodes (default sqlite; with postgres, regions have two nodes)
  --nodes LIST       idle: sizes, each a fresh system (default 1,2,4,8; with postgres 2,4,8,16)
  --frontends LIST   idle: with each size (default 1,3)
  --watchers LIST    registry: how many directories follow (default 10,100)
  --instances N      registry: how many announce (default 1000)
  --for D            how long each is measured (default 10s)
  --rounds N         loaded: rounds of each number of regions, interleaved (default 3)
  --callers N        loaded: how many ask at once, after one alone (default 64)
  --dir D            where databases are put (default a new folder in the system's)
  --plain            plain TCP to NATS instead of TLS

Every line is JSON. Processor time is what the kernel counts of each process's threads: it is the same on a busy
machine within a few percent, where times and throughput are not.
`

// scalePlan is what a run measures.
type scalePlan struct {
	plan
	parts     []string
	nodes     []int
	frontends []int
	watchers  []int
	instances int
}

func runScale(ctx context.Context, args []string) error {
	p, err := parseScale(args)
	if err != nil {
		return err
	}
	b, err := newBuilding(ctx, p.plan)
	if err != nil {
		return err
	}
	defer b.remove()
	for _, part := range []struct {
		name    string
		measure func(context.Context, *building, scalePlan) error
	}{{"registry", measureRegistry}, {"journal", measureJournal}, {"idle", measureIdleFleets}, {"loaded", measureLoaded}} {
		if !slices.Contains(p.parts, part.name) {
			continue
		}
		if err := part.measure(ctx, b, p); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

func parseScale(args []string) (scalePlan, error) {
	p := scalePlan{plan: plan{scenario: "scale"}}
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, scaleUsage) }
	parts := flags.String("parts", "registry,journal,idle,loaded", "")
	flags.StringVar(&p.store, "store", "sqlite", "")
	nodes := flags.String("nodes", "", "")
	frontends := flags.String("frontends", "1,3", "")
	watchers := flags.String("watchers", "10,100", "")
	flags.IntVar(&p.instances, "instances", 1000, "")
	flags.DurationVar(&p.length, "for", 10*time.Second, "")
	flags.IntVar(&p.rounds, "rounds", 3, "")
	flags.IntVar(&p.callers, "callers", 64, "")
	flags.StringVar(&p.dir, "dir", "", "")
	flags.BoolVar(&p.plain, "plain", false, "")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	sizes := map[string]string{"sqlite": "1,2,4,8", "postgres": "2,4,8,16"}[p.store]
	if sizes == "" {
		return p, fmt.Errorf("--store is sqlite or postgres, not %q", p.store)
	}
	if *nodes != "" {
		sizes = *nodes
	}
	p.settings = map[string]string{"max_connections": "600"} // a node has up to 13
	p.parts = strings.Split(*parts, ",")
	for _, part := range p.parts {
		if !slices.Contains([]string{"registry", "journal", "idle", "loaded"}, part) {
			return p, fmt.Errorf("--parts: no part %q: registry, journal, idle, loaded", part)
		}
	}
	for _, list := range []struct {
		flag, text string
		into       *[]int
	}{{"nodes", sizes, &p.nodes}, {"frontends", *frontends, &p.frontends}, {"watchers", *watchers, &p.watchers}} {
		for word := range strings.SplitSeq(list.text, ",") {
			var n int
			if _, err := fmt.Sscanf(word, "%d", &n); err != nil || n < 1 || n > 1000 {
				return p, fmt.Errorf("--%s: %q is not a number from 1 to 1000", list.flag, word)
			}
			*list.into = append(*list.into, n)
		}
	}
	return p, nil
}

// print prints a line, with what every line has.
func (p *scalePlan) print(part string, figures any) error {
	return json.NewEncoder(os.Stdout).Encode(struct {
		Scenario string `json:"scenario"`
		Part     string `json:"part"`
		Figures  any    `json:"figures"`
		CPUs     int    `json:"cpus"`
		Go       string `json:"go"`
	}{"scale", part, figures, runtime.NumCPU(), runtime.Version()})
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

const notifyUsage = `usage: go run ./bench notify [flags]

  --scenario NAME           throughput (default): events as fast as they are accepted, beside a bare signed delivery loop
                            isolation: some endpoints slow, then refusing, then one merchant flooded
                            backlog: a merchant whose endpoint was down comes back
                            promptness: half of the highest rate
                            idle: merchants with endpoints and no events
                            takeover: a replica is killed, another one asked to end (postgres)
  --store sqlite|postgres   (default sqlite)
  --endpoints N             (default 1000; idle: 10000)
  --merchants N             they belong to (default: one each)
  --hosts N                 loopback addresses the healthy ones are on (default 1)
  --slow P                  percent of endpoints that have trouble (isolation; default 10)
  --slow-for D              how long a slow one takes to answer (default 10s)
  --trouble LIST            of isolation: slow,refuse,burst (default all)
  --mode closed|open        isolation: one loop only (default both)
  --rate R                  events a second of open loops (default: half of the highest rate, measured first; takeover: 1000)
  --seconds S               how long each load lasts (default 10; takeover: 25)
  --events N                of a burst (default 50000) or backlog (default 1000000)
  --replicas R              node processes (postgres; default 1, takeover: 2)
  --emitters N              closed loop: how many commit at once, in each node (default 64)
  --rounds N                throughput: rounds, between ceilings (default 1)
  --dir D                   where databases are put (default a new folder in the system's)
  --profile FILE            write a CPU profile of the first node under the measured load
`

// notifyPlan is what a run of notifications measures.
type notifyPlan struct {
	scenario, store      string
	endpoints, merchants int
	hosts                int
	slow                 int // percent
	slowFor              time.Duration
	troubles             []string
	modes                []string
	rate                 int
	length               time.Duration
	events               int64
	replicas             int
	emitters             int
	rounds               int
	dir, profile         string
}

// notifyScenarios are what can be measured.
var notifyScenarios = map[string]func(context.Context, *lab) error{
	"throughput": measureThroughput,
	"isolation":  measureIsolation,
	"backlog":    measureBacklog,
	"promptness": measurePromptness,
	"idle":       measureIdle,
	"takeover":   measureTakeover,
}

// runNotify runs "notify", or one of the processes it starts.
func runNotify(ctx context.Context, command string, args []string) error {
	if command == "notify" {
		p, err := parseNotify(args)
		if err != nil {
			return err
		}
		return measureNotify(ctx, p)
	}
	ctx, cancel := withParent(ctx)
	defer cancel()
	var c child
	var conf nodeConfig
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.StringVar(&c.token, "token", "", "")
	flags.StringVar(&c.control, "control", "", "")
	flags.StringVar(&conf.store, "store", "sqlite", "")
	flags.StringVar(&conf.database, "database", "", "")
	flags.StringVar(&conf.replica, "replica", "", "")
	flags.IntVar(&conf.most, "most", mostDeliveries, "")
	hosts := flags.Int("hosts", 1, "")
	secret := flags.String("secret", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch command {
	case "notify-sink":
		return serveSink(ctx, c, *secret, *hosts, conf.most)
	case "notify-node":
		return serveNode(ctx, c, conf)
	case "notify-ceiling":
		return serveNotifyCeiling(ctx, c)
	}
	return fmt.Errorf("no scenario %q: create, cycle or notify", command)
}

func parseNotify(args []string) (notifyPlan, error) {
	var p notifyPlan
	flags := flag.NewFlagSet("bench notify", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, notifyUsage) }
	flags.StringVar(&p.scenario, "scenario", "throughput", "")
	flags.StringVar(&p.store, "store", "sqlite", "")
	flags.IntVar(&p.endpoints, "endpoints", 0, "")
	flags.IntVar(&p.merchants, "merchants", 0, "")
	flags.IntVar(&p.hosts, "hosts", 1, "")
	flags.IntVar(&p.slow, "slow", 10, "")
	flags.DurationVar(&p.slowFor, "slow-for", 10*time.Second, "")
	troubles := flags.String("trouble", strings.Join(allTroubles, ","), "")
	mode := flags.String("mode", "", "")
	flags.IntVar(&p.rate, "rate", 0, "")
	seconds := flags.Int("seconds", 0, "")
	flags.Int64Var(&p.events, "events", 0, "")
	flags.IntVar(&p.replicas, "replicas", 0, "")
	flags.IntVar(&p.emitters, "emitters", 64, "")
	flags.IntVar(&p.rounds, "rounds", 1, "")
	flags.StringVar(&p.dir, "dir", "", "")
	flags.StringVar(&p.profile, "profile", "", "")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	p.length = time.Duration(*seconds) * time.Second
	p.troubles = strings.Split(*troubles, ",")
	if p.modes = []string{"open", "closed"}; *mode != "" {
		p.modes = []string{*mode}
	}
	p.setDefaults()
	return p, p.check()
}

func (p *notifyPlan) setDefaults() {
	pick := func(v *int, standard int, special map[string]int) {
		if s, ok := special[p.scenario]; ok {
			standard = s
		}
		if *v == 0 {
			*v = standard
		}
	}
	pick(&p.endpoints, 1000, map[string]int{"idle": 10_000})
	pick(&p.merchants, p.endpoints, nil)
	pick(&p.replicas, 1, map[string]int{"takeover": 2})
	pick(&p.rate, 0, map[string]int{"takeover": 1000})
	if p.length == 0 {
		p.length = map[bool]time.Duration{true: 25 * time.Second, false: 10 * time.Second}[p.scenario == "takeover"]
	}
	if p.events == 0 {
		p.events = map[bool]int64{true: 1_000_000, false: 50_000}[p.scenario == "backlog"]
	}
}

// check refuses what cannot be measured, or would take the machine down.
func (p *notifyPlan) check() error {
	within := func(name string, v, least, most int64) error {
		if v < least || v > most {
			return fmt.Errorf("--%s is %d to %d, not %d", name, least, most, v)
		}
		return nil
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	err := errors.Join(
		within("endpoints", int64(p.endpoints), 1, 100_000), within("merchants", int64(p.merchants), 1, int64(p.endpoints)),
		within("hosts", int64(p.hosts), 1, 10_000), within("slow", int64(p.slow), 1, 99), within("rate", int64(p.rate), 0, 100_000),
		within("seconds", int64(p.length/time.Second), 1, 600), within("events", p.events, 1, 5_000_000),
		within("replicas", int64(p.replicas), 1, 16), within("emitters", int64(p.emitters), 1, 4096), within("rounds", int64(p.rounds), 1, 20),
	)
	for _, m := range p.modes {
		if m != "open" && m != "closed" {
			err = errors.Join(err, fmt.Errorf("--mode is closed or open, not %q", m))
		}
	}
	for _, t := range p.troubles {
		if !slices.Contains(allTroubles, t) {
			err = errors.Join(err, fmt.Errorf("--trouble has %q; there are %s", t, strings.Join(allTroubles, ", ")))
		}
	}
	switch {
	case notifyScenarios[p.scenario] == nil:
		err = errors.Join(err, fmt.Errorf("no scenario %q", p.scenario))
	case p.store != "sqlite" && p.store != "postgres":
		err = errors.Join(err, fmt.Errorf("--store is sqlite or postgres, not %q", p.store))
	case p.store == "sqlite" && p.replicas > 1:
		err = errors.Join(err, errors.New("SQLite has one replica: one process has the file open"))
	case p.scenario == "takeover" && p.replicas < 2:
		err = errors.Join(err, errors.New("takeover needs --replicas 2 or more"))
	case files.Cur < uint64(4096+p.hosts):
		err = errors.Join(err, fmt.Errorf("%d open files are too few for each process: raise ulimit -n to %d", files.Cur, 4096+p.hosts))
	}
	return err
}

func measureNotify(ctx context.Context, p notifyPlan) error {
	l, err := newLab(ctx, p)
	if err != nil {
		return err
	}
	defer l.remove()
	return notifyScenarios[p.scenario](ctx, l)
}

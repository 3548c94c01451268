// Command bench measures Paymux, never in a test: it drives the real binary over
// HTTP with signed requests, and in the same run a ceiling, the barest honest
// program for the same work, and prints the ratio. Every scenario is one JSON line.
//
//	go run ./bench create --store sqlite      payments a second, to a QR code
//	go run ./bench cycle  --store sqlite      create, callback, notification received
//	go run ./bench split  --store sqlite      create, with every role a process of its own; and a hop of the wire
//	go run ./bench notify --store sqlite      events, to thousands of endpoints, healthy and not
//	go run ./bench scale  --store sqlite      what each node, region and frontend more costs the others
//
// It refuses what would make figures lie: each server is asked who it is before it
// is measured, and is the process that was started. Start reading at scenario.go; for a system
// spread over processes at split.go, of several regions at scale.go; for notifications, which have processes of their own, at notify.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: go run ./bench create|cycle|split [flags]
       go run ./bench notify [flags]    (see go run ./bench notify --help)
       go run ./bench scale [flags]     (see go run ./bench scale --help)

  --store sqlite|postgres   engine of both sides (default sqlite)
  --callers N               closed loop: how many ask at once (default 64; cycle, where
                            a caller waits 0.1 s for its payer, 512)
  --rate N                  open loop: requests a second, whatever the answers (default 0: closed loop)
  --for D                   how long each round lasts (default 5s)
  --rounds N                rounds of each side, interleaved; the median counts (default 3)
  --dir D                   where databases are put (default a new folder in the system's)
  --profile FILE            write a CPU profile of the server's last round; split: of each process of the
                            split system, its name in the file's
  --layouts LIST            split: of one_process,split,frontend_apart,gateway_apart (default all)
  --plain                   split: plain TCP to NATS instead of TLS, to tell what that costs

split makes payments as create does, in one process and in frontend, node, gateway, key service and NATS,
a process each, with credentials of their own; and with only the frontend, and only the gateway, apart.
Each is asked by one caller at a time, which shows what the wire adds, then by --callers at once. Then one
request and reply of 600 bytes over the same NATS server is measured by itself: "hop" lines.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is what a run measures.
type plan struct {
	scenario string
	store    string
	callers  int
	rate     int
	pause    time.Duration // of each caller, on average, before it asks
	length   time.Duration
	rounds   int
	dir      string
	profile  string
	plain    bool              // split: NATS without TLS
	layouts  []string          // split: what is measured
	settings map[string]string // of PostgreSQL, where they are not its own
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return fmt.Errorf("which scenario?")
	}
	if strings.HasPrefix(args[0], "notify") {
		return runNotify(ctx, args[0], args[1:])
	}
	switch args[0] {
	case "scale":
		return runScale(ctx, args[1:])
	case responderCommand:
		return runResponder(ctx, args[1:])
	case crowdCommand:
		return runCrowd(ctx, args[1:])
	}
	p := plan{scenario: args[0]}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flags.StringVar(&p.store, "store", "sqlite", "")
	flags.IntVar(&p.callers, "callers", 0, "")
	flags.IntVar(&p.rate, "rate", 0, "")
	flags.DurationVar(&p.length, "for", 5*time.Second, "")
	flags.IntVar(&p.rounds, "rounds", 3, "")
	flags.StringVar(&p.dir, "dir", "", "")
	flags.StringVar(&p.profile, "profile", "", "")
	flags.BoolVar(&p.plain, "plain", false, "")
	layouts := flags.String("layouts", layoutNames(), "")
	listen := flags.String("listen", "", "")
	database := flags.String("database", "", "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if p.callers == 0 {
		p.callers = map[string]int{"create": 64, "cycle": 512, "split": 64}[p.scenario]
	}
	if p.store != "sqlite" && p.store != "postgres" {
		return fmt.Errorf("--store is sqlite or postgres, not %q", p.store)
	}
	switch p.scenario {
	case "create", "cycle":
		return measure(ctx, p)
	case "split":
		p.layouts = strings.Split(*layouts, ",")
		return measureSplit(ctx, p)
	case "ceiling": // the other side, as a process of its own
		return serveCeiling(ctx, p.store, *database, *listen)
	}
	return fmt.Errorf("no scenario %q: create, cycle, split, notify or scale", p.scenario)
}

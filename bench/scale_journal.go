package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/relay"
)

// journalFigures are what one stream of keys takes.
type journalFigures struct {
	Servers   int     `json:"servers"` // that keep it
	Sync      string  `json:"sync"`    // always: each write is on the disk when it is confirmed; late: within two minutes
	Callers   int     `json:"callers"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	NATS      float64 `json:"nats_cpu_us_each"` // of all servers
	Client    float64 `json:"client_cpu_us_each"`
	Failed    int     `json:"failed"`
	FirstFail string  `json:"first_failure,omitempty"`
}

// keptFigures are what the stream's server holds in memory for what it was told, which it keeps for 25 hours.
type keptFigures struct {
	Keys  int     `json:"keys"`
	Bytes float64 `json:"nats_heap_bytes_each"`
	Make  float64 `json:"nats_cpu_us_for_each_look_by_a_node"` // whether it is there
}

// measureJournal writes entries as frontends do, each key once, over several connections: to one server, to one that syncs
// each write, and to three that agree on each.
func measureJournal(ctx context.Context, b *building, p scalePlan) error {
	for _, kind := range []journalKind{{1, "late"}, {1, "always"}, {3, "late"}} {
		if err := b.journalOf(ctx, p, kind); err != nil {
			return fmt.Errorf("%+v: %w", kind, err)
		}
	}
	return nil
}

// journalKind is how a journal is kept.
type journalKind struct {
	servers int
	sync    string
}

func (b *building) journalOf(ctx context.Context, p scalePlan, kind journalKind) error {
	s, err := b.startJournal(ctx, kind)
	if err != nil {
		return err
	}
	defer s.stop()
	kept, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := s.nats.connect(ctx, "node")
	if err != nil {
		return err
	}
	defer conn.Close()
	go relay.KeepJournal(kept, conn, "", kind.servers, nil)
	var journals []*relay.NATSJournal
	for range 4 {
		conn, err := s.nats.connect(ctx, "frontend")
		if err != nil {
			return err
		}
		defer conn.Close()
		journals = append(journals, relay.NewNATSJournal(conn))
	}
	there := func() bool {
		_, _, err := journals[0].Get(ctx, "none")
		return errors.Is(err, relay.ErrNotWritten)
	}
	if err := s.newest().await(ctx, there); err != nil {
		return err
	}
	empty, err := s.heap(ctx)
	if err != nil {
		return err
	}
	keys := 0
	for _, callers := range []int{1, 64, 256} {
		g, done := s.journaled(ctx, p, journals, callers)
		g.Servers, g.Sync, keys = kind.servers, kind.sync, keys+done
		if err := p.print("journal", g); err != nil {
			return err
		}
	}
	if kind != (journalKind{1, "late"}) {
		return nil
	}
	return s.keptOf(ctx, p, keys, empty)
}

// keptOf measures what is left in memory of keys, and what it costs that every node looks every two seconds whether the journal is there.
func (s *fleetSystem) keptOf(ctx context.Context, p scalePlan, keys int, empty float64) error {
	if err := wait(ctx, 15*time.Second); err != nil { // until caches of what was written last are dropped
		return err
	}
	full, err := s.heap(ctx)
	if err != nil {
		return err
	}
	k := keptFigures{Keys: keys, Bytes: (full - empty) / float64(max(1, keys))}
	conn, err := s.nats.connect(ctx, "node")
	if err != nil {
		return err
	}
	defer conn.Close()
	looking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	used := s.t.processes[0].spentNS()
	const nodes, times = 500, 3 // at 0, 2 and 4 seconds
	for range nodes {
		go relay.KeepJournal(looking, conn, "", 0, nil)
	}
	<-looking.Done()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	k.Make = float64(s.t.processes[0].spentNS()-used) / 1000 / (nodes * times)
	return p.print("journal_kept", k)
}

func (s *fleetSystem) journaled(ctx context.Context, p scalePlan, journals []*relay.NATSJournal, callers int) (journalFigures, int) {
	run, keys := rand.Uint64(), atomic.Int64{}
	body := []byte(`{"region":"r1"}`)
	put := func(ctx context.Context, caller int) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_, err := journals[caller%len(journals)].Put(ctx, fmt.Sprintf("%016x%016x", run, keys.Add(1)), body, 0)
		return err
	}
	one := p.plan
	one.callers, one.rate, one.length = callers, 0, p.length/2
	used, own := s.natsNS(), ownCPU()
	r := load(ctx, one, put)
	n := float64(max(1, r.Done))
	return journalFigures{
		Callers: callers, PerSecond: r.perSecond(), P50: ms(r.quantile(.5)) * 1000, P99: ms(r.quantile(.99)) * 1000, Failed: r.Failed, FirstFail: r.FirstFail,
		NATS: float64(s.natsNS()-used) / n / 1000, Client: float64((ownCPU() - own).Microseconds()) / n,
	}, r.Done
}

// natsNS is the processor time of all NATS servers.
func (s *fleetSystem) natsNS() (ns int64) {
	for _, p := range s.named("nats") {
		ns += p.spentNS()
	}
	return ns
}

// heap is what the first process holds after a collection, in bytes.
func (s *fleetSystem) heap(ctx context.Context) (float64, error) {
	var vars struct {
		MemStats struct{ HeapAlloc float64 } `json:"memstats"`
	}
	debug := s.t.processes[0].debug
	for _, path := range []string{"/debug/pprof/heap?gc=1", "/debug/vars"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, debug+path, nil)
		if err != nil {
			return 0, err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return 0, err
		}
		if path == "/debug/vars" {
			err = json.Unmarshal(body, &vars)
		}
		if err != nil {
			return 0, err
		}
	}
	return vars.MemStats.HeapAlloc, nil
}

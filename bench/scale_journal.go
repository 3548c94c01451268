package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/relay"
)

// journalFigures are what one stream of keys takes.
type journalFigures struct {
	Callers   int     `json:"callers"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	NATS      float64 `json:"nats_cpu_us_each"`
	Client    float64 `json:"client_cpu_us_each"`
	Memory    float64 `json:"nats_memory_bytes_each"` // entries stay for 25 hours
	Failed    int     `json:"failed"`
}

// measureJournal writes entries as frontends do, each key once, over several connections.
func measureJournal(ctx context.Context, b *building, p scalePlan) error {
	s, err := b.startFleet(ctx, fleet{}, "journal")
	if err != nil {
		return err
	}
	defer s.stop()
	node, err := s.nats.connect(ctx, "node")
	if err != nil {
		return err
	}
	defer node.Close()
	kept, cancel := context.WithCancel(ctx)
	defer cancel()
	go relay.KeepJournal(kept, node, 0, nil)
	var journals []*relay.NATSJournal
	for range 4 {
		conn, err := s.nats.connect(ctx, "frontend")
		if err != nil {
			return err
		}
		defer conn.Close()
		journals = append(journals, relay.NewNATSJournal(conn))
	}
	there := func() bool { _, _, err := journals[0].Get(ctx, "none"); return err == relay.ErrNotWritten }
	if err := s.newest().await(ctx, there); err != nil {
		return err
	}
	for _, callers := range []int{1, 64, 256} {
		if err := p.print("journal", s.journalled(ctx, p, journals, callers)); err != nil {
			return err
		}
	}
	return nil
}

func (s *fleetSystem) journalled(ctx context.Context, p scalePlan, journals []*relay.NATSJournal, callers int) journalFigures {
	run, keys := rand.Uint64(), atomic.Int64{}
	body := []byte(`{"region":"r1"}`)
	put := func(ctx context.Context, caller int) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_, err := journals[caller%len(journals)].Put(ctx, fmt.Sprintf("%x%024x", run, keys.Add(1)), body, 0)
		return err
	}
	one := p.plan
	one.callers, one.rate, one.length = callers, 0, p.length/2
	nats := s.t.processes[0]
	used, own, memory := nats.spentNS(), ownCPU(), nats.own()
	r := load(ctx, one, put)
	n := float64(max(1, r.Done))
	return journalFigures{
		Callers: callers, PerSecond: r.perSecond(), P50: ms(r.quantile(.5)) * 1000, P99: ms(r.quantile(.99)) * 1000, Failed: r.Failed,
		NATS: float64(nats.spentNS()-used) / n / 1000, Client: float64((ownCPU() - own).Microseconds()) / n, Memory: float64(nats.own()-memory) / n,
	}
}

package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// registryFigures are what the registry costs by itself: this many nodes announce themselves, this many follow.
type registryFigures struct {
	Instances int             `json:"instances"`
	Watchers  int             `json:"watchers"`
	Load      string          `json:"load"`               // renewals: nothing changes; changes: everybody has news at each renewal
	In        float64         `json:"nats_in_per_second"` // messages
	Out       float64         `json:"nats_out_per_second"`
	NATS      float64         `json:"nats_millicores"`
	NATSEach  float64         `json:"nats_cpu_us_per_message_out"`
	Follower  float64         `json:"follower_millicores"` // of one
	EachHeard float64         `json:"follower_cpu_us_per_message"`
	Memory    float64         `json:"follower_memory_mib"` // of one, its connection included
	NATSOwn   float64         `json:"nats_memory_mib"`
	Slow      float64         `json:"slow_consumers"`
	Seen      map[string]seen `json:"seen"` // how long changes take to all
}

// measureRegistry measures the registry without anybody else, for each number of followers.
func measureRegistry(ctx context.Context, b *building, p scalePlan) error {
	for _, watchers := range p.watchers {
		if err := b.registryOf(ctx, p, watchers); err != nil {
			return fmt.Errorf("%d watchers: %w", watchers, err)
		}
	}
	return nil
}

func (b *building) registryOf(ctx context.Context, p scalePlan, watchers int) error {
	s, err := b.startFleet(ctx, fleet{}, "registry-"+strconv.Itoa(watchers))
	if err != nil {
		return err
	}
	defer s.stop()
	all, err := registerAll(ctx, s.nats, p.instances)
	if err != nil {
		return err
	}
	defer all.stop()
	followers, err := startChild(ctx, crowdCommand, "--nats", s.nats.url, "--credentials", s.nats.dir,
		"--members", strconv.Itoa(watchers), "--instances", strconv.Itoa(p.instances))
	if err != nil {
		return err
	}
	defer followers.stop()
	empty := followers.own()
	if err := followers.tell(ctx, "/join", nil, nil); err != nil {
		return err
	}
	for _, load := range []string{"renewals", "changes"} {
		g, err := s.crowded(ctx, p, followers, all, load == "changes")
		if err != nil {
			return err
		}
		g.Instances, g.Watchers, g.Load = p.instances, watchers, load
		g.Memory = float64(followers.own()-empty) / float64(watchers) / (1 << 20)
		g.Follower /= float64(watchers)
		if err := p.print("registry", g); err != nil {
			return err
		}
	}
	return nil
}

// crowded measures a while in which all renew, and one has something to tell now and then; or all have.
func (s *fleetSystem) crowded(ctx context.Context, p scalePlan, followers *server, all *announcers, changing bool) (g registryFigures, err error) {
	if err = wait(ctx, settleTime); err != nil {
		return g, err
	}
	if err = followers.tell(ctx, "/took", nil, nil); err != nil { // what was noted before
		return g, err
	}
	before, err := readVarz(ctx, "http://"+s.monitor)
	if err != nil {
		return g, err
	}
	nats := s.t.processes[0]
	began, used, heard := time.Now(), nats.spentNS(), followers.spentNS()
	if err = s.news(ctx, p, all, changing); err != nil {
		return g, err
	}
	length := time.Since(began)
	g.NATS, g.Follower = millicores(nats.spentNS()-used, length), millicores(followers.spentNS()-heard, length)
	after, err := readVarz(ctx, "http://"+s.monitor)
	if err != nil {
		return g, err
	}
	v := after.since(before, length)
	g.In, g.Out, g.Slow, g.NATSOwn = v.In, v.Out, v.Slow, float64(nats.own())/(1<<20)
	g.NATSEach, g.EachHeard = g.NATS*1000/g.Out, g.Follower*1000/g.Out
	return g, followers.tell(ctx, "/took", nil, &g.Seen)
}

func millicores(ns int64, length time.Duration) float64 {
	return float64(ns) / float64(length.Nanoseconds()) * 1000
}

// news lets the time of the plan pass. Twenty times in it, one instance and the list change, at times that have nothing to do with renewals.
func (s *fleetSystem) news(ctx context.Context, p scalePlan, all *announcers, changing bool) error {
	const times = 20
	for n := range times {
		if changing {
			for i, l := range all.leases[1:] {
				if i%times == n { // each once; twice as often where the time is longer than a renewal's makes no difference to what a message costs
					l.Update(func(i *registry.Instance) { i.Usage++ })
				}
			}
		}
		all.leases[0].Update(func(i *registry.Instance) { i.Trouble = time.Now().UTC().Format(time.RFC3339Nano) })
		d := registry.Document{Key: relay.ListKey, Value: []byte(`{}`), Who: "bench", When: time.Now().UTC()}
		if _, err := s.registry.Settings().Set(ctx, d); err != nil {
			return err
		}
		if err := wait(ctx, p.length/times); err != nil {
			return err
		}
	}
	return nil
}

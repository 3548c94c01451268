package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// idleFigures are what a system without requests costs. Processor time is in thousandths of a core, memory in MiB.
type idleFigures struct {
	fleet
	Nodes         int                `json:"nodes"`
	CPU           map[string]float64 `json:"millicores"` // of nats, gateway, keys; of nodes and frontends the mean of each
	Memory        map[string]float64 `json:"memory_mib"` // likewise; what is the process's own
	Resident      map[string]float64 `json:"resident_mib"`
	In            float64            `json:"nats_in_per_second"`
	Out           float64            `json:"nats_out_per_second"`
	OutBytes      float64            `json:"nats_out_bytes_per_second"`
	Announced     map[string]float64 `json:"announcements_per_second"` // by role
	Database      float64            `json:"postgres_millicores,omitempty"`
	Connections   float64            `json:"nats_connections"`
	Subscriptions float64            `json:"nats_subscriptions"`
}

// measureIdleFleets starts systems of all sizes, one after the other, and fits what each node and frontend adds.
func measureIdleFleets(ctx context.Context, b *building, p scalePlan) error {
	var all []idleFigures
	for _, frontends := range p.frontends {
		for _, nodes := range p.nodes {
			f := fleet{Regions: nodes, Replicas: 1, Frontends: frontends}
			shapes := []fleet{f}
			if b.cluster != nil { // SQLite has one node a region, so nodes and regions cannot be told apart there
				shapes = []fleet{{Regions: 1, Replicas: nodes, Frontends: frontends}}
				if nodes > 2 {
					shapes = append(shapes, fleet{Regions: nodes / 2, Replicas: 2, Frontends: frontends})
				}
			}
			for _, f := range shapes {
				got, err := b.idle(ctx, p, f)
				if err != nil {
					return err
				}
				if err := p.print("idle", got); err != nil {
					return err
				}
				all = append(all, got)
			}
		}
	}
	return p.print("idle_slopes", slopes(all, b.cluster != nil))
}

// idle measures a system without requests.
func (b *building) idle(ctx context.Context, p scalePlan, f fleet) (idleFigures, error) {
	s, err := b.startFleet(ctx, f, fmt.Sprintf("idle-%d-%d-%d", f.Regions, f.Replicas, f.Frontends))
	if err != nil {
		return idleFigures{}, err
	}
	defer s.stop()
	if err := wait(ctx, settleTime); err != nil {
		return idleFigures{}, err
	}
	heard, err := s.listen()
	if err != nil {
		return idleFigures{}, err
	}
	defer heard.stop()
	before, err := readVarz(ctx, "http://"+s.monitor)
	if err != nil {
		return idleFigures{}, err
	}
	database, err := s.databaseCPU(ctx)
	if err != nil {
		return idleFigures{}, err
	}
	began, cpu := time.Now(), s.spent()
	if err := wait(ctx, p.length); err != nil {
		return idleFigures{}, err
	}
	length := time.Since(began)
	used := s.spent()
	after, err := readVarz(ctx, "http://"+s.monitor)
	if err != nil {
		return idleFigures{}, err
	}
	v := after.since(before, length)
	g := idleFigures{
		fleet: f, Nodes: f.nodes(), CPU: map[string]float64{}, Memory: map[string]float64{}, Resident: map[string]float64{},
		In: v.In, Out: v.Out - heard.rate("", length), OutBytes: v.OutBytes, Connections: v.Connections, Subscriptions: v.Subscriptions, Announced: map[string]float64{},
	}
	for name, ns := range used {
		g.CPU[kindOf(name)] += float64(ns-cpu[name]) / float64(length.Nanoseconds()) * 1000 / float64(len(s.named(kindOf(name))))
	}
	for _, of := range s.t.processes {
		each := float64(len(s.named(kindOf(of.name))))
		g.Memory[kindOf(of.name)] += float64(of.own()) / (1 << 20) / each
		g.Resident[kindOf(of.name)] += float64(of.memory("VmRSS:")) / (1 << 20) / each
	}
	for _, role := range roles {
		g.Announced[role] = heard.rate(role, length)
	}
	last, err := s.databaseCPU(ctx)
	g.Database = float64(last-database) / float64(length) * 1000
	if err == nil {
		err = s.t.alive()
	}
	return g, err
}

// kindOf is what a process's name is without its number.
func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, "-")
	return kind
}

// spent is the processor time of each process, by name.
func (s *fleetSystem) spent() map[string]int64 {
	all := map[string]int64{}
	for _, p := range s.t.processes {
		all[p.name] = p.spentNS()
	}
	return all
}

// databaseCPU is PostgreSQL's processor time, of all regions.
func (s *fleetSystem) databaseCPU(ctx context.Context) (time.Duration, error) {
	if s.b.cluster == nil {
		return 0, nil
	}
	u, err := findStore(ctx, s.b.cluster.URL("postgres"))
	if err != nil {
		return 0, err
	}
	return u.cpu(), nil
}

var roles = []string{"node", "frontend", "gateway", "keys"}

// ear counts announcements by role.
type ear struct {
	heard [4]atomic.Int64
	subs  []*nats.Subscription
}

// listen begins to hear announcements as every follower does.
func (s *fleetSystem) listen() (*ear, error) {
	conn := s.registry.Conn
	e := &ear{}
	for n, role := range roles {
		sub, err := conn.Subscribe("paymux.registry.instances."+role+".>", func(*nats.Msg) { e.heard[n].Add(1) })
		if err != nil {
			return nil, err
		}
		e.subs = append(e.subs, sub)
	}
	return e, conn.FlushTimeout(10 * time.Second)
}

// rate is how many of a role, or of all, were heard a second.
func (e *ear) rate(role string, length time.Duration) float64 {
	var n int64
	for i, of := range roles {
		if role == "" || role == of {
			n += e.heard[i].Load()
		}
	}
	return float64(n) / length.Seconds()
}

func (e *ear) stop() {
	for _, sub := range e.subs {
		_ = sub.Unsubscribe() // the connection may have ended
	}
}

// slope is what a figure grows by.
type slope struct {
	PerNode     float64 `json:"per_node"`
	PerFrontend float64 `json:"per_frontend"`
	PerRegion   float64 `json:"per_region,omitempty"` // beside its nodes; unknown where each region has one
	PerQuestion float64 `json:"per_question"`         // of those that each node asks each other region every second
	Base        float64 `json:"base"`
	Fault       string  `json:"fault,omitempty"`
}

// column is something that a figure may depend on, and where that is put.
type column struct {
	of   func(idleFigures) int
	into func(*slope) *float64
}

// slopes fits each figure by the size of its system.
func slopes(all []idleFigures, regions bool) map[string]slope {
	figures := map[string]func(idleFigures) float64{
		"nats_millicores":          func(g idleFigures) float64 { return g.CPU["nats"] },
		"nats_memory_mib":          func(g idleFigures) float64 { return g.Memory["nats"] },
		"nats_in_per_second":       func(g idleFigures) float64 { return g.In },
		"nats_subscriptions":       func(g idleFigures) float64 { return g.Subscriptions },
		"nats_out_per_second":      func(g idleFigures) float64 { return g.Out },
		"each_node_millicores":     func(g idleFigures) float64 { return g.CPU["node"] },
		"each_node_memory_mib":     func(g idleFigures) float64 { return g.Memory["node"] },
		"each_frontend_millicores": func(g idleFigures) float64 { return g.CPU["frontend"] },
		"each_frontend_memory_mib": func(g idleFigures) float64 { return g.Memory["frontend"] },
		"postgres_millicores":      func(g idleFigures) float64 { return g.Database },
	}
	columns := []column{
		{func(g idleFigures) int { return g.Nodes }, func(s *slope) *float64 { return &s.PerNode }},
		{func(g idleFigures) int { return g.Frontends }, func(s *slope) *float64 { return &s.PerFrontend }},
		{func(g idleFigures) int { return g.Nodes * (g.Regions - 1) }, func(s *slope) *float64 { return &s.PerQuestion }},
	}
	if regions {
		columns = append(columns, column{func(g idleFigures) int { return g.Regions }, func(s *slope) *float64 { return &s.PerRegion }})
	}
	columns = slices.DeleteFunc(columns, func(c column) bool { // what is the same everywhere makes no difference
		return !slices.ContainsFunc(all, func(g idleFigures) bool { return c.of(g) != c.of(all[0]) })
	})
	out := map[string]slope{}
	for name, figure := range figures {
		var samples []sample
		for _, g := range all {
			of := []float64{}
			for _, c := range columns {
				of = append(of, float64(c.of(g)))
			}
			samples = append(samples, sample{of, figure(g)})
		}
		s := slope{}
		each, base, err := fit(samples)
		if err != nil {
			s.Fault = err.Error()
		}
		s.Base = base
		for i := range each {
			*columns[i].into(&s) = each[i]
		}
		out[name] = s
	}
	return out
}

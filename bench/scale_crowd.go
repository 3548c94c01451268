package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// crowdCommand is the hidden command of a process that follows the registry as many frontends would: each directory and
// view over a connection of its own, as in life.
const crowdCommand = "scale-crowd"

// crowd is directories that follow all nodes, and views that follow the assignment list.
type crowd struct {
	nodes []*registry.Directory
	lists []*registry.View

	mu   sync.Mutex // guards what follows
	took map[string][]time.Duration
}

// marked is the instance, and the reason, by which changes are known whose time is measured.
const marked = "marked"

func runCrowd(ctx context.Context, args []string) error {
	ctx, cancel := withParent(ctx)
	defer cancel()
	var c child
	var at natsAt
	var members, instances int
	flags := flag.NewFlagSet(crowdCommand, flag.ContinueOnError)
	flags.StringVar(&c.token, "token", "", "")
	flags.StringVar(&c.control, "control", "", "")
	flags.StringVar(&at.url, "nats", "", "")
	flags.StringVar(&at.dir, "credentials", "", "")
	flags.IntVar(&members, "members", 0, "")
	flags.IntVar(&instances, "instances", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all := &crowd{took: map[string][]time.Duration{}}
	join := func(ctx context.Context, _ struct{}) (bool, error) {
		return true, all.join(ctx, at, members, instances)
	}
	return c.serveControl(ctx, map[string]http.HandlerFunc{"/join": told(join), "/took": told(all.told)})
}

// join connects the members and returns when each knows all instances.
func (c *crowd) join(ctx context.Context, at natsAt, members, instances int) error {
	for range members {
		conn, err := at.connect(ctx, "frontend")
		if err != nil {
			return err
		}
		c.follow(registry.New(registry.Config{Conn: conn}))
	}
	return c.complete(ctx, instances)
}

// follow adds a member.
func (c *crowd) follow(r *registry.Registry) {
	c.nodes, c.lists = append(c.nodes, r.Watch(registry.RoleNode)), append(c.lists, r.Settings().Watch(relay.ListKey))
}

// complete returns when each member knows all instances. From then on, what they see is noted.
func (c *crowd) complete(ctx context.Context, instances int) error {
	for i, d := range c.nodes {
		for changed := d.Changed(); len(d.Instances()) < instances; changed = d.Changed() {
			select {
			case <-changed:
			case <-ctx.Done():
				return fmt.Errorf("directory %d knows %d of %d instances", i+1, len(d.Instances()), instances)
			}
		}
		v := c.lists[i]
		go c.note("instance", marks(d), d.Changed, func() time.Time { return marks(d) })
		go c.note("list", listed(v), v.Changed, func() time.Time { return listed(v) })
	}
	return nil
}

// note notes how long ago what changes says that it was made, each time that it says something new.
func (c *crowd) note(what string, last time.Time, changed func() <-chan struct{}, made func() time.Time) {
	for {
		next := changed()
		if at := made(); !at.Equal(last) {
			last = at
			c.mu.Lock()
			c.took[what] = append(c.took[what], time.Since(at))
			c.mu.Unlock()
		}
		<-next // the process ends with its parent, and this with it
	}
}

func marks(d *registry.Directory) (at time.Time) {
	if i, ok := d.Instance(marked); ok {
		at, _ = time.Parse(time.RFC3339Nano, i.Trouble)
	}
	return at
}

func listed(v *registry.View) time.Time {
	d, _ := v.Get(relay.ListKey)
	return d.When
}

func (c *crowd) noted(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.took[what])
}

// seen are the times within which changes were seen, in milliseconds.
type seen struct {
	Times int     `json:"times"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
}

// told tells what was noted since the last time.
func (c *crowd) told(context.Context, struct{}) (map[string]seen, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]seen{}
	for what, took := range c.took {
		slices.Sort(took)
		r := result{took: took}
		out[what] = seen{len(took), ms(r.quantile(.5)), ms(r.quantile(.99))}
	}
	c.took = map[string][]time.Duration{}
	return out, nil
}

// announcers are registered nodes, of ten replicas a region.
type announcers struct {
	conns  []*nats.Conn
	leases []*registry.Lease
}

// registerAll registers nodes over a few connections: what each has of its own costs announcing nothing.
func registerAll(ctx context.Context, at natsAt, n int) (*announcers, error) {
	a := &announcers{}
	var registries []*registry.Registry
	for range min(n, 8) {
		conn, err := at.connect(ctx, "node")
		if err != nil {
			a.stop()
			return nil, err
		}
		a.conns = append(a.conns, conn)
		registries = append(registries, registry.New(registry.Config{Conn: conn, Creates: true}))
	}
	for i := range n {
		id := fmt.Sprintf("node-%d", i)
		if i == 0 {
			id = marked
		}
		l, err := registries[i%len(registries)].Register(ctx, nodeInstance(id, i))
		if err != nil {
			a.stop()
			return nil, err
		}
		a.leases = append(a.leases, l)
	}
	return a, nil
}

// nodeInstance is what a node with three accounts announces.
func nodeInstance(id string, n int) registry.Instance {
	i := registry.Instance{ID: id, Role: registry.RoleNode, Name: regionName(n / 10), Version: "1.0.0", State: registry.Ready, Weight: 100, Rated: 1000}
	d := relay.Detail{
		Number: paymux.Region(n / 10), LatencyUS: 800, Accounts: []string{"east-main", "west-main", "north-main"},
		Channels: []string{"east", "west", "north"}, Methods: []paymux.MethodType{"wechat_pay", "card"},
	}
	i.Detail, _ = json.Marshal(d) // there is nothing in it that could not be written
	return i
}

// stop leaves at once: the connections end, and the server with the instances.
func (a *announcers) stop() {
	for _, conn := range a.conns {
		conn.Close()
	}
}

// Package rollout is the life of service packages as a node sees it (B4–B6, X6): which
// versions of a channel's package run and what share of the payments each gets, a version on
// trial that is rolled back by itself when its numbers are significantly worse, the
// kill switch, and shadow queries. To the payment room it is a set of accounts, whose
// channels may be in this process or in many others.
//
// It decides nothing about money and keeps nothing but policies, in the registry's
// settings. Without a registry it goes on with what it knows (C9). Start reading at
// Channels, then remote.go, then judge.go.
package rollout

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/registry"
)

// Config wires Channels. Local and Registry may be left out; without Registry there is only what is local.
type Config struct {
	Local    []*channel.Account // served in this process
	Registry *registry.Registry
	Client   *rpc.Client // for packages elsewhere, with channelrpc.Faults
	Log      *slog.Logger
	Now      func() time.Time
}

// Channels are a node's accounts. Safe for concurrent use.
type Channels struct {
	Config
	instances *registry.Directory
	policies  *registry.View

	accounts atomic.Pointer[channel.Accounts]
	gathered atomic.Bool // accounts are those of everybody, or once were

	mu       sync.Mutex                // guards what follows; held while a set of accounts is made, never during calls
	packages map[string]*packages      // by channel
	order    []string                  // names of remote accounts, in the order they were first seen
	meters   map[string]*channel.Meter // of calls, by channel
	seen     map[string]*seen          // remote accounts by name

	stop sync.Once
	quit chan struct{}
	work sync.WaitGroup // of follow, and of shadow queries and rollbacks under way
}

// seen is a remote account as it was last announced.
type seen struct {
	channel      string
	capabilities channelrpc.Capabilities
	methods      []paymux.MethodType
}

// New returns the accounts there are now; Start follows changes.
func New(c Config) *Channels {
	r := &Channels{
		Config: c, packages: map[string]*packages{}, seen: map[string]*seen{}, meters: map[string]*channel.Meter{}, quit: make(chan struct{}),
	}
	r.Local = make([]*channel.Account, len(c.Local))
	for i, a := range c.Local {
		counted := *a
		counted.Channel = r.meter(a.Driver.Name).Of(a.Channel)
		r.Local[i] = &counted
	}
	if c.Registry != nil {
		r.instances = c.Registry.Watch(registry.RoleGateway)
		r.policies = c.Registry.Settings().Watch("channel")
	}
	r.refresh()
	return r
}

// Accounts are the accounts as they are now. What was named once stays named: an
// account that nobody serves just now is down.
func (c *Channels) Accounts() *channel.Accounts { return c.accounts.Load() }

// meter is that of a channel. mu is held, or nobody knows of c yet.
func (c *Channels) meter(name string) *channel.Meter {
	if c.meters[name] == nil {
		c.meters[name] = &channel.Meter{}
	}
	return c.meters[name]
}

// Meters are those of this process's calls, by channel; to packages elsewhere, with the wire.
func (c *Channels) Meters() map[string]*channel.Meter {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.meters)
}

// Start follows what runs and what operators decide, until Stop.
func (c *Channels) Start() {
	if c.instances != nil {
		c.work.Go(c.follow)
	}
}

// AwaitFirst returns when the registry has been heard for the first time, or ctx ends.
func (c *Channels) AwaitFirst(ctx context.Context) {
	if c.instances == nil {
		return
	}
	for _, ready := range []<-chan struct{}{c.instances.Ready(), c.policies.Ready()} {
		select {
		case <-ready:
		case <-ctx.Done():
			return
		}
	}
	c.refresh()
}

// Gathering reports whether there may be accounts of other processes that are not known yet. It ends for good once the registry
// was heard, and whoever it had forgotten had the time to tell again. Whoever is told no finds all of them in Accounts from then on.
func (c *Channels) Gathering() bool {
	if c.instances == nil || c.gathered.Load() {
		return false
	}
	if c.instances.Settled() {
		c.refresh()
	}
	return !c.gathered.Load()
}

// Stop ends the following. It may be called twice.
func (c *Channels) Stop() {
	c.stop.Do(func() {
		close(c.quit)
		if c.instances != nil {
			c.instances.Stop()
			c.policies.Stop()
		}
	})
	c.work.Wait()
}

func (c *Channels) follow() {
	for {
		instances, policies := c.instances.Changed(), c.policies.Changed()
		c.refresh()
		select {
		case <-instances:
		case <-policies:
		case <-c.quit:
			return
		}
	}
}

// refresh makes the set of accounts anew.
func (c *Channels) refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	settled := c.instances != nil && c.instances.Settled() // before they are read
	policies := c.readPolicies()
	running := c.readInstances()
	for name, p := range c.packages {
		p.become(policies[name], running[name])
	}
	for name := range policies { // also of channels of which nothing runs here yet
		if c.packages[name] == nil {
			c.packages[name] = newPackages(name, c)
			c.packages[name].become(policies[name], running[name])
		}
	}
	var list []*channel.Account
	for _, a := range c.Local {
		list = append(list, c.local(a, policies[a.Driver.Name]))
	}
	for _, name := range c.order {
		if !slices.ContainsFunc(c.Local, func(a *channel.Account) bool { return a.Name == name }) {
			list = append(list, c.remote(name))
		}
	}
	c.accounts.Store(channel.NewAccounts(list...))
	if settled {
		c.gathered.Store(true)
	}
}

func (c *Channels) readPolicies() map[string]paymux.Rollout {
	policies := map[string]paymux.Rollout{}
	if c.policies == nil {
		return policies
	}
	for _, d := range c.policies.Documents() {
		name := d.Key[len(settingsKey("")):]
		p, err := parsePolicy(d.Value)
		if err != nil { // the last good one stays
			c.Log.Error("channel policy cannot be used", "channel", name, "version", d.Version, "error", err)
			if old := c.packages[name]; old != nil {
				p = old.fleet.Load().policy
			}
		}
		policies[name] = p
	}
	return policies
}

// readInstances groups what runs by channel, and remembers every account it sees.
func (c *Channels) readInstances() map[string][]registry.Instance {
	running := map[string][]registry.Instance{}
	if c.instances == nil {
		return running
	}
	for _, i := range c.instances.Instances() {
		var caps channelrpc.Capabilities
		if err := json.Unmarshal(i.Detail, &caps); err != nil || caps.Name != i.Name {
			c.Log.Warn("a gateway announces what cannot be read", "instance", i.ID, "channel", i.Name, "error", err)
			continue
		}
		if c.packages[i.Name] == nil {
			c.packages[i.Name] = newPackages(i.Name, c)
		}
		for _, a := range caps.Accounts {
			if c.seen[a.Name] == nil {
				c.order = append(c.order, a.Name)
				slices.Sort(c.order)
			}
			c.seen[a.Name] = &seen{channel: i.Name, capabilities: caps, methods: a.Methods}
		}
		if i.State == registry.Ready {
			running[i.Name] = append(running[i.Name], i)
		}
	}
	return running
}

func killed(p paymux.Rollout) string { return "channel switched off: " + p.Killed }

// local is an account of this process, which a kill switch stops, too.
func (c *Channels) local(a *channel.Account, p paymux.Rollout) *channel.Account {
	if p.Killed == "" {
		return a
	}
	down := *a
	down.Down = killed(p)
	return &down
}

// overWire is added to a package's time limit: the wire's own time.
const overWire = time.Second

func (c *Channels) remote(name string) *channel.Account {
	s := c.seen[name]
	p := c.packages[s.channel]
	caps := &s.capabilities
	a := &channel.Account{
		Name: name, Methods: s.methods, Channel: c.meter(s.channel).Of(newRemote(p, name)),
		Driver: &channel.Driver{
			Name: caps.Name, Title: caps.Title, Methods: s.methods, Features: caps.Features, Currencies: caps.Currencies,
			Exponents: caps.Exponents, TimeLimit: time.Duration(caps.TimeLimitMS)*time.Millisecond + overWire,
		},
	}
	switch f := p.fleet.Load(); {
	case f.policy.Killed != "":
		a.Down = killed(f.policy)
	case len(f.versions) == 0:
		a.Down = "no package of channel " + s.channel + " is running"
	}
	return a
}

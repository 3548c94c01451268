// Package gateway is a channel gateway (A27): it opens accounts at institutions, serves them
// to nodes over NATS by the contract of channelrpc, and keeps itself listed in the registry
// with what it can do. It opens no database and knows nothing of payments beyond what one call carries.
//
// The role of cmd/paymux and each institution's own program (channel/<name>/paymux-<name>)
// are both made of it. Start reading at New, then program.go.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/registry"
)

// Config sets a gateway up. All but Weight, Limit and Trace are required.
type Config struct {
	Conn     *nats.Conn
	Registry *registry.Registry
	Accounts []*channel.Account // of one or more channels
	Version  string             // of the package
	ID       string             // of this process, never used again
	Weight   int                // its share beside other versions. Zero: 100
	Limit    int                // calls under way at a time, per channel. Zero: 1024
	Log      *slog.Logger
	Trace    *trace.Tracer // of calls; nil: none is recorded
	Now      func() time.Time
}

// Gateway serves accounts. Safe for concurrent use.
type Gateway struct {
	Config
	packages []*service // one a channel

	stop sync.Once
	done chan struct{}  // closed by Stop
	loop sync.WaitGroup // of the announcer
}

// service is one channel's part: a server and a lease, with accounts that count what they do not know.
type service struct {
	channel  *channel.Driver
	accounts []*channel.Account
	codes    *codes
	meter    channel.Meter
	server   *channelrpc.Server
	lease    *registry.Lease
}

// New returns a gateway that serves nothing yet.
func New(c Config) (*Gateway, error) {
	if err := channelrpc.CheckVersion(c.Version); err != nil {
		return nil, err
	}
	if c.Weight == 0 {
		c.Weight = 100
	}
	g := &Gateway{Config: c, done: make(chan struct{})}
	for _, a := range c.Accounts {
		g.add(a)
	}
	return g, nil
}

func (g *Gateway) add(a *channel.Account) {
	at := slices.IndexFunc(g.packages, func(p *service) bool { return p.channel.Name == a.Driver.Name })
	if at < 0 {
		at = len(g.packages)
		g.packages = append(g.packages, &service{
			channel: a.Driver, codes: newCodes(), server: channelrpc.NewTracedServer(g.Conn, g.Version, g.Limit, g.Log, g.Trace),
		})
	}
	p := g.packages[at]
	counted := *a
	counted.Channel = p.meter.Of(counting{Channel: a.Channel, codes: p.codes})
	p.accounts = append(p.accounts, &counted)
}

// Start serves, then lists the gateway as ready, so that nobody is sent here before.
func (g *Gateway) Start(ctx context.Context) error {
	for _, p := range g.packages {
		if err := g.begin(ctx, p); err != nil {
			return errors.Join(err, g.Stop(ctx))
		}
	}
	g.loop.Go(g.announce)
	return nil
}

func (g *Gateway) begin(ctx context.Context, p *service) error {
	for _, a := range p.accounts {
		if err := p.server.Serve(a); err != nil {
			return err
		}
	}
	if err := p.server.Flush(ctx); err != nil {
		return fmt.Errorf("gateway: serve channel %s: %w", p.channel.Name, err)
	}
	detail, err := json.Marshal(g.capabilities(p))
	if err != nil {
		return fmt.Errorf("gateway: describe channel %s: %w", p.channel.Name, err)
	}
	p.lease, err = g.Registry.Register(ctx, registry.Instance{
		ID: g.ID, Role: registry.RoleGateway, Name: p.channel.Name, Version: g.Version, Weight: g.Weight,
		State: registry.Ready, Since: g.Now(), Detail: detail,
	})
	return err
}

func (g *Gateway) capabilities(p *service) channelrpc.Capabilities {
	d := p.channel
	c := channelrpc.Capabilities{
		Contract: channelrpc.Contract, Name: d.Name, Title: d.Title, Version: g.Version, Features: d.Features,
		Currencies: d.Currencies, Exponents: d.Exponents, TimeLimitMS: d.TimeLimit.Milliseconds(), UnknownCodes: p.codes.counts(),
	}
	for _, a := range p.accounts {
		_, kit := channel.KitOf(a.Channel)
		c.Accounts = append(c.Accounts, channelrpc.Account{Name: a.Name, Methods: a.Methods, Kit: kit})
	}
	return c
}

// announceEvery is how soon others learn of codes that nobody knows.
const announceEvery = 5 * time.Second

// announce keeps what is listed true.
func (g *Gateway) announce() {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		select {
		case <-g.done:
			return
		case <-tick.C:
		}
		for _, p := range g.packages {
			if !p.codes.news() {
				continue
			}
			if detail, err := json.Marshal(g.capabilities(p)); err == nil {
				p.lease.Update(func(i *registry.Instance) { i.Detail = detail })
			}
		}
	}
}

// releaseTime is how long the registry is waited for at the end: one that did not hear of
// it forgets the gateway by itself.
const releaseTime = 2 * time.Second

func release(ctx context.Context, l *registry.Lease) error {
	ctx, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	if err := l.Release(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Stop takes the gateway from the list, then takes no more calls, and waits for those under
// way: a stop loses no payment. It may be called twice.
func (g *Gateway) Stop(ctx context.Context) (err error) {
	g.stop.Do(func() {
		close(g.done)
		g.loop.Wait()
		for _, p := range g.packages {
			if p.lease != nil {
				err = errors.Join(err, release(ctx, p.lease))
			}
		}
		for _, p := range g.packages {
			err = errors.Join(err, p.server.Stop(ctx))
		}
	})
	return err
}

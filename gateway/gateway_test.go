package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/registry"
)

// puzzled is an account whose institution answers everything with a code nobody knows.
type puzzled struct{}

func (puzzled) Do(context.Context, channel.Operation) (channel.Result, error) {
	return channel.Result{State: paymux.OpUnknown, Code: "A1"}, nil
}
func (puzzled) Query(context.Context, channel.Operation) (channel.Result, error) {
	return channel.Result{State: paymux.OpUnknown, Code: "B2"}, nil
}
func (puzzled) Callback(context.Context, channel.CallbackRequest) (channel.Callback, error) {
	return channel.Callback{}, channel.ErrUnsupported
}
func (puzzled) Statement(context.Context, time.Time) ([]channel.StatementLine, error) {
	return nil, channel.ErrUnsupported
}

// playful is one that can be driven.
type playful struct{ puzzled }

func (playful) Drive(_ context.Context, q channel.KitRequest) (channel.KitReply, error) {
	if q.Verb != channel.KitEffects {
		return channel.KitReply{}, channel.ErrUnsupported
	}
	return channel.KitReply{Effects: 7}, nil
}

// A kit is announced, and served, where an account has one, although the gateway counts what passes; and codes are counted.
func TestKitsPassAndCodesAreCounted(t *testing.T) {
	t.Parallel()
	var c natsserver.Config
	c.Dir, c.Name, c.Log = t.TempDir(), "test", slog.New(slog.DiscardHandler)
	m, err := natsserver.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	shared := registry.New(registry.Config{Conn: m.Conn, Creates: true})
	t.Cleanup(func() { _ = shared.Stop(context.Background()) })
	accounts := []*channel.Account{
		{Name: "plain", Driver: driver(), Channel: puzzled{}, Methods: []paymux.MethodType{paymux.Card}},
		{Name: "pretends", Driver: driver(), Channel: playful{}, Methods: []paymux.MethodType{paymux.Card}},
	}
	g, err := gateway.New(gateway.Config{Conn: m.Conn, Registry: shared, Accounts: accounts, Version: "1.2.3", ID: "g-1", Log: c.Log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Stop(context.Background()) })

	at := func(account string) *channelrpc.Channel {
		return &channelrpc.Channel{Client: &rpc.Client{Conn: m.Conn, Faults: channelrpc.Faults()}, Name: "acme", Version: "1.2.3", Account: account}
	}
	if r, err := at("pretends").Kit().Drive(t.Context(), channel.KitRequest{Verb: channel.KitEffects}); r.Effects != 7 || err != nil {
		t.Errorf("the kit answers %+v, %v", r, err)
	}
	if _, err := at("pretends").Kit().Drive(t.Context(), channel.KitRequest{Verb: channel.KitLine}); !errors.Is(err, channel.ErrUnsupported) {
		t.Errorf("what the kit has not: %v", err)
	}
	if _, err := at("plain").Kit().Drive(t.Context(), channel.KitRequest{Verb: channel.KitEffects}); !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("an account without a kit: %v", err)
	}
	for range 3 {
		if _, err := at("plain").Do(t.Context(), channel.Operation{ID: "op_1", Kind: paymux.Pay}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := at("plain").Query(t.Context(), channel.Operation{ID: "op_1", Kind: paymux.Pay}); err != nil {
		t.Fatal(err)
	}
	caps := announced(t, shared, func(c channelrpc.Capabilities) bool { return c.UnknownCodes["B2"] > 0 })
	if caps.UnknownCodes["A1"] != 3 || caps.UnknownCodes["B2"] != 1 {
		t.Errorf("unknown codes %v", caps.UnknownCodes)
	}
	if len(caps.Accounts) != 2 || caps.Accounts[0].Kit || !caps.Accounts[1].Kit {
		t.Errorf("accounts %+v", caps.Accounts)
	}
}

// announced waits for what an instance says of itself.
func announced(t *testing.T, shared *registry.Registry, so func(channelrpc.Capabilities) bool) (c channelrpc.Capabilities) {
	t.Helper()
	d := shared.Watch(registry.RoleGateway, "acme")
	enough := time.After(30 * time.Second)
	for {
		changed := d.Changed()
		if is, ok := d.Instance("g-1"); ok {
			c = channelrpc.Capabilities{}
			if err := json.Unmarshal(is.Detail, &c); err != nil {
				t.Fatal(err)
			}
			if so(c) {
				return c
			}
		}
		select {
		case <-changed:
		case <-enough:
			t.Fatalf("in time there is only %+v", c)
		}
	}
}

package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/rollout"
)

// yard is a registry, a node's channels and packages that come and go.
type yard struct {
	t        *testing.T
	m        *natsserver.Messaging
	registry *registry.Registry
	channels *rollout.Channels
	ids      *paymux.IDs
	made     int
}

func newYard(t *testing.T, local ...*channel.Account) *yard {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	m, err := natsserver.Open(natsserver.Config{Dir: t.TempDir(), Config: natsclient.Config{Name: "test", Log: quiet}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	y := &yard{t: t, m: m, ids: paymux.NewIDs([]byte("only for tests, no secret"), 1, time.Now)}
	y.registry = registry.New(registry.Config{Conn: m.Conn, TTL: 2 * time.Second, Creates: true, Log: quiet})
	t.Cleanup(func() { _ = y.registry.Stop(context.Background()) })
	y.channels = rollout.New(rollout.Config{
		Local: local, Registry: y.registry, Log: quiet, Now: time.Now, Client: &rpc.Client{Conn: m.Conn, Faults: channelrpc.Faults()},
	})
	y.channels.Start()
	t.Cleanup(y.channels.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	y.channels.AwaitFirst(ctx)
	return y
}

// parcel is a package of one version whose answers a test decides.
type parcel struct {
	version string
	calls   atomic.Int64
	answer  func(channel.Operation) (channel.Result, error)
}

func (p *parcel) Do(_ context.Context, op channel.Operation) (channel.Result, error) {
	p.calls.Add(1)
	return p.answer(op)
}

func (p *parcel) Query(_ context.Context, op channel.Operation) (channel.Result, error) {
	return p.answer(op)
}

func (p *parcel) Callback(context.Context, channel.CallbackRequest) (channel.Callback, error) {
	return channel.Callback{ID: p.version}, nil
}

func (p *parcel) Statement(context.Context, time.Time) ([]channel.StatementLine, error) {
	return nil, channel.ErrUnsupported
}

func paid(channel.Operation) (channel.Result, error) {
	return channel.Result{State: paymux.OpSucceeded}, nil
}

var bank = &channel.Driver{
	Name: "bank", Title: "Bank", Methods: []paymux.MethodType{paymux.Card}, TimeLimit: 2 * time.Second,
	Features: channel.Features{Query: true, Callbacks: true, Refund: true},
}

// start runs a package of a version.
func (y *yard) start(version string, answer func(channel.Operation) (channel.Result, error)) (*parcel, *gateway.Gateway) {
	y.t.Helper()
	p := &parcel{version: version, answer: answer}
	y.made++
	g, err := gateway.New(gateway.Config{
		Conn: y.m.Conn, Registry: y.registry, Version: version, ID: fmt.Sprintf("host-%d", y.made),
		Accounts: []*channel.Account{{Name: "main", Driver: bank, Channel: p, Methods: bank.Methods}},
		Log:      slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err == nil {
		err = g.Start(y.t.Context())
	}
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { _ = g.Stop(context.Background()) })
	return p, g
}

// until waits for what the node sees to become so.
func (y *yard) until(what string, so func() bool) {
	y.t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			list, _ := y.channels.Statuses(y.t.Context())
			y.t.Fatalf("never: %s; there is %+v", what, list)
		}
	}
}

func (y *yard) sees(instances int) func() bool {
	return func() bool {
		n := 0
		list, _ := y.channels.Statuses(y.t.Context())
		for _, s := range list {
			for _, v := range s.Versions {
				n += len(v.Instances)
			}
		}
		return n == instances
	}
}

// pay pays through the node's account, as the payment room would.
func (y *yard) pay() (channel.Result, error) {
	y.t.Helper()
	var account *channel.Account
	y.until("the account", func() bool { account = y.channels.Accounts().Named("main"); return account != nil }) // which statuses are a moment ahead of
	return account.Do(y.t.Context(), channel.Operation{
		ID: paymux.OperationID(y.ids.New(paymux.PrefixOperation)), Payment: paymux.PaymentID(y.ids.New(paymux.PrefixPayment)),
		Kind: paymux.Pay, Money: paymux.Money{Amount: 1250, Currency: "CNY"},
	})
}

func (y *yard) decide(d paymux.RolloutChange) paymux.ChannelStatus {
	y.t.Helper()
	d.Channel, d.Who = "bank", "test"
	s, err := y.channels.Decide(y.t.Context(), d)
	if err != nil {
		y.t.Fatal(err)
	}
	return s
}

func TestAPackageComesAndGoes(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	if y.channels.Accounts().Named("main") != nil {
		t.Error("an account before there is a package")
	}
	_, g := y.start("1.0", paid)
	y.until("the account", func() bool { return y.channels.Accounts().Named("main") != nil })
	a := y.channels.Accounts().Named("main")
	if a.Down != "" || !a.Takes(paymux.Card, "CNY") || a.Takes(paymux.PayPal, "CNY") || a.Driver.Name != "bank" || !a.Driver.Features.Refund {
		t.Errorf("%+v %+v", a, a.Driver)
	}
	if r, err := y.pay(); err != nil || r.State != paymux.OpSucceeded {
		t.Errorf("%+v, %v", r, err)
	}
	if err := g.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	y.until("down", func() bool { return y.channels.Accounts().Named("main").Down != "" })
	if _, err := y.pay(); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("without a package: %v", err)
	}
	y.start("1.1", paid)
	y.until("up again", func() bool { return y.channels.Accounts().Named("main").Down == "" })
}

func TestAnUpgradeLosesNothing(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	_, old := y.start("1.0", paid)
	y.until("the account", func() bool { return y.channels.Accounts().Named("main") != nil })
	ctx, end := context.WithCancel(t.Context())
	done := make(chan int, 4)
	for range 4 {
		go func() {
			n := 0
			for ; ctx.Err() == nil; n++ {
				if r, err := y.pay(); err != nil || r.State != paymux.OpSucceeded {
					t.Errorf("payment %d: %+v, %v", n, r, err)
					break
				}
			}
			done <- n
		}()
	}
	fresh, g := y.start("2.0", paid)
	y.until("both", y.sees(2))
	if err := old.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	y.until("all to the new one", func() bool { return fresh.calls.Load() > 100 })
	back, _ := y.start("1.0", paid)
	y.until("both again", y.sees(2))
	if err := g.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	y.until("all back", func() bool { return back.calls.Load() > 100 })
	end()
	for range 4 {
		<-done
	}
}

func TestACanaryGetsItsShareAndIsRolledBackByItself(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	stable, _ := y.start("1.0", paid)
	canary, _ := y.start("1.1", paid)
	y.until("both", y.sees(2))
	y.decide(paymux.RolloutChange{Action: paymux.RolloutTry, Version: "1.1", Stable: "1.0", Percent: 20})
	for range 1000 {
		if _, err := y.pay(); err != nil {
			t.Fatal(err)
		}
	}
	if got := canary.calls.Load(); got < 150 || got > 250 {
		t.Errorf("of 1000 payments the canary got %d, want about 200", got)
	}
	if list, _ := y.channels.Statuses(t.Context()); len(list) != 1 || list[0].Rollout.Canary != "1.1" || len(list[0].Rollout.Withdrawn) != 0 {
		t.Fatalf("a good canary is %+v", list)
	}
	y.decide(paymux.RolloutChange{Action: paymux.RolloutWithdraw, Version: "1.1", Reason: "only a test"})
	bad, _ := y.start("1.2", func(channel.Operation) (channel.Result, error) { return channel.Result{}, errors.New("broken") })
	y.until("three", y.sees(3))
	y.decide(paymux.RolloutChange{Action: paymux.RolloutTry, Version: "1.2", Percent: 20})
	for range 300 {
		_, _ = y.pay()
	}
	if got := bad.calls.Load(); got == 0 || got > 10 {
		t.Errorf("the failing canary got %d payments, stated are 10 at most", got)
	}
	y.until("written down", func() bool {
		d, err := y.registry.Settings().Get(t.Context(), "channel.bank")
		return err == nil && d.Who == "paymux"
	})
	list, _ := y.channels.Statuses(t.Context())
	w := list[0].Rollout.Withdrawn
	if list[0].Rollout.Canary != "" || len(w) != 2 || w[0].Version != "1.2" || w[0].Who != "paymux" || w[0].Reason == "" || w[0].Canary.Failed != bad.calls.Load() || w[0].Stable.Calls == 0 {
		t.Errorf("%+v", list[0].Rollout)
	}
	before := stable.calls.Load()
	if _, err := y.pay(); err != nil || stable.calls.Load() != before+1 {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := y.channels.Decide(t.Context(), paymux.RolloutChange{Channel: "bank", Action: paymux.RolloutTry, Version: "1.2", Percent: 1}); !errors.Is(err, paymux.InvalidRequest) {
		t.Errorf("a withdrawn version is tried again: %v", err)
	}
}

func TestTheKillSwitchStopsNewPaymentsOnly(t *testing.T) {
	t.Parallel()
	local := &channel.Account{Name: "here", Driver: bank, Channel: &parcel{answer: paid}, Methods: bank.Methods}
	y := newYard(t, local)
	y.start("1.0", paid)
	y.until("the account", func() bool { return y.channels.Accounts().Named("main") != nil })
	if _, err := y.channels.Decide(t.Context(), paymux.RolloutChange{Channel: "bank", Action: paymux.RolloutKill}); !errors.Is(err, paymux.InvalidRequest) {
		t.Errorf("without a reason: %v", err)
	}
	y.decide(paymux.RolloutChange{Action: paymux.RolloutKill, Reason: "it double charges"})
	for _, name := range []string{"here", "main"} {
		if y.channels.Accounts().Named(name).Down == "" {
			t.Errorf("%s is not down", name)
		}
	}
	if _, err := y.pay(); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("a payment: %v", err)
	}
	account := y.channels.Accounts().Named("main")
	if r, err := account.Do(t.Context(), channel.Operation{ID: "op_1", Kind: paymux.Refunds}); err != nil || r.State != paymux.OpSucceeded {
		t.Errorf("a refund: %+v, %v", r, err)
	}
	y.decide(paymux.RolloutChange{Action: paymux.RolloutRevive})
	if _, err := y.pay(); err != nil || y.channels.Accounts().Named("here").Down != "" {
		t.Errorf("revived: %v", err)
	}
}

func TestAShadowIsAskedAndNotBelieved(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.start("1.0", paid)
	y.start("1.1", func(channel.Operation) (channel.Result, error) {
		return channel.Result{State: paymux.OpDeclined}, nil
	})
	y.until("both", y.sees(2))
	y.decide(paymux.RolloutChange{Action: paymux.RolloutPromote, Version: "1.0"})
	y.decide(paymux.RolloutChange{Action: paymux.RolloutShadow, Version: "1.1"})
	account := y.channels.Accounts().Named("main")
	if r, err := account.Query(t.Context(), channel.Operation{ID: "op_1", Payment: "pay_1"}); err != nil || r.State != paymux.OpSucceeded {
		t.Errorf("%+v, %v", r, err)
	}
	y.until("the difference", func() bool {
		list, _ := y.channels.Statuses(t.Context())
		return list[0].Shadow != nil && list[0].Shadow.Asked == 1 && list[0].Shadow.Differs == 1 && list[0].Shadow.Example != ""
	})
}

// An operation under way in a process that dies is not given to another one: nobody knows what it did.
func TestWhatAPackageTookIsGivenToNoOther(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	first, _ := y.start("1.0", func(channel.Operation) (channel.Result, error) { return channel.Result{}, errors.New("cut off") })
	second, _ := y.start("1.1", paid)
	y.until("both", y.sees(2))
	y.decide(paymux.RolloutChange{Action: paymux.RolloutPromote, Version: "1.0"})
	if _, err := y.pay(); err == nil || errors.Is(err, channel.ErrNotSent) || first.calls.Load() != 1 || second.calls.Load() != 0 {
		t.Errorf("%v; %d and %d calls", err, first.calls.Load(), second.calls.Load())
	}
}

// Before the registry was heard there may be accounts that nobody has told of.
func TestGathering(t *testing.T) {
	t.Parallel()
	if newYard(t).channels.Gathering() {
		t.Error("the registry was heard, and accounts may be missing")
	}
	alone := rollout.New(rollout.Config{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	defer alone.Stop()
	if alone.Gathering() {
		t.Error("without a registry, accounts may be missing")
	}
	conn, err := nats.Connect("nats://127.0.0.1:1", nats.RetryOnFailedConnect(true)) // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	away := registry.New(registry.Config{Conn: conn, TTL: 2 * time.Second, Log: slog.New(slog.DiscardHandler)})
	defer func() { _ = away.Stop(t.Context()) }() // there is nothing to release
	deaf := rollout.New(rollout.Config{Registry: away, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	defer deaf.Stop()
	if !deaf.Gathering() {
		t.Error("nobody has told of accounts, and none may be missing")
	}
}

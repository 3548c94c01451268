package channeltest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/internal/rpc"
)

// Remote is an account of a package that runs elsewhere, in whatever language.
type Remote struct {
	Conn      *nats.Conn
	ID        string          // of an instance of the package
	Announced json.RawMessage // its capabilities, as they are in its lease
	Account   string          // one of those it announces
}

// CheckRemote runs the suite on an account over the wire, and then what only the wire can show:
// docs/channel-contract.md is what it asks for. It makes payments only where the account has a kit, that is, where
// its institution pretends; of any other it checks what can be checked without effect.
func CheckRemote(ctx context.Context, r Remote) *Report {
	report := &Report{Name: r.Account}
	run(ctx, report, r.check)
	return report
}

func (r Remote) check(t T) {
	var announced channelrpc.Capabilities
	if !t.Run("capabilities", func(t T) { announced = r.capabilities(t) }) {
		return // there is nothing to go by
	}
	leases := follow(t, r.Conn, announced.Name)
	w := &wire{Remote: r, caps: announced, limit: time.Duration(announced.TimeLimitMS) * time.Millisecond}
	w.bench = check(t, w.subject(t))
	t.Run("wire", w.check)
	t.Run("lease", func(t T) { w.lease(t, leases) })
}

// capabilities reads what is announced, and checks it against the contract.
func (r Remote) capabilities(t T) (c channelrpc.Capabilities) {
	conforms(t, "Capabilities", r.Announced)
	if err := json.Unmarshal(r.Announced, &c); err != nil {
		t.Fatalf("the announced capabilities: %v", err)
	}
	if c.Contract != channelrpc.Contract {
		t.Errorf("contract %d is announced; this is %d", c.Contract, channelrpc.Contract)
	}
	if err := channelrpc.CheckVersion(c.Version); err != nil {
		t.Error(err)
	}
	if c.TimeLimitMS <= 0 {
		t.Errorf("time_limit_ms is %d: a call must end", c.TimeLimitMS)
	}
	for _, a := range c.Accounts {
		if a.Name == "" || len(a.Methods) == 0 {
			t.Errorf("account %q needs a name and methods", a.Name)
		}
	}
	if _, ok := account(c, r.Account); !ok {
		t.Errorf("there is no account %q among those announced", r.Account)
	}
	return c
}

func account(c channelrpc.Capabilities, name string) (channelrpc.Account, bool) {
	for _, a := range c.Accounts {
		if a.Name == name {
			return a, true
		}
	}
	return channelrpc.Account{}, false
}

// conforms reports where a body differs from a message of the contract.
func conforms(t T, message string, body []byte) {
	t.Helper()
	found, err := channelrpc.Deviations(message, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, deviation := range found {
		t.Errorf("not of the contract's schema: %s (in %s)", deviation, short(body))
	}
}

// short is a body for people.
func short(body []byte) string {
	const enough = 300
	if len(body) <= enough {
		return fmt.Sprintf("%q", body)
	}
	return fmt.Sprintf("%q…", body[:enough])
}

// subject is the account as the suite knows accounts.
func (w *wire) subject(t T) Subject {
	t.Helper()
	remote := &channelrpc.Channel{
		Client: &rpc.Client{Conn: w.Conn, Faults: channelrpc.Faults()},
		Name:   w.caps.Name, Version: w.caps.Version, Account: w.Account,
	}
	a, _ := account(w.caps, w.Account)
	s := Subject{
		Driver: driverOf(w.caps, a.Methods, remote),
		Config: channel.Config{Account: w.Account},
		Quiet:  true,
	}
	if !a.Kit {
		notChecked(t, "what needs payments: the account has no kit, so somebody could be charged")
		return s
	}
	w.kit = true
	drivenBy(t, remote.Kit(), w.limit).equip(&s)
	return s
}

// driverOf is the driver that announced itself so, with one account that is open already.
func driverOf(c channelrpc.Capabilities, methods []paymux.MethodType, open channel.Channel) channel.Driver {
	return channel.Driver{
		Name: c.Name, Title: c.Title, Methods: methods, Features: c.Features, Currencies: c.Currencies, Exponents: c.Exponents,
		TimeLimit: time.Duration(c.TimeLimitMS) * time.Millisecond,
		Open:      func(channel.Config) (channel.Channel, error) { return open, nil },
	}
}

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/groupcommit"
)

// Name is the driver's.
const Name = "sandbox"

var methods = []paymux.MethodType{paymux.Card, paymux.WeChatPay, paymux.Alipay, paymux.PayPal, paymux.BankTransfer}

// Driver is the channel in front of the institution.
func (i *Institution) Driver() *channel.Driver {
	return &channel.Driver{
		Name:  Name,
		Title: "Sandbox (pretends, no real money)",
		Options: []channel.Option{
			{Name: "methods", Help: "Methods the account takes, separated by commas.", Default: join(methods)},
			{Name: "magic", Help: "on: the last two digits of an amount choose what happens (see the list of magic amounts). off: amounts mean nothing.", Default: "on"},
			{Name: "magic_503", Help: "on: amounts ending in 09 are answered 503. off: they are taken, as on an account that others fail over to.", Default: "on"},
			{Name: "notify_answered", Help: "on: outcomes given in the answer to a call are notified, too. off: only outcomes that come later are.", Default: "on"},
			{Name: "eager_payers", Help: "on: payers pay within 0.1 s, without a page or an app. off: they wait to be played.", Default: "off"},
			{Name: optionSecret, Help: "Signs notifications. Empty: the institution's own.", Secret: true, Kind: channel.KeyHMAC},
		},
		Methods: slices.Clone(methods),
		Features: channel.Features{
			ManualCapture: true, PartialCapture: true, MultiCapture: true, Cancel: true, Refund: true, PartialRefund: true,
			Query: true, Callbacks: true, Statement: true, CardNumbers: true, CardTokens: true,
		},
		TimeLimit: 10 * time.Second,
		Open:      i.open,
	}
}

// account is one open account: the channel's half, and what the institution knows of it.
type account struct {
	name           string
	bank           *Institution
	methods        []paymux.MethodType
	magic          bool
	magic503       bool
	notifyAnswered bool
	eager          bool
	signer         signer // of notifications
	now            func() time.Time
	faults         *atomic.Pointer[Faults]
}

func (i *Institution) open(c channel.Config) (channel.Channel, error) {
	d := i.Driver()
	if err := d.Check(c.Options); err != nil {
		return nil, err
	}
	a := &account{name: c.Account, bank: i, signer: ownSecret(i.secret), now: c.Now, faults: &atomic.Pointer[Faults]{}}
	if a.now == nil {
		a.now = i.now
	}
	if c.Options[optionSecret] != "" {
		if c.Keys == nil {
			return nil, fmt.Errorf("channel %s, account %s: opened without its keys", Name, c.Account)
		}
		a.signer = accountSecret{c.Keys}
	}
	a.faults.Store(&Faults{})
	var err error
	a.methods, err = parseMethods(d.Option(c, "methods"))
	for name, into := range map[string]*bool{"magic": &a.magic, "magic_503": &a.magic503, "notify_answered": &a.notifyAnswered, "eager_payers": &a.eager} {
		err = errors.Join(err, parseSwitch(name, d.Option(c, name), into))
	}
	if err != nil {
		return nil, fmt.Errorf("channel %s, account %s: %w", Name, c.Account, err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if before := i.accounts[a.name]; before != nil {
		a.faults = before.faults // switches outlive a reopened account
	}
	i.accounts[a.name] = a
	return a, nil
}

func parseMethods(list string) ([]paymux.MethodType, error) {
	var some []paymux.MethodType
	for _, name := range strings.Split(list, ",") {
		m := paymux.MethodType(strings.TrimSpace(name))
		if !slices.Contains(methods, m) {
			return nil, fmt.Errorf("option methods: %q is none of %s", m, join(methods))
		}
		some = append(some, m)
	}
	return some, nil
}

func parseSwitch(name, text string, into *bool) error {
	if text != "on" && text != "off" {
		return fmt.Errorf("option %s is on or off, not %q", name, text)
	}
	*into = text == "on"
	return nil
}

func join(some []paymux.MethodType) string {
	names := make([]string, len(some))
	for at, m := range some {
		names[at] = string(m)
	}
	return strings.Join(names, ",")
}

// magicOf is what a request's amount asks for.
func (a *account) magicOf(r request) magic {
	m := magic(r.Amount % 100)
	if r.Kind != paymux.Pay || !a.magic || m == magicUnavailable && !a.magic503 {
		return 0
	}
	return m
}

func (a *account) newsOf(r request) CallbackFault { return magicNews[a.magicOf(r)] }

// Do sends op down the line.
func (a *account) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := ctx.Err(); err != nil {
		return channel.Result{}, fmt.Errorf("sandbox: %w", err)
	}
	r, err := a.bank.send(ctx, a, requestOf(op))
	if err != nil {
		return channel.Result{}, lineError(err)
	}
	return result(&r, op), nil
}

// Query asks for op down the same line.
func (a *account) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := ctx.Err(); err != nil {
		return channel.Result{}, fmt.Errorf("sandbox: %w", err)
	}
	r, err := a.bank.ask(ctx, a, op.ID)
	if err != nil {
		return channel.Result{}, lineError(err)
	}
	return result(&r, op), nil
}

// lineError says in the contract's terms what the line did.
func lineError(err error) error {
	switch {
	case errors.Is(err, errRefused), errors.Is(err, errUnavailable), errors.Is(err, groupcommit.ErrClosed):
		return fmt.Errorf("sandbox: %w: %w", channel.ErrNotSent, err)
	case errors.Is(err, errKind):
		return fmt.Errorf("sandbox: %w", channel.ErrUnsupported)
	case errors.Is(err, errNotFound):
		return fmt.Errorf("sandbox: %w", channel.ErrAbsent)
	}
	return fmt.Errorf("sandbox: %w", err)
}

// Callback verifies and reads a notification.
func (a *account) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	header := http.Header(req.Header).Get(signatureHeader)
	if err := verify(ctx, a.signer, header, req.Body, a.now()); err != nil {
		return channel.Callback{}, fmt.Errorf("sandbox: %w", err)
	}
	var r report
	if err := json.Unmarshal(req.Body, &r); err != nil {
		return channel.Callback{}, fmt.Errorf("sandbox: %w: %w", channel.ErrMalformed, err)
	}
	if r.ID == "" || r.Operation == "" || r.Account != a.name {
		return channel.Callback{}, fmt.Errorf("sandbox: %w: no ID, no operation, or for another account", channel.ErrMalformed)
	}
	news := channel.Callback{ID: r.ID}
	if r.Dispute != nil {
		news.Dispute = disputeOf(&r)
		return news, nil
	}
	news.Operation = r.Operation
	news.Result = result(&r, channel.Operation{ID: r.Operation, Kind: r.Kind, PageURL: r.PageURL})
	return news, nil
}

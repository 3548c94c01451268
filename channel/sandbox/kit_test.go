package sandbox_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

func kitOf(t *testing.T, c channel.Channel) channel.Kit {
	t.Helper()
	kit, ok := channel.KitOf(c)
	if !ok {
		t.Fatal("the account has no kit")
	}
	return kit
}

// A kit moves nothing of another account, and does nothing that it has not described.
func TestAKitKeepsToItsAccount(t *testing.T) {
	t.Parallel()
	bank := institution(t, sandbox.Config{Dir: t.TempDir(), Client: newInbox().client()})
	own, other := wireConfig(t, bank), wireConfig(t, bank)
	other.Account = "other"
	paid, stranger := openWire(t, own), kitOf(t, openWire(t, other))
	op := payOp(paymux.WeChatPay, nil, 1250)
	if _, err := paid.Do(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []channel.KitVerb{channel.KitComplete, channel.KitDecline, channel.KitNotify} {
		if r, err := stranger.Drive(t.Context(), channel.KitRequest{Verb: verb, Operation: op.ID, Notice: channel.NoticeSuccess}); err == nil {
			t.Errorf("%s of another account's operation: %+v", verb, r)
		}
	}
	if c, _ := bank.Charge(op.ID); c.State != paymux.OpPending {
		t.Errorf("the operation is %s", c.State)
	}
	kit := kitOf(t, paid)
	if _, err := kit.Drive(t.Context(), channel.KitRequest{Verb: channel.KitComplete, Operation: op.ID}); err != nil {
		t.Error(err)
	}
	if r, err := kit.Drive(t.Context(), channel.KitRequest{Verb: channel.KitEffects, Operation: op.ID}); r.Effects != 1 || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := stranger.Drive(t.Context(), channel.KitRequest{Verb: channel.KitEffects, Operation: op.ID}); r.Effects != 0 || err != nil {
		t.Errorf("another account counts %+v, %v", r, err)
	}
	for _, q := range []channel.KitRequest{
		{Verb: "levitate"}, {Verb: "levitate", Operation: op.ID}, {Verb: channel.KitLine, Line: "wavy"}, {Verb: channel.KitNotify, Notice: "carved", Operation: op.ID},
	} {
		if r, err := kit.Drive(t.Context(), q); err == nil || q.Operation == "" && q.Verb == channel.KitLine && !errors.Is(err, channel.ErrUnsupported) {
			t.Errorf("%+v: %+v, %v", q, r, err)
		}
	}
}

// Whoever broke a line may be gone: it mends itself.
func TestABrokenLineMends(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	bank := institution(t, sandbox.Config{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	d := bank.Driver()
	c, err := d.Open(channel.Config{Account: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kitOf(t, c).Drive(t.Context(), channel.KitRequest{Verb: channel.KitLine, Line: channel.LineRefused}); err != nil {
		t.Fatal(err)
	}
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	if _, err := c.Do(t.Context(), op); !errors.Is(err, channel.ErrNotSent) {
		t.Errorf("over a refused line: %v", err)
	}
	later.Store(int64(61 * time.Second))
	if r, err := c.Do(t.Context(), op); err != nil || r.State != paymux.OpSucceeded {
		t.Errorf("a minute later: %+v, %v", r, err)
	}
}

// What an account does not take, its kit does not offer; and where payers do not hesitate, there is nobody to play.
func TestAKitIsOfItsAccount(t *testing.T) {
	t.Parallel()
	bank := institution(t, sandbox.Config{})
	describe := func(account string, options map[string]string) *channel.KitDescription {
		d := bank.Driver()
		c, err := d.Open(channel.Config{Account: account, Options: options})
		if err != nil {
			t.Fatal(err)
		}
		r, err := kitOf(t, c).Drive(t.Context(), channel.KitRequest{Verb: channel.KitDescribe})
		if err != nil {
			t.Fatal(err)
		}
		return r.Kit
	}
	wallet := describe("wallet", map[string]string{"methods": "alipay", "magic": "off"})
	if len(wallet.Payers) != 1 || wallet.Payers[0].Payment.Method.Type != paymux.Alipay || len(wallet.Declines) != 0 || wallet.Unknown != nil {
		t.Errorf("a wallet's kit: %+v", wallet)
	}
	eager := describe("eager", map[string]string{"eager_payers": "on"})
	if len(eager.Payers) == 0 || slices.ContainsFunc(eager.Payers, func(p channel.KitPayer) bool { return p.State == paymux.OpPending }) {
		t.Errorf("an eager account's kit: %+v", eager.Payers)
	}
	if nobody := describe("nobody", map[string]string{"eager_payers": "on", "methods": "paypal"}); nobody.Payers == nil || len(nobody.Payers) != 0 {
		t.Errorf("%+v; on the wire nil would be null", nobody.Payers)
	}
}

package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// fixture is an open store and what a test needs to fill it.
type fixture struct {
	Store
	open func() Store // the same data again, after Close
	// elsewhere is another store, with nothing in it.
	elsewhere func() *fixture
	ids       *paymux.IDs
	gate      *gate
	fill      *filler
	// merchant is whose everything is, unless a test says otherwise.
	merchant paymux.MerchantID
}

// start is the suite's time. Microseconds are the resolution every store keeps.
var start = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

func newFixture(t testing.TB, open Open) *fixture {
	t.Helper()
	var ticks atomic.Int64
	now := func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
	f := &fixture{gate: &gate{}, fill: &filler{}, ids: paymux.NewIDs([]byte("only for tests, no secret"), 7, now)}
	cfg := Config{Dir: t.TempDir(), Now: now, BeforeCommit: f.gate.pass}
	f.open = func() Store {
		s := open(t, cfg)
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Errorf("close the store: %v", err)
			}
		})
		return s
	}
	f.elsewhere = func() *fixture {
		other := newFixture(t, open)
		other.fill = f.fill // no two keys have the same digest
		return other
	}
	f.Store = f.open()
	f.merchant = paymux.MerchantID(f.ids.New(paymux.PrefixMerchant))
	return f
}

// engine is the store with what only engines have.
func (f *fixture) engine(t testing.TB) Engine {
	t.Helper()
	e, ok := f.Store.(Engine)
	if !ok {
		t.Fatalf("%T is no Engine", f.Store)
	}
	return e
}

// commit makes a change durable and fails the test when it cannot.
func (f *fixture) commit(t testing.TB, c *payment.Change) {
	t.Helper()
	if err := f.Commit(t.Context(), c); err != nil {
		t.Fatalf("commit %s version %d: %v", c.Payment.ID, c.Payment.Version, err)
	}
}

// payment is a new payment, every field filled.
func (f *fixture) payment() paymux.Payment {
	var p paymux.Payment
	f.fill.value(&p)
	p.ID, p.Object, p.Merchant = paymux.PaymentID(f.ids.New(paymux.PrefixPayment)), "payment", f.merchant
	p.MerchantOrderID = fmt.Sprintf("order-%s", p.ID)
	p.Status, p.Version, p.Currency = paymux.PartiallyCaptured, 1, "CNY"
	p.Amount, p.AmountCapturable, p.AmountReceived = 10_000, 2_000, 8_000
	p.AmountRefunded, p.AmountRefunding, p.AmountDisputed = 1_000, 500, 300
	return p
}

// next is the payment as it may be one version later, every field that can change filled anew.
func (f *fixture) next(p paymux.Payment, status paymux.PaymentStatus) paymux.Payment {
	n := f.payment()
	n.ID, n.Merchant, n.MerchantOrderID, n.Link = p.ID, p.Merchant, p.MerchantOrderID, p.Link
	n.CreatedAt, n.Currency, n.Amount, n.Livemode = p.CreatedAt, p.Currency, p.Amount, p.Livemode
	n.Status, n.Version = status, p.Version+1
	return n
}

func (f *fixture) operation(p paymux.Payment) paymux.Operation {
	var o paymux.Operation
	f.fill.value(&o)
	o.ID, o.Object = paymux.OperationID(f.ids.New(paymux.PrefixOperation)), "operation"
	o.Payment, o.Merchant, o.Currency = p.ID, p.Merchant, p.Currency
	o.Kind, o.State = paymux.Pay, paymux.OpSent
	return o
}

func (f *fixture) refund(p paymux.Payment) paymux.Refund {
	var r paymux.Refund
	f.fill.value(&r)
	r.ID, r.Object, r.Merchant = paymux.RefundID(f.ids.New(paymux.PrefixRefund)), "refund", p.Merchant
	r.Payment, r.Currency, r.Status, r.Version = p.ID, p.Currency, paymux.RefundProcessing, 1
	return r
}

func (f *fixture) dispute(p paymux.Payment) paymux.Dispute {
	var d paymux.Dispute
	f.fill.value(&d)
	d.ID, d.Object, d.Merchant = paymux.DisputeID(f.ids.New(paymux.PrefixDispute)), "dispute", p.Merchant
	d.Payment, d.Currency, d.Status, d.Version = p.ID, p.Currency, paymux.DisputeOpened, 1
	return d
}

func (f *fixture) idempotency(object string) *paymux.Idempotency {
	var i paymux.Idempotency
	f.fill.value(&i)
	i.Merchant, i.Object, i.Answer = f.merchant, object, fmt.Appendf(nil, `{"object":{"id":%q}}`, object)
	return &i
}

func (f *fixture) event(t testing.TB, p paymux.PaymentID) paymux.Event {
	t.Helper()
	var e paymux.Event
	f.fill.value(&e)
	e.ID, e.Type, e.Merchant = paymux.EventID(f.ids.New(paymux.PrefixEvent)), paymux.PaymentSucceeded, f.merchant
	e.Payment, e.ObjectID, e.Body = p, string(p), nil
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	e.Body = body
	return e
}

func (f *fixture) task(kind, ref, lane string, due time.Time) queue.Task {
	var k queue.Task
	f.fill.value(&k)
	k.ID, k.Kind, k.Ref, k.Lane, k.Due = paymux.TaskID(f.ids.New(paymux.PrefixTask)), kind, ref, lane, due
	return k
}

func (f *fixture) newMerchant(t testing.TB) paymux.Merchant {
	t.Helper()
	var m paymux.Merchant
	f.fill.value(&m)
	m.ID, m.Object = paymux.MerchantID(f.ids.New(paymux.PrefixMerchant)), "merchant"
	if err := f.CreateMerchant(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func (f *fixture) key(m paymux.MerchantID) paymux.Key {
	var k paymux.Key
	f.fill.value(&k)
	k.ID, k.Object, k.Merchant, k.Kind = paymux.KeyID(f.ids.New(paymux.PrefixKey)), "api_key", m, paymux.KeyBearer
	return k
}

func (f *fixture) endpoint() paymux.Endpoint {
	var e paymux.Endpoint
	f.fill.value(&e)
	e.ID, e.Object = paymux.EndpointID(f.ids.New(paymux.PrefixEndpoint)), "webhook_endpoint"
	e.Merchant, e.Status = f.merchant, paymux.EndpointEnabled
	return e
}

func (f *fixture) link() paymux.Link {
	var l paymux.Link
	f.fill.value(&l)
	l.ID, l.Object = paymux.LinkID(f.ids.New(paymux.PrefixLink)), "payment_link"
	l.Merchant, l.Status, l.Currency = f.merchant, paymux.LinkActive, "CNY"
	return l
}

// same fails the test where what a store gave back differs from what it was
// given. Times must be the same instant, in UTC; empty and absent are the same.
func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	times := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), times); diff != "" {
		t.Fatalf("%s is not what was stored (-want +got):\n%s", what, diff)
	}
}

// must unwraps what a test cannot go on without.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantErr fails the test when err is not the one that is due.
func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want one that is %v", what, err, want)
	}
}

package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/store/sqlite"
)

const merchant = paymux.MerchantID("mer_test")

// bank is an institution made of funcs, with a book of what it really did.
type bank struct {
	mu     sync.Mutex
	do     func(channel.Operation) (channel.Result, error)
	query  func(channel.Operation) (channel.Result, error)
	notice func(channel.CallbackRequest) (channel.Callback, error)
	done   map[paymux.OperationID]int // how often each operation had an effect
	calls  []channel.Operation
}

func (b *bank) Do(_ context.Context, op channel.Operation) (channel.Result, error) {
	b.mu.Lock()
	do := b.do
	b.calls = append(b.calls, op)
	b.mu.Unlock()
	return do(op)
}

func (b *bank) Query(_ context.Context, op channel.Operation) (channel.Result, error) {
	b.mu.Lock()
	query := b.query
	b.mu.Unlock()
	if query == nil {
		return channel.Result{}, errors.New("bank: not open for queries")
	}
	return query(op)
}

func (b *bank) Callback(_ context.Context, r channel.CallbackRequest) (channel.Callback, error) {
	return b.notice(r)
}

func (b *bank) Statement(context.Context, time.Time) ([]channel.StatementLine, error) {
	return nil, channel.ErrUnsupported
}

// answers makes the bank answer every call, and count it.
func (b *bank) answers(r channel.Result, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.do = func(op channel.Operation) (channel.Result, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.done == nil {
			b.done = map[paymux.OperationID]int{}
		}
		b.done[op.ID]++
		return r, err
	}
}

func (b *bank) finds(r channel.Result, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.query = func(channel.Operation) (channel.Result, error) { return r, err }
}

// house is a payment room on a real store, with two banks.
type house struct {
	*payment.Service
	t      *testing.T
	store  *sqlite.Store
	ids    *paymux.IDs
	first  *bank
	second *bank
	mu     sync.Mutex
	now    time.Time
	policy paymux.Policy
	keys   int
	told   []paymux.EventType
	rules  *routing.Program
	heard  []payment.Outcome

	gathering bool // not all accounts may be known

	counted bool // and closed
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Microsecond)
	return h.now
}

// gathered says whether all accounts are known.
func (h *house) gathered(all bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gathering = !all
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

var features = channel.Features{
	ManualCapture: true, PartialCapture: true, MultiCapture: true, Cancel: true, Refund: true, PartialRefund: true,
	Query: true, Callbacks: true, CardNumbers: true,
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), first: &bank{}, second: &bank{}}
	store, err := sqlite.Open(sqlite.Config{Path: filepath.Join(t.TempDir(), "paymux.db"), Now: h.clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !h.counted {
			h.wantCounted(t)
		}
		store.Close()
	})
	h.store = store
	h.ruled(routing.AccountRule{Name: "first"})
	h.ids = paymux.NewIDs([]byte("a key of sixteen bytes or more"), 1, h.clock)
	h.Service = h.beside()
	return h
}

// beside is another payment room on the same store, with the same banks.
func (h *house) beside() *payment.Service {
	driver := &channel.Driver{Name: "bank", Methods: paymux.MethodTypes(), Features: features, TimeLimit: 2 * time.Second}
	accounts := channel.NewAccounts(
		&channel.Account{Name: "first", Driver: driver, Channel: h.first, Methods: driver.Methods},
		&channel.Account{Name: "second", Driver: driver, Channel: h.second, Methods: driver.Methods},
	)
	inForce := func() *routing.Program { h.mu.Lock(); defer h.mu.Unlock(); return h.rules }
	quotas := payment.NewQuotas(inForce, h.clock)
	routes := &payment.Routes{
		Accounts: func() *channel.Accounts { return accounts }, Program: inForce, Knowledge: payment.Known{Quotas: quotas},
	}
	return payment.New(payment.Config{
		Store: committing{h.store, h}, Accounts: routes.Accounts, Routes: routes.View, Quotas: quotas, Observer: h,
		Gathering: func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.gathering },
		IDs:       h.ids,
		Policy:    func(context.Context, paymux.MerchantID) (paymux.Policy, error) { return h.policy, nil },
		Notify:    func(context.Context, paymux.Event) ([]queue.Task, error) { return nil, nil },
		PublicURL: "http://127.0.0.1:8080", Now: h.clock, Log: slog.New(slog.DiscardHandler),
	})
}

// committing notes the events that are kept: a change that meets another one is made again, with its events.
type committing struct {
	*sqlite.Store
	h *house
}

func (c committing) Commit(ctx context.Context, change *payment.Change) error {
	err := c.Store.Commit(ctx, change)
	if err == nil {
		c.h.mu.Lock()
		defer c.h.mu.Unlock()
		for i := range change.Events {
			c.h.told = append(c.h.told, change.Events[i].Type)
		}
	}
	return err
}

// ruled puts rules in force that say something of accounts.
func (h *house) ruled(accounts ...routing.AccountRule) {
	h.t.Helper()
	program, err := routing.Compile(&routing.RuleSet{Name: "test", Version: 1, Accounts: accounts, Fallback: routing.Fallback{All: true}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules = program
}

// Observe implements payment.Observer.
func (h *house) Observe(o payment.Outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, o)
}

func (h *house) caller() paymux.Caller {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys++
	key := fmt.Sprintf("key-%d", h.keys)
	return paymux.Caller{Merchant: merchant, Idempotency: key, Fingerprint: []byte(key), RequestID: "req_1",
		Hops: []paymux.Hop{{At: h.now, Kind: paymux.HopAPI, Text: "POST", Ref: "req_1"}}}
}

func (h *house) order(amount int64) paymux.CreatePayment {
	c := h.caller()
	return paymux.CreatePayment{
		Caller: c, Money: paymux.Money{Amount: amount, Currency: "CNY"}, MerchantOrderID: "order-" + c.Idempotency,
		Method: paymux.Method{Type: paymux.WeChatPay}, Confirm: true,
	}
}

// create makes a payment and returns it as it was answered.
func (h *house) create(r paymux.CreatePayment) (paymux.Payment, paymux.Reply) {
	h.t.Helper()
	reply, err := h.Create(h.t.Context(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	return paymentIn(h.t, reply), reply
}

func paymentIn(t *testing.T, r paymux.Reply) (p paymux.Payment) {
	t.Helper()
	if err := json.Unmarshal(r.Object, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *house) payment(id paymux.PaymentID) paymux.Payment {
	h.t.Helper()
	p, err := h.Payment(h.t.Context(), merchant, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *house) ops(id paymux.PaymentID) []paymux.Operation {
	h.t.Helper()
	ops, err := h.Operations(h.t.Context(), merchant, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return ops
}

// resolve runs the payment's task once, as the queue would.
func (h *house) resolve(id paymux.PaymentID) queue.Verdict {
	h.t.Helper()
	return h.Resolve(h.t.Context(), queue.Task{ID: "task_1", Kind: payment.KindResolve, Ref: string(id)})
}

// tell delivers a callback the first bank vouches for.
func (h *house) tell(op paymux.OperationID, r channel.Result) error {
	h.first.notice = func(channel.CallbackRequest) (channel.Callback, error) {
		return channel.Callback{ID: "notice", Operation: op, Result: r}, nil
	}
	_, err := h.Callback(h.t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first"})
	return err
}

// expect checks a payment's status and, in order, what merchants were told.
func (h *house) expect(id paymux.PaymentID, status paymux.PaymentStatus, told ...paymux.EventType) {
	h.t.Helper()
	if p := h.payment(id); p.Status != status {
		h.t.Errorf("payment is %s, want %s (%+v)", p.Status, status, p.LastError)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if fmt.Sprint(h.told) != fmt.Sprint(told) {
		h.t.Errorf("told %v, want %v", h.told, told)
	}
}

func yuan(amount int64) paymux.Money { return paymux.Money{Amount: amount, Currency: "CNY"} }

func paid(amount int64) channel.Result {
	return channel.Result{State: paymux.OpSucceeded, Money: yuan(amount), ChannelID: "tx-1"}
}

var (
	scan    = channel.Result{State: paymux.OpPending, ChannelID: "tx-1", NextAction: &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{Data: "x"}}}
	refused = channel.Result{State: paymux.OpDeclined, DeclineCode: paymux.DeclineInsufficientFunds, Code: "51"}
	down    = fmt.Errorf("dial: %w", channel.ErrNotSent)
	lost    = errors.New("connection reset after the request was written")
)

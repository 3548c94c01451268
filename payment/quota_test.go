package payment_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/routing"
)

// limited is a house whose first account has quotas; both banks have the payer scan.
func limited(t *testing.T, quotas ...routing.Quota) *house {
	t.Helper()
	h := newHouse(t)
	h.ruled(routing.AccountRule{Name: "first", Quotas: quotas})
	h.first.answers(scan, nil)
	h.second.answers(scan, nil)
	return h
}

// goes makes a payment and checks where it went.
func (h *house) goes(amount int64, account string) paymux.Payment {
	h.t.Helper()
	p, _ := h.create(h.order(amount))
	if p.Account != account {
		h.t.Errorf("the payment went to %s, want %s (%+v)", p.Account, account, p.Routing)
	}
	return p
}

// taken is what is taken of the first account's quota today.
func (h *house) taken(quota string, currency paymux.Currency) int64 {
	h.t.Helper()
	list, err := h.store.Quotas(h.t.Context(), h.day(), "first")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, u := range list {
		if u.Quota == quota && u.Currency == currency {
			return u.Used
		}
	}
	return 0
}

func (h *house) day() int32 { return int32(h.clock().Unix() / 86400) }

func (h *house) wantTaken(want int64) {
	h.t.Helper()
	if got := h.taken("daily", ""); got != want {
		h.t.Errorf("%d of the quota is taken, want %d", got, want)
	}
}

func TestQuotaOfPayments(t *testing.T) {
	t.Parallel()
	h := limited(t, routing.Quota{Name: "daily", Count: 2})
	h.goes(100, "first")
	h.goes(100, "first")
	p := h.goes(100, "second")
	h.goes(100, "second") // known by now, without asking the store
	h.wantTaken(2)
	h.wantQuotas(paymux.QuotaStatus{Account: "first", Quota: "daily", Day: "2026-11-22", Used: 2, Limit: 2})
	if i := slices.IndexFunc(p.Routing.Candidates, func(c paymux.Candidate) bool { return c.Account == "first" }); i < 0 || p.Routing.Candidates[i].Code != "quota_full" || p.Routing.Candidates[i].Detail != "daily" {
		t.Errorf("the explanation does not say that the first account's quota is full: %+v", p.Routing.Candidates)
	}
	h.pass(24 * time.Hour) // another day
	h.wantQuotas(paymux.QuotaStatus{Account: "first", Quota: "daily", Day: "2026-11-23", Limit: 2})
	h.goes(100, "first")
	h.wantTaken(1)
	h.ruled(routing.AccountRule{Name: "first"})
	h.wantQuotas(paymux.QuotaStatus{Account: "first", Quota: "daily", Day: "2026-11-23", Used: 1}) // of the rules until now
}

// wantQuotas compares what operators see of today's quotas.
func (h *house) wantQuotas(want ...paymux.QuotaStatus) {
	h.t.Helper()
	got, err := h.QuotaStatuses(h.t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		h.t.Errorf("quotas: %v\n%s", err, diff)
	}
}

func TestQuotaOfAmounts(t *testing.T) {
	t.Parallel()
	h := limited(t, routing.Quota{Name: "daily", Currency: "CNY", Amount: 1000}, routing.Quota{Name: "others", Currency: "USD", Amount: 1})
	h.goes(700, "first")
	h.goes(301, "second")
	h.goes(300, "first")
	h.goes(1, "second")
	h.goes(1001, "second")
	if got := h.taken("daily", "CNY"); got != 1000 {
		t.Errorf("%d is taken, want 1000", got)
	}
	if got := h.taken("others", "USD"); got != 0 {
		t.Errorf("payments in CNY took %d of a quota of USD", got)
	}
	h.wantQuotas(
		paymux.QuotaStatus{Account: "first", Quota: "daily", Currency: "CNY", Day: "2026-11-22", Used: 1000, Limit: 1000},
		paymux.QuotaStatus{Account: "first", Quota: "others", Currency: "USD", Day: "2026-11-22", Limit: 1},
	)
}

// Who has certainly brought nothing gives his room back, in the commit that says so.
func TestQuotaIsGivenBack(t *testing.T) {
	t.Parallel()
	h := limited(t, routing.Quota{Name: "daily", Count: 1})
	for name, end := range map[string]func(){
		"declined": func() {
			h.first.answers(refused, nil)
			h.create(h.order(100))
		},
		"not sent, and failed over": func() {
			h.first.answers(channel.Result{}, down)
			if p := h.goes(100, "second"); len(p.Routing.Failovers) != 1 || p.Routing.Failovers[0].To != "second" || len(p.Routing.Failovers[0].Candidates) == 0 {
				t.Errorf("the failover is not explained: %+v", p.Routing.Failovers)
			}
		},
		"canceled": func() {
			h.first.answers(scan, nil)
			p := h.goes(100, "first")
			h.wantTaken(1)
			h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
			if _, err := h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: p.ID}); err != nil {
				t.Error(err)
			}
		},
		"expired": func() {
			h.first.answers(scan, nil)
			r := h.order(100)
			r.ExpiresAt = h.clock().Add(time.Minute)
			p, _ := h.create(r)
			h.wantTaken(1)
			h.first.finds(scan, nil)
			h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
			h.pass(time.Hour)
			h.resolve(p.ID)
		},
		"unknown, then proven": func() {
			h.first.answers(channel.Result{}, lost)
			p := h.goes(100, "first")
			h.wantTaken(1) // it may have happened
			h.first.finds(channel.Result{}, channel.ErrAbsent)
			h.pass(time.Minute)
			h.resolve(p.ID)
		},
	} {
		end()
		if h.wantTaken(0); t.Failed() {
			t.Fatal(name)
		}
	}
}

// What was paid stays counted when it is refunded, and when the rest of a reservation is released.
func TestQuotaIsKept(t *testing.T) {
	t.Parallel()
	h := limited(t, routing.Quota{Name: "daily", Count: 9})
	h.first.answers(paid(100), nil)
	p := h.goes(100, "first")
	h.first.answers(paid(100), nil)
	if _, err := h.Refund(t.Context(), paymux.CreateRefund{Caller: h.caller(), Payment: p.ID}); err != nil {
		t.Fatal(err)
	}
	h.wantTaken(1)

	r := h.order(100)
	r.CaptureMethod = paymux.CaptureManual
	h.first.answers(channel.Result{State: paymux.OpAuthorized, Money: yuan(100)}, nil)
	held, _ := h.create(r)
	h.first.answers(paid(40), nil)
	if _, err := h.Capture(t.Context(), paymux.CapturePayment{Caller: h.caller(), Payment: held.ID, Amount: 40}); err != nil {
		t.Fatal(err)
	}
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	if _, err := h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: held.ID}); err != nil {
		t.Fatal(err)
	}
	if got := h.payment(held.ID); got.Status != paymux.Succeeded || got.AmountReceived != 40 {
		t.Fatalf("%s with %d received", got.Status, got.AmountReceived)
	}
	h.wantTaken(2)

	r = h.order(100) // a reservation that is released whole brought nothing
	r.CaptureMethod = paymux.CaptureManual
	h.first.answers(channel.Result{State: paymux.OpAuthorized, Money: yuan(100)}, nil)
	whole, _ := h.create(r)
	h.wantTaken(3)
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	if _, err := h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: whole.ID}); err != nil {
		t.Fatal(err)
	}
	h.wantTaken(2)
}

// Money that comes after all is counted again, over the limit where others have taken the room meanwhile.
func TestQuotaOfLateMoney(t *testing.T) {
	t.Parallel()
	h := limited(t, routing.Quota{Name: "daily", Count: 1})
	h.first.answers(refused, nil)
	p, _ := h.create(h.order(100))
	h.wantTaken(0)
	h.first.answers(scan, nil)
	h.goes(100, "first")
	late := h.ops(p.ID)[0].ID
	if err := h.tell(late, paid(100)); err != nil {
		t.Fatal(err)
	}
	if got := h.payment(p.ID); got.Status != paymux.Succeeded || !got.Late {
		t.Errorf("the late payment is %s", got.Status)
	}
	h.wantTaken(2)
	h.goes(100, "second")
}

// A payment that nobody takes is refused, and says why of each account. Whoever repeats the request that took the
// last room is answered as before, and not refused: he would pay elsewhere, too.
func TestQuotaRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(paid(100), nil)
	h.ruled(routing.AccountRule{Name: "first", Quotas: []routing.Quota{{Name: "daily", Count: 1}}}, routing.AccountRule{Name: "second", Disabled: true})
	last := h.order(100)
	p, first := h.create(last)
	for range 2 { // found out by the store, then remembered
		_, err := h.Create(t.Context(), h.order(100))
		var e *paymux.Error
		if !errors.As(err, &e) || e.Code != paymux.NoChannel || len(e.Fields) != 2 {
			t.Fatalf("a payment nobody takes: %v", err)
		}
		for _, f := range e.Fields {
			if f.Location == "account.first" && !strings.Contains(f.Message, "quota") {
				t.Errorf("the first account does not take it because: %s", f.Message)
			}
		}
	}
	again, err := h.Create(t.Context(), last)
	if err != nil || !again.Replayed || string(again.Object) != string(first.Object) {
		t.Fatalf("the repeat of the request that took the last room: %v, replayed %t", err, again.Replayed)
	}
	if len(h.ops(p.ID)) != 1 {
		t.Errorf("%d operations", len(h.ops(p.ID)))
	}
	created := h.order(100)
	created.Confirm = false
	waits, _ := h.create(created)
	_, err = h.Confirm(t.Context(), paymux.ConfirmPayment{Caller: h.caller(), Payment: waits.ID})
	if !errors.Is(err, paymux.NoChannel) {
		t.Errorf("a confirmation nobody takes: %v", err)
	}
	h.ruled(routing.AccountRule{Name: "first", Quotas: []routing.Quota{{Name: "daily", Count: 2}}})
	if _, err = h.Confirm(t.Context(), paymux.ConfirmPayment{Caller: h.caller(), Payment: waits.ID}); err != nil {
		t.Error(err)
	}
	if got := h.payment(waits.ID); got.Account != "first" || got.Routing == nil || len(got.Routing.Candidates) != 2 {
		t.Errorf("the confirmed payment does not say why it went where it went: %+v", got.Routing)
	}
	h.wantTaken(2)
}

// Room that one replica gives back, another finds within a second, with one payment and not with all.
func TestQuotaRoomOfAnotherReplica(t *testing.T) {
	t.Parallel()
	h := limited(t, routing.Quota{Name: "daily", Count: 1})
	other := h.beside()
	at := func() string {
		reply, err := other.Create(t.Context(), h.order(100))
		if err != nil {
			t.Fatal(err)
		}
		return paymentIn(t, reply).Account
	}
	p := h.goes(100, "first")
	if got := at(); got != "second" {
		t.Fatalf("the other replica found room at %s", got)
	}
	h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	if _, err := h.Cancel(t.Context(), paymux.CancelPayment{Caller: h.caller(), Payment: p.ID}); err != nil {
		t.Fatal(err)
	}
	h.wantTaken(0)
	if got := at(); got != "second" {
		t.Fatalf("the other replica asks the store for each payment: %s", got)
	}
	h.pass(time.Second)
	if got := at(); got != "first" {
		t.Fatalf("a second after room was given back, the other replica goes to %s", got)
	}
}

// What is known to be full is known without the store, is tried by one at a time when it has grown old, and costs no allocation.
func TestQuotasAreRemembered(t *testing.T) {
	h := limited(t, routing.Quota{Name: "daily", Count: 1})
	q := payment.NewQuotas(func() *routing.Program { return h.rules }, h.clock)
	full := func(day int32) bool { return q.Full("first", yuan(100), day) != "" }
	if full(1) {
		t.Error("a quota nobody has seen is full")
	}
	if !q.Noted(&paymux.QuotaFull{QuotaUsed: paymux.QuotaUsed{QuotaKey: paymux.QuotaKey{Account: "first", Quota: "daily", Day: 1}, Used: 1}}) || q.Noted(paymux.ErrStale) {
		t.Error("what is noted is not what a store refused")
	}
	if !full(1) || full(2) {
		t.Error("the day's quota is not full, or the next day's is")
	}
	if n := testing.AllocsPerRun(100, func() { full(1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	h.pass(time.Second)
	if full(1) {
		t.Error("nobody tries")
	}
	if !full(1) {
		t.Error("all try at once")
	}
	h.pass(time.Second)
	h.ruled(routing.AccountRule{Name: "first", Quotas: []routing.Quota{{Name: "daily", Count: 2}}})
	if full(1) || full(1) {
		t.Error("it is full under a higher limit, too")
	}
}

// Where the next account turns out to be full as well, the outcome is kept all the same.
func TestFailoverToFullQuota(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.ruled(routing.AccountRule{Name: "second", Quotas: []routing.Quota{{Name: "daily", Count: 1}}})
	h.first.answers(channel.Result{}, down)
	h.second.answers(scan, nil)
	h.goes(100, "second")
	_, reply := h.create(h.order(100))
	if reply.Error == nil || reply.Error.Code != paymux.NotSent {
		t.Fatalf("answered %+v", reply.Error)
	}
	p := paymentIn(t, reply)
	if p.Status != paymux.Failed || len(h.ops(p.ID)) != 1 {
		t.Errorf("%s after %d operations", p.Status, len(h.ops(p.ID)))
	}
	h.wantHop(p.ID, "first not_sent; nobody else takes it: second: its quota of the day is used up")
}

func (h *house) wantHop(id paymux.PaymentID, text string) {
	h.t.Helper()
	hops, err := h.Timeline(h.t.Context(), merchant, id)
	if err != nil {
		h.t.Fatal(err)
	}
	if !slices.ContainsFunc(hops, func(hop paymux.Hop) bool { return hop.Text == text }) {
		h.t.Errorf("no line of the timeline says %q: %+v", text, hops)
	}
}

// Nobody waits for longer than the budget: what fails after it is over fails.
func TestFailoverInTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		took time.Duration
		want paymux.PaymentStatus
	}{{19 * time.Second, paymux.RequiresAction}, {21 * time.Second, paymux.Failed}} {
		h := newHouse(t)
		h.first.do = func(channel.Operation) (channel.Result, error) { h.pass(tt.took); return channel.Result{}, down }
		h.second.answers(scan, nil)
		p, _ := h.create(h.order(100))
		if p.Status != tt.want {
			t.Errorf("after %v it is %s, want %s", tt.took, p.Status, tt.want)
		}
	}
}

// What is kept of a failover is all that was said, so that the choice can be told again.
func TestFailoverIsExplained(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{}, down)
	h.second.answers(scan, nil)
	p, _ := h.create(h.order(100))
	if len(p.Routing.Failovers) != 1 {
		t.Fatalf("%+v", p.Routing)
	}
	again := p.Routing.Again(0)
	if again.Rule == "" || !again.At.After(p.Routing.At) || len(again.Candidates) != 2 {
		t.Errorf("the second attempt: %+v", again)
	}
	if first, second := again.Candidates[0], again.Candidates[1]; first.Account != "second" || first.Dropped != "" || second.Account != "first" || second.Code != "already_tried" {
		t.Errorf("the second attempt's candidates: %+v", again.Candidates)
	}
	if back := again.Onward("first", "second", "not_sent"); !reflect.DeepEqual(back, p.Routing.Failovers[0]) {
		t.Errorf("told again: %+v, kept: %+v", back, p.Routing.Failovers[0])
	}
}

// Each attempt asks routing anew: who has been switched off while the first was tried is not tried.
func TestFailoverAsksAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.do = func(channel.Operation) (channel.Result, error) {
		h.ruled(routing.AccountRule{Name: "second", Disabled: true})
		return channel.Result{}, down
	}
	h.second.answers(scan, nil)
	p, _ := h.create(h.order(100))
	if p.Status != paymux.Failed || len(h.second.calls) != 0 {
		t.Errorf("%s after %d calls of an account that is switched off", p.Status, len(h.second.calls))
	}
	h.wantHop(p.ID, "first not_sent; nobody else takes it: second: disabled by the rules")
}

// What became of each attempt is told once it is durable.
func TestOutcomesAreObserved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first.answers(channel.Result{State: paymux.OpDeclined, DeclineCode: paymux.DeclineProcessing, Retryable: true}, nil)
	h.second.answers(scan, nil)
	p, _ := h.create(h.order(100))
	want := []payment.Outcome{
		{Account: "first", State: paymux.OpDeclined, Was: paymux.OpSent, Decline: paymux.DeclineProcessing, Retryable: true},
		{Account: "second", State: paymux.OpPending, Was: paymux.OpSent, Retried: true},
	}
	if len(h.heard) != len(want) {
		t.Fatalf("heard %+v", h.heard)
	}
	for i, o := range h.heard {
		if o.Merchant != merchant || o.Latency <= 0 || o.At.IsZero() || o.Kind != (routing.Kind{Method: paymux.WeChatPay, Currency: "CNY"}) {
			t.Errorf("outcome %d: %+v", i, o)
		}
		o.Merchant, o.Latency, o.At, o.Kind = "", 0, time.Time{}, routing.Kind{}
		if o != want[i] {
			t.Errorf("outcome %d: %+v, want %+v", i, o, want[i])
		}
	}
	h.second.finds(scan, nil)
	h.second.answers(channel.Result{State: paymux.OpSucceeded}, nil)
	h.pass(time.Hour)
	h.resolve(p.ID) // nobody paid: that is told as well
	if n := len(h.heard); n != 4 || h.heard[2].Kind.Method != "" || h.heard[3].State != paymux.OpCanceled || h.heard[3].Was != paymux.OpPending {
		t.Errorf("heard %+v", h.heard[2:])
	}
}

package paymentrpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/payment/paymentrpc"
)

// unavailable is what may be said only where nothing was begun, or where beginning it twice is the same.
func unavailable(t *testing.T, name string, err error) {
	t.Helper()
	var e *paymux.Error
	if !errors.As(err, &e) || e.Code != paymux.Unavailable || e.RetryAfter == 0 {
		t.Errorf("%s: %v, want Unavailable with RetryAfter", name, err)
	}
}

func open(t *testing.T, name string, err error) {
	t.Helper()
	var e *paymux.Error
	if !errors.As(err, &e) || e.Code != paymux.OutcomeUnknown || e.RetryAfter == 0 || !strings.Contains(e.Message, "Idempotency-Key") {
		t.Errorf("%s: %v, want OutcomeUnknown with RetryAfter", name, err)
	}
}

func TestWhatNobodyTakesIsUnavailable(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	if err := h.server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, ask := range all() {
		_, _, err := ask(t.Context(), h.Client, 1)
		unavailable(t, name, err)
	}
	h.front.Close()
	_, _, err := changes["create"](t.Context(), h.Client, 1)
	unavailable(t, "without a connection", err)
	if n := len(h.node.heard()); n != 0 {
		t.Errorf("the node heard %d requests", n)
	}
}

// A request that outlasts its time was begun: its outcome is open, and the node goes on.
func TestALostAnswerLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	for name, ask := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 0)
			ctx, leave := context.WithCancel(t.Context())
			began, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			h.node.do = func(ctx context.Context) (paymux.Reply, error) {
				close(began)
				<-end
				ended <- ctx.Err()
				return paymux.Reply{}, nil
			}
			go func() { <-began; leave() }()
			_, _, err := ask(ctx, h.Client, 1)
			open(t, name, err)
			close(end)
			if err := <-ended; err != nil {
				t.Errorf("the node's work was ended with its frontend's: %v", err)
			}
		})
	}
}

func TestTheNodeOutlivesTheDeadline(t *testing.T) {
	t.Parallel()
	for name, ask := range all() {
		h := newHouse(t, 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if _, _, err := ask(ctx, h.Client, 1); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, has := h.node.ctx.Deadline(); has || h.node.ctx.Done() != nil {
			t.Errorf("%s: the node's context ends with the caller's", name)
		}
	}
}

func TestALostAnswerOfARepeatableIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, ask := range repeatable {
		h := newHouse(t, 0)
		ctx, leave := context.WithCancel(t.Context())
		h.node.do = func(context.Context) (paymux.Reply, error) { leave(); <-t.Context().Done(); return paymux.Reply{}, nil }
		_, _, err := ask(ctx, h.Client, 1)
		unavailable(t, name, err)
	}
}

// A connection that closes while the answer is waited for proves nothing about the request.
func TestAConnectionClosedMeanwhileLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	h.node.do = func(context.Context) (paymux.Reply, error) {
		h.front.Close()
		return paymux.Reply{}, nil
	}
	_, _, err := changes["create"](t.Context(), h.Client, 1)
	open(t, "create", err)
}

// lose makes the first request's answer get lost, by way of a limit that it outlasts, and answers the second.
func lose(t *testing.T, h *house, second paymux.Reply, err error) {
	calls := 0
	h.node.do = func(context.Context) (paymux.Reply, error) {
		h.node.mu.Lock()
		calls++
		n := calls
		h.node.mu.Unlock()
		if n == 1 {
			<-t.Context().Done()
		}
		return second, err
	}
}

const short = 50 * time.Millisecond // of the first question; its answer never comes

func TestALostAnswerIsAskedForOnce(t *testing.T) {
	t.Parallel()
	for name, ask := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, short)
			kept := paymux.Reply{Object: []byte(`{"id":"pay_1"}`), Replayed: true, RequestID: "req_other"}
			lose(t, h, kept, nil)
			asked, reply, err := ask(t.Context(), h.Client, 1)
			if diff := cmp.Diff(kept, reply); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
			if diff := cmp.Diff([]any{asked, asked}, h.node.heard()); diff != "" {
				t.Errorf("the second request is not the first one again:\n%s", diff)
			}
		})
	}
}

func TestTheSecondAnswerIsTheFirstOnes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, short)
	lose(t, h, paymux.Reply{Replayed: true, RequestID: "req_1"}, nil)
	q := paymux.CreatePayment{Caller: paymux.Caller{RequestID: "req_1", Idempotency: "k"}}
	if reply, err := h.Create(t.Context(), q); err != nil || reply.Replayed {
		t.Errorf("%+v, %v: the merchant asked once", reply, err)
	}
}

// What the second request is refused for may be the first one's doing.
func TestARefusalOfTheSecondSettlesNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []paymux.Code{paymux.StateConflict, paymux.Unavailable, paymux.AmountTooLarge, paymux.Internal} {
		h := newHouse(t, short)
		lose(t, h, paymux.Reply{}, paymux.Errorf(code, "No."))
		_, _, err := changes["capture"](t.Context(), h.Client, 1)
		open(t, string(code), err)
	}
	for _, code := range []paymux.Code{paymux.KeyInFlight, paymux.KeyReused} {
		h := newHouse(t, short)
		lose(t, h, paymux.Reply{}, paymux.Errorf(code, "No."))
		if _, _, err := changes["capture"](t.Context(), h.Client, 1); !errors.Is(err, code) {
			t.Errorf("%s came as %v", code, err)
		}
	}
}

// Without a key a second request might be a second effect.
func TestWithoutAKeyNothingIsAskedTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, short)
	lose(t, h, paymux.Reply{}, nil)
	_, err := h.Refund(t.Context(), paymux.CreateRefund{})
	open(t, "refund", err)
	if n := len(h.node.heard()); n != 1 {
		t.Errorf("the node heard %d requests", n)
	}
}

// What the node has answered is not asked again, whatever the answer was.
func TestAnAnswerIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		paymux.Errorf(paymux.OutcomeUnknown, "Nobody knows."), paymux.Errorf(paymux.Unavailable, "Later."), errors.New("broken"), paymux.ErrStale,
		fmt.Errorf("ask somebody else: %w", rpc.ErrNotTaken), // that one, not the node
	} {
		h := newHouse(t, 0)
		h.node.err = err
		if _, _, got := changes["create"](t.Context(), h.Client, 1); got == nil {
			t.Errorf("%v is gone", err)
		}
		if n := len(h.node.heard()); n != 1 {
			t.Errorf("%v: the node heard %d requests", err, n)
		}
	}
}

// Replicas of a region share its requests, and one that stops costs none of them.
func TestReplicasShareRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	other := &node{}
	h.serve(t, h.open.Connect(), other)
	for i := range 100 {
		if i == 50 {
			go h.server.Stop(context.WithoutCancel(t.Context()))
		}
		if _, err := h.Create(t.Context(), paymux.CreatePayment{}); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	first, second := len(h.node.heard()), len(other.heard())
	if first+second != 100 || first == 0 || second < 25 {
		t.Errorf("%d and %d requests were heard", first, second)
	}
}

// A replica that is full has begun nothing: another one may, and without a key, too.
func TestWhatOneReplicaRefusesAnotherTakes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	if err := h.server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	full, busy, end := &node{}, make(chan struct{}, 1), make(chan struct{})
	full.do = func(context.Context) (paymux.Reply, error) { busy <- struct{}{}; <-end; return paymux.Reply{}, nil }
	s := rpc.NewServer(rpc.Config{Conn: h.back, Group: "node", Limit: 1, Faults: paymentrpc.Faults()})
	if err := errors.Join(paymentrpc.Serve(s, region, full), s.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	first := make(chan error, 1)
	go func() { _, err := h.Create(context.Background(), paymux.CreatePayment{}); first <- err }()
	<-busy
	_, err := h.Create(t.Context(), paymux.CreatePayment{})
	unavailable(t, "all are full", err)
	h.serve(t, h.open.Connect(), h.node)
	taken := 0
	for range 40 { // each misses the free one three times in a row with a chance of an eighth
		if _, err := h.Create(t.Context(), paymux.CreatePayment{}); err == nil {
			taken++
		}
	}
	if n := len(h.node.heard()); taken < 25 || n != taken || len(full.heard()) != 1 {
		t.Errorf("%d of 40 were taken, %d heard by the free replica and %d by the full one", taken, n, len(full.heard()))
	}
	close(end)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

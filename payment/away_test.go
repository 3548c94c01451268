package payment_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

var errAway = fmt.Errorf("nobody is there: %w", channel.ErrNotSent)

// What Paymux owes is given back as soon as the institution can be reached, however long that takes.
func TestMoneyOwedIsGivenBackOnceTheChannelIsBack(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]error{"that can be asked": channel.ErrAbsent, "that cannot be asked": channel.ErrUnsupported} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.first.answers(channel.Result{}, down)
			h.second.answers(paid(1250), nil)
			p, _ := h.create(h.order(1250))
			first := h.ops(p.ID)[0].ID
			h.first.answers(channel.Result{}, errAway)
			h.first.finds(channel.Result{}, query)
			if err := h.tell(first, paid(1250)); err != nil {
				t.Fatal(err)
			}
			h.resolve(p.ID)
			if back := h.ops(p.ID)[2]; back.State != paymux.OpUnknown {
				t.Fatalf("with the channel away the refund is %s", back.State)
			}
			h.pass(time.Hour)
			h.resolve(p.ID) // sent again, and again nobody is there
			if back := h.ops(p.ID)[2]; back.State != paymux.OpUnknown {
				t.Fatalf("with the channel still away the refund is %s", back.State)
			}
			h.first.answers(channel.Result{State: paymux.OpSucceeded}, nil)
			h.first.done = nil // of calls that never arrived
			h.pass(time.Hour)
			h.resolve(p.ID)
			back := h.ops(p.ID)[2]
			if back.State != paymux.OpSucceeded || h.first.done[back.ID] != 1 {
				t.Errorf("with the channel back the refund is %s, carried out %d times", back.State, h.first.done[back.ID])
			}
		})
	}
}

// A refund that may have been carried out is not called failed because its bank cannot be reached later.
func TestAResendThatWasNotSentProvesNothing(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]error{"that can be asked": channel.ErrAbsent, "that cannot be asked": channel.ErrUnsupported} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.first.answers(paid(1250), nil)
			p, _ := h.create(h.order(1250))
			h.first.answers(channel.Result{}, lost)
			if _, _, err := h.refund(p.ID, 1250); err != nil {
				t.Fatal(err)
			}
			if back := h.ops(p.ID)[1]; back.State != paymux.OpUnknown {
				t.Fatalf("a refund without an answer is %s", back.State)
			}
			h.first.answers(channel.Result{}, errAway)
			h.first.finds(channel.Result{}, query)
			h.pass(time.Hour)
			if v := h.resolve(p.ID); v.Done {
				t.Error("nobody asks about the refund any more")
			}
			if back := h.ops(p.ID)[1]; back.State != paymux.OpUnknown {
				t.Errorf("the refund is %s, want unknown", back.State)
			}
		})
	}
}

// A callback that nobody could judge is sent again; one that was judged leaves its trace.
func TestACallbackThatCannotBeJudgedIsAskedForAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.scanned(1250)
	for _, c := range []struct {
		err  error
		want paymux.Code
	}{
		{errAway, paymux.Unavailable}, {errors.New("no answer in time"), paymux.Unavailable},
		{channel.ErrForged, paymux.CallbackRefused}, {channel.ErrStale, paymux.CallbackRefused},
	} {
		h.first.notice = func(channel.CallbackRequest) (channel.Callback, error) {
			return channel.Callback{Operation: p.LatestOperation}, c.err
		}
		if _, err := h.Callback(t.Context(), paymux.CallbackRequest{Channel: "bank", Account: "first"}); !errors.Is(err, c.want) {
			t.Errorf("%v is answered %v, want %s", c.err, err, c.want)
		}
	}
}

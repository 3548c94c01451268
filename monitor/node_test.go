package monitor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/monitor"
)

// answering is a node whose verbs all end the same way, after a call of a channel.
type answering struct {
	own   time.Duration
	bank  channel.Channel
	after func() error
}

func (n answering) verb(ctx context.Context) (paymux.Reply, error) {
	time.Sleep(n.own)
	_, _ = n.bank.Do(ctx, channel.Operation{Kind: paymux.Pay})
	return paymux.Reply{}, n.after()
}

func (n answering) Create(ctx context.Context, _ paymux.CreatePayment) (paymux.Reply, error) {
	return n.verb(ctx)
}
func (n answering) Confirm(ctx context.Context, _ paymux.ConfirmPayment) (paymux.Reply, error) {
	return n.verb(ctx)
}
func (n answering) Capture(ctx context.Context, _ paymux.CapturePayment) (paymux.Reply, error) {
	return n.verb(ctx)
}
func (n answering) Cancel(ctx context.Context, _ paymux.CancelPayment) (paymux.Reply, error) {
	return n.verb(ctx)
}
func (n answering) Refund(ctx context.Context, _ paymux.CreateRefund) (paymux.Reply, error) {
	return n.verb(ctx)
}
func (n answering) Sync(ctx context.Context, _ paymux.SyncPayment) (paymux.Reply, error) {
	return n.verb(ctx)
}
func (n answering) Callback(ctx context.Context, _ paymux.CallbackRequest) (paymux.CallbackAck, error) {
	_, err := n.verb(ctx)
	return paymux.CallbackAck{}, err
}

// bank is a channel that takes its time.
type bank struct {
	channel.Channel
	took time.Duration
}

func (b bank) Do(context.Context, channel.Operation) (channel.Result, error) {
	time.Sleep(b.took)
	return channel.Result{State: paymux.OpSucceeded}, nil
}

// A node's own faults, and what stands behind it, count as errors; what it rightly refuses does not. Changes are usage, and
// questions and callbacks are not.
func TestNodeCountsWhatItIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := []error{nil, nil, paymux.Errorf(paymux.PaymentDeclined, "No."), paymux.Errorf(paymux.Unavailable, "Later."), errors.New("broken")}
		n := 0
		node := monitor.NewNode(answering{bank: bank{}, after: func() error { n++; return answers[n%len(answers)] }},
			monitor.NewMeter(monitor.MeterConfig{Now: time.Now}))
		for range 8 {
			for range 10 {
				_, _ = node.Create(t.Context(), paymux.CreatePayment{})
				_, _ = node.Callback(t.Context(), paymux.CallbackRequest{})
				n-- // the callback's
			}
			time.Sleep(time.Second)
		}
		if got := node.Usage(); got.RequestsPerSecond != 10 || got.ErrorRatio != 0.4 {
			t.Errorf("%+v", got)
		}
		time.Sleep(time.Minute)
		if got := node.Usage(); got != (monitor.Usage{}) {
			t.Errorf("a minute later: %+v", got)
		}
	})
}

func TestNodeTellsItsOwnTimeFromInstitutions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m channel.Meter
		node := monitor.NewNode(answering{own: 3 * time.Millisecond, bank: m.Of(bank{took: 200 * time.Millisecond}), after: func() error { return nil }},
			monitor.NewMeter(monitor.MeterConfig{Now: time.Now}))
		for range 2 {
			_, _ = node.Create(t.Context(), paymux.CreatePayment{})
			_, _ = node.Confirm(t.Context(), paymux.ConfirmPayment{})
			_, _ = node.Capture(t.Context(), paymux.CapturePayment{})
			_, _ = node.Cancel(t.Context(), paymux.CancelPayment{})
			_, _ = node.Refund(t.Context(), paymux.CreateRefund{})
			_, _ = node.Sync(t.Context(), paymux.SyncPayment{})
			_, _ = node.Callback(t.Context(), paymux.CallbackRequest{})
		}
		var verbs []string
		for _, v := range node.Times() {
			verbs = append(verbs, v.Verb)
			if v.All.Number != 2 || v.All.Sum != 406*time.Millisecond || v.Own.Number != 2 || v.Own.Sum != 6*time.Millisecond {
				t.Errorf("%s: %+v and %+v", v.Verb, v.All, v.Own)
			}
		}
		if diff := cmp.Diff([]string{"create", "confirm", "capture", "cancel", "refund", "sync", "callback"}, verbs); diff != "" {
			t.Error(diff)
		}
	})
}

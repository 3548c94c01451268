package paymux_test

import (
	"slices"
	"testing"

	"github.com/paymux/paymux"
	"pgregory.net/rapid"
)

func TestAPaymentsEndIsFinalButForLateMoney(t *testing.T) {
	t.Parallel()
	for _, from := range paymux.PaymentStatuses() {
		for _, to := range paymux.PaymentStatuses() {
			if from == to || !from.CanBecome(to) {
				continue
			}
			if from == paymux.Succeeded {
				t.Errorf("succeeded may become %s", to)
			}
			if from.EndedUnpaid() && to != paymux.Succeeded && to != paymux.Authorized {
				t.Errorf("%s may become %s", from, to)
			}
			if to == paymux.Created {
				t.Errorf("%s may go back to created", from)
			}
		}
	}
}

func TestMoneyIsNeverForgottenOnAnyWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		status, had := paymux.Created, false
		for range 30 {
			next := rapid.SampledFrom(paymux.PaymentStatuses()).Draw(t, "next")
			if !status.CanBecome(next) {
				continue
			}
			status = next
			had = had || status == paymux.Succeeded || status == paymux.PartiallyCaptured
			if had && status.EndedUnpaid() {
				t.Fatalf("captured money ended as %s", status)
			}
		}
	})
}

func TestUnknownEndsOnlyByProof(t *testing.T) {
	t.Parallel()
	for _, s := range paymux.OperationStates() {
		if paymux.OpSent.CanBecome(paymux.OpCreated) || paymux.OpUnknown.CanBecome(paymux.OpSent) {
			t.Fatal("an operation that may have left is treated as if it had not")
		}
		if s.Ended() && s.CanBecome(paymux.OpUnknown) && s != paymux.OpUnknown {
			t.Errorf("%s, a known outcome, may become unknown", s)
		}
		if s == paymux.OpPending && s.CanBecome(paymux.OpNotSent) {
			t.Error("what the institution has seen may become not sent")
		}
	}
}

func TestEveryOperationStateHasARefundStatus(t *testing.T) {
	t.Parallel()
	for _, s := range paymux.OperationStates() {
		if !slices.Contains(paymux.RefundStatuses(), paymux.RefundStatusOf(s)) {
			t.Errorf("%s has refund status %q", s, paymux.RefundStatusOf(s))
		}
		if s == paymux.OpUnknown && paymux.RefundStatusOf(s) == paymux.RefundFailed {
			t.Error("an unknown refund is called failed")
		}
	}
}

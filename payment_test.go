package paymux_test

import (
	"testing"

	"github.com/paymux/paymux"
)

func TestAPaymentHoldsItsOrderWhileItMayBringMoney(t *testing.T) {
	t.Parallel()
	free := map[paymux.PaymentStatus]bool{paymux.Failed: true, paymux.Canceled: true, paymux.Expired: true}
	for _, s := range paymux.PaymentStatuses() {
		if p := (paymux.Payment{Status: s}); p.HoldsOrder() == free[s] {
			t.Errorf("%s: HoldsOrder is %t", s, p.HoldsOrder())
		}
	}
}

func TestRefundableIsReceivedLessRefundedAndRefunding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		received, refunded, refunding, want int64
	}{
		{0, 0, 0, 0}, {1000, 0, 0, 1000}, {1000, 300, 0, 700}, {1000, 0, 300, 700}, {1000, 300, 200, 500}, {1000, 700, 300, 0},
	} {
		// What was asked for, is reserved, or is disputed makes no difference.
		p := paymux.Payment{
			Amount: 5000, AmountCapturable: 4000, AmountDisputed: 100,
			AmountReceived: c.received, AmountRefunded: c.refunded, AmountRefunding: c.refunding,
		}
		if got := p.Refundable(); got != c.want {
			t.Errorf("received %d, refunded %d, refunding %d: %d is refundable, want %d", c.received, c.refunded, c.refunding, got, c.want)
		}
	}
}

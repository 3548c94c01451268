package alipay

import (
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Absence. Asked for an order whose payer has not come yet, Alipay answers ACQ.TRADE_NOT_EXIST: a trade begins when the payer
// signs in on the page, scans the code, or confirms in the app. While that may still happen, absence must not read as "never
// seen": a payment believed not sent is paid somewhere else, and then here as well. So it is pending until the order's
// own expiry, which is part of what was signed (time_expire), and a little longer. After that nobody can
// pay it, and it has ended without money.
//
// A trade made for a payer inside Alipay's app exists as soon as it was asked for. There, absence is Alipay's word.

// slack is how far Alipay's clock may be behind ours.
const slack = 2 * time.Minute

const tradeNotExist = "ACQ.TRADE_NOT_EXIST"

// mayStillCome reports whether a payer without a trade may yet bring the order of op, or of the pay operation op refers to.
func (a *account) mayStillCome(op channel.Operation) bool {
	if flow(op) == paymux.FlowInApp {
		return false
	}
	end := op.ExpiresAt
	if end.IsZero() { // the longest it was given
		born, ok := paymux.TimeOf(paymux.PrefixOperation + number(op))
		if !ok {
			return true
		}
		end = born.Add(longest)
	}
	return a.now().Before(end.Add(slack))
}

// noTrade is what absence says of a pay operation.
func (a *account) noTrade(op channel.Operation, got answer) (channel.Result, error) {
	switch {
	case flow(op) == paymux.FlowInApp:
		return channel.Result{}, fmt.Errorf("alipay query %s: %w", op.ID, channel.ErrAbsent)
	case a.mayStillCome(op):
		return channel.Result{State: paymux.OpPending, ChannelID: number(op), Code: got.SubCode, Message: "the payer has not come yet"}, nil
	}
	return channel.Result{State: paymux.OpCanceled, ChannelID: number(op), Code: got.SubCode, Message: "the payer has not come in time"}, nil
}

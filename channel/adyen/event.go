package adyen

import (
	"cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// read is what an authentic event means for the operation that its reference names. An event code
// that nobody knows leaves the operation unknown, with the code.
func read(it *item) channel.Callback {
	ref, ours := parseReference(it.MerchantReference)
	if !ours {
		return channel.Callback{}
	}
	switch it.EventCode {
	case "AUTHORISATION", "EXPIRE", "OFFER_CLOSED":
		return paymentNews(ref, it)
	case "CAPTURE", "CAPTURE_FAILED":
		return captureNews(ref, it)
	case "CANCELLATION", "TECHNICAL_CANCEL", "CANCEL_OR_REFUND":
		return cancelNews(ref, it)
	case "REFUND", "REFUND_FAILED", "REFUNDED_REVERSED":
		return refundNews(ref, it)
	}
	if status, known := disputeStatus(it.EventCode); known {
		return disputeNews(ref, it, status)
	}
	if ofNoInterest[it.EventCode] {
		return channel.Callback{}
	}
	return about(ref, channel.Result{State: paymux.OpUnknown, ChannelID: it.PSPReference, Code: it.EventCode, Message: it.Reason})
}

// ofNoInterest are events that move no operation of ours.
var ofNoInterest = map[string]bool{
	"AUTHORISATION_ADJUSTMENT": true, "AUTORESCUE": true, "CANCEL_AUTORESCUE": true, "MANUAL_REVIEW_ACCEPT": true,
	"MANUAL_REVIEW_REJECT": true, "NOTIFICATION_OF_FRAUD": true, "ORDER_CLOSED": true, "ORDER_OPENED": true, "PENDING": true,
	"POSTPONED_REFUND": true, "VOID_PENDING_REFUND": true, "RECURRING_CONTRACT": true, "REPORT_AVAILABLE": true,
	"REQUEST_FOR_INFORMATION": true, "INFORMATION_SUPPLIED": true, "ISSUER_COMMENTS": true, "DISPUTE_OPENED_WITH_CHARGEBACK": true,
	"REFUND_WITH_DATA": true, "PAYOUT_THIRDPARTY": true, "PAYOUT_DECLINE": true, "PAYOUT_EXPIRE": true, "PAIDOUT_REVERSED": true,
}

func about(ref reference, r channel.Result) channel.Callback {
	return channel.Callback{Operation: ref.operation, Result: r}
}

// paymentNews: on Adyen's page a failed attempt is not the end; the payer may try again until
// the link expires.
func paymentNews(ref reference, it *item) channel.Callback {
	if !ref.isPayment() {
		return channel.Callback{}
	}
	r := channel.Result{ChannelID: it.PSPReference, Code: it.EventCode, Message: it.Reason, Money: stated(it.Amount)}
	switch {
	case it.EventCode != "AUTHORISATION":
		return endNews(ref, it)
	case it.succeeded():
		r.State = paid(ref)
	case ref.kind == refPage:
		return channel.Callback{}
	default:
		why := reasonOfText(it.Reason)
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, why.code, why.advice
	}
	return about(ref, r)
}

// endNews: a reservation has expired, or the payer never finished a payment by token.
func endNews(ref reference, it *item) channel.Callback {
	if !it.succeeded() || it.EventCode == "OFFER_CLOSED" && ref.kind == refPage {
		return channel.Callback{}
	}
	return about(ref, channel.Result{State: paymux.OpCanceled, ChannelID: cmp.Or(it.OriginalReference, it.PSPReference), Code: it.EventCode, Message: it.Reason})
}

// captureNews: a capture that Adyen makes itself and that fails is reported of the
// payment. Captures made in Adyen's own console are no operation of ours.
func captureNews(ref reference, it *item) channel.Callback {
	failed := it.EventCode == "CAPTURE_FAILED" || !it.succeeded()
	if ref.kind != refCapture && !(ref.isPayment() && !ref.manual && failed) {
		return channel.Callback{}
	}
	r := moved(it)
	if failed {
		r = notMoved(it, paymux.DeclineProcessing)
	}
	if ref.kind != refCapture {
		r.ChannelID = it.OriginalReference
	}
	return about(ref, r)
}

// cancelNews: a payment that was canceled in Adyen's console names itself.
func cancelNews(ref reference, it *item) channel.Callback {
	switch {
	case ref.isPayment() && it.succeeded() && it.EventCode == "CANCELLATION":
		return about(ref, channel.Result{State: paymux.OpCanceled, ChannelID: it.OriginalReference, Code: it.EventCode, Message: it.Reason})
	case ref.kind != refCancel:
		return channel.Callback{}
	case !it.succeeded():
		return about(ref, notMoved(it, paymux.DeclineProcessing))
	}
	r := moved(it)
	r.Money = paymux.Money{} // a cancel asks for no amount
	return about(ref, r)
}

// refundNews: a refund that comes back after it was booked is a refund that failed.
func refundNews(ref reference, it *item) channel.Callback {
	switch {
	case ref.kind != refRefund:
		return channel.Callback{}
	case it.EventCode == "REFUND" && it.succeeded():
		return about(ref, moved(it))
	}
	return about(ref, notMoved(it, paymux.DeclineRefundRefused))
}

func moved(it *item) channel.Result {
	return channel.Result{State: paymux.OpSucceeded, ChannelID: it.PSPReference, Code: it.EventCode, Message: it.Reason, Money: stated(it.Amount)}
}

func notMoved(it *item, why paymux.DeclineCode) channel.Result {
	return channel.Result{
		State: paymux.OpDeclined, ChannelID: it.PSPReference, Code: it.EventCode, Message: it.Reason,
		Money: stated(it.Amount), DeclineCode: why, Advice: paymux.DoNotRetry,
	}
}

// disputeNews: the pspReference of a dispute's events is the dispute's own.
func disputeNews(ref reference, it *item, status paymux.DisputeStatus) channel.Callback {
	if !ref.isPayment() || !it.succeeded() {
		return channel.Callback{}
	}
	return channel.Callback{Dispute: &channel.Dispute{
		ChannelID: it.PSPReference, Operation: ref.operation, Status: status, Money: stated(it.Amount), Reason: it.Reason,
	}}
}

func disputeStatus(event string) (status paymux.DisputeStatus, known bool) {
	switch event {
	case "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK":
		return paymux.DisputeOpened, true
	case "CHARGEBACK_REVERSED", "PREARBITRATION_WON", "ISSUER_RESPONSE_TIMEFRAME_EXPIRED":
		return paymux.DisputeWon, true
	case "SECOND_CHARGEBACK", "PREARBITRATION_LOST", "DISPUTE_DEFENSE_PERIOD_ENDED":
		return paymux.DisputeLost, true
	}
	return "", false
}

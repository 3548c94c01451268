package learn

import (
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Outcome is how a call, or the payment it began, came out.
type Outcome struct {
	Merchant paymux.MerchantID
	Account  string
	Kind     routing.Kind // of a payment; without a method: a capture, refund or query, which tells of health alone
	Result   Result
	// Was is what was observed of the same operation before, such as Unknown or Pending; zero: nothing. Only a
	// call's own answer tells of health and latency: what comes later is about the payer, or long past.
	Was     Result
	Retried bool          // another account had declined the payment: whether it succeeds says little of first attempts
	Latency time.Duration // of the call, until its answer or until nobody waited any more; zero: not measured
	At      time.Time     // when it was known
}

// Result is what an outcome means for what is learnt.
type Result uint8

// What counts for what. A payment that is not paid is none that succeeded, whoever is to blame: among accounts that
// take the same payments, more refusals are a worse account. Health asks only whether the account does its work.
//
//	                  success rate   health
//	Succeeded         succeeded      works
//	Pending           nothing yet    works
//	PayerDeclined     not            says nothing
//	ChannelDeclined   not            fault
//	NotSent           not            fault
//	Unclear           not, for now   fault
//
// Every answer that took longer than the policy's Latency is a fault.
const (
	Succeeded       Result = iota + 1 // paid or reserved
	Pending                           // taken up: the payer's or the institution's turn
	PayerDeclined                     // by the payer or issuer: no funds, a lost card, never paid before it expired
	ChannelDeclined                   // by the channel: an error there, or a contract that does not cover it
	NotSent                           // proven not to have arrived
	Unclear                           // no answer in time, or none that can be read
)

// ResultOf is what a state an operation got to means; zero: nothing, such as for an operation that was not sent because the
// channel cannot do it. code is the channel's, retryable that it lets another channel try.
func ResultOf(state paymux.OperationState, decline paymux.DeclineCode, retryable bool) Result {
	switch state {
	case paymux.OpSucceeded, paymux.OpAuthorized:
		return Succeeded
	case paymux.OpPending:
		return Pending
	case paymux.OpDeclined:
		return declined(decline, retryable)
	case paymux.OpCanceled: // not paid
		return PayerDeclined
	case paymux.OpNotSent:
		return NotSent
	case paymux.OpUnknown:
		return Unclear
	}
	return 0
}

// declined tells whose no it was. Issuers' reasons stay the payer's where another channel may be tried: it
// may have another way to the issuer, and nothing is broken here.
func declined(code paymux.DeclineCode, retryable bool) Result {
	switch code {
	case paymux.DeclineProcessing, paymux.DeclineNotSupported:
		return ChannelDeclined
	case paymux.DeclineGeneric, "":
		if retryable {
			return ChannelDeclined
		}
	}
	return PayerDeclined
}

// fault reports whether the account did not do its work.
func (r Result) fault() bool { return r == ChannelDeclined || r == NotSent || r == Unclear }

// works reports whether it did.
func (r Result) works() bool { return r == Succeeded || r == Pending }

// verdict reports whether a payer or issuer has decided.
func (r Result) verdict() bool { return r == Succeeded || r == PayerDeclined }

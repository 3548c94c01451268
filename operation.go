package paymux

import "time"

// Operation is one thing asked of an institution. Its ID is the idempotency
// key there, the same on every resend (money rule 4).
type Operation struct {
	ID        OperationID    `json:"id"`
	Object    string         `json:"object"` // always "operation"
	Payment   PaymentID      `json:"payment"`
	Merchant  MerchantID     `json:"-"`
	Kind      OperationKind  `json:"kind"`
	State     OperationState `json:"state"`
	Amount    int64          `json:"amount"`
	Currency  Currency       `json:"currency"`
	Refund    RefundID       `json:"refund,omitempty"` // of the refund this carries out
	Channel   string         `json:"channel"`
	Account   string         `json:"account"`
	ChannelID string         `json:"channel_id,omitempty"` // the institution's transaction ID, once known
	Final     bool           `json:"final,omitempty"`      // a capture after which nothing stays reserved

	Reason string      `json:"reason,omitempty"`        // the merchant's, or ReasonExpired, ReasonLate, ReasonSurplus
	PayID  OperationID `json:"pay_operation,omitempty"` // what a capture, cancel or refund refers to

	ChannelCode    string      `json:"channel_code,omitempty"` // as the institution gave them
	ChannelMessage string      `json:"channel_message,omitempty"`
	DeclineCode    DeclineCode `json:"decline_code,omitempty"`
	Advice         Advice      `json:"advice,omitempty"`
	Late           bool        `json:"late,omitempty"`
	Queries        int         `json:"queries,omitempty"` // how often the institution was asked for the outcome

	CreatedAt time.Time      `json:"created_at"`
	SentAt    time.Time      `json:"sent_at"`           // when the call left
	AnswerMS  int64          `json:"answer_ms"`         // how long the institution took to answer it
	Answer    OperationState `json:"answer,omitempty"`  // what the call itself was answered; later news is in State
	EndedAt   time.Time      `json:"ended_at,omitzero"` // when the final outcome was known

	// IdempotencyKey names the merchant's request that waits for this
	// operation's outcome, if one does.
	IdempotencyKey string `json:"-"`
	Hops           []Hop  `json:"-"` // the API call that caused it
	Trace          string `json:"-"` // the traceparent under which it was begun, which news of it continues; empty for none

	// Quotas are what a pay operation took of its account's quotas when it was begun; QuotasBack: it has given all of that back.
	Quotas     []QuotaUse `json:"-"`
	QuotasBack bool       `json:"-"`
}

// Reasons of operations that Paymux begins by itself.
const (
	ReasonExpired = "expired"      // closes what was not paid in time (money rule 6)
	ReasonLate    = "late_payment" // gives late money back (X11)
	ReasonSurplus = "surplus"      // gives back what a second channel took after all
)

// OperationKind is what is asked for. It is also the service type (A2) of the request that asks.
type OperationKind string

const (
	Pay     OperationKind = "pay"
	Capture OperationKind = "capture"
	Cancel  OperationKind = "cancel"
	Refunds OperationKind = "refund"
)

// OperationState is how far an operation got.
type OperationState string

const (
	OpCreated    OperationState = "created"
	OpSent       OperationState = "sent"       // committed and about to be, or being, sent; after a crash: perhaps sent
	OpPending    OperationState = "pending"    // the institution has it and has not decided, or waits for the payer
	OpUnknown    OperationState = "unknown"    // it may have happened; only proof ends this (money rule 1)
	OpAuthorized OperationState = "authorized" // reserved
	OpSucceeded  OperationState = "succeeded"
	OpDeclined   OperationState = "declined"
	OpNotSent    OperationState = "not_sent" // proven not to have reached the institution
	OpCanceled   OperationState = "canceled"
)

var stateAfter = map[OperationState][]OperationState{
	OpCreated:    {OpSent, OpCanceled},
	OpSent:       {OpPending, OpUnknown, OpAuthorized, OpSucceeded, OpDeclined, OpNotSent, OpCanceled},
	OpPending:    {OpAuthorized, OpSucceeded, OpDeclined, OpCanceled},
	OpUnknown:    {OpPending, OpAuthorized, OpSucceeded, OpDeclined, OpNotSent, OpCanceled},
	OpAuthorized: {OpSucceeded, OpCanceled},
	OpSucceeded:  {},
	// An institution may prove late that it did it after all.
	OpDeclined: {OpAuthorized, OpSucceeded},
	OpNotSent:  {OpPending, OpAuthorized, OpSucceeded, OpDeclined},
	OpCanceled: {OpAuthorized, OpSucceeded},
}

// OperationStates lists every state.
func OperationStates() []OperationState {
	return []OperationState{OpCreated, OpSent, OpPending, OpUnknown, OpAuthorized, OpSucceeded, OpDeclined, OpNotSent, OpCanceled}
}

// CanBecome reports whether next may follow s. A state may always stay as it is.
func (s OperationState) CanBecome(next OperationState) bool {
	if s == next {
		return true
	}
	for _, t := range stateAfter[s] {
		if t == next {
			return true
		}
	}
	return false
}

// Ended reports whether the outcome is known. A late proof may still change it.
func (s OperationState) Ended() bool {
	switch s {
	case OpAuthorized, OpSucceeded, OpDeclined, OpNotSent, OpCanceled:
		return true
	}
	return false
}

// DeclineCode is why an institution said no, in one vocabulary for all of them.
type DeclineCode string

const (
	DeclineGeneric              DeclineCode = "generic_decline"
	DeclineInsufficientFunds    DeclineCode = "insufficient_funds"
	DeclineLostCard             DeclineCode = "lost_card"
	DeclineStolenCard           DeclineCode = "stolen_card"
	DeclineExpiredCard          DeclineCode = "expired_card"
	DeclineIncorrectCVC         DeclineCode = "incorrect_cvc"
	DeclineIncorrectNumber      DeclineCode = "incorrect_number"
	DeclineFraud                DeclineCode = "fraudulent"
	DeclineLimit                DeclineCode = "limit_exceeded"
	DeclineAuthenticationFailed DeclineCode = "authentication_failed" // 3-D Secure, password
	DeclineCanceledByPayer      DeclineCode = "canceled_by_payer"
	DeclineInvalidAccount       DeclineCode = "invalid_account"
	DeclineNotSupported         DeclineCode = "not_supported" // method, currency or amount not taken there
	DeclineProcessing           DeclineCode = "processing_error"
	DeclineRefundRefused        DeclineCode = "refund_refused"
)

// Advice is what to do after a decline.
type Advice string

const (
	TryOtherMethod Advice = "try_other_method"
	RetryLater     Advice = "retry_later"
	DoNotRetry     Advice = "do_not_retry"
)

package paymux

import "time"

// Caller is who asks, as the front door has verified it, and the request's place in the trace.
type Caller struct {
	Merchant    MerchantID
	Livemode    bool
	Key         KeyID
	RequestID   RequestID
	Client      Client
	Idempotency string // the Idempotency-Key, empty on queries
	Fingerprint []byte // of the request, for [Idempotency]
	Policy      Policy
	Hops        []Hop // what happened on the way here: API, relay
}

// CreatePayment asks for a new payment. With Confirm it is sent to a channel at once.
type CreatePayment struct {
	Caller
	Money           Money
	MerchantOrderID string
	Description     string
	Method          Method
	Card            *CardDetails
	AllowedMethods  []MethodType
	CaptureMethod   CaptureMethod
	Confirm         bool
	Designated      string // account named by the application (B7); empty: routing decides
	ReturnURL       string
	NotifyURL       string // also told of every event of this payment; needs a per-payment endpoint
	Link            LinkID
	Metadata        map[string]string
	ExpiresAt       time.Time // zero: the policy's default
}

// ConfirmPayment sends a created payment to a channel, with the method the payer chose.
type ConfirmPayment struct {
	Caller
	Payment    PaymentID
	Method     Method // empty Type: the payment's own
	Card       *CardDetails
	Designated string
	ReturnURL  string
}

// CapturePayment takes reserved money.
type CapturePayment struct {
	Caller
	Payment PaymentID
	Amount  int64 // 0: all that is left
	Final   bool  // release what is left uncaptured
}

// CancelPayment ends a payment that has brought no money, or releases what is reserved.
type CancelPayment struct {
	Caller
	Payment PaymentID
	Reason  string
}

// CreateRefund gives money back.
type CreateRefund struct {
	Caller
	Payment          PaymentID
	Amount           int64 // 0: all that is left
	Reason           string
	MerchantRefundID string
	Metadata         map[string]string
}

// SyncPayment asks the institution for the outcome now.
type SyncPayment struct {
	Caller
	Payment PaymentID
}

// Page selects part of a list, newest first, by keyset: After is the last ID of the page before.
type Page struct {
	After string
	Limit int // 1 to 100
}

// PaymentFilter selects payments of one merchant.
type PaymentFilter struct {
	Merchant        MerchantID
	MerchantOrderID string
	Status          PaymentStatus
	CreatedFrom     time.Time // inclusive
	CreatedTo       time.Time // exclusive
	Page
}

// RefundFilter selects refunds of one merchant.
type RefundFilter struct {
	Merchant MerchantID
	Payment  PaymentID
	Page
}

// EventFilter selects events of one merchant.
type EventFilter struct {
	Merchant MerchantID
	Type     EventType
	ObjectID string
	// Oldest turns the list round, for pulling: oldest first, in the order in which events were committed.
	// After is where the reader stands, a position over several regions. An event is withheld until none can be
	// committed any more that would come before it, so that a reader never misses one.
	Oldest bool
	Page
}

package paymux

import "time"

// Refund gives money of a payment back. Its operation is what the institution was asked.
type Refund struct {
	ID               RefundID          `json:"id"`
	Object           string            `json:"object"` // always "refund"
	Livemode         bool              `json:"livemode"`
	Status           RefundStatus      `json:"status"`
	Payment          PaymentID         `json:"payment"`
	Operation        OperationID       `json:"operation"`
	Amount           int64             `json:"amount"`
	Currency         Currency          `json:"currency"`
	MerchantRefundID string            `json:"merchant_refund_id,omitempty"`
	Reason           string            `json:"reason,omitempty"` // requested_by_customer, duplicate, fraudulent, late_payment, or the merchant's own
	LastError        *Failure          `json:"last_error,omitempty"`
	Metadata         map[string]string `json:"metadata,omitempty"`
	CreatedAt        time.Time         `json:"created_at"`
	UpdatedAt        time.Time         `json:"updated_at"`
	Version          int64             `json:"version"`
	Merchant         MerchantID        `json:"merchant"`
}

// RefundStatus is where a refund stands.
type RefundStatus string

const (
	RefundProcessing RefundStatus = "processing" // the institution has it, or is about to
	RefundUnknown    RefundStatus = "unknown"    // it may have happened
	RefundSucceeded  RefundStatus = "succeeded"
	RefundFailed     RefundStatus = "failed"
)

var refundAfter = map[RefundStatus][]RefundStatus{
	RefundProcessing: {RefundUnknown, RefundSucceeded, RefundFailed},
	RefundUnknown:    {RefundProcessing, RefundSucceeded, RefundFailed},
	RefundSucceeded:  {RefundFailed}, // institutions do bounce refunds days later
	RefundFailed:     {RefundSucceeded},
}

// RefundStatuses lists every status.
func RefundStatuses() []RefundStatus {
	return []RefundStatus{RefundProcessing, RefundUnknown, RefundSucceeded, RefundFailed}
}

// CanBecome reports whether next may follow s. A status may always stay as it is.
func (s RefundStatus) CanBecome(next RefundStatus) bool {
	if s == next {
		return true
	}
	for _, t := range refundAfter[s] {
		if t == next {
			return true
		}
	}
	return false
}

// RefundStatusOf is a refund's status given its operation's state.
func RefundStatusOf(s OperationState) RefundStatus {
	switch s {
	case OpSucceeded, OpAuthorized:
		return RefundSucceeded
	case OpDeclined, OpNotSent, OpCanceled:
		return RefundFailed
	case OpUnknown:
		return RefundUnknown
	}
	return RefundProcessing
}

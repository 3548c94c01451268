package paymux

import (
	"encoding/json"
	"time"
)

// Idempotency is what is kept of one mutating request, so that its repeat gets
// the same answer and never a second effect (X2). It is committed in the
// transaction of the effect.
type Idempotency struct {
	Merchant    MerchantID
	Key         string // 1 to 255 characters
	Fingerprint []byte // SHA-256 over method, path and body
	Object      string // ID of what the request works on or made
	CreatedAt   time.Time
	Answer      []byte // a Reply as JSON; empty while the request is under way
}

// Reply is a verb's answer, kept for repeats of the request.
type Reply struct {
	Object    json.RawMessage `json:"object,omitempty"`   // the resource after the request, as merchants see it
	Error     *Error          `json:"error,omitempty"`    // why it did not do what was asked
	Created   bool            `json:"created,omitempty"`  // the request made the object
	Accepted  bool            `json:"accepted,omitempty"` // the outcome is pending or unknown
	RequestID RequestID       `json:"request_id,omitempty"`
	Replayed  bool            `json:"-"`
}

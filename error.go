package paymux

import (
	"errors"
	"fmt"
)

// Code says what kind of thing went wrong. It is itself an error, so that
// errors.Is(err, paymux.NotFound) works on anything that wraps one, over a wire
// too. The catalogue in access/problems.go gives each its HTTP status and help text.
type Code string

// Codes. Every error that reaches a merchant has one of these.
const (
	InvalidRequest    Code = "invalid_request"    // a field is missing, unknown, of the wrong type or out of range
	InvalidID         Code = "invalid_id"         // not an ID, or its check code is wrong
	NotFound          Code = "not_found"          // nothing of that ID for this merchant
	Unauthenticated   Code = "unauthenticated"    // no credentials, or credentials nobody knows
	SignatureInvalid  Code = "signature_invalid"  // the request was changed or signed with another key
	SignatureStale    Code = "signature_stale"    // created too long ago or in the future
	SignatureReplayed Code = "signature_replayed" // nonce seen before
	Forbidden         Code = "forbidden"          // known, but without authority for this service type or from this address
	RateLimited       Code = "rate_limited"       // above the merchant's traffic threshold
	KeyMissing        Code = "idempotency_key_missing"
	KeyReused         Code = "idempotency_key_reused"    // same key, another request
	KeyInFlight       Code = "idempotency_key_in_flight" // same request, still being answered
	OrderInUse        Code = "merchant_order_in_use"     // another live payment has this merchant_order_id
	StateConflict     Code = "state_conflict"            // the payment's state does not allow it
	AmountTooLarge    Code = "amount_too_large"          // more than what may be captured or refunded
	Unsupported       Code = "unsupported"               // the channel cannot do this
	NoChannel         Code = "no_channel"                // no channel takes this payment
	PaymentDeclined   Code = "payment_declined"          // the institution said no
	NotSent           Code = "not_sent"                  // the institution was not reached; nothing happened there
	OutcomeUnknown    Code = "outcome_unknown"           // it may have happened; Paymux is finding out
	PayloadTooLarge   Code = "payload_too_large"
	UnsupportedMedia  Code = "unsupported_media_type"
	MethodNotAllowed  Code = "method_not_allowed"
	RequestTimeout    Code = "request_timeout"  // the body came too slowly
	Unavailable       Code = "unavailable"      // try again later; nothing was done
	Internal          Code = "internal"         // our fault
	CallbackRefused   Code = "callback_refused" // an institution's notification that could not be believed
)

func (c Code) Error() string { return string(c) }

// Error is what went wrong, in three parts for three readers: Code for
// programs, Message for the merchant, Err for us. Err never leaves the process.
type Error struct {
	Code        Code         `json:"code"`
	Message     string       `json:"message"`                // a full sentence that says what to do
	Param       string       `json:"param,omitempty"`        // the field at fault, as a path: "payment_method.type"
	DeclineCode DeclineCode  `json:"decline_code,omitempty"` // with PaymentDeclined
	Advice      Advice       `json:"advice,omitempty"`       // with PaymentDeclined
	Fields      []FieldError `json:"fields,omitempty"`       // all fields at fault, when there are several
	RetryAfter  int          `json:"retry_after,omitempty"`  // seconds, 0 where a retry is no use
	Err         error        `json:"-"`
}

// FieldError is one field at fault.
type FieldError struct {
	Location string `json:"location"` // "body.amount", "query.limit", "header.Idempotency-Key"
	Message  string `json:"message"`
	Value    any    `json:"value,omitempty"` // never of a secret field
}

// Errorf returns an Error with a message for the merchant. Use [Error.Because] to keep a cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because returns e with a cause that is logged and never shown.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// At returns e with the field at fault.
func (e *Error) At(param string) *Error {
	c := *e
	c.Param = param
	return &c
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap makes errors.Is and errors.As see both the code and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Err}
}

// Errors of stores that a room acts upon. Nothing was changed where one of them is returned.
var (
	// ErrStale: the object's version is not the expected one; read again and decide again.
	ErrStale = errors.New("changed meanwhile")
	// ErrKeyTaken: something was kept under this idempotency key already.
	ErrKeyTaken = errors.New("idempotency key taken")
	// ErrOrderTaken: another payment holds the merchant_order_id.
	ErrOrderTaken = errors.New("merchant order taken")
)

// ErrNoRegion is the cause of a NotFound: no region is known whose number the ID carries. It may have gone, or be still to come.
var ErrNoRegion = errors.New("no such region")

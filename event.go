package paymux

import (
	"encoding/json"
	"time"
)

// Event is something that happened to an object, as merchants are told it. It is
// committed with the state change that caused it (D2) and never changed.
type Event struct {
	ID         EventID         `json:"id"`
	Type       EventType       `json:"type"`
	Timestamp  time.Time       `json:"timestamp"`
	APIVersion string          `json:"api_version"`
	Livemode   bool            `json:"livemode"`
	Data       EventData       `json:"data"`
	Merchant   MerchantID      `json:"-"`
	ObjectID   string          `json:"-"` // of Data.Object
	Payment    PaymentID       `json:"-"` // on whose timeline it stands; empty for none
	Body       json.RawMessage `json:"-"` // the event as sent to merchants: this struct as JSON, made once
}

// EventData is the object after the change and what changed.
type EventData struct {
	Object   json.RawMessage   `json:"object"`
	Sequence int64             `json:"sequence"` // the object's Version: receivers discard what is older than what they have
	Previous map[string]string `json:"previous,omitempty"`
}

// EventType names what happened, object first.
type EventType string

const (
	PaymentAuthorized EventType = "payment.authorized"
	PaymentCaptured   EventType = "payment.partially_captured"
	PaymentSucceeded  EventType = "payment.succeeded" // data.object.late tells late money (X11)
	PaymentFailed     EventType = "payment.failed"
	PaymentCanceled   EventType = "payment.canceled"
	PaymentExpired    EventType = "payment.expired"
	RefundDone        EventType = "refund.succeeded"
	RefundNotDone     EventType = "refund.failed"
	DisputeWasOpened  EventType = "dispute.opened"
	DisputeWasWon     EventType = "dispute.won"
	DisputeWasLost    EventType = "dispute.lost"
	EndpointTest      EventType = "endpoint.test" // sent on request only
	// The next two tell of one endpoint and go to the merchant's others.
	EndpointIsFailing   EventType = "endpoint.failing"
	EndpointWasDisabled EventType = "endpoint.disabled"
)

// EventTypes lists every type a merchant can subscribe to.
func EventTypes() []EventType {
	return []EventType{
		PaymentAuthorized, PaymentCaptured, PaymentSucceeded, PaymentFailed, PaymentCanceled, PaymentExpired,
		RefundDone, RefundNotDone, DisputeWasOpened, DisputeWasWon, DisputeWasLost, EndpointTest,
		EndpointIsFailing, EndpointWasDisabled,
	}
}

// APIVersion is the date of the merchant interface's shape.
const APIVersion = "2026-11-01"

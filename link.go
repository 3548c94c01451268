package paymux

import "time"

// Link is a page a payer can be sent to; it makes a payment when the payer has chosen a method (A29).
type Link struct {
	ID              LinkID            `json:"id"`
	Object          string            `json:"object"` // always "payment_link"
	Livemode        bool              `json:"livemode"`
	URL             string            `json:"url"`
	Status          LinkStatus        `json:"status"`
	Amount          int64             `json:"amount"`
	Currency        Currency          `json:"currency"`
	MerchantOrderID string            `json:"merchant_order_id"`
	Description     string            `json:"description,omitempty"`
	AllowedMethods  []MethodType      `json:"allowed_methods,omitempty"` // empty: all that can be routed
	ReturnURL       string            `json:"return_url,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	ExpiresAt       time.Time         `json:"expires_at"`
	Payment         PaymentID         `json:"payment,omitempty"` // the newest payment made with it
	CreatedAt       time.Time         `json:"created_at"`
	UpdatedAt       time.Time         `json:"updated_at"`
	Merchant        MerchantID        `json:"merchant"`
}

// LinkStatus is whether a link can be paid. That it was paid is its payment's status.
type LinkStatus string

const (
	LinkActive   LinkStatus = "active"
	LinkCanceled LinkStatus = "canceled"
)

package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux"
)

// PaymentRequest asks for a payment. Amount is in minor units: 1250 CNY is 12.50 yuan.
type PaymentRequest struct {
	Amount          int64                `json:"amount"`
	Currency        paymux.Currency      `json:"currency"`
	MerchantOrderID string               `json:"merchant_order_id"`
	Description     string               `json:"description,omitempty"`
	PaymentMethod   *PaymentMethod       `json:"payment_method,omitempty"`
	AllowedMethods  []paymux.MethodType  `json:"allowed_methods,omitempty"`
	CaptureMethod   paymux.CaptureMethod `json:"capture_method,omitempty"`
	Confirm         *bool                `json:"confirm,omitempty"` // nil: when a method is given
	Account         string               `json:"account,omitempty"` // instead of routing
	ReturnURL       string               `json:"return_url,omitempty"`
	NotifyURL       string               `json:"notify_url,omitempty"` // also told of this payment's events; needs an endpoint with PerPayment
	Metadata        map[string]string    `json:"metadata,omitempty"`
	ExpiresAt       time.Time            `json:"expires_at,omitzero"`
	ExpiresIn       int                  `json:"expires_in,omitempty"` // seconds
	Client          *paymux.Client       `json:"client,omitempty"`     // the payer, where the merchant knows
}

// PaymentMethod is how the payer pays.
type PaymentMethod struct {
	Type    paymux.MethodType `json:"type"`
	Card    *Card             `json:"card,omitempty"`
	Flow    paymux.MethodFlow `json:"flow,omitempty"`
	PayerID string            `json:"payer_id,omitempty"` // the institution's ID of the payer; flow in_app needs it
}

// Card identifies a card by the institution's token, or by its number where the
// account takes numbers. The text is sent as it is: do not log a request.
type Card struct {
	Token    string `json:"token,omitempty"`
	Number   string `json:"number,omitempty"`
	ExpMonth int    `json:"exp_month,omitempty"`
	ExpYear  int    `json:"exp_year,omitempty"`
	CVC      string `json:"cvc,omitempty"`
}

// ConfirmRequest sends a payment to a channel with the method the payer chose.
type ConfirmRequest struct {
	PaymentMethod *PaymentMethod `json:"payment_method,omitempty"`
	Account       string         `json:"account,omitempty"`
	ReturnURL     string         `json:"return_url,omitempty"`
}

// CaptureRequest takes reserved money; a zero Amount takes all that is left.
type CaptureRequest struct {
	Amount int64 `json:"amount,omitempty"`
	Final  *bool `json:"final,omitempty"`
}

// PaymentQuery selects payments. Zero values select nothing in particular.
type PaymentQuery struct {
	MerchantOrderID string
	Status          paymux.PaymentStatus
	CreatedFrom     time.Time // inclusive
	CreatedTo       time.Time // exclusive
	PageSize        int       // 1 to 100
}

// CreatePayment makes a payment. A decline is an *Error with
// paymux.PaymentDeclined. An unknown outcome is none: the payment then answers with
// status processing and is found out. Only where Paymux could not even store the outcome
// is it an *Error with paymux.OutcomeUnknown: repeat the call with the same key.
func (c *Client) CreatePayment(ctx context.Context, r PaymentRequest, opts ...Option) (*paymux.Payment, error) {
	return one[paymux.Payment](ctx, c, http.MethodPost, "/v1/payments", r, opts)
}

// ConfirmPayment sends a created payment to a channel.
func (c *Client) ConfirmPayment(ctx context.Context, id paymux.PaymentID, r ConfirmRequest, opts ...Option) (*paymux.Payment, error) {
	return one[paymux.Payment](ctx, c, http.MethodPost, payment(id, "confirm"), r, opts)
}

// Payment reads one payment.
func (c *Client) Payment(ctx context.Context, id paymux.PaymentID, opts ...Option) (*paymux.Payment, error) {
	return one[paymux.Payment](ctx, c, http.MethodGet, payment(id), nil, opts)
}

// Payments lists payments, newest first.
func (c *Client) Payments(ctx context.Context, q PaymentQuery, opts ...Option) iter.Seq2[paymux.Payment, error] {
	return pages[paymux.Payment](ctx, c, "/v1/payments", url.Values{
		"merchant_order_id": {q.MerchantOrderID},
		"status":            {string(q.Status)},
		"created[gte]":      {stamp(q.CreatedFrom)},
		"created[lt]":       {stamp(q.CreatedTo)},
		"limit":             {number(q.PageSize)},
	}, opts)
}

// CapturePayment takes reserved money, all or part of it.
func (c *Client) CapturePayment(ctx context.Context, id paymux.PaymentID, r CaptureRequest, opts ...Option) (*paymux.Payment, error) {
	return one[paymux.Payment](ctx, c, http.MethodPost, payment(id, "capture"), r, opts)
}

// CancelPayment ends a payment that has brought no money, or releases what is reserved.
func (c *Client) CancelPayment(ctx context.Context, id paymux.PaymentID, reason string, opts ...Option) (*paymux.Payment, error) {
	in := struct {
		Reason string `json:"reason,omitempty"`
	}{reason}
	return one[paymux.Payment](ctx, c, http.MethodPost, payment(id, "cancel"), in, opts)
}

// SyncPayment has Paymux ask the institution for the outcome now.
func (c *Client) SyncPayment(ctx context.Context, id paymux.PaymentID, opts ...Option) (*paymux.Payment, error) {
	return one[paymux.Payment](ctx, c, http.MethodPost, payment(id, "sync"), nil, opts)
}

// Timeline lists every hop of a payment, oldest first.
func (c *Client) Timeline(ctx context.Context, id paymux.PaymentID, opts ...Option) ([]paymux.Hop, error) {
	return all[paymux.Hop](ctx, c, payment(id, "timeline"), opts)
}

// Operations lists what was asked of institutions for a payment, oldest first.
func (c *Client) Operations(ctx context.Context, id paymux.PaymentID, opts ...Option) ([]paymux.Operation, error) {
	return all[paymux.Operation](ctx, c, payment(id, "operations"), opts)
}

func payment(id paymux.PaymentID, verb ...string) string {
	return at(append([]string{"v1", "payments", string(id)}, verb...)...)
}

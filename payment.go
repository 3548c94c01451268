package paymux

import "time"

// Payment is one payment of a merchant, from the request to its end. What the
// institution did is in its operations; amounts that move are fields,
// never states. A Payment is a value: rooms change a copy and commit it with the next Version.
type Payment struct {
	ID       PaymentID     `json:"id"`
	Object   string        `json:"object"` // always "payment"
	Livemode bool          `json:"livemode"`
	Status   PaymentStatus `json:"status"`

	Amount           int64         `json:"amount"` // minor units of Currency, as all amounts here
	Currency         Currency      `json:"currency"`
	AmountCapturable int64         `json:"amount_capturable"` // authorized and not yet captured
	AmountReceived   int64         `json:"amount_received"`   // captured
	AmountRefunded   int64         `json:"amount_refunded"`
	AmountRefunding  int64         `json:"amount_refunding"` // reserved by refunds without an outcome yet
	AmountDisputed   int64         `json:"amount_disputed"`
	CaptureMethod    CaptureMethod `json:"capture_method"`

	MerchantOrderID string            `json:"merchant_order_id"`
	Description     string            `json:"description,omitempty"`
	Method          Method            `json:"payment_method"`
	AllowedMethods  []MethodType      `json:"allowed_methods,omitempty"` // what a payer may choose from
	ReturnURL       string            `json:"return_url,omitempty"`
	NotifyURL       string            `json:"notify_url,omitempty"` // also told of this payment's events
	Link            LinkID            `json:"payment_link,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	ExpiresAt       time.Time         `json:"expires_at"`

	Channel              string      `json:"channel,omitempty"` // of the newest pay operation
	Account              string      `json:"account,omitempty"`
	ChannelTransactionID string      `json:"channel_transaction_id,omitempty"`
	LatestOperation      OperationID `json:"latest_operation,omitempty"`
	NextAction           *NextAction `json:"next_action,omitempty"`
	LastError            *Failure    `json:"last_error,omitempty"`
	Late                 bool        `json:"late"` // succeeded after it had ended otherwise
	Routing              *Routing    `json:"routing,omitempty"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	// Version counts committed changes from 1; it decides races and is the
	// object sequence number in notifications.
	Version  int64      `json:"version"`
	Merchant MerchantID `json:"merchant"`
	Client   Client     `json:"-"` // where the request came from
	Hops     []Hop      `json:"-"` // API call, relay and route of the creation; the rest of the timeline is kept beside
}

// PaymentStatus is where a payment stands; statusAfter says what may follow what.
type PaymentStatus string

const (
	Created           PaymentStatus = "created"            // waits for a payment method or confirmation
	RequiresAction    PaymentStatus = "requires_action"    // the payer has to do what next_action says
	Processing        PaymentStatus = "processing"         // the institution has not said yes or no, or nobody knows
	Authorized        PaymentStatus = "authorized"         // reserved, waits for capture
	PartiallyCaptured PaymentStatus = "partially_captured" // part captured, the rest still reserved
	Succeeded         PaymentStatus = "succeeded"
	Failed            PaymentStatus = "failed"
	Canceled          PaymentStatus = "canceled"
	Expired           PaymentStatus = "expired"
)

var statusAfter = map[PaymentStatus][]PaymentStatus{
	Created:           {RequiresAction, Processing, Authorized, Succeeded, Failed, Canceled, Expired},
	RequiresAction:    {Processing, Authorized, Succeeded, Failed, Canceled, Expired},
	Processing:        {RequiresAction, Authorized, Succeeded, Failed, Canceled, Expired},
	Authorized:        {PartiallyCaptured, Succeeded, Canceled, Expired},
	PartiallyCaptured: {Succeeded},
	Succeeded:         {},
	// Proven late money is never ignored (X11): only success, or a
	// reservation, may follow an end, and the payment is then marked late.
	Failed:   {Authorized, Succeeded},
	Canceled: {Authorized, Succeeded},
	Expired:  {Authorized, Succeeded},
}

// PaymentStatuses lists every status, in the order of a payment's life.
func PaymentStatuses() []PaymentStatus {
	return []PaymentStatus{Created, RequiresAction, Processing, Authorized, PartiallyCaptured, Succeeded, Failed, Canceled, Expired}
}

// CanBecome reports whether next may follow s. A status may always stay as it is.
func (s PaymentStatus) CanBecome(next PaymentStatus) bool {
	if s == next {
		return true
	}
	for _, t := range statusAfter[s] {
		if t == next {
			return true
		}
	}
	return false
}

// Ended reports whether nothing but a refund, a dispute or late money can follow.
func (s PaymentStatus) Ended() bool {
	return s == Succeeded || s.EndedUnpaid()
}

// EndedUnpaid reports whether the payment ended without money.
func (s PaymentStatus) EndedUnpaid() bool {
	return s == Failed || s == Canceled || s == Expired
}

// CaptureMethod says when reserved money is taken.
type CaptureMethod string

const (
	CaptureAutomatic CaptureMethod = "automatic" // with the payment
	CaptureManual    CaptureMethod = "manual"    // by a capture request; until then the payment is authorized
)

// Refundable is what may still be refunded: received, not refunded and not reserved by a refund under way.
func (p *Payment) Refundable() int64 {
	return p.AmountReceived - p.AmountRefunded - p.AmountRefunding
}

// Money is the amount asked for.
func (p *Payment) Money() Money { return Money{Amount: p.Amount, Currency: p.Currency} }

// HoldsOrder reports whether the payment keeps its merchant_order_id from
// being used by another: while it may still bring money.
func (p *Payment) HoldsOrder() bool { return !p.Status.EndedUnpaid() }

// Failure is the last thing that went wrong with a payment or a refund, for the merchant.
type Failure struct {
	Code           Code        `json:"code"` // PaymentDeclined, NotSent, OutcomeUnknown
	DeclineCode    DeclineCode `json:"decline_code,omitempty"`
	Message        string      `json:"message"`
	Advice         Advice      `json:"advice,omitempty"`
	Channel        string      `json:"channel,omitempty"`
	ChannelCode    string      `json:"channel_code,omitempty"` // the institution's own, as it came
	ChannelMessage string      `json:"channel_message,omitempty"`
}

// Client is the payer's side as the request told or the network showed (A2).
type Client struct {
	IP      string `json:"ip,omitempty"`
	Country string `json:"country,omitempty"` // ISO 3166-1 alpha-2; "ZZ" where unknown
}

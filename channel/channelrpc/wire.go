package channelrpc

import (
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Lease is a package's entry in the registry, under gateway.<channel>.<id>: what
// registry.Instance is for the role gateway.
type Lease struct {
	ID      string       `json:"id" doc:"of the process, never used again: letters, digits, - and _"`
	Role    string       `json:"role" doc:"gateway"`
	Name    string       `json:"name" doc:"of the channel"`
	Version string       `json:"version" doc:"of the package"`
	Weight  int          `json:"weight" doc:"its share beside other instances: 100 is usual, 0 gets nothing"`
	State   string       `json:"state" doc:"starting, ready or draining"`
	Trouble string       `json:"trouble,omitempty" doc:"why it is not well, for people"`
	Since   time.Time    `json:"since" doc:"when it started"`
	Detail  Capabilities `json:"detail"`
}

// Capabilities is what a package announces of itself, in its lease at the registry.
type Capabilities struct {
	Contract    int                     `json:"contract" doc:"version of this contract: 1"`
	Name        string                  `json:"name" doc:"of the channel: lower case letters and digits"`
	Title       string                  `json:"title" doc:"for people"`
	Version     string                  `json:"version" doc:"of the package"`
	Accounts    []Account               `json:"accounts" doc:"accounts this instance serves"`
	Features    channel.Features        `json:"features"`
	Currencies  []paymux.Currency       `json:"currencies,omitempty" doc:"ISO 4217; empty: all"`
	Exponents   map[paymux.Currency]int `json:"exponents,omitempty" doc:"the institution's decimals where they differ from ISO 4217"`
	TimeLimitMS int64                   `json:"time_limit_ms" doc:"how long a call may take"`
	// UnknownCodes counts codes of the institution that the package does not know, since it started.
	UnknownCodes map[string]int64 `json:"unknown_codes,omitempty" doc:"codes of the institution that the package does not know, and how often they came"`
}

// Account is one account that a package serves.
type Account struct {
	Name    string              `json:"name" doc:"as in /callbacks/<channel>/<account>"`
	Methods []paymux.MethodType `json:"methods"`
	Kit     bool                `json:"kit,omitempty" doc:"its institution only pretends, and the verb test drives it"`
}

// DoRequest asks to carry an operation out, QueryRequest what became of it.
type (
	DoRequest struct {
		Operation Operation `json:"operation"`
	}
	QueryRequest struct {
		Operation Operation `json:"operation"`
	}
)

// Operation is [channel.Operation] on the wire. Unlike everywhere else, card data is in clear here.
type Operation struct {
	ID              paymux.OperationID   `json:"id" doc:"the idempotency key at the institution"`
	Kind            paymux.OperationKind `json:"kind" doc:"pay, capture, cancel or refund"`
	Amount          int64                `json:"amount" doc:"in the currency's minor unit by ISO 4217"`
	Currency        paymux.Currency      `json:"currency"`
	Payment         paymux.PaymentID     `json:"payment"`
	Livemode        bool                 `json:"livemode"`
	Method          *paymux.Method       `json:"method,omitempty" doc:"pay: how the payer pays"`
	Card            *Card                `json:"card,omitempty" doc:"pay: card data, which is never stored and absent from queries"`
	Manual          bool                 `json:"manual,omitempty" doc:"pay: reserve, and wait for a capture"`
	MerchantOrderID string               `json:"merchant_order_id,omitempty"`
	Description     string               `json:"description,omitempty"`
	ReturnURL       string               `json:"return_url,omitempty" doc:"where the payer's browser is to come back to"`
	CallbackURL     string               `json:"callback_url,omitempty" doc:"where the institution is to report to"`
	PageURL         string               `json:"page_url,omitempty" doc:"Paymux's page for the payment"`
	ExpiresAt       time.Time            `json:"expires_at,omitzero" doc:"after it the payer may no longer pay"`
	Client          *paymux.Client       `json:"client,omitempty" doc:"the payer's side"`
	PayID           paymux.OperationID   `json:"pay_id,omitempty" doc:"capture, cancel, refund: the pay operation they refer to"`
	ChannelID       string               `json:"channel_id,omitempty" doc:"the pay operation's transaction ID at the institution; of a query, the operation's own where it is known"`
	PayAmount       int64                `json:"pay_amount,omitempty" doc:"the pay operation's amount"`
	PayCurrency     paymux.Currency      `json:"pay_currency,omitempty"`
	Final           bool                 `json:"final,omitempty" doc:"capture: release the rest"`
	Reason          string               `json:"reason,omitempty" doc:"refund: the merchant's"`
	SentAt          time.Time            `json:"sent_at,omitzero" doc:"when it was first sent; absent before"`
}

// Card identifies a card, in clear.
type Card struct {
	Token    string `json:"token,omitempty" doc:"the institution's token"`
	Number   string `json:"number,omitempty" doc:"only where the channel takes numbers"`
	CVC      string `json:"cvc,omitempty"`
	ExpMonth int    `json:"exp_month,omitempty"`
	ExpYear  int    `json:"exp_year,omitempty"`
}

// Result is [channel.Result] on the wire.
type Result struct {
	State       paymux.OperationState `json:"state" doc:"pending, unknown, authorized, succeeded, declined or canceled"`
	Amount      int64                 `json:"amount,omitempty" doc:"as the institution states it, with currency; both absent where it does not"`
	Currency    paymux.Currency       `json:"currency,omitempty"`
	ChannelID   string                `json:"channel_id,omitempty" doc:"the institution's transaction ID"`
	NextAction  *paymux.NextAction    `json:"next_action,omitempty" doc:"pending: what the payer has to do"`
	Card        *paymux.CardSummary   `json:"card,omitempty"`
	Code        string                `json:"code,omitempty" doc:"the institution's own code, as it came"`
	Message     string                `json:"message,omitempty"`
	DeclineCode paymux.DeclineCode    `json:"decline_code,omitempty" doc:"declined: in Paymux's vocabulary"`
	Advice      paymux.Advice         `json:"advice,omitempty"`
	Retryable   bool                  `json:"retryable,omitempty" doc:"declined: another channel may be tried"`
}

// CallbackRequest is an institution's notification as it came.
type CallbackRequest struct {
	Account string              `json:"account"`
	Method  string              `json:"method"`
	URL     string              `json:"url"`
	Header  map[string][]string `json:"header"`
	Body    []byte              `json:"body" doc:"base64"`
}

// Callback is a notification that the package has authenticated, or, with Refused, one that it names but does not believe.
type Callback struct {
	ID        string             `json:"id,omitempty" doc:"the institution's ID of the notification"`
	Operation paymux.OperationID `json:"operation,omitempty" doc:"whose outcome result is; given with refused, too, where it is known"`
	Result    *Result            `json:"result,omitempty"`
	Dispute   *Dispute           `json:"dispute,omitempty"`
	Ack       *Ack               `json:"ack,omitempty" doc:"what the institution wants to hear; absent: 200 and no body"`
	Refused   string             `json:"refused,omitempty" doc:"forged, foreign, stale or malformed: it must not be believed"`
	Reason    string             `json:"reason,omitempty" doc:"refused: why, for the log"`
}

// Ack is an answer to an institution.
type Ack struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type,omitempty"`
	Body        []byte `json:"body,omitempty" doc:"base64"`
}

// Dispute is news of a chargeback.
type Dispute struct {
	ChannelID string               `json:"channel_id"`
	Operation paymux.OperationID   `json:"operation" doc:"the pay operation disputed"`
	Status    paymux.DisputeStatus `json:"status"`
	Amount    int64                `json:"amount"`
	Currency  paymux.Currency      `json:"currency"`
	Reason    string               `json:"reason,omitempty"`
}

// StatementRequest asks for a part of a day's bookings.
type StatementRequest struct {
	Day   string `json:"day" doc:"2006-01-02, UTC"`
	From  int    `json:"from" doc:"index of the first line wanted"`
	Limit int    `json:"limit" doc:"how many lines at most"`
}

// Statement is a part of a day's bookings.
type Statement struct {
	Lines []StatementLine `json:"lines"`
	More  bool            `json:"more,omitempty" doc:"there are lines behind these"`
}

// StatementLine is one booking.
type StatementLine struct {
	Operation paymux.OperationID   `json:"operation,omitempty"`
	ChannelID string               `json:"channel_id,omitempty"`
	Kind      paymux.OperationKind `json:"kind"`
	Amount    int64                `json:"amount"`
	Currency  paymux.Currency      `json:"currency"`
	Fee       int64                `json:"fee,omitempty"`
	At        time.Time            `json:"at"`
}

// Fault is the body of a reply that is an error: what internal/rpc writes and reads.
type Fault struct {
	Names []string `json:"names,omitempty" doc:"what it is, in the words of the contract; none of them: nobody knows what happened"`
	Text  string   `json:"text,omitempty" doc:"for people; no secrets"`
}

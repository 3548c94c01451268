// Package channel is the contract between Paymux and an institution: what a
// gateway is asked, what it may answer, and what an answer means. It is the one
// interface strangers implement; channeltest is the suite they must pass.
//
// A channel knows no merchant's order data beyond what one call carries, opens no
// database, and decides nothing about money: it translates. Start reading at
// Channel, then Result; docs/adding-a-channel.md walks through a new one.
package channel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
)

// Channel is one account at one institution. All methods are safe for concurrent use
// and return when ctx ends.
type Channel interface {
	// Do carries out op. op.ID is the idempotency key: doing the same op again
	// has no second effect and gives the first outcome (money rule 4). Do makes
	// one attempt and never resends by itself.
	//
	// The outcome is in Result.State: succeeded, authorized, pending or declined.
	// An error means that nobody knows what happened, unless it is
	// ErrNotSent (proven not to have reached the institution) or ErrUnsupported.
	Do(ctx context.Context, op Operation) (Result, error)

	// Query asks what became of op, without effect. An error, ErrAbsent aside,
	// says nothing about op and changes nothing (money rule 3). ErrAbsent is the
	// institution's own word that it has never seen op.
	Query(ctx context.Context, op Operation) (Result, error)

	// Callback authenticates and reads an institution's notification. It returns
	// an error, wrapping ErrForged, ErrForeign, ErrStale or ErrMalformed, for what cannot be
	// believed, and never one for a code it does not know: that is StateUnknown. Beside
	// such an error Callback.Operation is whom the notification claims to be about, where that can be read.
	Callback(ctx context.Context, req CallbackRequest) (Callback, error)

	// Statement lists what the institution booked on a day (UTC), in its order.
	Statement(ctx context.Context, day time.Time) ([]StatementLine, error)
}

var (
	// ErrNotSent: the institution was not reached, or refused before doing
	// anything (connection refused, authentication failed, 503 by its contract).
	ErrNotSent = errors.New("channel: not sent")
	// ErrUnsupported: the institution cannot do this; Driver.Features says so too.
	ErrUnsupported = errors.New("channel: unsupported")
	// ErrAbsent: the institution has never seen the operation.
	ErrAbsent = errors.New("channel: no such operation")
	// ErrForged: a callback's signature is missing or wrong, or the institution denies what it says.
	ErrForged = errors.New("channel: callback not authentic")
	// ErrForeign: a callback that the institution made for another merchant, application or
	// account. It is an ErrForged, too: for this account it proves nothing.
	ErrForeign = fmt.Errorf("%w: made for another account", ErrForged)
	// ErrStale: a callback is too old, or was made for another time.
	ErrStale = errors.New("channel: callback too old")
	// ErrMalformed: an authentic callback that is not of the documented form.
	ErrMalformed = errors.New("channel: callback malformed")
)

// Operation is what a channel is asked to do, whole: a channel keeps nothing between calls.
type Operation struct {
	ID       paymux.OperationID // idempotency key; OrderNumber(ID) is ≤ 32 alphanumerics
	Kind     paymux.OperationKind
	Money    paymux.Money
	Payment  paymux.PaymentID
	Livemode bool

	// Pay only.
	Method          paymux.Method
	Card            *paymux.CardDetails // nil on resends and queries: it is never stored
	Manual          bool                // reserve, and wait for a capture
	MerchantOrderID string
	Description     string
	ReturnURL       string    // where the payer's browser is to come back to
	CallbackURL     string    // where the institution is to report to
	PageURL         string    // Paymux's page for this payment, for QR images and instructions
	ExpiresAt       time.Time // after which the payer may no longer pay
	Client          paymux.Client

	// Capture, cancel and refund: what they refer to.
	PayID     paymux.OperationID // the pay operation
	ChannelID string             // its transaction ID at the institution; on queries, op's own when known
	PayMoney  paymux.Money       // its amount
	Final     bool               // capture: release the rest
	Reason    string             // refund

	SentAt time.Time // when it was first sent; zero before
}

// Result is an institution's answer.
type Result struct {
	State     paymux.OperationState // pending, unknown, authorized, succeeded, declined or canceled
	Money     paymux.Money          // as the institution states it; zero where it does not. Compared with ours before it is believed
	ChannelID string                // its transaction ID

	NextAction *paymux.NextAction  // pending: what the payer has to do; nil: nothing, just wait
	Card       *paymux.CardSummary // what it tells of the card

	Code        string // its own code and text, as they came
	Message     string
	DeclineCode paymux.DeclineCode // declined: in our vocabulary
	Advice      paymux.Advice
	// Retryable: declined, and this institution's contract says that another
	// channel may be tried (money rule 2).
	Retryable bool
}

// CallbackRequest is an institution's notification as it came.
type CallbackRequest = paymux.CallbackRequest

// Callback is a notification that has been authenticated. Exactly one of
// Operation, Dispute and neither (nothing of interest) is set.
type Callback struct {
	ID        string             // the institution's ID of this notification, for the timeline
	Operation paymux.OperationID // whose outcome Result is
	Result    Result
	Dispute   *Dispute
	// Ack is what the institution wants to hear once the news is durable. Zero: 200 and no body.
	Ack Ack
}

// Ack answers a callback.
type Ack = paymux.CallbackAck

// Dispute is news of a chargeback.
type Dispute struct {
	ChannelID string             // of the case
	Operation paymux.OperationID // the pay operation disputed
	Status    paymux.DisputeStatus
	Money     paymux.Money
	Reason    string
}

// StatementLine is one booking of an institution.
type StatementLine struct {
	Operation paymux.OperationID // ours, where the institution repeats it
	ChannelID string
	Kind      paymux.OperationKind
	Money     paymux.Money
	Fee       int64
	At        time.Time
}

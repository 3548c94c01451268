package sandbox

import (
	"time"

	"github.com/paymux/paymux"
)

// Charge is what the book says of one operation: a pay, capture, cancel or refund.
type Charge struct {
	Operation   paymux.OperationID    `json:"operation"`
	Kind        paymux.OperationKind  `json:"kind"`
	Account     string                `json:"account"`
	Payment     paymux.PaymentID      `json:"payment"`
	Pay         paymux.OperationID    `json:"pay,omitempty"` // of captures, cancels and refunds: what they refer to
	Transaction string                `json:"transaction"`
	Amount      int64                 `json:"amount"`
	Currency    paymux.Currency       `json:"currency"`
	State       paymux.OperationState `json:"state"`
	Code        string                `json:"code,omitempty"` // the institution's own
	Message     string                `json:"message,omitempty"`

	// Effects is how often money was really moved, reserved or released for this
	// operation. More than 1 is a double charge.
	Effects   int   `json:"effects"`
	Callbacks int   `json:"callbacks"` // notifications acknowledged
	Captured  int64 `json:"captured,omitempty"`
	Refunded  int64 `json:"refunded,omitempty"` // refunds under way included
	Manual    bool  `json:"manual,omitempty"`
	Late      bool  `json:"late,omitempty"` // money came after the order was closed

	Method      paymux.MethodType `json:"method,omitempty"`
	Card        string            `json:"card,omitempty"` // the test card's last four digits
	Brand       string            `json:"brand,omitempty"`
	Step        step              `json:"step,omitempty"`    // what the payer has to do while pending
	Verdict     string            `json:"verdict,omitempty"` // code of the refusal that awaits the payer's consent; empty: will be paid
	Page        string            `json:"page,omitempty"`    // unguessable name of the payer's page
	Order       string            `json:"order,omitempty"`   // the merchant's number
	Description string            `json:"description,omitempty"`
	ReturnURL   string            `json:"return_url,omitempty"`
	PageURL     string            `json:"page_url,omitempty"`
	CallbackURL string            `json:"callback_url,omitempty"`
	News        CallbackFault     `json:"news,omitempty"`     // how its notifications misbehave
	Scripted    bool              `json:"scripted,omitempty"` // a step of a script says so: switches do not
	Secure      bool              `json:"secure,omitempty"`   // the card's holder is asked, whatever the card
	Fate        Behaviour         `json:"fate,omitempty"`     // what becomes of it later

	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	SettlesAt time.Time `json:"settles_at,omitzero"` // of a slow refund, or of a decline after pending
	EndedAt   time.Time `json:"ended_at,omitzero"`

	Dispute *Dispute `json:"dispute,omitempty"`
}

// Dispute is a payer's claim on a charge.
type Dispute struct {
	ID     string               `json:"id"`
	Status paymux.DisputeStatus `json:"status"`
	Reason string               `json:"reason"`
}

// step is what a payer has to do on the institution's page.
type step string

const (
	stepCard   step = "card"   // enter a card
	step3DS    step = "3ds"    // prove to be its holder
	stepQR     step = "qr"     // approve in the wallet that scanned the code
	stepWallet step = "wallet" // approve in the wallet sent to
	stepBank   step = "bank"   // transfer money
)

func (c *Charge) money() paymux.Money { return paymux.Money{Amount: c.Amount, Currency: c.Currency} }

// paid is what can still be refunded at most: captured, or all of it.
func (c *Charge) paid() int64 {
	if c.Manual {
		return c.Captured
	}
	if c.State == paymux.OpSucceeded {
		return c.Amount
	}
	return 0
}

// lapsed reports whether the payer's time is over.
func (c *Charge) lapsed(now time.Time) bool {
	return c.State == paymux.OpPending && c.Kind == paymux.Pay && !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt)
}

func (c *Charge) end(state paymux.OperationState, code string, now time.Time) {
	c.State, c.Code, c.Message = state, code, messages[code]
	c.EndedAt, c.Step = now, ""
}

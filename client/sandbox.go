package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux"
)

// SandboxCharge is what the pretended institution's book says of one operation.
type SandboxCharge struct {
	Operation paymux.OperationID    `json:"operation"`
	Kind      paymux.OperationKind  `json:"kind"`
	Account   string                `json:"account"`
	Payment   paymux.PaymentID      `json:"payment"`
	Amount    int64                 `json:"amount"`
	Currency  paymux.Currency       `json:"currency"`
	State     paymux.OperationState `json:"state"`
	Code      string                `json:"code,omitempty"`
	Message   string                `json:"message,omitempty"`
	Effects   int                   `json:"effects"` // how often money really moved; more than 1 is a double charge
	CreatedAt time.Time             `json:"created_at"`
}

// SandboxFaults are an account's switches; the zero value is an institution that works.
type SandboxFaults struct {
	Down        bool    `json:"down"`
	LatencyMS   int     `json:"latency_ms"`
	ErrorRate   float64 `json:"error_rate"`
	TimeoutRate float64 `json:"timeout_rate"`
	UnknownCode bool    `json:"unknown_code"`
	LateSuccess bool    `json:"late_success"`
	Callbacks   string  `json:"callbacks"`
	Do          string  `json:"do"`     // how every operation behaves: one of SandboxCards.Behaviours
	ForMS       int     `json:"for_ms"` // after this long they are all off again; 0: they stay
}

// SandboxAccount is an account, its options that are no secrets, its switches, and how
// many steps of its script are left.
type SandboxAccount struct {
	Account string        `json:"account"`
	Options []string      `json:"options"`
	Faults  SandboxFaults `json:"faults"`
	Steps   int           `json:"steps"`
}

// SandboxStep is one step of an account's script: what happens to the next operation that it fits.
type SandboxStep struct {
	Match     SandboxMatch         `json:"match,omitzero"`
	Do        string               `json:"do"`
	Code      string               `json:"code,omitempty"`       // of a decline
	LatencyMS int                  `json:"latency_ms,omitempty"` // of a slow answer
	Times     int                  `json:"times,omitempty"`      // operations it is for; 0: one
	Taken     []paymux.OperationID `json:"taken,omitempty"`      // answered, never sent
}

// SandboxMatch narrows a step down; what is empty fits everything but queries.
type SandboxMatch struct {
	Kind     string            `json:"kind,omitempty"` // pay, capture, cancel, refund or query
	Method   paymux.MethodType `json:"method,omitempty"`
	Currency paymux.Currency   `json:"currency,omitempty"`
	Amount   int64             `json:"amount,omitempty"` // in minor units
	Order    string            `json:"order,omitempty"`
	Payment  paymux.PaymentID  `json:"payment,omitempty"`
}

// SandboxScript is an account's script, whole.
type SandboxScript struct {
	Script []SandboxStep `json:"script"`
}

// SandboxCards are the test cards, magic amounts, behaviours and decline codes.
type SandboxCards struct {
	Cards []struct {
		Number string `json:"number"`
		Brand  string `json:"brand"`
		HelpEN string `json:"help_en"`
		HelpZH string `json:"help_zh"`
	} `json:"cards"`
	Amounts []struct {
		LastDigits string `json:"last_digits"`
		HelpEN     string `json:"help_en"`
		HelpZH     string `json:"help_zh"`
	} `json:"amounts"`
	Behaviours []struct {
		Behaviour  string `json:"behaviour"`
		LastDigits string `json:"last_digits"`
		HelpEN     string `json:"help_en"`
		HelpZH     string `json:"help_zh"`
	} `json:"behaviours"`
	DeclineCodes []string `json:"decline_codes"`
}

// Cards lists what can be tested with.
func (o *Operator) Cards(ctx context.Context) (*SandboxCards, error) {
	return one[SandboxCards](ctx, o.c, http.MethodGet, "/sandbox/api/cards", nil, nil)
}

// Charges lists the book, newest first, of one payment or of all.
func (o *Operator) Charges(ctx context.Context, payment paymux.PaymentID) ([]SandboxCharge, error) {
	path := "/sandbox/api/charges"
	if payment != "" {
		path += "?" + url.Values{"payment": {string(payment)}}.Encode()
	}
	return all[SandboxCharge](ctx, o.c, path, nil)
}

// Approve does the payer's part in the affirmative: pays, passes 3-D Secure, transfers.
func (o *Operator) Approve(ctx context.Context, payment paymux.PaymentID) (*SandboxCharge, error) {
	return o.act(ctx, payment, "approve", nil)
}

// Decline refuses for the payer; an empty code means that the payer canceled.
func (o *Operator) Decline(ctx context.Context, payment paymux.PaymentID, code string) (*SandboxCharge, error) {
	return o.act(ctx, payment, "decline", map[string]string{"code": code})
}

// Receive books the money of a bank transfer.
func (o *Operator) Receive(ctx context.Context, payment paymux.PaymentID) (*SandboxCharge, error) {
	return o.act(ctx, payment, "receive", nil)
}

// OpenDispute has the payer claim the money back.
func (o *Operator) OpenDispute(ctx context.Context, payment paymux.PaymentID, reason string) (*SandboxCharge, error) {
	return o.act(ctx, payment, "dispute", map[string]string{"reason": reason})
}

// EndDispute decides an open dispute for the merchant or for the payer.
func (o *Operator) EndDispute(ctx context.Context, payment paymux.PaymentID, won bool) (*SandboxCharge, error) {
	if won {
		return o.act(ctx, payment, "dispute/win", nil)
	}
	return o.act(ctx, payment, "dispute/lose", nil)
}

// SandboxAccounts lists the accounts and their switches.
func (o *Operator) SandboxAccounts(ctx context.Context) ([]SandboxAccount, error) {
	return all[SandboxAccount](ctx, o.c, "/sandbox/api/accounts", nil)
}

// SetFaults sets all switches of an account.
func (o *Operator) SetFaults(ctx context.Context, account string, f SandboxFaults) (*SandboxFaults, error) {
	return one[SandboxFaults](ctx, o.c, http.MethodPut, at("sandbox", "api", "accounts", account, "faults"), f, nil)
}

// Script reads an account's script, and which operations took its steps.
func (o *Operator) Script(ctx context.Context, account string) (*SandboxScript, error) {
	return one[SandboxScript](ctx, o.c, http.MethodGet, at("sandbox", "api", "accounts", account, "script"), nil, nil)
}

// SetScript gives an account a script, in place of what is left of an earlier one; no steps: none.
func (o *Operator) SetScript(ctx context.Context, account string, steps []SandboxStep) (*SandboxScript, error) {
	return one[SandboxScript](ctx, o.c, http.MethodPut, at("sandbox", "api", "accounts", account, "script"), SandboxScript{steps}, nil)
}

// Outage makes a sandbox that runs by itself refuse connections for a while.
func (o *Operator) Outage(ctx context.Context, pause time.Duration) error {
	return o.c.Call(ctx, http.MethodPost, "/sandbox/api/outage", map[string]int64{"for_ms": pause.Milliseconds()}, nil)
}

func (o *Operator) act(ctx context.Context, payment paymux.PaymentID, verb string, in any) (*SandboxCharge, error) {
	path := at("sandbox", "api", "payments", string(payment)) + "/" + verb
	return one[SandboxCharge](ctx, o.c, http.MethodPost, path, in, nil)
}

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
}

// SandboxAccount is an account and its switches.
type SandboxAccount struct {
	Account string        `json:"account"`
	Faults  SandboxFaults `json:"faults"`
}

// SandboxCards are the test cards, magic amounts and decline codes.
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

func (o *Operator) act(ctx context.Context, payment paymux.PaymentID, verb string, in any) (*SandboxCharge, error) {
	path := at("sandbox", "api", "payments", string(payment)) + "/" + verb
	return one[SandboxCharge](ctx, o.c, http.MethodPost, path, in, nil)
}

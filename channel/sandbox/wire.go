package sandbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/paymux/paymux"
)

// request is what the channel sends to the institution.
type request struct {
	ID          paymux.OperationID
	Kind        paymux.OperationKind
	Amount      int64
	Currency    paymux.Currency
	Payment     paymux.PaymentID
	Pay         paymux.OperationID // what it refers to
	PayAmount   int64
	Final       bool
	Manual      bool
	Method      paymux.MethodType
	Card        *paymux.CardDetails // never written down
	Order       string
	Description string
	ReturnURL   string
	PageURL     string
	CallbackURL string
	ExpiresAt   time.Time
}

// report is how the institution speaks of a charge: in answers and in notifications.
type report struct {
	ID          string               `json:"id,omitempty"` // of the notification
	Created     time.Time            `json:"created,omitzero"`
	Account     string               `json:"account"`
	Operation   paymux.OperationID   `json:"operation"`
	Kind        paymux.OperationKind `json:"kind"`
	Status      status               `json:"status"`
	Code        string               `json:"code,omitempty"`
	Message     string               `json:"message,omitempty"`
	Transaction string               `json:"transaction"`
	Amount      int64                `json:"amount"`
	Currency    paymux.Currency      `json:"currency"`
	Method      paymux.MethodType    `json:"method,omitempty"`
	Brand       string               `json:"brand,omitempty"`
	Last4       string               `json:"last4,omitempty"`
	Step        step                 `json:"step,omitempty"`
	Page        string               `json:"page,omitempty"` // URL where the payer acts
	PageURL     string               `json:"page_url,omitempty"`
	ExpiresAt   time.Time            `json:"expires_at,omitzero"`
	Dispute     *Dispute             `json:"dispute,omitempty"` // the report is of it alone
}

// status is the institution's word for a state.
type status string

const (
	statusPending  status = "PENDING"
	statusReserved status = "RESERVED"
	statusDone     status = "DONE"
	statusRefused  status = "REFUSED"
	statusClosed   status = "CLOSED"
	statusStrange  status = "STRANGE" // of magicUnknownCode: in no document
)

// What can go wrong on the line, and the answers that are no report.
var (
	errRefused     = errors.New("connection refused")
	errUnavailable = errors.New("503 service unavailable")
	errSilence     = errors.New("no answer")
	errConflict    = errors.New("409 the operation is known with another amount")
	errNotFound    = errors.New("404 no such operation")
	errKind        = errors.New("400 nobody here knows this kind of operation")
)

// send is the line to the institution: it can be down before the deed, and slow or silent after it.
func (i *Institution) send(ctx context.Context, a *account, r request) (report, error) {
	f := a.faults.Load()
	m := a.magicOf(r)
	if err := before(f, m); err != nil {
		return report{}, err
	}
	c, first, err := i.handle(ctx, a, r)
	if err != nil {
		return report{}, err
	}
	return i.after(ctx, f, i.report(&c), first, m)
}

// ask is the same line, for a query.
func (i *Institution) ask(ctx context.Context, a *account, id paymux.OperationID) (report, error) {
	f := a.faults.Load()
	if err := before(f, 0); err != nil {
		return report{}, err
	}
	c, err := i.lookup(ctx, a, id)
	if err != nil {
		return report{}, err
	}
	return i.after(ctx, f, i.report(&c), false, 0)
}

func before(f *Faults, m magic) error {
	if f.Down {
		return errRefused
	}
	if m == magicUnavailable || f.ErrorRate > 0 && rand.Float64() < f.ErrorRate {
		return errUnavailable
	}
	return nil
}

// after is what becomes of the answer on its way back. Magic amounts spoil the first answer only.
func (i *Institution) after(ctx context.Context, f *Faults, r report, first bool, m magic) (report, error) {
	if err := wait(ctx, f.latency()); err != nil {
		return report{}, err
	}
	if first && m == magicTimeout || f.TimeoutRate > 0 && rand.Float64() < f.TimeoutRate {
		return report{}, errSilence
	}
	if first && m == magicUnknownCode || f.UnknownCode {
		r.Status, r.Code, r.Message = statusStrange, codeNobodyKnows, messages[codeNobodyKnows]
	}
	return r, nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var statusOf = map[paymux.OperationState]status{
	paymux.OpPending: statusPending, paymux.OpAuthorized: statusReserved, paymux.OpSucceeded: statusDone,
	paymux.OpDeclined: statusRefused, paymux.OpCanceled: statusClosed,
}

func (i *Institution) report(c *Charge) report {
	r := report{
		Account: c.Account, Operation: c.Operation, Kind: c.Kind, Status: statusOf[c.State],
		Code: c.Code, Message: c.Message, Transaction: c.Transaction, Amount: c.Amount, Currency: c.Currency,
		Method: c.Method, Brand: c.Brand, Last4: c.Card, Step: c.Step, PageURL: c.PageURL, ExpiresAt: c.ExpiresAt,
	}
	if c.Step != "" {
		r.Page = i.pageURL(c)
	}
	return r
}

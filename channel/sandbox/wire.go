package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/paymux/paymux"
)

// request is what the channel sends to the institution.
type request struct {
	ID          paymux.OperationID   `json:"operation"`
	Kind        paymux.OperationKind `json:"kind"`
	Amount      int64                `json:"amount"`
	Currency    paymux.Currency      `json:"currency"`
	Payment     paymux.PaymentID     `json:"payment,omitempty"`
	Pay         paymux.OperationID   `json:"pay,omitempty"` // what it refers to
	PayAmount   int64                `json:"pay_amount,omitempty"`
	Final       bool                 `json:"final,omitempty"`
	Manual      bool                 `json:"manual,omitempty"`
	Method      paymux.MethodType    `json:"method,omitempty"`
	Card        *paymux.CardDetails  `json:"-"` // never written down; over the wire see card
	Order       string               `json:"order,omitempty"`
	Description string               `json:"description,omitempty"`
	ReturnURL   string               `json:"return_url,omitempty"`
	PageURL     string               `json:"page_url,omitempty"`
	CallbackURL string               `json:"callback_url,omitempty"`
	ExpiresAt   time.Time            `json:"expires_at,omitzero"`
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
	statusStrange  status = "STRANGE" // of UnknownCode: in no document
)

// What can go wrong on the line, and the answers that are no report.
var (
	errRefused      = errors.New("connection refused")
	errUnauthorized = errors.New("401 the key is not the account's")
	errUnavailable  = errors.New("503 service unavailable")
	errSilence      = errors.New("no answer")
	errDropped      = errors.New("the connection was closed before the answer came")
	errBroken       = errors.New("500 internal server error")
	errGarbage      = errors.New("the answer is no report")
	errTruncated    = errors.New("the answer breaks off")
	errWrongStatus  = errors.New("404 of a web page")
	errConflict     = errors.New("409 the operation is known with another amount")
	errNotFound     = errors.New("404 no such operation")
	errKind         = errors.New("400 nobody here knows this kind of operation")
)

// send is how the institution is asked to do something: what is planned for the request
// may keep it away, and spoil the answer. An error may come with the report it stands in the way of.
func (i *Institution) send(ctx context.Context, at *customer, r *request) (report, error) {
	p := i.planOf(at, r)
	if err := p.before(); err != nil {
		return report{}, err
	}
	c, first, err := i.handle(ctx, at, r, &p)
	if err != nil {
		return report{}, err
	}
	told := i.report(&c)
	return told, p.after(ctx, &told, first)
}

// ask is the same for a query.
func (i *Institution) ask(ctx context.Context, at *customer, id paymux.OperationID) (report, error) {
	p := i.planOfQuery(at, id)
	if err := p.before(); err != nil {
		return report{}, err
	}
	c, err := i.lookup(ctx, at, id)
	if err != nil {
		return report{}, err
	}
	told := i.report(&c)
	return told, p.after(ctx, &told, true)
}

// counter is the line to an institution in this process.
type counter struct {
	bank *Institution
	at   *customer
}

func (c counter) send(ctx context.Context, r *request) (report, error) {
	return c.bank.send(ctx, c.at, r)
}

func (c counter) ask(ctx context.Context, id paymux.OperationID) (report, error) {
	return c.bank.ask(ctx, c.at, id)
}

func (c counter) books(ctx context.Context, day time.Time) ([]booking, error) {
	return c.bank.books(ctx, c.at, day)
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

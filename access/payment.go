package access

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/paymux/paymux"
)

// input is what a verb gets, alone or as an item of a batch.
type input struct {
	caller  paymux.Caller
	payment paymux.PaymentID // of the path or the item, checked
	body    []byte           // checked against the verb's schema; may be empty
	at      string           // where body stands, for faults: "body", "body.items[3].request"
}

func (s *Server) input(c *call) input {
	return input{caller: c.caller, payment: paymux.PaymentID(c.id), body: c.body, at: "body"}
}

// verb does one thing to a payment.
type verb func(ctx context.Context, in input) (paymux.Reply, error)

// do makes a route's handler of a verb.
func (s *Server) do(v verb) handler {
	return func(ctx context.Context, c *call) (answer, error) {
		reply, err := v(ctx, s.input(c))
		return s.carryOut(c, reply, err)
	}
}

func (s *Server) create(ctx context.Context, in input) (paymux.Reply, error) {
	b, err := decode[createBody](in.body)
	if err != nil {
		return paymux.Reply{}, err
	}
	var f faults
	expires := expiry(b.ExpiresAt, b.ExpiresIn, s.now(), in.at, &f)
	method, card := b.Method.read(in.at, &f)
	if b.Confirm != nil && *b.Confirm && b.Method == nil {
		f.add(in.at+".confirm", "needs payment_method to confirm with", nil)
	}
	if err := f.err(); err != nil {
		return paymux.Reply{}, err
	}
	if err := s.notifyURL(ctx, &in, b.NotifyURL); err != nil {
		return paymux.Reply{}, err
	}
	in.caller.Client = s.clientOf(b.Client, in.caller.Client)
	return s.payments.Create(ctx, paymux.CreatePayment{
		Caller:          in.caller,
		Money:           paymux.Money{Amount: b.Amount, Currency: b.Currency},
		MerchantOrderID: b.MerchantOrderID,
		Description:     b.Description,
		Method:          method,
		Card:            card,
		AllowedMethods:  b.AllowedMethods,
		CaptureMethod:   cmp.Or(b.CaptureMethod, paymux.CaptureAutomatic),
		Confirm:         b.Method != nil && (b.Confirm == nil || *b.Confirm),
		Designated:      b.Account,
		ReturnURL:       b.ReturnURL,
		NotifyURL:       b.NotifyURL,
		Metadata:        b.Metadata,
		ExpiresAt:       expires,
	})
}

func (s *Server) confirm(ctx context.Context, in input) (paymux.Reply, error) {
	b, err := decode[confirmBody](in.body)
	if err != nil {
		return paymux.Reply{}, err
	}
	var f faults
	method, card := b.Method.read(in.at, &f)
	if err := f.err(); err != nil {
		return paymux.Reply{}, err
	}
	in.caller.Client = s.clientOf(b.Client, in.caller.Client)
	return s.payments.Confirm(ctx, paymux.ConfirmPayment{
		Caller: in.caller, Payment: in.payment, Method: method, Card: card,
		Designated: b.Account, ReturnURL: b.ReturnURL,
	})
}

func (s *Server) capture(ctx context.Context, in input) (paymux.Reply, error) {
	b, err := decode[captureBody](in.body)
	if err != nil {
		return paymux.Reply{}, err
	}
	return s.payments.Capture(ctx, paymux.CapturePayment{Caller: in.caller, Payment: in.payment, Amount: b.Amount, Final: b.Final})
}

func (s *Server) cancel(ctx context.Context, in input) (paymux.Reply, error) {
	b, err := decode[cancelBody](in.body)
	if err != nil {
		return paymux.Reply{}, err
	}
	return s.payments.Cancel(ctx, paymux.CancelPayment{Caller: in.caller, Payment: in.payment, Reason: b.Reason})
}

func (s *Server) sync(ctx context.Context, in input) (paymux.Reply, error) {
	return s.payments.Sync(ctx, paymux.SyncPayment{Caller: in.caller, Payment: in.payment})
}

// read gives the method in the house's terms, with the card's secrets apart from it.
func (m *methodBody) read(in string, f *faults) (paymux.Method, *paymux.CardDetails) {
	if m == nil {
		return paymux.Method{}, nil
	}
	method := paymux.Method{Type: m.Type, Flow: m.Flow, PayerID: m.PayerID}
	c := m.Card
	if c == nil {
		return method, nil
	}
	where := in + ".payment_method.card"
	switch {
	case m.Type != paymux.Card:
		f.add(where, "goes with payment_method.type card only", nil)
	case (c.Token == "") == (c.Number == ""):
		f.add(where, "must have either token or number", nil)
	case c.Number != "" && (c.ExpMonth == 0 || c.ExpYear == 0):
		f.add(where, "must have exp_month and exp_year with number", nil)
	}
	return method, &paymux.CardDetails{Token: c.Token, Number: c.Number, CVC: c.CVC, ExpMonth: c.ExpMonth, ExpYear: c.ExpYear}
}

// longestLife is how long an unpaid payment or link may wait.
const longestLife = 366 * 24 * time.Hour

// expiry is when an object ends, by one of the two ways to say it; zero where neither does.
func expiry(at *time.Time, seconds int64, now time.Time, in string, f *faults) time.Time {
	switch {
	case at != nil && seconds > 0:
		f.add(in+".expires_in", "cannot be given beside expires_at", nil)
	case at != nil && (!at.After(now) || at.After(now.Add(longestLife))):
		f.add(in+".expires_at", "must be in the future and within a year", at.UTC().Format(time.RFC3339))
	case at != nil:
		return at.UTC()
	case seconds > 0:
		return now.UTC().Add(time.Duration(seconds) * time.Second)
	}
	return time.Time{}
}

// clientOf is the payer's side as the request tells it, or else as the network showed it (A2).
func (s *Server) clientOf(told *clientBody, seen paymux.Client) paymux.Client {
	if told == nil || *told == (clientBody{}) {
		return seen
	}
	client := paymux.Client{IP: told.IP, Country: told.Country}
	if client.Country == "" && s.location != nil {
		client.Country = s.location.Country(client.IP)
	}
	return client
}

// objectReply is an object read as a verb's reply.
func objectReply(object any) (paymux.Reply, error) {
	body, err := json.Marshal(object)
	return paymux.Reply{Object: body}, err
}

// readPayment is the query verb.
func (s *Server) readPayment(ctx context.Context, in input) (paymux.Reply, error) {
	p, err := s.queries.Payment(ctx, in.caller.Merchant, in.payment)
	if err != nil {
		return paymux.Reply{}, err
	}
	p.Routing = p.Routing.Shown()
	return objectReply(p)
}

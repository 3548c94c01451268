package sandbox

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/paymux/paymux"
)

// plan is how one request is to be served: by a step of the account's script, else by its
// switches, else as its amount asks.
type plan struct {
	faults   *switches
	do       Behaviour // empty: normal
	code     string    // of a decline
	slow     time.Duration
	scripted bool
	once     bool // asked for by the amount: it spoils the first answer only
}

// planOf plans an operation.
func (i *Institution) planOf(c *customer, r *request) plan {
	p := plan{faults: c.switches(i.now), slow: i.delay}
	if s := c.script.Load(); s != nil && i.takes(s, &p, string(r.Kind), r) {
		return p
	}
	if p.do = p.faults.Do; p.do == "" {
		p.do, p.once = c.magicOf(r), true
	}
	return p
}

// planOfQuery plans a query; nothing is decided by one.
func (i *Institution) planOfQuery(c *customer, id paymux.OperationID) plan {
	p := plan{faults: c.switches(i.now), slow: i.delay}
	s := c.script.Load()
	if s == nil || !i.takes(s, &p, kindQuery, i.asked(id)) {
		p.do = p.faults.Do
	}
	return p
}

// asked is what a step can match a query by.
func (i *Institution) asked(id paymux.OperationID) *request {
	c, _ := i.Charge(id)
	return &request{ID: id, Amount: c.Amount, Currency: c.Currency, Method: c.Method, Order: c.Order, Payment: c.Payment}
}

// takes plans with the next step that fits. Operations in the book, which had their first request, take none.
func (i *Institution) takes(s *script, p *plan, kind string, r *request) bool {
	if kind != kindQuery {
		if _, known := i.Charge(r.ID); known {
			return false
		}
	}
	step, ok := s.take(kind, r)
	if !ok {
		return false
	}
	p.do, p.code, p.scripted = step.Do, step.Code, true
	if step.LatencyMS > 0 {
		p.slow = time.Duration(step.LatencyMS) * time.Millisecond
	}
	return true
}

// before is what the line does to a request on its way there.
func (p *plan) before() error {
	if p.faults.Down || p.do == Refused {
		return errRefused
	}
	if p.do == Unavailable || p.faults.ErrorRate > 0 && rand.Float64() < p.faults.ErrorRate {
		return errUnavailable
	}
	switch p.do {
	case LostRequest:
		return errSilence
	case ServerError:
		return errBroken
	}
	return nil
}

// badAnswers are what becomes of a whole answer.
var badAnswers = map[Behaviour]error{
	TimeoutAfterSuccess: errSilence, DroppedAnswer: errDropped, ErrorAfterSuccess: errBroken,
	GarbageAnswer: errGarbage, TruncatedAnswer: errTruncated, WrongStatus: errWrongStatus,
}

// after is what becomes of the answer on its way back.
func (p *plan) after(ctx context.Context, r *report, first bool) error {
	do := p.do
	if p.once && !first {
		do = ""
	}
	pause := p.faults.latency()
	if do == Slow {
		pause += p.slow
	}
	if err := wait(ctx, pause); err != nil {
		return err
	}
	if p.faults.TimeoutRate > 0 && rand.Float64() < p.faults.TimeoutRate {
		return errSilence
	}
	if p.faults.UnknownCode {
		r.strange()
	}
	if do == "" || do == Normal {
		return nil
	}
	r.spoil(do)
	return badAnswers[do]
}

// spoil makes the answer say something else.
func (r *report) spoil(do Behaviour) {
	switch do {
	case UnknownCode:
		r.strange()
	case WrongAmountAnswer:
		r.Amount++
	case WrongCurrencyAnswer:
		r.Currency = otherCurrency(r.Currency)
	case WrongAccountAnswer:
		r.Account = strangersAccount
	case DeclinedAnswer:
		r.deny()
	case PendingAnswer:
		r.Status, r.Code, r.Message = statusPending, "", ""
	}
}

// strange makes it say what is in no document.
func (r *report) strange() {
	r.Status, r.Code, r.Message = statusStrange, codeNobodyKnows, messages[codeNobodyKnows]
}

// deny makes it say declined of what was done.
func (r *report) deny() {
	if r.Status == statusDone || r.Status == statusReserved {
		r.Status, r.Code, r.Message = statusRefused, codeDeclined, messages[codeDeclined]
	}
}

// strangersAccount is one that nobody here has: its name is no account's.
const strangersAccount = "(another)"

func otherCurrency(c paymux.Currency) paymux.Currency {
	if c == "USD" {
		return "EUR"
	}
	return "USD"
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

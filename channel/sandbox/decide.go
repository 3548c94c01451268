package sandbox

import (
	"context"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// handle decides a request, or gives the first outcome again. first tells which;
// another amount under a known ID is errConflict.
func (i *Institution) handle(ctx context.Context, a *customer, r *request, p *plan) (Charge, bool, error) {
	decide := i.decision(r.Kind)
	if decide == nil {
		return Charge{}, false, errKind
	}
	var c Charge
	var first bool
	err := i.change(ctx, func(d *draft) error {
		known, seen := d.charge(r.ID)
		if seen {
			c = i.current(d, known)
			if known.Amount != r.Amount || known.Currency != r.Currency || known.Kind != r.Kind || known.Account != a.name {
				return errConflict
			}
			return nil
		}
		first = true
		c = i.newCharge(a, r)
		c.planned(p)
		if !i.overrule(d, &c, p) {
			decide(d, a, r, &c)
		}
		d.put(c)
		return nil
	})
	if err != nil {
		return Charge{}, false, err
	}
	return c, first, nil
}

// decision is how a kind of request is decided; nil for one that nobody here knows.
func (i *Institution) decision(kind paymux.OperationKind) func(*draft, *customer, *request, *Charge) {
	switch kind {
	case paymux.Pay:
		return i.pay
	case paymux.Capture:
		return i.capture
	case paymux.Cancel:
		return i.cancel
	case paymux.Refunds:
		return i.refund
	}
	return nil
}

// lookup answers a query. An order whose time is over is closed by it, so that
// what it says stays true.
func (i *Institution) lookup(ctx context.Context, a *customer, id paymux.OperationID) (Charge, error) {
	c, ok, err := i.book.find(id)
	if err != nil {
		return Charge{}, err
	}
	if !ok || c.Account != a.name {
		return Charge{}, errNotFound
	}
	now := i.now()
	if !c.lapsed(now) && !c.due(now) {
		return c, nil
	}
	err = i.change(ctx, func(d *draft) error {
		known, _ := d.charge(id)
		c = i.current(d, known)
		return nil
	})
	if err != nil {
		return Charge{}, err
	}
	return c, nil
}

// current is c with what time alone has done to it written down.
func (i *Institution) current(d *draft, c Charge) Charge {
	now := i.now()
	switch {
	case c.lapsed(now):
		i.shut(d, &c, codeOrderExpired, now)
		d.put(c)
	case c.due(now):
		i.settleDue(d, &c)
	}
	return c
}

func (i *Institution) newCharge(a *customer, r *request) Charge {
	return Charge{
		Operation: r.ID, Kind: r.Kind, Account: a.name, Payment: r.Payment, Pay: r.Pay,
		Transaction: "sbx_" + unguessable(10), Amount: r.Amount, Currency: r.Currency,
		Manual: r.Manual, Method: r.Method, Order: r.Order, Description: r.Description,
		ReturnURL: r.ReturnURL, PageURL: r.PageURL, CallbackURL: r.CallbackURL,
		ExpiresAt: r.ExpiresAt, CreatedAt: i.now().UTC(),
	}
}

// pay opens an order. Cards named in the request are decided at once unless their holder must be
// asked; all others wait for the payer.
func (i *Institution) pay(d *draft, a *customer, r *request, c *Charge) {
	now := c.CreatedAt
	c.State = paymux.OpPending
	if !slices.Contains(a.methods, r.Method) {
		i.conclude(d, c, codeMethod, now)
		return
	}
	if c.lapsed(now) {
		c.end(paymux.OpCanceled, codeOrderExpired, now)
		return
	}
	if r.Method == paymux.Card && !r.Card.Empty() {
		i.swipe(d, c, r.Card, now)
	} else {
		c.Step = stepOf[r.Method]
	}
	if c.State == paymux.OpPending {
		c.Page = unguessable(16)
		i.tellForgery(d, c)
		if a.eager && c.Fate == "" {
			i.settleAt(d, c, now.Add(eagerness))
		}
	}
}

// eagerness is how long payers who do not hesitate take to pay.
const eagerness = 100 * time.Millisecond

var stepOf = map[paymux.MethodType]step{
	paymux.Card: stepCard, paymux.WeChatPay: stepQR, paymux.Alipay: stepWallet, paymux.PayPal: stepWallet, paymux.BankTransfer: stepBank,
}

// swipe decides a card, or asks for its holder.
func (i *Institution) swipe(d *draft, c *Charge, details *paymux.CardDetails, now time.Time) {
	card, code := chosenCard(details, now)
	c.Card, c.Brand = card.Last4(), card.Brand
	if code == "" {
		code = c.Verdict
	}
	switch {
	case code == "" && (card.threeDS || c.Secure):
		c.Step = step3DS
	case c.lingers():
		c.Step = "" // nothing for the payer to do but wait
	default:
		i.conclude(d, c, code, now)
	}
}

// conclude ends a payer's part: code empty means that the money moves, or is reserved.
func (i *Institution) conclude(d *draft, c *Charge, code string, now time.Time) {
	switch {
	case code != "":
		c.end(paymux.OpDeclined, code, now)
	case c.Manual:
		c.end(paymux.OpAuthorized, "", now)
		c.Effects++
	default:
		c.end(paymux.OpSucceeded, "", now)
		c.Effects++
	}
	i.tell(d, c)
	if c.Fate == SuccessAfterDecline && c.State == paymux.OpDeclined {
		i.settleAt(d, c, now.Add(i.delay))
	}
	if card, ok := cardByLast4(c.Card); ok && card.dispute && code == "" {
		c.Dispute = &Dispute{ID: "sbxdp_" + unguessable(8), Status: paymux.DisputeOpened, Reason: "fraudulent"}
		i.tellDispute(d, c, i.delay)
	}
}

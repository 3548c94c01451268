package payment

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// Create makes a payment and, when it is to be confirmed at once, sends it to a
// channel. The payment, its first operation and the request's idempotency key are
// one commit before anything leaves (A19); the outcome and the answer are the next.
//
// Errors: InvalidRequest, NoChannel, OrderInUse, KeyReused, KeyInFlight, Unavailable. A Reply
// with PaymentDeclined or NotSent carries the failed payment.
func (s *Service) Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error) {
	ctx = context.WithoutCancel(ctx) // a merchant who hangs up does not stop money half-way
	d, err := s.createFirst(ctx, &r)
	if err != nil {
		return s.createFailed(ctx, r, err)
	}
	if !r.Confirm {
		return *d.answered, nil
	}
	id := d.newestPay().ID
	d, err = s.pay(ctx, d, &wish{r.Card, r.Designated, &r.Policy})
	if err != nil {
		return paymux.Reply{}, err
	}
	return s.answerTo(ctx, r.Caller, d, latestPay(d, id))
}

// createFirst decides a new payment and makes it durable. Where a quota turns out to be full, it decides again with that known.
func (s *Service) createFirst(ctx context.Context, r *paymux.CreatePayment) (d *draft, err error) {
	for range attempts {
		if d, err = s.draftNew(r); err != nil {
			return nil, err
		}
		d.Begin = beginAnswer(r.Caller, string(d.Payment.ID), d)
		if !r.Confirm {
			err = s.createOnly(ctx, d, r.Caller)
		} else {
			err = s.commitNew(ctx, d)
		}
		if !s.Quotas.noted(err) {
			break
		}
	}
	return d, err
}

// latestPay is the newest pay operation, which answers the request after failovers.
func latestPay(d *draft, id paymux.OperationID) paymux.OperationID {
	if op := d.newestPay(); op != nil {
		return op.ID
	}
	return id
}

// draftNew decides everything about a new payment: its fields, its route and its first operation.
func (s *Service) draftNew(r *paymux.CreatePayment) (d *draft, err error) {
	if err := s.checkCreate(r); err != nil {
		return nil, err
	}
	d = &draft{s: s, now: s.now()}
	d.Payment = s.newPayment(r, d.now)
	p := &d.Payment
	if !r.Confirm {
		d.resolveAt("", p.ExpiresAt)
		return d, nil
	}
	account, why, rules := d.route(&wish{r.Card, r.Designated, &r.Policy})
	if account == nil {
		return nil, d.noChannel(why)
	}
	p.Routing = why
	p.Hops = append(p.Hops, routeHop(d.now, p.Routing, account.Name))
	op := d.begin(paymux.Pay, account, p.Amount)
	op.IdempotencyKey = r.Idempotency
	d.reserve(op, rules)
	p.Status, p.Channel, p.Account = paymux.Processing, op.Channel, op.Account
	return d, nil
}

func (s *Service) newPayment(r *paymux.CreatePayment, now time.Time) paymux.Payment {
	p := paymux.Payment{
		ID: paymux.PaymentID(s.IDs.New(paymux.PrefixPayment)), Object: "payment", Livemode: r.Livemode,
		Status: paymux.Created, Amount: r.Money.Amount, Currency: r.Money.Currency, CaptureMethod: r.CaptureMethod,
		MerchantOrderID: r.MerchantOrderID, Description: r.Description, Method: r.Method, AllowedMethods: r.AllowedMethods,
		ReturnURL: r.ReturnURL, NotifyURL: r.NotifyURL, Link: r.Link, Metadata: r.Metadata, ExpiresAt: r.ExpiresAt.UTC().Truncate(time.Microsecond),
		CreatedAt: now, UpdatedAt: now, Merchant: r.Merchant, Client: r.Client, Hops: slices.Clone(r.Hops),
	}
	if p.CaptureMethod == "" {
		p.CaptureMethod = paymux.CaptureAutomatic
	}
	if r.ExpiresAt.IsZero() {
		life := s.Expiry
		if r.Policy.ExpirySecs > 0 {
			life = time.Duration(r.Policy.ExpirySecs) * time.Second
		}
		p.ExpiresAt = now.Add(life)
	}
	return p
}

// checkCreate refuses what could never be paid. The front door has checked shapes; these are rules.
func (s *Service) checkCreate(r *paymux.CreatePayment) error {
	if err := r.Money.Validate(); err != nil {
		return err
	}
	switch {
	case r.MerchantOrderID == "":
		return paymux.Errorf(paymux.InvalidRequest, "merchant_order_id is missing: give the order number of your own system.").At("merchant_order_id")
	case r.Confirm && r.Method.Type == "":
		return paymux.Errorf(paymux.InvalidRequest, "payment_method.type is needed to confirm the payment; leave confirm out to let the payer choose.").At("payment_method.type")
	case r.CaptureMethod != "" && r.CaptureMethod != paymux.CaptureAutomatic && r.CaptureMethod != paymux.CaptureManual:
		return paymux.Errorf(paymux.InvalidRequest, "capture_method is automatic or manual.").At("capture_method")
	case !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(s.Now()):
		return paymux.Errorf(paymux.InvalidRequest, "expires_at lies in the past.").At("expires_at")
	}
	return s.checkDesignated(r.Designated)
}

// checkDesignated refuses an account that nobody knows.
func (s *Service) checkDesignated(account string) error {
	early := s.Gathering()
	switch {
	case account == "" || s.Accounts().Named(account) != nil:
		return nil
	case early:
		return gathering()
	}
	return paymux.Errorf(paymux.InvalidRequest, "There is no account %q.", account).At("account")
}

var errGathering = errors.New("payment: which accounts there are is not known yet")

// gathering refuses for now what an account that is not known yet may take.
func gathering() error {
	e := paymux.Errorf(paymux.Unavailable,
		"Which accounts there are is not known yet: the registry has not been heard. Nothing was sent; repeat the request with the same Idempotency-Key.").Because(errGathering)
	e.RetryAfter = 1
	return e
}

// noChannel refuses what no account takes.
func (d *draft) noChannel(r *paymux.Routing) error {
	if d.early {
		return gathering()
	}
	e := paymux.Errorf(paymux.NoChannel, "No channel takes this payment: %s.", r.Reason).At("payment_method.type")
	for _, c := range r.Candidates {
		e.Fields = append(e.Fields, paymux.FieldError{Location: "account." + c.Account, Message: c.Dropped})
	}
	return e
}

func routeHop(at time.Time, r *paymux.Routing, account string) paymux.Hop {
	return paymux.Hop{At: at, Kind: paymux.HopRoute, Text: r.RuleSet + ": " + r.Rule + " -> " + account + " (" + r.Reason + ")"}
}

// createOnly commits a payment that waits for its method, with the answer in the same commit.
func (s *Service) createOnly(ctx context.Context, d *draft, c paymux.Caller) (err error) {
	d.Payment.Version, d.Payment.UpdatedAt = 1, d.now
	d.answered = &paymux.Reply{Object: d.Payment.AppendShown(nil), Created: true, RequestID: c.RequestID}
	if d.Begin != nil {
		if d.Begin.Answer, err = encodeReply(d.answered); err != nil {
			return err
		}
	}
	return s.commitNew(ctx, d)
}

// commitNew makes a new payment durable. Nobody is told: nothing has happened yet.
func (s *Service) commitNew(ctx context.Context, d *draft) error {
	d.Payment.Version = 1
	d.New = d.ops
	if len(d.ops) > 0 {
		d.Payment.LatestOperation = d.ops[0].ID
	}
	d.Change.Link = d.Payment.Link
	d.factCreated()
	if err := s.keep(ctx, d); err != nil {
		return err
	}
	if len(d.Tasks) > 0 {
		s.Offer(d.Tasks)
	}
	return nil
}

// createFailed turns what kept a payment from being made into the answer: a
// repeat is answered as the first request was.
func (s *Service) createFailed(ctx context.Context, r paymux.CreatePayment, err error) (paymux.Reply, error) {
	var refused *paymux.Error
	switch {
	case errors.As(err, &refused) && (refused.Code != paymux.Unavailable || errors.Is(err, errGathering)):
		// Nobody takes it any more, perhaps because of what the first sending of this very request took.
		if reply, ok, err := s.repeated(ctx, r.Caller); ok {
			return reply, err
		}
		return paymux.Reply{}, err
	case errors.Is(err, paymux.ErrKeyTaken):
		return s.replay(ctx, r.Caller)
	case errors.Is(err, paymux.ErrOrderTaken):
		// The order may be taken by this very request's first sending.
		if reply, ok, err := s.repeated(ctx, r.Caller); ok {
			return reply, err
		}
		return paymux.Reply{}, paymux.Errorf(paymux.OrderInUse,
			"Another payment that is not over holds merchant_order_id %q. Look it up with GET /v1/payments?merchant_order_id=…, or use a new order number.",
			r.MerchantOrderID).At("merchant_order_id")
	}
	return paymux.Reply{}, paymux.Errorf(paymux.Unavailable, "The payment could not be stored; nothing was sent. Repeat it with the same Idempotency-Key.").Because(err)
}

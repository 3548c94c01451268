package stripe

import (
	"context"
	"errors"
	"fmt"
	"time"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

const (
	// inFlight is how long after sending something may still come into being at Stripe, both clocks' errors included.
	inFlight = 10 * time.Minute
	// listPages is how many pages of 100 objects a query reads at most.
	listPages = 20
)

// errNotKnown: Stripe does not show the operation, which proves nothing. Its search
// lags behind by a minute or more.
var errNotKnown = errors.New("not found at Stripe yet; that is no proof that it is not there")

// Query asks what became of op: by its ID at Stripe when known; otherwise by our
// metadata, first through Stripe's search, which lags behind, then through its
// lists, which do not. Only complete lists, read when nothing can be on its
// way any more, prove that op is absent. After a lost answer a resend under the same key tells sooner.
func (a *account) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := a.ask(ctx, op)
	if err != nil {
		return channel.Result{}, fmt.Errorf("query stripe %s %s: %w", op.Kind, op.ID, err)
	}
	return r, nil
}

func (a *account) ask(ctx context.Context, op channel.Operation) (channel.Result, error) {
	switch op.Kind {
	case paymux.Pay:
		return a.askPay(ctx, op)
	case paymux.Capture:
		return a.askCapture(ctx, op)
	case paymux.Cancel:
		return a.askCancel(ctx, op)
	case paymux.Refunds:
		return a.askRefund(ctx, op)
	}
	return channel.Result{}, channel.ErrUnsupported
}

func (a *account) askPay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	switch {
	case isIntent(op.ChannelID):
		p, err := a.intent(ctx, op.ChannelID)
		if err != nil {
			return channel.Result{}, err
		}
		return payOutcome(p), nil
	case isSession(op.ChannelID):
		s, err := a.session(ctx, op.ChannelID)
		if err != nil {
			return channel.Result{}, err
		}
		return sessionOutcome(s), nil
	}
	p, err := a.search(ctx, op.ID)
	if err == nil {
		return a.found(ctx, p)
	}
	if !errors.Is(err, errNotKnown) {
		return channel.Result{}, err
	}
	return a.listPay(ctx, op)
}

// found is the outcome of a PaymentIntent that was met by its metadata. While the
// payer is on Stripe's page, the session knows better.
func (a *account) found(ctx context.Context, p *stripego.PaymentIntent) (channel.Result, error) {
	r := payOutcome(p)
	if r.State != paymux.OpPending || p.Metadata[metaPage] == "" {
		return r, nil
	}
	sessions := a.api.V1CheckoutSessions.List(ctx, &stripego.CheckoutSessionListParams{PaymentIntent: &p.ID})
	s, _, err := find(ctx, sessions, func(*stripego.CheckoutSession) bool { return true })
	if err != nil {
		return channel.Result{}, err
	}
	if s == nil {
		return channel.Result{}, errNotKnown
	}
	return sessionOutcome(s), nil
}

// listPay reads what was made around the time op was sent.
func (a *account) listPay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if op.SentAt.IsZero() {
		return channel.Result{}, errNotKnown
	}
	around := &stripego.RangeQueryParams{
		GreaterThanOrEqual: op.SentAt.Add(-inFlight).Unix(),
		LesserThanOrEqual:  op.SentAt.Add(inFlight).Unix(),
	}
	page := stripego.ListParams{Limit: stripego.Int64(100)}
	intents := a.api.V1PaymentIntents.List(ctx, &stripego.PaymentIntentListParams{ListParams: page, CreatedRange: around})
	p, all, err := find(ctx, intents, func(p *stripego.PaymentIntent) bool { return p.Metadata[metaOperation] == string(op.ID) })
	if err != nil {
		return channel.Result{}, err
	}
	if p != nil {
		return a.found(ctx, p)
	}
	sessions := a.api.V1CheckoutSessions.List(ctx, &stripego.CheckoutSessionListParams{ListParams: page, CreatedRange: around})
	s, allSessions, err := find(ctx, sessions, func(s *stripego.CheckoutSession) bool { return s.Metadata[metaOperation] == string(op.ID) })
	if err != nil || s != nil {
		return outcomeOf(s, sessionOutcome, err)
	}
	return channel.Result{}, a.missing(op, all && allSessions)
}

func (a *account) askCapture(ctx context.Context, op channel.Operation) (channel.Result, error) {
	p, err := a.paid(ctx, op)
	if err != nil {
		return channel.Result{}, err
	}
	if p.Metadata[metaCapture] == string(op.ID) {
		return captureOutcome(p), nil
	}
	return channel.Result{}, a.missing(op, true)
}

func (a *account) askCancel(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if isSession(op.ChannelID) {
		s, err := a.session(ctx, op.ChannelID)
		if err != nil {
			return channel.Result{}, err
		}
		if s.Status == stripego.CheckoutSessionStatusExpired {
			return closeOutcome(s), nil
		}
		if s.PaymentIntent == nil {
			return channel.Result{}, a.missing(op, true)
		}
	}
	p, err := a.paid(ctx, op)
	if err != nil {
		return channel.Result{}, err
	}
	if p.Status == stripego.PaymentIntentStatusCanceled {
		return cancelOutcome(p), nil
	}
	return channel.Result{}, a.missing(op, true)
}

func (a *account) askRefund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if isRefund(op.ChannelID) {
		f, err := a.api.V1Refunds.Retrieve(ctx, op.ChannelID, nil)
		if err != nil {
			return channel.Result{}, told(err)
		}
		return refundOutcome(f), nil
	}
	id, err := a.intentID(ctx, op)
	if err != nil {
		return channel.Result{}, err
	}
	refunds := a.api.V1Refunds.List(ctx, &stripego.RefundListParams{
		ListParams: stripego.ListParams{Limit: stripego.Int64(100)}, PaymentIntent: &id,
	})
	f, all, err := find(ctx, refunds, func(f *stripego.Refund) bool { return f.Metadata[metaOperation] == string(op.ID) })
	if err != nil || f != nil {
		return outcomeOf(f, refundOutcome, err)
	}
	return channel.Result{}, a.missing(op, all)
}

// missing is the word on an operation that was not found: absent where the reading
// was complete and nothing can be on its way any more, else not known.
func (a *account) missing(op channel.Operation, complete bool) error {
	if complete && !op.SentAt.IsZero() && a.now().Sub(op.SentAt) > inFlight {
		return channel.ErrAbsent
	}
	return errNotKnown
}

// paid is the PaymentIntent that op refers to.
func (a *account) paid(ctx context.Context, op channel.Operation) (*stripego.PaymentIntent, error) {
	id, err := a.intentID(ctx, op)
	if err != nil {
		return nil, err
	}
	return a.intent(ctx, id)
}

func (a *account) intent(ctx context.Context, id string) (*stripego.PaymentIntent, error) {
	p, err := a.api.V1PaymentIntents.Retrieve(ctx, id, &stripego.PaymentIntentRetrieveParams{
		Expand: stripego.StringSlice([]string{"latest_charge"}),
	})
	if err != nil {
		return nil, fmt.Errorf("retrieve payment intent: %w", told(err))
	}
	return p, nil
}

// search finds the PaymentIntent of a pay operation. It never concludes that there is none.
func (a *account) search(ctx context.Context, pay paymux.OperationID) (*stripego.PaymentIntent, error) {
	found := a.api.V1PaymentIntents.Search(ctx, &stripego.PaymentIntentSearchParams{SearchParams: stripego.SearchParams{
		Query: fmt.Sprintf("metadata['%s']:'%s'", metaOperation, pay),
	}})
	for p, err := range found.All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("search: %w", told(err))
		}
		if p.Metadata[metaOperation] == string(pay) {
			return p, nil
		}
	}
	return nil, errNotKnown
}

// find reads a list up to the first match. complete tells that it was read to its end.
func find[T any](ctx context.Context, list *stripego.V1List[*T], match func(*T) bool) (found *T, complete bool, err error) {
	n := 0
	for item, err := range list.All(ctx) {
		if err != nil {
			return nil, false, fmt.Errorf("list: %w", told(err))
		}
		if match(item) {
			return item, true, nil
		}
		if n++; n == listPages*100 {
			return nil, false, nil
		}
	}
	return nil, true, nil
}

func outcomeOf[T any](found *T, outcome func(*T) channel.Result, err error) (channel.Result, error) {
	if err != nil {
		return channel.Result{}, err
	}
	return outcome(found), nil
}

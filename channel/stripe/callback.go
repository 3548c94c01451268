package stripe

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// event is the part of Stripe's envelope that matters here.
type event struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// Callback reads an event. Types that say nothing about an operation, and objects that
// are not ours (other programs may use the same account), are acknowledged and of no interest.
// A dispute costs one call to Stripe: it names a PaymentIntent, not our operation.
func (a *account) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	var e event
	unread := json.Unmarshal(req.Body, &e)
	if err := a.authentic(ctx, req); err != nil {
		return disbelieved(e), err
	}
	if unread != nil || e.ID == "" || e.Type == "" || len(e.Data.Object) == 0 {
		return disbelieved(e), fmt.Errorf("%w: not an event", channel.ErrMalformed)
	}
	news, err := a.read(ctx, e)
	if err != nil {
		return disbelieved(e), fmt.Errorf("stripe event %s %s: %w", e.ID, e.Type, err)
	}
	news.ID = e.ID
	return news, nil
}

// disbelieved says no more of an event than which operation it names, for the timeline.
func disbelieved(e event) channel.Callback {
	var named struct {
		Metadata map[string]string `json:"metadata"`
	}
	if json.Unmarshal(e.Data.Object, &named) != nil {
		return channel.Callback{}
	}
	id := cmp.Or(named.Metadata[metaCapture], named.Metadata[metaOperation])
	if !strings.HasPrefix(id, paymux.PrefixOperation) {
		return channel.Callback{}
	}
	return channel.Callback{Operation: paymux.OperationID(id)}
}

func (a *account) read(ctx context.Context, e event) (channel.Callback, error) {
	switch e.Type {
	case "payment_intent.succeeded", "payment_intent.amount_capturable_updated", "payment_intent.payment_failed",
		"payment_intent.canceled", "payment_intent.processing", "payment_intent.requires_action":
		return readObject(e, intentNews)
	case "checkout.session.completed", "checkout.session.async_payment_succeeded",
		"checkout.session.async_payment_failed", "checkout.session.expired":
		return readObject(e, func(s *stripego.CheckoutSession) channel.Callback { return sessionNews(e.Type, s) })
	case "refund.created", "refund.updated", "refund.failed", "charge.refund.updated":
		return readObject(e, refundNews)
	case "charge.refunded":
		return readObject(e, chargeNews)
	case "charge.dispute.created", "charge.dispute.closed":
		return a.disputeNews(ctx, e)
	}
	return channel.Callback{}, nil
}

func readObject[T any](e event, news func(*T) channel.Callback) (channel.Callback, error) {
	object := new(T)
	if err := json.Unmarshal(e.Data.Object, object); err != nil {
		return channel.Callback{}, fmt.Errorf("%w: %s", channel.ErrMalformed, "object is not of its type's form")
	}
	return news(object), nil
}

// intentNews: the success of a reservation is its capture's news. What happens on
// Stripe's page before the payer is done is the session's business.
func intentNews(p *stripego.PaymentIntent) channel.Callback {
	if id := p.Metadata[metaCapture]; id != "" && p.Status == stripego.PaymentIntentStatusSucceeded {
		return about(id, captureOutcome(p))
	}
	r := payOutcome(p)
	if r.State == paymux.OpPending && p.Metadata[metaPage] != "" {
		return channel.Callback{}
	}
	return about(p.Metadata[metaOperation], r)
}

func sessionNews(kind string, s *stripego.CheckoutSession) channel.Callback {
	r := sessionOutcome(s)
	if kind == "checkout.session.async_payment_failed" {
		r.State, r.DeclineCode, r.Advice = paymux.OpDeclined, paymux.DeclineGeneric, paymux.TryOtherMethod
	}
	return about(s.Metadata[metaOperation], r)
}

func refundNews(f *stripego.Refund) channel.Callback {
	return about(f.Metadata[metaOperation], refundOutcome(f))
}

// chargeNews: a refunded charge names its refunds only where the account's API
// version includes them; otherwise the refund's own event brings the news.
func chargeNews(c *stripego.Charge) channel.Callback {
	if c.Refunds == nil || len(c.Refunds.Data) == 0 || c.Refunds.Data[0] == nil {
		return channel.Callback{}
	}
	return refundNews(c.Refunds.Data[0])
}

// about is news of one of our operations, or nothing where the object is not ours.
func about(operation string, r channel.Result) channel.Callback {
	if !strings.HasPrefix(operation, paymux.PrefixOperation) {
		return channel.Callback{}
	}
	return channel.Callback{Operation: paymux.OperationID(operation), Result: r}
}

func (a *account) disputeNews(ctx context.Context, e event) (channel.Callback, error) {
	var d stripego.Dispute
	if err := json.Unmarshal(e.Data.Object, &d); err != nil {
		return channel.Callback{}, fmt.Errorf("%w: object is not a dispute", channel.ErrMalformed)
	}
	status, known := disputeStatus(d.Status)
	if !known || d.PaymentIntent == nil {
		return channel.Callback{}, nil
	}
	p, err := a.intent(ctx, d.PaymentIntent.ID)
	if err != nil {
		return channel.Callback{}, err
	}
	id := p.Metadata[metaOperation]
	if id == "" {
		return channel.Callback{}, nil
	}
	return channel.Callback{Dispute: &channel.Dispute{
		ChannelID: d.ID,
		Operation: paymux.OperationID(id),
		Status:    status,
		Money:     fromStripe(d.Amount, d.Currency),
		Reason:    string(d.Reason),
	}}, nil
}

func disputeStatus(s stripego.DisputeStatus) (status paymux.DisputeStatus, known bool) {
	switch s {
	case stripego.DisputeStatusNeedsResponse, stripego.DisputeStatusUnderReview,
		stripego.DisputeStatusWarningNeedsResponse, stripego.DisputeStatusWarningUnderReview:
		return paymux.DisputeOpened, true
	case stripego.DisputeStatusWon, stripego.DisputeStatusWarningClosed:
		return paymux.DisputeWon, true
	case stripego.DisputeStatusLost:
		return paymux.DisputeLost, true
	}
	return "", false
}

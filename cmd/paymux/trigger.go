package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// trigger makes an event really happen in the sandbox; nothing is made up.
type trigger struct {
	api      *client.Client
	operator *client.Operator
	payment  *paymux.Payment
}

// step is one thing a scenario does to the trigger's payment.
type step func(context.Context, *trigger) error

// scenario is how an event comes about: how the payment is paid, and what
// follows. given are the steps where the user named the payment.
type scenario struct {
	method paymux.MethodType
	card   string
	manual bool
	given  []step // of a payment that is there
	made   []step // of a payment just made; nil: as given
}

const (
	cardThatWorks   = "4242424242424242"
	cardDeclined    = "4000000000000002"
	cardRefundsFail = "4000000000005126"
	triggerAmount   = 1250
	triggerCurrency = "CNY"
	eventPatience   = 15 * time.Second
	triggeredBy     = "paymux trigger"
)

func scenarios() map[paymux.EventType]scenario {
	return map[paymux.EventType]scenario{
		paymux.PaymentSucceeded:  {method: paymux.WeChatPay, given: []step{approve}},
		paymux.PaymentAuthorized: {method: paymux.Card, card: cardThatWorks, manual: true},
		paymux.PaymentCaptured:   {method: paymux.Card, card: cardThatWorks, manual: true, given: []step{captureHalf}},
		paymux.PaymentFailed:     {method: paymux.Card, card: cardDeclined, given: []step{decline}, made: []step{}},
		paymux.PaymentCanceled:   {method: paymux.WeChatPay, given: []step{cancelPayment}},
		paymux.RefundDone:        {method: paymux.Card, card: cardThatWorks, given: []step{refundAll}},
		paymux.RefundNotDone:     {method: paymux.Card, card: cardRefundsFail, given: []step{refundAll}},
		paymux.DisputeWasOpened:  {method: paymux.Card, card: cardThatWorks, given: []step{openDispute}},
		paymux.DisputeWasWon:     {method: paymux.Card, card: cardThatWorks, given: []step{openDispute, endDispute(true)}},
		paymux.DisputeWasLost:    {method: paymux.Card, card: cardThatWorks, given: []step{openDispute, endDispute(false)}},
	}
}

func (c *cli) triggerCommand() *cobra.Command {
	var on string
	cmd := &cobra.Command{
		Use:   "trigger EVENT",
		Short: c.text("trigger.short"),
		Long:  c.text("trigger.long") + "\n\n  " + strings.Join(triggerable(), "\n  "),
		Example: `  paymux trigger payment.succeeded
  paymux trigger refund.succeeded --payment A-1001`,
		Args:              exactly(1),
		ValidArgsFunction: cobra.FixedCompletions(triggerable(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.trigger(cmd.Context(), paymux.EventType(args[0]), on)
		},
	}
	cmd.Flags().StringVar(&on, "payment", "", c.text("trigger.payment"))
	return cmd
}

func triggerable() []string {
	var names []string
	for name := range scenarios() {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

func (c *cli) trigger(ctx context.Context, want paymux.EventType, on string) error {
	s, ok := scenarios()[want]
	if !ok {
		return checkWord("event", string(want), triggerable())
	}
	t := &trigger{}
	var err error
	if t.api, err = c.client(); err != nil {
		return err
	}
	if t.operator, err = c.bank(); err != nil {
		return err
	}
	if err := t.run(ctx, s, on); err != nil {
		return err
	}
	e, err := t.await(ctx, want)
	if err != nil {
		return err
	}
	return c.show(e, func() { fmt.Fprintf(c.out, "%s  %s  %s\n", e.Type, e.ID, summary(e.Data.Object)) })
}

func (t *trigger) run(ctx context.Context, s scenario, on string) (err error) {
	steps := s.given
	if on != "" {
		t.payment, err = find(ctx, t.api, on)
	} else {
		err = t.pay(ctx, s)
		if s.made != nil {
			steps = s.made
		}
	}
	for _, do := range steps {
		if err == nil {
			err = do(ctx, t)
		}
	}
	return err
}

// pay makes a payment as the scenario wants it. A decline is an outcome like any other here.
func (t *trigger) pay(ctx context.Context, s scenario) error {
	r := client.PaymentRequest{
		Amount: triggerAmount, Currency: triggerCurrency, MerchantOrderID: "T-" + rand.Text()[:10], Description: triggeredBy,
		PaymentMethod: &client.PaymentMethod{Type: s.method},
	}
	if s.card != "" {
		r.PaymentMethod.Card = &client.Card{Number: s.card, ExpMonth: 12, ExpYear: 2099, CVC: "123"}
	}
	if s.manual {
		r.CaptureMethod = paymux.CaptureManual
	}
	p, err := t.api.CreatePayment(ctx, r)
	var refused *client.Error
	if errors.As(err, &refused) && refused.Payment != nil {
		p, err = refused.Payment, nil
	}
	t.payment = p
	return err
}

// await finds the event among those of the payment, of its refunds and of its disputes.
func (t *trigger) await(ctx context.Context, want paymux.EventType) (*paymux.Event, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, eventPatience, &outcomeError{text: fmt.Sprintf("payment %s did not bring %s within %s", t.payment.ID, want, eventPatience)})
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		for e, err := range t.api.Events(ctx, client.EventQuery{Type: want, PageSize: 20}) {
			if err != nil {
				return nil, causeOf(ctx, err)
			}
			if strings.Contains(string(e.Data.Object), string(t.payment.ID)) {
				return &e, nil
			}
			if e.Timestamp.Before(t.payment.CreatedAt) {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// causeOf prefers the reason why ctx ended to what its end did to a call.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func approve(ctx context.Context, t *trigger) error {
	_, err := t.operator.Approve(ctx, t.payment.ID)
	return err
}

func decline(ctx context.Context, t *trigger) error {
	_, err := t.operator.Decline(ctx, t.payment.ID, "")
	return err
}

func cancelPayment(ctx context.Context, t *trigger) error {
	_, err := t.api.CancelPayment(ctx, t.payment.ID, "requested_by_customer")
	return err
}

func captureHalf(ctx context.Context, t *trigger) error {
	_, err := t.api.CapturePayment(ctx, t.payment.ID, client.CaptureRequest{Amount: t.payment.Amount / 2})
	return err
}

// refundAll: a refund that fails is what some scenarios want, and has its event, too.
func refundAll(ctx context.Context, t *trigger) error {
	_, err := t.api.CreateRefund(ctx, client.RefundRequest{Payment: t.payment.ID})
	if errors.Is(err, paymux.PaymentDeclined) {
		return nil
	}
	return err
}

func openDispute(ctx context.Context, t *trigger) error {
	_, err := t.operator.OpenDispute(ctx, t.payment.ID, "")
	return err
}

func endDispute(won bool) step {
	return func(ctx context.Context, t *trigger) error {
		_, err := t.operator.EndDispute(ctx, t.payment.ID, won)
		return err
	}
}

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// pollEvery is how often a waiting command looks at its payment.
const pollEvery = 200 * time.Millisecond

type payFlags struct {
	method, card, cvc, expiry, order, description, account, returnURL, key string
	manual, noWait                                                         bool
	timeout                                                                time.Duration
}

func (c *cli) payCommand() *cobra.Command {
	var f payFlags
	cmd := &cobra.Command{
		Use:   "pay AMOUNT CURRENCY",
		Short: c.text("pay.short"),
		Example: `  paymux pay 12.50 CNY --method wechat_pay
  paymux pay 19.99 USD --method card --card 4242424242424242
  paymux pay 19.99 USD --method card --manual --no-wait`,
		Args: exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error { return c.pay(cmd.Context(), args[0], args[1], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.method, "method", "wechat_pay", c.text("pay.method"))
	flags.StringVar(&f.card, "card", "4242424242424242", c.text("pay.card"))
	flags.StringVar(&f.cvc, "cvc", "123", c.text("pay.cvc"))
	flags.StringVar(&f.expiry, "expiry", "", c.text("pay.expiry"))
	flags.StringVar(&f.order, "order", "", c.text("pay.order"))
	flags.StringVar(&f.description, "description", "", c.text("pay.description"))
	flags.StringVar(&f.account, "account", "", c.text("pay.account"))
	flags.StringVar(&f.returnURL, "return-url", "", c.text("pay.return-url"))
	flags.StringVar(&f.key, "idempotency-key", "", c.text("pay.idempotency-key"))
	flags.BoolVar(&f.manual, "manual", false, c.text("pay.manual"))
	flags.BoolVar(&f.noWait, "no-wait", false, c.text("pay.no-wait"))
	flags.DurationVar(&f.timeout, "timeout", 0, c.text("pay.timeout"))
	complete(cmd, "method", paymux.MethodTypes())
	return cmd
}

func (c *cli) pay(ctx context.Context, amount, currency string, f payFlags) error {
	request, err := c.paymentRequest(amount, currency, f)
	if err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	var opts []client.Option
	if f.key != "" {
		opts = append(opts, client.IdempotencyKey(f.key))
	}
	p, err := api.CreatePayment(ctx, request, opts...)
	if err != nil {
		return c.payRefused(err)
	}
	if c.format == "text" {
		if err := c.showCreated(p); err != nil {
			return err
		}
	}
	if !f.noWait {
		if p, err = c.await(ctx, api, p, f.timeout); err != nil {
			return err
		}
	}
	return c.payEnded(p)
}

func (c *cli) paymentRequest(amount, currency string, f payFlags) (client.PaymentRequest, error) {
	m, err := paymux.ParseMoney(amount, paymux.Currency(strings.ToUpper(currency)))
	if err != nil {
		return client.PaymentRequest{}, &usageError{err}
	}
	if f.order == "" {
		f.order = "T-" + rand.Text()[:10]
	}
	method := client.PaymentMethod{Type: paymux.MethodType(f.method)}
	if method.Type == paymux.Card {
		if method.Card, err = c.cardOf(f); err != nil {
			return client.PaymentRequest{}, err
		}
	}
	r := client.PaymentRequest{
		Amount: m.Amount, Currency: m.Currency, MerchantOrderID: f.order, Description: f.description,
		PaymentMethod: &method, Account: f.account, ReturnURL: f.returnURL,
	}
	if f.manual {
		r.CaptureMethod = paymux.CaptureManual
	}
	return r, nil
}

// cardOf reads --card: a number, or an institution's token such as tok_visa.
func (c *cli) cardOf(f payFlags) (*client.Card, error) {
	if digits := strings.ReplaceAll(f.card, " ", ""); strings.Trim(digits, "0123456789") != "" {
		return &client.Card{Token: f.card}, nil
	}
	card := &client.Card{Number: strings.ReplaceAll(f.card, " ", ""), CVC: f.cvc, ExpMonth: 12, ExpYear: c.now().Year() + 3}
	if f.expiry == "" {
		return card, nil
	}
	month, year, _ := strings.Cut(f.expiry, "/")
	m, errMonth := strconv.Atoi(month)
	y, errYear := strconv.Atoi(year)
	if errMonth != nil || errYear != nil {
		return nil, usagef("--expiry %s: give month and year, as in 12/2030", f.expiry)
	}
	if y < 100 {
		y += 2000
	}
	card.ExpMonth, card.ExpYear = m, y
	return card, nil
}

// payRefused tells a decline as the outcome it is, with the payment's ID.
func (c *cli) payRefused(err error) error {
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Payment == nil {
		return err
	}
	if c.format == "text" {
		if err := c.showCreated(refused.Payment); err != nil {
			return err
		}
	}
	return c.payEnded(refused.Payment)
}

// await looks at a payment until nothing more is expected of it.
func (c *cli) await(ctx context.Context, api *client.Client, p *paymux.Payment, limit time.Duration) (*paymux.Payment, error) {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &outcomeError{text: c.textf("pay.timed-out", limit)})
		defer cancel()
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !settled(p) {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
		next, err := api.Payment(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		if next.Status != p.Status && c.format == "text" {
			c.say("pay.moved", next.UpdatedAt.Sub(p.CreatedAt).Round(100*time.Millisecond), p.Status, next.Status)
		}
		p = next
	}
	return p, nil
}

// settled reports whether waiting longer is no use: the payment ended, or the merchant is to capture it.
func settled(p *paymux.Payment) bool {
	return p.Status.Ended() || p.Status == paymux.Authorized || p.Status == paymux.PartiallyCaptured
}

// payEnded shows the payment. A failed one makes the command fail.
func (c *cli) payEnded(p *paymux.Payment) error {
	if err := c.show(p, func() { c.showEnded(p) }); err != nil {
		return err
	}
	if p.Status.EndedUnpaid() {
		return &outcomeError{text: fmt.Sprintf("payment %s: %s", p.ID, p.Status), quiet: true}
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

type refundFlags struct {
	amount, reason, id, key string
	noWait                  bool
	timeout                 time.Duration
}

func (c *cli) refundCommand() *cobra.Command {
	var f refundFlags
	cmd := &cobra.Command{
		Use:   "refund PAYMENT|ORDER",
		Short: c.text("refund.short"),
		Example: `  paymux refund pay_01KAN7PQ4E9C3H7B1D5F8G2J6K
  paymux refund A-1001 --amount 5.00 --reason requested_by_customer`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.refund(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.amount, "amount", "", c.text("refund.amount"))
	flags.StringVar(&f.reason, "reason", "", c.text("refund.reason"))
	flags.StringVar(&f.id, "merchant-refund-id", "", c.text("refund.id"))
	flags.StringVar(&f.key, "idempotency-key", "", c.text("pay.idempotency-key"))
	flags.BoolVar(&f.noWait, "no-wait", false, c.text("pay.no-wait"))
	flags.DurationVar(&f.timeout, "timeout", 0, c.text("pay.timeout"))
	return cmd
}

func (c *cli) refund(ctx context.Context, what string, f refundFlags) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := find(ctx, api, what)
	if err != nil {
		return err
	}
	request := client.RefundRequest{Payment: p.ID, Reason: f.reason, MerchantRefundID: f.id}
	if f.amount != "" {
		m, err := paymux.ParseMoney(f.amount, p.Currency)
		if err != nil {
			return &usageError{err}
		}
		request.Amount = m.Amount
	}
	var opts []client.Option
	if f.key != "" {
		opts = append(opts, client.IdempotencyKey(f.key))
	}
	r, err := api.CreateRefund(ctx, request, opts...)
	if err != nil {
		return err
	}
	if !f.noWait {
		if r, err = c.awaitRefund(ctx, api, r, f.timeout); err != nil {
			return err
		}
	}
	return c.refundEnded(r)
}

func (c *cli) awaitRefund(ctx context.Context, api *client.Client, r *paymux.Refund, limit time.Duration) (*paymux.Refund, error) {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &outcomeError{text: c.textf("pay.timed-out", limit)})
		defer cancel()
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for r.Status == paymux.RefundProcessing || r.Status == paymux.RefundUnknown {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
		next, err := api.Refund(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		r = next
	}
	return r, nil
}

func (c *cli) refundEnded(r *paymux.Refund) error {
	err := c.show(r, func() {
		money := paymux.Money{Amount: r.Amount, Currency: r.Currency}
		fmt.Fprintf(c.out, "%s  %s  %s  %s\n", r.ID, r.Status, money, r.Payment)
		if r.LastError != nil {
			fmt.Fprintf(c.out, "  %s: %s\n", r.LastError.Code, r.LastError.Message)
		}
	})
	if err == nil && r.Status == paymux.RefundFailed {
		err = &outcomeError{text: fmt.Sprintf("refund %s: %s", r.ID, r.Status), quiet: true}
	}
	return err
}

package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/routing"
)

// replayedFlags say which payments.
type replayedFlags struct {
	r                  client.RoutingReplayRequest
	from, to, merchant string
	after              string
}

func (c *cli) routingReplayCommand() *cobra.Command {
	var f replayedFlags
	cmd := &cobra.Command{
		Use: "replay FILE|DRAFT|VERSION", Short: c.text("routing.replay"), Long: c.text("routing.replay.long"), Args: exactly(1),
		Example: "  paymux routing replay spring --from 168h\n  paymux routing replay routing.yaml --from 2026-11-20 --to 2026-11-21 --merchant mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD --moves 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.replayed(cmd.Context(), args[0], &f)
			if err != nil {
				return err
			}
			return c.show(r, func() { c.showReplayed(r) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", c.text("routing.replay.from"))
	flags.StringVar(&f.to, "to", "", c.text("routing.replay.to"))
	flags.StringVar(&f.merchant, "merchant", "", c.text("routing.replay.merchant"))
	flags.StringVar(&f.r.Mode, "mode", "", c.text("routing.replay.mode"))
	flags.StringVar(&f.r.Region, "region", "", c.text("routing.replay.region"))
	flags.StringVar(&f.after, "after", "", c.text("routing.replay.after"))
	flags.IntVar(&f.r.Payments, "limit", 0, c.text("routing.replay.limit"))
	flags.IntVar(&f.r.Moves, "moves", 0, c.text("routing.replay.moves"))
	complete(cmd, "mode", []string{"live", "test"})
	return cmd
}

func (c *cli) replayed(ctx context.Context, name string, f *replayedFlags) (*paymux.RoutingReplay, error) {
	d, err := c.named(name)
	if err != nil {
		return nil, err
	}
	r := &f.r
	r.Document, r.Draft, r.Version = d.text, d.draft, d.version
	r.Merchant, r.After = paymux.MerchantID(f.merchant), paymux.PaymentID(f.after)
	if r.Mode != "" {
		if err := checkWord("mode", r.Mode, []string{"live", "test"}); err != nil {
			return nil, err
		}
	}
	if f.from != "" {
		if r.From, err = c.when("from", f.from); err != nil {
			return nil, err
		}
	}
	if f.to != "" {
		if r.To, err = c.when("to", f.to); err != nil {
			return nil, err
		}
	}
	operator, err := c.operator()
	if err != nil {
		return nil, err
	}
	return operator.ReplayRouting(ctx, *r)
}

// showReplayed prints a table of accounts, what moves whereto, then the payments that move.
func (c *cli) showReplayed(r *paymux.RoutingReplay) {
	c.say("routing.replay.head", r.Payments, r.Moved, r.Refused, r.Unrouted)
	if r.Payments == 0 {
		return
	}
	head := []string{c.text("routing.replay.account")}
	for range 2 { // now, then
		head = append(head, c.text("routing.replay.share"), c.text("routing.replay.success"), c.text("routing.replay.cost"))
	}
	table := [][]string{{"", c.text("routing.replay.now"), "", "", c.text("routing.replay.then"), "", ""}, head}
	for i := range r.Accounts {
		a := &r.Accounts[i]
		table = append(table, c.replayLine(cmp.Or(a.Account, c.text("routing.replay.refused")), &a.Now, &a.Then))
	}
	table = append(table, c.replayLine(c.text("routing.replay.all"), &r.Now, &r.Then))
	for _, line := range aligned(table) {
		fmt.Fprintln(c.out, line)
	}
	c.say("routing.replay.assumed")
	if r.Unknown > 0 || r.Pooled > 0 {
		c.say("routing.replay.unknown", r.Unknown, r.Pooled)
	}
	for _, f := range r.Flows {
		c.say("routing.replay.flow", f.Payments, f.From, cmp.Or(f.To, c.text("routing.replay.refused")))
	}
	for i := range r.Moves {
		m := &r.Moves[i]
		money := paymux.Money{Amount: m.Amount, Currency: m.Currency}
		fmt.Fprintf(c.out, "%s  %s  %s -> %s  %s: %s\n", m.Payment, money, m.From, cmp.Or(m.To, c.text("routing.replay.refused")), m.Rule, routing.Because(m.Code, m.Detail, c.language()))
	}
	if r.Next != "" {
		c.say("routing.replay.more", r.Next)
	}
}

func (c *cli) replayLine(name string, now, then *paymux.ReplaySide) []string {
	line := []string{name}
	for _, side := range []*paymux.ReplaySide{now, then} {
		line = append(line, fmt.Sprintf("%.1f %%", 100*side.Share), within(side.Success), costs(side.Costs))
	}
	return line
}

// within is a rate and its interval: 94.2 % (93.1-95.1).
func within(e *paymux.Estimate) string {
	if e == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %% (%.1f-%.1f)", 100*e.Value, 100*e.Low, 100*e.High)
}

// costs are what institutions take, by currency: 12.50 EUR (11.80-13.20), 1.45 %.
func costs(list []paymux.ReplayCost) string {
	text := ""
	for i, one := range list {
		if i > 0 {
			text += "; "
		}
		amount := func(minor float64) string {
			return paymux.Money{Amount: int64(minor + 0.5), Currency: one.Currency}.Decimal()
		}
		text += fmt.Sprintf("%s %s (%s-%s), %.2f %%", amount(one.Cost.Value), one.Currency, amount(one.Cost.Low), amount(one.Cost.High), one.Rate/100)
	}
	return cmp.Or(text, "-")
}

package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/routing"
)

func (c *cli) routingExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain PAYMENT", Short: c.text("routing.explain"), Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			e, err := operator.ExplainRouting(cmd.Context(), paymux.PaymentID(args[0]))
			if err != nil {
				return err
			}
			return c.show(e, func() {
				if e.Routing == nil {
					c.say("routing.unrouted", args[0])
					return
				}
				fmt.Fprint(c.out, routing.Text(e.Routing, c.language()))
			})
		},
	}
}

func (c *cli) routingHealthCommand() *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: c.text("routing.health"), Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			list, err := operator.RoutingHealth(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func() {
				for i := range list {
					c.showHealth(&list[i])
				}
			})
		},
	}
}

func (c *cli) routingQuotasCommand() *cobra.Command {
	return &cobra.Command{
		Use: "quotas", Short: c.text("routing.quotas"), Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			list, err := operator.RoutingQuotas(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func() { c.showQuotas(list) })
		},
	}
}

// showQuotas prints a line a quota: whose, of which day, and what is taken of how much.
func (c *cli) showQuotas(list []paymux.QuotaStatus) {
	if len(list) == 0 {
		c.say("routing.quotas.none")
		return
	}
	table := make([][]string, len(list))
	for i, q := range list {
		count := func(n int64) string {
			if q.Currency == "" {
				return strconv.FormatInt(n, 10)
			}
			return paymux.Money{Amount: n, Currency: q.Currency}.String()
		}
		state := c.text("routing.quota.gone")
		switch {
		case q.Limit > 0 && q.Used >= q.Limit:
			state = c.paint(red, c.textf("routing.quota.full", count(q.Limit)))
		case q.Limit > 0:
			state = c.textf("routing.quota.of", count(q.Limit))
		}
		table[i] = []string{q.Account, q.Quota, q.Region, q.Day, count(q.Used), state}
	}
	for _, line := range aligned(table) {
		fmt.Fprintln(c.out, line)
	}
}

// showHealth prints an account, then merchants that do otherwise there.
func (c *cli) showHealth(h *paymux.RouteHealth) {
	c.healthLine(h.Account, h.State, h.Since, h.Why, h.Pin)
	for _, m := range h.Merchants {
		c.healthLine("  "+string(m.Merchant), m.State, m.Since, m.Why, m.Pin)
	}
}

func (c *cli) healthLine(name string, state paymux.RouteState, since time.Time, why string, pin *paymux.RoutePin) {
	with := green
	if state != paymux.RouteNormal {
		with = red
	}
	line := fmt.Sprintf("%-20s %s", name, c.paint(with, string(state)))
	if !since.IsZero() {
		line += "  " + since.Local().Format(time.DateTime)
	}
	if why != "" {
		line += "  " + why
	}
	if pin != nil && pin.State != "" {
		line += "  " + c.textf("routing.pinned", pin.State, pin.Who, pin.Why)
	}
	fmt.Fprintln(c.out, line)
}

// unpinned is the word that takes a pin back.
const unpinned = "none"

func (c *cli) routingPinCommand() *cobra.Command {
	var r client.PinRequest
	var merchant string
	cmd := &cobra.Command{
		Use: "pin ACCOUNT STATE", Short: c.text("routing.pin"), Long: c.text("routing.pin.long"), Args: exactly(2),
		Example: "  paymux routing pin cards-main abnormal --reason \"maintenance at the institution\"\n  paymux routing pin cards-main none --reason \"it is over\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			states := append(paymux.RouteStates(), unpinned)
			if err := checkWord("state", args[1], states); err != nil {
				return err
			}
			if r.Reason == "" {
				return usagef("%s", c.text("routing.why"))
			}
			if args[1] != unpinned {
				r.State = paymux.RouteState(args[1])
			}
			r.Merchant = paymux.MerchantID(merchant)
			operator, err := c.operator()
			if err != nil {
				return err
			}
			h, err := operator.PinRoute(cmd.Context(), args[0], r)
			if err != nil {
				return err
			}
			return c.show(h, func() { c.showHealth(h) })
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", c.text("routing.reason"))
	cmd.Flags().StringVar(&merchant, "merchant", "", c.text("routing.pin.merchant"))
	return cmd
}

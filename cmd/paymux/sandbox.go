package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// payerVerb is something a payer, or a payer's bank, does to a payment.
type payerVerb func(context.Context, *client.Operator, paymux.PaymentID) (*client.SandboxCharge, error)

func (c *cli) sandboxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "sandbox", Short: c.text("sandbox.short"), Long: c.text("sandbox.long")}
	cmd.AddCommand(
		c.bankCommand(), c.cardsCommand(), c.setCommand(), c.scriptCommand(), c.outageCommand(), c.chargesCommand(), c.declineCommand(), c.disputeCommand(),
		c.payerCommand("approve", func(ctx context.Context, o *client.Operator, id paymux.PaymentID) (*client.SandboxCharge, error) {
			return o.Approve(ctx, id)
		}),
		c.payerCommand("receive", func(ctx context.Context, o *client.Operator, id paymux.PaymentID) (*client.SandboxCharge, error) {
			return o.Receive(ctx, id)
		}),
	)
	return cmd
}

func (c *cli) declineCommand() *cobra.Command {
	var code string
	cmd := c.payerCommand("decline", func(ctx context.Context, o *client.Operator, id paymux.PaymentID) (*client.SandboxCharge, error) {
		return o.Decline(ctx, id, code)
	})
	cmd.Flags().StringVar(&code, "code", "", c.text("sandbox.code"))
	return cmd
}

func (c *cli) disputeCommand() *cobra.Command {
	var reason, end string
	cmd := c.payerCommand("dispute", func(ctx context.Context, o *client.Operator, id paymux.PaymentID) (*client.SandboxCharge, error) {
		switch end {
		case "":
			return o.OpenDispute(ctx, id, reason)
		case "won", "lost":
			return o.EndDispute(ctx, id, end == "won")
		}
		return nil, usagef("--end %s: a dispute ends won or lost", end)
	})
	cmd.Flags().StringVar(&reason, "reason", "", c.text("sandbox.reason"))
	cmd.Flags().StringVar(&end, "end", "", c.text("sandbox.end"))
	return cmd
}

// payerCommand makes a command that acts on one payment, and shows the charge and
// what became of the payment.
func (c *cli) payerCommand(verb string, do payerVerb) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " PAYMENT|ORDER",
		Short: c.text("sandbox." + verb),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := c.bank()
			if err != nil {
				return err
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			before, err := find(cmd.Context(), api, args[0])
			if err != nil {
				return err
			}
			charge, err := do(cmd.Context(), operator, before.ID)
			if err != nil {
				return err
			}
			if before.Status.Ended() && verb != "dispute" {
				return c.show(charge, func() { c.showCharge(*charge) }) // repeated: there will be no news
			}
			after, err := heard(cmd.Context(), api, before)
			if err != nil {
				return err
			}
			return c.show(charge, func() { c.showAct(charge, before, after) })
		},
	}
}

// newsPatience is how long an act waits for its notification to arrive, so that the
// next command finds the payment as it is now. Fault switches can keep it away.
const newsPatience = 3 * time.Second

// heard returns the payment once it has changed, or as it is when patience is over.
func heard(ctx context.Context, api *client.Client, before *paymux.Payment) (*paymux.Payment, error) {
	enough := time.NewTimer(newsPatience)
	defer enough.Stop()
	tick := time.NewTicker(pollEvery / 4)
	defer tick.Stop()
	for {
		p, err := api.Payment(ctx, before.ID)
		if err != nil || p.Version > before.Version {
			return p, err
		}
		select {
		case <-tick.C:
		case <-enough.C:
			return p, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (c *cli) showAct(charge *client.SandboxCharge, before, after *paymux.Payment) {
	c.showCharge(*charge)
	if after.Version == before.Version {
		c.say("sandbox.unheard", after.ID, after.Status)
		return
	}
	c.say("sandbox.heard", after.ID, before.Status, after.Status)
}

func (c *cli) chargesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "charges [PAYMENT|ORDER]",
		Short: c.text("sandbox.charges"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := c.bank()
			if err != nil {
				return err
			}
			var id paymux.PaymentID
			if len(args) == 1 {
				if id, err = c.paymentID(cmd.Context(), args[0]); err != nil {
					return err
				}
			}
			book, err := operator.Charges(cmd.Context(), id)
			if err != nil {
				return err
			}
			return c.show(book, func() {
				for _, charge := range book {
					c.showCharge(charge)
				}
			})
		},
	}
}

func (c *cli) showCharge(s client.SandboxCharge) {
	money := paymux.Money{Amount: s.Amount, Currency: s.Currency}
	line := fmt.Sprintf("%s  %-7s  %s  %-10s  %s", s.CreatedAt.Local().Format("15:04:05"), s.Kind, money, s.State, s.Account)
	if s.Code != "" {
		line += "  " + s.Code
	}
	fmt.Fprintln(c.out, line+"  "+c.paint(faint, string(s.Operation)))
}

// paymentID resolves a merchant's order ID where the argument is no payment's.
func (c *cli) paymentID(ctx context.Context, what string) (paymux.PaymentID, error) {
	api, err := c.client()
	if err != nil {
		return "", err
	}
	p, err := find(ctx, api, what)
	if err != nil {
		return "", err
	}
	return p.ID, nil
}

// bank returns a client of the sandbox's controls: of the deployment's own, or of the one
// that PAYMUX_SANDBOX_URL names, with its token in PAYMUX_SANDBOX_TOKEN.
func (c *cli) bank() (*client.Operator, error) {
	base, token := c.env("PAYMUX_SANDBOX_URL"), c.env("PAYMUX_SANDBOX_TOKEN")
	if base == "" {
		return c.operator()
	}
	if token == "" {
		return nil, usagef("%s", c.text("no-bank-token"))
	}
	return client.NewOperator(client.Config{BaseURL: base, Key: paymux.Secret(token), Agent: "paymux-cli/" + version})
}

// operator returns a client with the operators' token.
func (c *cli) operator() (*client.Operator, error) {
	p, err := c.profile()
	if err != nil {
		return nil, err
	}
	if p.OpsToken == "" {
		return nil, usagef("%s", c.text("no-ops-token"))
	}
	return client.NewOperator(client.Config{BaseURL: p.BaseURL, Key: paymux.Secret(p.OpsToken), Agent: "paymux-cli/" + version})
}

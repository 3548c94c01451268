package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/client"
)

func (c *cli) cardsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cards",
		Short: c.text("sandbox.cards"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			operator, err := c.bank()
			if err != nil {
				return err
			}
			cards, err := operator.Cards(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(cards, func() { c.showCards(cards) })
		},
	}
}

func (c *cli) showCards(list *client.SandboxCards) {
	c.say("sandbox.cards-title")
	for _, card := range list.Cards {
		fmt.Fprintf(c.out, "  %s  %-10s  %s\n", card.Number, card.Brand, c.choose(card.HelpEN, card.HelpZH))
	}
	c.say("sandbox.amounts-title")
	for _, b := range list.Behaviours {
		fmt.Fprintf(c.out, "  …%s  %-24s  %s\n", b.LastDigits, b.Behaviour, c.choose(b.HelpEN, b.HelpZH))
	}
}

// choose is for texts that come in both languages from elsewhere.
func (c *cli) choose(en, zh string) string {
	if c.lang == chinese {
		return zh
	}
	return en
}

type faultFlags struct {
	down, unknown, late bool
	latency, pause      time.Duration
	errors, timeouts    float64
	callbacks, do       string
}

func (c *cli) setCommand() *cobra.Command {
	var f faultFlags
	cmd := &cobra.Command{
		Use:   "set [ACCOUNT]",
		Short: c.text("sandbox.set"),
		Example: `  paymux sandbox set                                   show all switches
  paymux sandbox set sandbox_wallet --down
  paymux sandbox set sandbox_card --latency 2s --error-rate 0.3
  paymux sandbox set sandbox_card --do garbage_answer --for 30s
  paymux sandbox set sandbox_wallet                    everything works again`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := c.bank()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return c.showSwitches(cmd.Context(), operator)
			}
			set, err := operator.SetFaults(cmd.Context(), args[0], f.faults())
			if err != nil {
				return err
			}
			return c.show(set, func() { c.showFaults(args[0], *set) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.down, "down", false, c.text("sandbox.down"))
	flags.DurationVar(&f.latency, "latency", 0, c.text("sandbox.latency"))
	flags.Float64Var(&f.errors, "error-rate", 0, c.text("sandbox.error-rate"))
	flags.Float64Var(&f.timeouts, "timeout-rate", 0, c.text("sandbox.timeout-rate"))
	flags.BoolVar(&f.unknown, "unknown-code", false, c.text("sandbox.unknown-code"))
	flags.BoolVar(&f.late, "late-success", false, c.text("sandbox.late-success"))
	flags.StringVar(&f.callbacks, "callbacks", "", c.text("sandbox.callbacks"))
	flags.StringVar(&f.do, "do", "", c.text("sandbox.do"))
	flags.DurationVar(&f.pause, "for", 0, c.text("sandbox.for"))
	return cmd
}

func (f *faultFlags) faults() client.SandboxFaults {
	return client.SandboxFaults{
		Down: f.down, LatencyMS: int(f.latency.Milliseconds()), ErrorRate: f.errors, TimeoutRate: f.timeouts,
		UnknownCode: f.unknown, LateSuccess: f.late, Callbacks: f.callbacks,
		Do: f.do, ForMS: int(f.pause.Milliseconds()),
	}
}

func (c *cli) showSwitches(ctx context.Context, o *client.Operator) error {
	accounts, err := o.SandboxAccounts(ctx)
	if err != nil {
		return err
	}
	return c.show(accounts, func() {
		for _, a := range accounts {
			c.showFaults(a.Account, a.Faults)
		}
	})
}

func (c *cli) showFaults(account string, f client.SandboxFaults) {
	state := c.text("sandbox.works")
	if f != (client.SandboxFaults{}) {
		state = fmt.Sprintf("down=%t latency=%dms error-rate=%g timeout-rate=%g unknown-code=%t late-success=%t callbacks=%s do=%s for=%dms",
			f.Down, f.LatencyMS, f.ErrorRate, f.TimeoutRate, f.UnknownCode, f.LateSuccess, f.Callbacks, f.Do, f.ForMS)
	}
	fmt.Fprintf(c.out, "%-18s %s\n", account, state)
}

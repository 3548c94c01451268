package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/routing"
)

// simulateFlags are the payment that nobody makes.
type simulateFlags struct {
	p                client.SimulatedPayment
	method, merchant string
	at               string
	metadata         map[string]string
}

func (c *cli) routingSimulateCommand() *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use: "simulate AMOUNT CURRENCY [FILE|DRAFT|VERSION]", Short: c.text("routing.simulate"), Long: c.text("routing.simulate.long"), Args: cobra.RangeArgs(2, 3),
		Example: "  paymux routing simulate 12.50 EUR spring --method card --client DE\n  paymux routing simulate 12.50 EUR routing.yaml --method card --accounts cards-main,cards-second",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.simulated(&f, args[0], args[1]); err != nil {
				return err
			}
			name := active
			if len(args) > 2 {
				name = args[2]
			}
			got, err := c.simulate(cmd.Context(), name, &f.p)
			if err != nil {
				return err
			}
			if err := c.show(got, func() { fmt.Fprint(c.out, got.Text[c.language()]) }); err != nil {
				return err
			}
			if len(got.Order) == 0 {
				return &outcomeError{quiet: true}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.method, "method", string(paymux.Card), c.text("routing.method"))
	flags.StringVar(&f.merchant, "merchant", "", c.text("routing.merchant"))
	flags.BoolVar(&f.p.Manual, "manual", false, c.text("routing.manual"))
	flags.BoolVar(&f.p.CardNumber, "card-number", false, c.text("routing.card-number"))
	flags.BoolVar(&f.p.CardToken, "card-token", false, c.text("routing.card-token"))
	flags.StringVar(&f.p.BIN, "bin", "", c.text("routing.bin"))
	flags.StringVar(&f.p.Network, "network", "", c.text("routing.network"))
	flags.StringVar(&f.p.Account, "account", "", c.text("routing.account"))
	flags.StringSliceVar(&f.p.Accounts, "accounts", nil, c.text("routing.accounts"))
	flags.StringSliceVar(&f.p.Tried, "tried", nil, c.text("routing.tried"))
	flags.StringVar(&f.p.Client, "client", "", c.text("routing.client"))
	flags.StringVar(&f.p.Object, "object", "", c.text("routing.object"))
	flags.StringVar(&f.p.Payer, "payer", "", c.text("routing.payer"))
	flags.StringVar(&f.at, "at", "", c.text("routing.at"))
	flags.StringToStringVar(&f.metadata, "metadata", nil, c.text("routing.metadata"))
	complete(cmd, "method", paymux.MethodTypes())
	return cmd
}

// simulated reads what was written of the payment.
func (c *cli) simulated(f *simulateFlags, amount, currency string) error {
	m, err := paymux.ParseMoney(amount, paymux.Currency(strings.ToUpper(currency)))
	if err != nil {
		return &usageError{err}
	}
	if err := checkWord("method", f.method, paymux.MethodTypes()); err != nil {
		return err
	}
	p := &f.p
	p.Amount, p.Currency, p.Method, p.Merchant, p.Metadata = m.Amount, m.Currency, paymux.MethodType(f.method), paymux.MerchantID(f.merchant), f.metadata
	if f.at != "" {
		p.At, err = c.when("at", f.at)
	}
	return err
}

// simulate routes the payment: by a file here, over accounts that take everything, and by anything else at a node.
func (c *cli) simulate(ctx context.Context, name string, p *client.SimulatedPayment) (*paymux.SimulationResult, error) {
	d, err := c.named(name)
	if err != nil {
		return nil, err
	}
	if d.file {
		return c.simulateHere(&d, p)
	}
	operator, err := c.operator()
	if err != nil {
		return nil, err
	}
	return operator.SimulateRouting(ctx, client.SimulateRequest{Draft: d.draft, Version: d.version, Payment: *p})
}

func (c *cli) simulateHere(d *document, p *client.SimulatedPayment) (*paymux.SimulationResult, error) {
	set, err := d.parse()
	if err != nil {
		return nil, err
	}
	program, err := routing.Compile(set)
	if err != nil {
		return nil, usagef("%s: %w", d.name, err)
	}
	r := routing.Request{
		ID: "simulation", At: p.At, Merchant: p.Merchant, Money: paymux.Money{Amount: p.Amount, Currency: p.Currency}, Method: p.Method, Manual: p.Manual,
		CardToken: p.CardToken, CardNumber: p.CardNumber, Designated: p.Account, Allowed: p.Accounts, Client: p.Client, Object: p.Object,
		Network: p.Network, BIN: p.BIN, Metadata: p.Metadata, Payer: p.Payer, Tried: p.Tried, Draw: routing.DrawOf("simulation", 0),
	}
	if r.At.IsZero() {
		r.At = c.now()
	}
	decision, why := program.Bind(supposed(set, p), nil).Explain(&r)
	return &paymux.SimulationResult{
		Order: append([]string{}, decision.Order...), Routing: why,
		Text: map[string]string{"en": routing.Text(&why, "en"), "zh-CN": routing.Text(&why, "zh-CN")},
	}, nil
}

// supposed are accounts that can do everything: those a set names, in the order it does, and those that were given.
func supposed(set *routing.RuleSet, p *client.SimulatedPayment) (accounts []routing.Account) {
	var names []string
	for i := range set.Accounts {
		names = append(names, set.Accounts[i].Name)
	}
	for i := range set.Designated {
		names = append(names, set.Designated[i].Account)
	}
	for i := range set.Static {
		names = append(names, set.Static[i].Use...)
	}
	for i := range set.Dynamic {
		names = append(names, set.Dynamic[i].Among...)
	}
	names = append(append(names, set.Fallback.Use...), p.Accounts...)
	for i, name := range names {
		if !slices.Contains(names[:i], name) {
			accounts = append(accounts, routing.Account{
				Name: name, Channel: "supposed", Features: routing.FeaturesOf(routing.AllFeatures()...),
				Takes: func(paymux.MethodType, paymux.Currency) bool { return true },
			})
		}
	}
	return accounts
}

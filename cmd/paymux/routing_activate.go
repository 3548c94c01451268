package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

func (c *cli) routingActivateCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "activate DRAFT", Short: c.text("routing.activate"), Long: c.text("routing.activate.long"), Args: exactly(1),
		Example: "  paymux routing activate spring --reason \"the new acquirer opens\"",
		RunE:    func(cmd *cobra.Command, args []string) error { return c.activate(cmd.Context(), args[0], reason) },
	}
	cmd.Flags().StringVar(&reason, "reason", "", c.text("routing.reason"))
	return cmd
}

// activate shows what is wrong or doubtful, and what changes, before it brings a draft into force. Errors keep it out.
func (c *cli) activate(ctx context.Context, draft, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return usagef("%s", c.text("routing.why"))
	}
	operator, err := c.operator()
	if err != nil {
		return err
	}
	d, err := operator.RuleSetDraft(ctx, draft)
	if err != nil {
		return err
	}
	r, err := operator.LintRuleSet(ctx, d.Document)
	if err != nil {
		return err
	}
	if c.format == "text" {
		c.showFindings(r.Findings)
	}
	if !r.Fine {
		return &outcomeError{text: c.textf("routing.unusable", draft)}
	}
	if c.format == "text" {
		if err := c.showDiff(ctx, d.Document); err != nil {
			return err
		}
	}
	done, err := operator.ActivateDraft(ctx, draft, reason)
	if err != nil {
		return err
	}
	return c.activated(done)
}

// showDiff prints what a document says otherwise than what is in force.
func (c *cli) showDiff(ctx context.Context, text string) error {
	now, err := c.read(ctx, active)
	if err != nil {
		return err
	}
	next := document{name: "draft", text: text}
	from, err := now.parse()
	if err != nil {
		return err
	}
	to, err := next.parse()
	if err != nil {
		return err
	}
	changes, err := routing.Diff(from, to)
	if err == nil {
		c.showChanges(changes)
	}
	return err
}

// activated tells which version is in force, and which nodes do not route by it yet: that is no success.
func (c *cli) activated(a *paymux.RuleSetActivated) error {
	var behind []paymux.RuleSetNode
	for _, n := range a.Nodes {
		if n.State != paymux.RuleSetLoaded || n.Version != a.Active.Version {
			behind = append(behind, n)
		}
	}
	err := c.show(a, func() {
		if !a.Changed {
			c.say("routing.unchanged", a.Active.Version)
			return
		}
		c.say("routing.done", a.Active.Version, len(a.Nodes)-len(behind), len(a.Nodes))
	})
	if err != nil || a.Everywhere {
		return err
	}
	if c.format == "text" {
		c.showRuleNodes(behind)
	}
	return &outcomeError{text: c.textf("routing.behind", len(behind))}
}

func (c *cli) routingRollbackCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "rollback VERSION", Short: c.text("routing.rollback"), Args: exactly(1),
		Example: "  paymux routing rollback 6 --reason \"declines have risen\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || version < 1 {
				return usagef("%s", c.textf("routing.version.bad", args[0]))
			}
			if strings.TrimSpace(reason) == "" {
				return usagef("%s", c.text("routing.why"))
			}
			operator, err := c.operator()
			if err != nil {
				return err
			}
			done, err := operator.RollBackRuleSet(cmd.Context(), version, reason)
			if err != nil {
				return err
			}
			return c.activated(done)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", c.text("routing.reason"))
	return cmd
}

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

func (c *cli) routingLintCommand() *cobra.Command {
	var online bool
	cmd := &cobra.Command{
		Use: "lint FILE|DRAFT|VERSION", Short: c.text("routing.lint"), Long: c.text("routing.lint.long"), Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.read(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			r, err := c.lint(cmd.Context(), &d, online || !d.file)
			if err != nil {
				return err
			}
			if err := c.show(r, func() { c.showLint(d.name, r) }); err != nil {
				return err
			}
			if !r.Fine {
				return &outcomeError{text: c.textf("routing.unusable", d.name), quiet: c.format == "json"}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&online, "online", false, c.text("routing.online"))
	return cmd
}

func (c *cli) routingSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: c.text("routing.schema"), Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(routing.Schema())
			return err
		},
	}
}

// lint looks at a document here, or has a node do so, which knows the accounts there are.
func (c *cli) lint(ctx context.Context, d *document, online bool) (*paymux.RuleSetReport, error) {
	if !online {
		return lintHere([]byte(d.text)), nil
	}
	operator, err := c.operator()
	if err != nil {
		return nil, err
	}
	return operator.LintRuleSet(ctx, d.text)
}

func lintHere(text []byte) *paymux.RuleSetReport {
	set, found := routing.LintDocument(text, nil)
	r := &paymux.RuleSetReport{Fine: set != nil, Findings: []paymux.RuleSetFinding{}}
	if set != nil {
		r.Name, r.Fingerprint = set.Name, routing.Fingerprint(set)
	}
	for _, f := range found {
		r.Fine = r.Fine && f.Severity != routing.SeverityError
		r.Findings = append(r.Findings, paymux.RuleSetFinding{
			Severity: paymux.FindingSeverity(f.Severity), Code: f.Code, Path: f.Path, Line: f.Line, Message: f.Message, Remedy: f.Remedy,
		})
	}
	return r
}

func (c *cli) showLint(name string, r *paymux.RuleSetReport) {
	c.showFindings(r.Findings)
	if r.Fine {
		c.say("routing.fine", name, len(r.Findings))
	}
}

func (c *cli) routingDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use: "diff FROM [TO]", Short: c.text("routing.diff"), Long: c.text("routing.diff.long"), Args: cobra.RangeArgs(1, 2),
		Example: "  paymux routing diff spring\n  paymux routing diff 6 7\n  paymux routing diff old.yaml new.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				args = []string{active, args[0]}
			}
			changes, err := c.diff(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return c.show(changes, func() { c.showChanges(changes) })
		},
	}
}

// diff is what a set says otherwise than another.
func (c *cli) diff(ctx context.Context, from, to string) ([]routing.Change, error) {
	var sets [2]*routing.RuleSet
	for i, name := range []string{from, to} {
		d, err := c.read(ctx, name)
		if err != nil {
			return nil, err
		}
		if sets[i], err = d.parse(); err != nil {
			return nil, err
		}
	}
	changes, err := routing.Diff(sets[0], sets[1])
	if changes == nil {
		changes = []routing.Change{}
	}
	return changes, err
}

func (c *cli) showChanges(changes []routing.Change) {
	if len(changes) == 0 {
		c.say("routing.same")
		return
	}
	fmt.Fprint(c.out, routing.Tell(changes, c.language()))
}

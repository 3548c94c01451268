package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
)

func (c *cli) routingDraftCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "draft", Short: c.text("routing.draft")}
	cmd.AddCommand(c.draftListCommand(), c.draftShowCommand(), c.draftWriteCommand(), c.draftDeleteCommand())
	return cmd
}

func (c *cli) draftListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: c.text("routing.draft.list"), Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			list, err := operator.RuleSetDrafts(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func() {
				for _, d := range list {
					fmt.Fprintf(c.out, "%-20s %s  %-16s %s\n", d.Name, d.At.Local().Format(time.DateTime), d.Who, d.Why)
				}
			})
		},
	}
}

func (c *cli) draftShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show DRAFT", Short: c.text("routing.draft.show"), Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			d, err := operator.RuleSetDraft(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(d, func() { fmt.Fprint(c.out, d.Document) })
		},
	}
}

func (c *cli) draftWriteCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "write DRAFT FILE", Short: c.text("routing.draft.write"), Args: exactly(2),
		Example: "  paymux routing draft write spring routing.yaml --reason \"the new acquirer opens\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[1])
			if err != nil {
				return &usageError{err}
			}
			operator, err := c.operator()
			if err != nil {
				return err
			}
			d, err := operator.PutRuleSetDraft(cmd.Context(), args[0], string(text), reason)
			if err != nil {
				return err
			}
			return c.show(d, func() {
				c.say("routing.draft.written", d.Name)
				c.showFindings(d.Findings)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", c.text("routing.reason"))
	return cmd
}

func (c *cli) draftDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete DRAFT", Short: c.text("routing.draft.delete"), Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			if err := operator.DeleteRuleSetDraft(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.show(map[string]any{"name": args[0], "deleted": true}, func() { c.say("routing.draft.deleted", args[0]) })
		},
	}
}

// showFindings prints what a look at a rule set has found, and how many of it are errors.
func (c *cli) showFindings(list []paymux.RuleSetFinding) (errors int) {
	for _, f := range list {
		word := c.text("routing.warning")
		if f.Severity == paymux.FindingError {
			errors++
			word = c.paint(red, c.text("error"))
		}
		at := f.Path
		if f.Line > 0 {
			at = c.textf("routing.line", f.Line, at)
		}
		fmt.Fprintf(c.out, "%s %s: %s\n", word, at, f.Message)
		if f.Remedy != "" {
			fmt.Fprintf(c.out, "    %s\n", f.Remedy)
		}
	}
	return errors
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/routing"
)

func (c *cli) routingCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "routing", Short: c.text("routing.short"), Long: c.text("routing.long")}
	cmd.AddCommand(
		c.routingShowCommand(), c.routingHistoryCommand(), c.routingDraftCommand(), c.routingLintCommand(), c.routingDiffCommand(),
		c.routingSimulateCommand(), c.routingReplayCommand(), c.routingActivateCommand(), c.routingRollbackCommand(),
		c.routingExplainCommand(), c.routingHealthCommand(), c.routingQuotasCommand(), c.routingPinCommand(), c.routingSchemaCommand(),
	)
	return cmd
}

// language is the user's, as explanations have it.
func (c *cli) language() string { return [...]string{"en", "zh-CN"}[c.lang] }

// document is a rule set somebody named: a file, a draft, a version, or what is in force.
type document struct {
	name    string
	file    bool
	draft   string
	version int64
	text    string
}

// active is what names the set in force.
const active = "active"

// named finds out what a name means. Files come first; what is no number and no file is a draft.
func (c *cli) named(name string) (document, error) {
	d := document{name: name}
	text, err := os.ReadFile(name)
	if err == nil {
		d.file, d.text = true, string(text)
		return d, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return d, &usageError{err}
	}
	if name == active {
		return d, nil
	}
	if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		if n < 1 {
			return d, usagef("%s", c.textf("routing.version.bad", name))
		}
		d.version = n
		return d, nil
	}
	d.draft = name
	return d, nil
}

// read reads the document of what was named.
func (c *cli) read(ctx context.Context, name string) (document, error) {
	d, err := c.named(name)
	if err != nil || d.file {
		return d, err
	}
	operator, err := c.operator()
	if err != nil {
		return d, err
	}
	switch {
	case d.draft != "":
		got, err := operator.RuleSetDraft(ctx, d.draft)
		if errors.Is(err, paymux.NotFound) {
			return d, usagef("%s", c.textf("routing.nothing", name))
		}
		if err != nil {
			return d, err
		}
		d.text = got.Document
	case d.version != 0:
		got, err := operator.RuleSetVersion(ctx, d.version)
		if err != nil {
			return d, err
		}
		d.text = got.Document
	default:
		got, err := operator.Routing(ctx)
		if err != nil {
			return d, err
		}
		d.text = got.Active.Document
	}
	return d, nil
}

// parse reads the rule set of a document. That of a deployment that never had one is all accounts in their configured order.
func (d *document) parse() (*routing.RuleSet, error) {
	if d.text == "" && !d.file {
		return &routing.RuleSet{Name: "default", Fallback: routing.Fallback{All: true}}, nil
	}
	set, err := routing.Parse([]byte(d.text))
	if err != nil {
		return nil, usagef("%s: %w", d.name, err)
	}
	set.Version = d.version
	return set, nil
}

func (c *cli) routingShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show [VERSION]", Short: c.text("routing.show"), Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			if len(args) > 0 {
				return c.showVersion(cmd.Context(), operator, args[0])
			}
			s, err := operator.Routing(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(s, func() { c.showRouting(s) })
		},
	}
}

func (c *cli) showVersion(ctx context.Context, operator *client.Operator, text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return usagef("%s", c.textf("routing.version.bad", text))
	}
	v, err := operator.RuleSetVersion(ctx, n)
	if err != nil {
		return err
	}
	return c.show(v, func() { c.showRules(v) })
}

// showRules prints a version as a document with its history for a head.
func (c *cli) showRules(v *paymux.RuleSetVersion) {
	if v.Version > 0 {
		fmt.Fprintf(c.out, "# %s\n", c.textf("routing.in.force", v.Version, v.At.Local().Format(time.DateTime), v.Who, v.Why))
	}
	fmt.Fprint(c.out, v.Document)
	if n := len(v.Document); n > 0 && v.Document[n-1] != '\n' {
		fmt.Fprintln(c.out)
	}
}

func (c *cli) showRouting(s *paymux.RuleSetStatus) {
	if s.Source == paymux.RulesNone {
		c.say("routing.none")
	}
	c.showRules(&s.Active)
	if !s.StaleSince.IsZero() {
		c.say("routing.stale", s.StaleSince.Local().Format(time.DateTime))
	}
	c.showRuleNodes(s.Nodes)
}

// showRuleNodes prints what each node routes by, as comments under the document.
func (c *cli) showRuleNodes(nodes []paymux.RuleSetNode) {
	for _, n := range nodes {
		with := green
		if n.State != paymux.RuleSetLoaded {
			with = red
		}
		fmt.Fprintf(c.out, "# %s\n", c.paint(with, c.textf("routing.node", n.ID, n.Region, n.Version, n.State, n.Error)))
	}
}

func (c *cli) routingHistoryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "history", Short: c.text("routing.history"), Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			list := []paymux.RuleSetVersion{}
			for v, err := range operator.RuleSetVersions(cmd.Context()) {
				if err != nil {
					return err
				}
				list = append(list, v)
			}
			return c.show(list, func() {
				for _, v := range list {
					fmt.Fprintf(c.out, "%6d  %s  %-16s %-20s %s\n", v.Version, v.At.Local().Format(time.DateTime), v.Who, v.From, v.Why)
				}
			})
		},
	}
}

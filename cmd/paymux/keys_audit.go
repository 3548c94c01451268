package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/keys"
)

func (c *cli) keysAuditCommand(f *keysFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: c.text("keys.audit"), Long: c.text("keys.audit-long")}
	cmd.AddCommand(c.auditListCommand(f), c.auditVerifyCommand(f), c.auditHeadCommand(f), c.auditPruneCommand(f))
	return cmd
}

func (c *cli) auditListCommand(f *keysFlags) *cobra.Command {
	var filter keys.Filter
	var key string
	cmd := &cobra.Command{
		Use:   "list",
		Short: c.text("keys.audit-list"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter.Key = keys.Name(key)
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				rows, err := s.Audit(cmd.Context(), filter)
				if err != nil {
					return err
				}
				return c.show(rows, func() {
					for i := range rows {
						c.sayEntry(&rows[i])
					}
				})
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&key, "key", "", c.text("keys.of-key"))
	flags.StringVar(&filter.Caller, "caller", "", c.text("keys.of-caller"))
	flags.StringVar(&filter.Verb, "verb", "", c.text("keys.of-verb"))
	flags.StringVar(&filter.Outcome, "outcome", "", c.text("keys.of-outcome"))
	flags.Int64Var(&filter.Before, "before", 0, c.text("keys.before"))
	flags.IntVar(&filter.Limit, "limit", 100, c.text("keys.limit"))
	return cmd
}

func (c *cli) sayEntry(e *keys.Entry) {
	key := string(e.Key)
	if e.Version > 0 {
		key = fmt.Sprintf("%s/%d", key, e.Version)
	}
	fmt.Fprintf(c.out, "%8d  %s  %-16s  %-8s  %-24s  %-9s  %s%s\n", e.Seq, e.At.Format(time.RFC3339), e.Caller, e.Verb, key, e.Outcome, e.Request, e.Detail)
}

func (c *cli) auditVerifyCommand(f *keysFlags) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: c.text("keys.audit-verify"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			anchors, err := c.anchors(files)
			if err != nil {
				return err
			}
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				r, err := s.VerifyAudit(cmd.Context(), anchors...)
				if err != nil {
					return err
				}
				return c.show(r, func() { c.say("keys.audit-good", r.Rows, r.First, r.Head.Seq, r.Anchors) })
			})
		},
	}
	cmd.Flags().StringSliceVar(&files, "anchor", nil, c.text("keys.anchor"))
	return cmd
}

func (c *cli) anchors(files []string) (all []keys.Head, err error) {
	for _, file := range files {
		text, err := c.readFile(file)
		if err != nil {
			return nil, err
		}
		heads, err := keys.ReadHeads(text)
		if err != nil {
			return nil, usagef("--anchor %s: %w", file, err)
		}
		all = append(all, heads...)
	}
	return all, nil
}

// auditHeadCommand prints JSON in any format: what it prints is read by verify --anchor.
func (c *cli) auditHeadCommand(f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "head",
		Short:   c.text("keys.audit-head"),
		Example: `  paymux keys audit head >> /mnt/elsewhere/paymux-heads`,
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				head, err := s.Head()
				if err != nil {
					return err
				}
				c.format = "json"
				return c.show(head, nil)
			})
		},
	}
}

func (c *cli) auditPruneCommand(f *keysFlags) *cobra.Command {
	var older time.Duration
	cmd := &cobra.Command{
		Use:   "prune",
		Short: c.text("keys.audit-prune"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if older < 24*time.Hour {
				return usagef("%s", c.text("keys.older-needed"))
			}
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				n, err := f.operator(s).Prune(cmd.Context(), c.now().Add(-older))
				if err != nil {
					return err
				}
				return c.show(map[string]int64{"deleted": n}, func() { c.say("keys.pruned", n) })
			})
		},
	}
	cmd.Flags().DurationVar(&older, "older-than", 0, c.text("keys.older"))
	return cmd
}

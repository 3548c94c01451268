package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/keys"
)

// keysMoveCommand moves a version to another state.
func (c *cli) keysMoveCommand(f *keysFlags, verb, short string, move func(*keys.Operator, context.Context, keys.Name, int) error) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " NAME VERSION",
		Short: short,
		Args:  exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := versionNumber(args[1])
			if err != nil {
				return err
			}
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				if err := move(f.operator(s), cmd.Context(), keys.Name(args[0]), number); err != nil {
					return err
				}
				return c.showKey(cmd.Context(), s, args[0])
			})
		},
	}
}

// keysCallersCommand changes who may use a key.
func (c *cli) keysCallersCommand(f *keysFlags, verb, short string, change func(*keys.Operator, context.Context, keys.Name, ...string) error) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " NAME CALLER...",
		Short: short,
		Args:  between(2, 64),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				if err := change(f.operator(s), cmd.Context(), keys.Name(args[0]), args[1:]...); err != nil {
					return err
				}
				return c.showKey(cmd.Context(), s, args[0])
			})
		},
	}
}

func (c *cli) keysListCommand(f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: c.text("keys.list"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				all, err := s.List(cmd.Context())
				if err != nil {
					return err
				}
				return c.show(all, func() {
					for _, k := range all {
						fmt.Fprintf(c.out, "%-24s  %-8s  %-12s  %-24s  %s\n", k.Name, k.Kind, k.Owner, c.activeOf(&k), strings.Join(k.Callers, ","))
					}
				})
			})
		},
	}
}

// activeOf is the active version in a few words.
func (c *cli) activeOf(k *keys.Key) string {
	v, ok := k.Active()
	if !ok {
		return c.text("keys.no-active")
	}
	if v.KeyID == "" {
		return fmt.Sprint(v.Number)
	}
	return fmt.Sprintf("%d %s", v.Number, v.KeyID)
}

func (c *cli) keysShowCommand(f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: c.text("keys.show"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error { return c.showKey(cmd.Context(), s, args[0]) })
		},
	}
}

func (c *cli) showKey(ctx context.Context, s *keys.Service, name string) error {
	k, err := s.Describe(ctx, keys.Name(name))
	if err != nil {
		return err
	}
	return c.show(k, func() {
		fmt.Fprintf(c.out, "%s  %s  %s  %s\n", k.Name, k.Kind, k.Owner, k.Note)
		c.say("keys.callers", strings.Join(k.Callers, ", "))
		for _, v := range k.Versions {
			line := fmt.Sprintf("  %d  %-9s  %s  %s", v.Number, v.State, v.CreatedAt.Format(time.DateOnly), v.KeyID)
			if !v.NotAfter.IsZero() {
				line += "  " + c.textf("keys.until", v.NotAfter.Format(time.DateOnly))
			}
			fmt.Fprintln(c.out, line)
		}
	})
}

func (c *cli) keysExportCommand(f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "export NAME [VERSION]",
		Short: c.text("keys.export"),
		Args:  between(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			number := 0 // the active one
			if len(args) == 2 {
				var err error
				if number, err = versionNumber(args[1]); err != nil {
					return err
				}
			}
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) error {
				p, err := f.operator(s).Export(cmd.Context(), keys.Name(args[0]), number)
				if err != nil {
					return err
				}
				return c.show(p, func() { fmt.Fprint(c.out, p.Key, p.Chain) })
			})
		},
	}
}

func (c *cli) keysRewrapCommand(f *keysFlags) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:     "rewrap",
		Short:   c.text("keys.rewrap"),
		Long:    c.text("keys.rewrap-long"),
		Example: `  paymux keys rewrap --to file:/etc/paymux/master-2.key`,
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usagef("%s", c.text("keys.to-needed"))
			}
			return c.withKeys(cmd.Context(), f, false, func(s *keys.Service, _ *Config) (err error) {
				next, done, err := keys.OpenMaster(to, true)
				if err != nil {
					return &usageError{err}
				}
				defer func() { err = errors.Join(err, done()) }()
				if err := f.operator(s).Rewrap(cmd.Context(), next); err != nil {
					return err
				}
				return c.show(map[string]string{"master": to}, func() { c.say("keys.rewrapped", to) })
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", c.text("keys.to"))
	return cmd
}

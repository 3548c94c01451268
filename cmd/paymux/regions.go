package main

import (
	"context"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// regionsFlags say where the registry is, and who changes it why.
type regionsFlags struct {
	config, by, reason string
	dry                bool
}

func (c *cli) regionsCommand() *cobra.Command {
	var f regionsFlags
	cmd := &cobra.Command{Use: "regions", Short: c.text("regions.short"), Long: c.text("regions.long")}
	cmd.PersistentFlags().StringVarP(&f.config, "config", "c", "", c.text("config.file"))
	cmd.AddCommand(
		c.regionsShowCommand(&f), c.regionsHistoryCommand(&f), c.regionsDraftCommand(&f), c.regionsCheckCommand(),
		c.regionsApplyCommand(&f), c.regionsMoveCommand(&f), c.regionsUnmoveCommand(&f), c.regionsWeightCommand(&f), c.regionsRollbackCommand(&f),
	)
	return cmd
}

// changing gives a command the flags of those that change the list.
func (f *regionsFlags) changing(c *cli, cmd *cobra.Command) *cobra.Command {
	flags := cmd.Flags()
	flags.StringVar(&f.by, "by", "", c.text("regions.by"))
	flags.StringVar(&f.reason, "reason", "", c.text("regions.reason"))
	flags.BoolVar(&f.dry, "dry-run", false, c.text("regions.dry"))
	return cmd
}

func (c *cli) regionsShowCommand(f *regionsFlags) *cobra.Command {
	return &cobra.Command{
		Use: "show [VERSION]", Short: c.text("regions.show"), Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegions(cmd.Context(), f, func(ctx context.Context, r *regions) error { return r.show(ctx, args...) })
		},
	}
}

func (c *cli) regionsHistoryCommand(f *regionsFlags) *cobra.Command {
	return &cobra.Command{
		Use: "history", Short: c.text("regions.history"), Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRegions(cmd.Context(), f, func(ctx context.Context, r *regions) error { return r.history(ctx) })
		},
	}
}

func (c *cli) regionsDraftCommand(f *regionsFlags) *cobra.Command {
	return &cobra.Command{
		Use: "draft", Short: c.text("regions.draft"), Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRegions(cmd.Context(), f, func(ctx context.Context, r *regions) error { return r.draft(ctx) })
		},
	}
}

func (c *cli) regionsCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: c.text("regions.check"), Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := readList(args[0])
			if err != nil {
				return err
			}
			return c.show(l, func() { c.say("regions.fine", args[0], len(l.Regions), len(l.Rules)) })
		},
	}
}

func (c *cli) regionsApplyCommand(f *regionsFlags) *cobra.Command {
	return f.changing(c, &cobra.Command{
		Use: "apply FILE", Short: c.text("regions.apply"), Args: exactly(1),
		Example: "  paymux regions apply regions.yaml --reason \"west opens\" -c operator.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := readList(args[0])
			if err != nil {
				return err
			}
			return c.changeRegions(cmd.Context(), f, func(*relay.List) (*relay.List, error) { return l, nil })
		},
	})
}

func (c *cli) regionsMoveCommand(f *regionsFlags) *cobra.Command {
	var to string
	cmd := f.changing(c, &cobra.Command{
		Use: "move MERCHANT...", Short: c.text("regions.move"), Args: cobra.MinimumNArgs(1),
		Example: "  paymux regions move mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD --to west --reason \"east is being repaired\" -c operator.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeRegions(cmd.Context(), f, func(l *relay.List) (*relay.List, error) { return l.Move(to, merchantIDs(args)...), nil })
		},
	})
	cmd.Flags().StringVar(&to, "to", "", c.text("regions.to"))
	_ = cmd.MarkFlagRequired("to") // it is there: the line before made it
	return cmd
}

func (c *cli) regionsUnmoveCommand(f *regionsFlags) *cobra.Command {
	return f.changing(c, &cobra.Command{
		Use: "unmove MERCHANT...", Short: c.text("regions.unmove"), Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeRegions(cmd.Context(), f, func(l *relay.List) (*relay.List, error) { return l.Unmove(merchantIDs(args)...), nil })
		},
	})
}

func (c *cli) regionsWeightCommand(f *regionsFlags) *cobra.Command {
	return f.changing(c, &cobra.Command{
		Use: "weight REGION WEIGHT", Short: c.text("regions.weight"), Args: exactly(2),
		Example: "  paymux regions weight east 0 --reason \"drain\" -c operator.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			weight, err := strconv.ParseFloat(args[1], 64)
			if err != nil || !(weight >= 0 && weight <= 1e6) {
				return usagef("%s", c.textf("regions.weight.bad", args[1]))
			}
			return c.changeRegions(cmd.Context(), f, func(l *relay.List) (*relay.List, error) {
				next, ok := l.Weigh(args[0], weight)
				if !ok {
					return nil, usagef("%s", c.textf("regions.unknown", args[0]))
				}
				return next, nil
			})
		},
	})
}

func (c *cli) regionsRollbackCommand(f *regionsFlags) *cobra.Command {
	return f.changing(c, &cobra.Command{
		Use: "rollback VERSION", Short: c.text("regions.rollback"), Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRegions(cmd.Context(), f, func(ctx context.Context, r *regions) error {
				old, err := r.version(ctx, args[0])
				if err != nil {
					return err
				}
				return r.change(ctx, func(*relay.List) (*relay.List, error) { return relay.ParseList(old.Value) })
			})
		},
	})
}

// readList reads a file whose faults are the user's.
func readList(file string) (*relay.List, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &usageError{err}
	}
	l, err := relay.ParseList(text)
	if err != nil {
		return nil, usagef("%s: %w", file, err)
	}
	return l, nil
}

func merchantIDs(args []string) []paymux.MerchantID {
	ids := make([]paymux.MerchantID, len(args))
	for i, a := range args {
		ids[i] = paymux.MerchantID(a)
	}
	return ids
}

// changeRegions puts the list that edit makes of the one in force in its place.
func (c *cli) changeRegions(ctx context.Context, f *regionsFlags, edit func(*relay.List) (*relay.List, error)) error {
	return c.withRegions(ctx, f, func(ctx context.Context, r *regions) error { return r.change(ctx, edit) })
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
)

func (c *cli) timelineCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "timeline PAYMENT|ORDER",
		Short: c.text("timeline.short"),
		Example: `  paymux timeline pay_01KAN7PQ4E9C3H7B1D5F8G2J6K
  paymux timeline A-1001`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.timeline(cmd.Context(), args[0]) },
	}
}

func (c *cli) timeline(ctx context.Context, what string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := find(ctx, api, what)
	if err != nil {
		return err
	}
	hops, err := api.Timeline(ctx, p.ID)
	if err != nil {
		return err
	}
	return c.show(hops, func() {
		fmt.Fprintf(c.out, "%s  %s  %s  %s\n", p.ID, p.Money(), p.MerchantOrderID, p.Status)
		for _, h := range hops {
			c.showHop(h)
		}
	})
}

func (c *cli) showHop(h paymux.Hop) {
	line := fmt.Sprintf("%s  %-8s  %s", h.At.Local().Format("15:04:05.000"), h.Kind, h.Text)
	if h.Duration > 0 {
		line += "  " + short(time.Duration(h.Duration)*time.Microsecond)
	}
	if h.Ref != "" {
		line += "  " + c.paint(faint, h.Ref)
	}
	fmt.Fprintln(c.out, line)
}

// short is a duration in the unit that suits it, with at most one decimal.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1e3)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

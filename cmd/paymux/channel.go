package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

func (c *cli) channelCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "channel", Short: c.text("channel.short"), Long: c.text("channel.long")}
	cmd.AddCommand(c.channelListCommand(), c.channelTryCommand())
	for _, action := range []paymux.RolloutAction{paymux.RolloutPromote, paymux.RolloutWithdraw} {
		cmd.AddCommand(c.channelVersionCommand(action))
	}
	for _, action := range []paymux.RolloutAction{paymux.RolloutKill, paymux.RolloutRevive} {
		cmd.AddCommand(c.channelSwitchCommand(action))
	}
	cmd.AddCommand(c.channelShadowCommand(), c.channelTestCommand())
	return cmd
}

func (c *cli) channelListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: c.text("channel.list"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			operator, err := c.operator()
			if err != nil {
				return err
			}
			list, err := operator.Channels(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func() {
				for i := range list {
					c.showChannel(&list[i])
				}
			})
		},
	}
}

func (c *cli) channelTryCommand() *cobra.Command {
	var r client.RolloutRequest
	cmd := &cobra.Command{
		Use:     "try CHANNEL VERSION",
		Short:   c.text("channel.try"),
		Example: "  paymux channel try sandbox 1.5.0 --percent 10 --stable 1.4.2",
		Args:    exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Action, r.Version = paymux.RolloutTry, args[1]
			return c.rollout(cmd.Context(), args[0], r)
		},
	}
	cmd.Flags().IntVar(&r.Percent, "percent", 10, c.text("channel.percent"))
	cmd.Flags().StringVar(&r.Stable, "stable", "", c.text("channel.stable"))
	cmd.Flags().StringVar(&r.Reason, "reason", "", c.text("channel.reason"))
	return cmd
}

// channelVersionCommand decides about one version.
func (c *cli) channelVersionCommand(action paymux.RolloutAction) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   string(action) + " CHANNEL VERSION",
		Short: c.text("channel." + string(action)),
		Args:  exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.rollout(cmd.Context(), args[0], client.RolloutRequest{Action: action, Version: args[1], Reason: reason})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", c.text("channel.reason"))
	return cmd
}

// channelSwitchCommand decides about the whole channel.
func (c *cli) channelSwitchCommand(action paymux.RolloutAction) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   string(action) + " CHANNEL",
		Short: c.text("channel." + string(action)),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.rollout(cmd.Context(), args[0], client.RolloutRequest{Action: action, Reason: reason})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", c.text("channel.reason"))
	return cmd
}

func (c *cli) channelShadowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "shadow CHANNEL [VERSION]",
		Short: c.text("channel.shadow"),
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.rollout(cmd.Context(), args[0], client.RolloutRequest{Action: paymux.RolloutShadow, Version: strings.Join(args[1:], "")})
		},
	}
}

func (c *cli) rollout(ctx context.Context, channel string, r client.RolloutRequest) error {
	operator, err := c.operator()
	if err != nil {
		return err
	}
	status, err := operator.Rollout(ctx, channel, r)
	if err != nil {
		return err
	}
	return c.show(status, func() { c.showChannel(status) })
}

// showChannel prints a channel: one line, then one a version, then what was withdrawn and why.
func (c *cli) showChannel(s *paymux.ChannelStatus) {
	fmt.Fprintf(c.out, "%s  %s", s.Channel, strings.Join(s.Accounts, ", "))
	if s.Down != "" {
		fmt.Fprintf(c.out, "  %s", c.paint(red, s.Down))
	}
	fmt.Fprintln(c.out)
	for _, v := range s.Versions {
		part := v.Part
		if part == "canary" {
			part = fmt.Sprintf("canary %d %%", s.Rollout.Percent)
		}
		fmt.Fprintln(c.out, "  "+c.textf("channel.version", v.Version, cmp.Or(part, "-"), len(v.Instances), v.Tally.Calls, v.Tally.Failed, v.Tally.Declined, v.Tally.Payments))
		for _, i := range v.Instances {
			for code, times := range i.UnknownCodes {
				fmt.Fprintln(c.out, "    "+c.textf("channel.unknown-code", i.ID, code, times))
			}
		}
	}
	for _, w := range s.Rollout.Withdrawn {
		fmt.Fprintln(c.out, "  "+c.textf("channel.withdrawn", w.Version, w.When.Format("2006-01-02 15:04:05"), w.Who, w.Reason))
	}
	if t := s.Shadow; t != nil {
		fmt.Fprintln(c.out, "  "+c.textf("channel.shadowed", t.Version, t.Asked, t.Differs, t.Example))
	}
}

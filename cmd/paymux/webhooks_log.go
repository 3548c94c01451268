package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

var notificationStatuses = []paymux.NotificationStatus{
	paymux.NotificationPending, paymux.NotificationDelivered, paymux.NotificationDead, paymux.NotificationDropped,
}

func (c *cli) notificationsCommand() *cobra.Command {
	var status, event string
	var limit int
	cmd := &cobra.Command{
		Use:     "notifications ENDPOINT",
		Short:   c.text("webhooks.notifications"),
		Example: "  paymux webhooks notifications we_01KAN7PQ4E9C3H7B1D5F8G2J6K --status dead",
		Args:    exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := optionalWord("status", status, notificationStatuses); err != nil {
				return err
			}
			q := client.NotificationQuery{Event: paymux.EventID(event), Status: paymux.NotificationStatus(status)}
			return c.notifications(cmd.Context(), paymux.EndpointID(args[0]), q, limit)
		},
	}
	cmd.Flags().StringVar(&status, "status", "", c.text("notifications.status"))
	cmd.Flags().StringVar(&event, "event", "", c.text("notifications.event"))
	cmd.Flags().IntVar(&limit, "limit", 20, c.text("list.limit"))
	complete(cmd, "status", notificationStatuses)
	return cmd
}

func (c *cli) notifications(ctx context.Context, id paymux.EndpointID, q client.NotificationQuery, limit int) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	q.PageSize = pageSize(limit)
	list, err := first(api.Notifications(ctx, id, q), limit)
	if err != nil {
		return err
	}
	return c.show(list, func() {
		for _, n := range list {
			line := fmt.Sprintf("%s  %s  %-9s  %2d×  %-26s  %s", n.CreatedAt.Local().Format("2006-01-02 15:04:05"), n.Event, n.Status, n.Attempts, n.Type, n.ObjectID)
			if !n.NextAt.IsZero() {
				line += "  → " + n.NextAt.Local().Format("15:04:05")
			}
			if n.LastError != "" {
				line += "  " + n.LastError
			}
			fmt.Fprintln(c.out, line)
		}
	})
}

func (c *cli) attemptsCommand() *cobra.Command {
	var endpoint string
	var full bool
	cmd := &cobra.Command{
		Use:   "attempts EVENT",
		Short: c.text("webhooks.attempts"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			list, err := api.Attempts(cmd.Context(), paymux.EventID(args[0]), paymux.EndpointID(endpoint))
			if err != nil {
				return err
			}
			return c.show(list, func() {
				for i := range list {
					c.showAttempt(&list[i], full)
				}
			})
		},
	}
	cmd.Flags().StringVar(&endpoint, "endpoint", "", c.text("webhooks.endpoint"))
	cmd.Flags().BoolVar(&full, "full", false, c.text("webhooks.full"))
	return cmd
}

func (c *cli) showAttempt(a *paymux.Attempt, full bool) {
	result := string(a.Result)
	if a.Result != paymux.AttemptDelivered {
		result = c.paint(red, result)
	}
	parts := []string{a.At.Local().Format("2006-01-02 15:04:05.000"), string(a.Endpoint), fmt.Sprintf("#%d", a.Number), result}
	if a.Status > 0 {
		parts = append(parts, fmt.Sprintf("[%d]", a.Status))
	}
	parts = append(parts, short(time.Duration(a.Duration)*time.Microsecond), a.URL)
	if a.Error != "" {
		parts = append(parts, a.Error)
	}
	if !a.NextAt.IsZero() {
		parts = append(parts, "→ "+a.NextAt.Local().Format("15:04:05"))
	}
	fmt.Fprintln(c.out, strings.Join(parts, "  "))
	if !full {
		return
	}
	c.showHeader(">", a.RequestHeader)
	c.showHeader("<", a.ResponseHeader)
	for line := range strings.Lines(a.ResponseBody) {
		fmt.Fprintf(c.out, "  | %s\n", strings.TrimRight(line, "\r\n"))
	}
	if a.ResponseCut {
		fmt.Fprintln(c.out, "  | …")
	}
}

func (c *cli) showHeader(mark string, header map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(c.out, "  %s %s: %s\n", mark, name, header[name])
	}
}

func (c *cli) resendCommand() *cobra.Command {
	var endpoint string
	cmd := &cobra.Command{
		Use:   "resend EVENT",
		Short: c.text("webhooks.resend"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			to, err := api.Resend(cmd.Context(), paymux.EventID(args[0]), paymux.EndpointID(endpoint))
			if err != nil {
				return err
			}
			return c.show(map[string]any{"event": args[0], "endpoints": to}, func() {
				if len(to) == 0 {
					c.say("webhooks.resent-nowhere", args[0])
				}
				for _, id := range to {
					c.say("webhooks.resent", args[0], id)
				}
			})
		},
	}
	cmd.Flags().StringVar(&endpoint, "endpoint", "", c.text("webhooks.endpoint"))
	return cmd
}

func (c *cli) testEndpointCommand() *cobra.Command {
	var noWait bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "test ENDPOINT",
		Short: c.text("webhooks.test"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			event, err := api.TestEndpoint(cmd.Context(), paymux.EndpointID(args[0]))
			if err != nil {
				return err
			}
			if noWait {
				return c.show(event, func() { fmt.Fprintf(c.out, "%s  %s\n", event.Type, event.ID) })
			}
			return c.awaitAttempt(cmd.Context(), api, event.ID, paymux.EndpointID(args[0]), timeout)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, c.text("pay.no-wait"))
	cmd.Flags().DurationVar(&timeout, "timeout", 40*time.Second, c.text("pay.timeout"))
	return cmd
}

// awaitAttempt shows the first attempt to deliver an event. A failed one is a bad outcome.
func (c *cli) awaitAttempt(ctx context.Context, api *client.Client, event paymux.EventID, to paymux.EndpointID, limit time.Duration) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &outcomeError{text: c.textf("webhooks.untried", event, limit)})
		defer cancel()
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		list, err := api.Attempts(ctx, event, to)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if len(list) > 0 {
			a := &list[0]
			err := c.show(a, func() { c.showAttempt(a, false) })
			if err == nil && a.Result != paymux.AttemptDelivered {
				err = &outcomeError{text: string(a.Result), quiet: true}
			}
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

func (c *cli) eventsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "events", Short: c.text("events.short")}
	cmd.AddCommand(c.listEventsCommand(), c.showEventCommand(), c.pullCommand(), c.tailCommand())
	return cmd
}

// first takes at most n items of a list.
func first[T any](list iter.Seq2[T, error], n int) ([]T, error) {
	taken := []T{}
	if n <= 0 {
		return taken, nil
	}
	for one, err := range list {
		if err != nil {
			return nil, err
		}
		if taken = append(taken, one); len(taken) == n {
			break
		}
	}
	return taken, nil
}

func pageSize(limit int) int { return max(1, min(limit, 100)) }

func (c *cli) listEventsCommand() *cobra.Command {
	var kind, object string
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   c.text("events.list"),
		Example: "  paymux events list --object pay_01KAN7PQ4E9C3H7B1D5F8G2J6K",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := optionalWord("event type", kind, paymux.EventTypes()); err != nil {
				return err
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			q := client.EventQuery{Type: paymux.EventType(kind), ObjectID: object, PageSize: pageSize(limit)}
			list, err := first(api.Events(cmd.Context(), q), limit)
			if err != nil {
				return err
			}
			return c.show(list, func() { c.showEvents(list) })
		},
	}
	cmd.Flags().StringVar(&kind, "type", "", c.text("events.type"))
	cmd.Flags().StringVar(&object, "object", "", c.text("events.object"))
	cmd.Flags().IntVar(&limit, "limit", 20, c.text("list.limit"))
	complete(cmd, "type", paymux.EventTypes())
	return cmd
}

func (c *cli) showEvents(list []paymux.Event) {
	for i := range list {
		e := &list[i]
		fmt.Fprintf(c.out, "%s  %-26s  %s  %s\n", e.Timestamp.Local().Format("2006-01-02 15:04:05"), e.Type, e.ID, summary(e.Data.Object))
	}
}

func (c *cli) showEventCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show EVENT",
		Short: c.text("events.show"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			e, err := api.Event(cmd.Context(), paymux.EventID(args[0]))
			if err != nil {
				return err
			}
			return c.show(e, func() {
				var laid bytes.Buffer
				body, err := json.Marshal(e)
				if err == nil {
					err = json.Indent(&laid, body, "", "  ")
				}
				if err == nil {
					fmt.Fprintln(c.out, laid.String())
				}
			})
		},
	}
}

func (c *cli) pullCommand() *cobra.Command {
	var after, kind string
	var limit int
	cmd := &cobra.Command{
		Use:   "pull",
		Short: c.text("events.pull"),
		Example: `  paymux events pull
  paymux events pull --after evt_01KAN7PQ4E9C3H7B1D5F8G2J6K --limit 100 -o json`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := optionalWord("event type", kind, paymux.EventTypes()); err != nil {
				return err
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			p := api.Pull(paymux.EventID(after))
			p.Type, p.Limit = paymux.EventType(kind), pageSize(limit)
			return c.pull(cmd.Context(), p)
		},
	}
	cmd.Flags().StringVar(&after, "after", "", c.text("events.after"))
	cmd.Flags().StringVar(&kind, "type", "", c.text("events.type"))
	cmd.Flags().IntVar(&limit, "limit", 20, c.text("list.limit"))
	complete(cmd, "type", paymux.EventTypes())
	return cmd
}

func (c *cli) pull(ctx context.Context, p *client.Puller) error {
	events, more, err := p.Next(ctx)
	if err != nil {
		return err
	}
	bodies := make([]json.RawMessage, len(events))
	for i := range events {
		bodies[i] = events[i].Body
	}
	out := map[string]any{"events": bodies, "has_more": more, "next_cursor": p.After}
	return c.show(out, func() {
		c.showEvents(events)
		if len(events) == 0 {
			c.say("events.nothing-new")
		}
		if p.After != "" {
			c.say("events.next", p.After)
		}
	})
}

type tailFlags struct {
	after, kind string
	kept        bool
	count       int
	timeout     time.Duration
}

func (c *cli) tailCommand() *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: c.text("events.tail"),
		Example: `  paymux events tail
  paymux events tail --type payment.succeeded -o json
  paymux events tail --after evt_01KAN7PQ4E9C3H7B1D5F8G2J6K`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.tail(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.after, "after", "", c.text("events.tail-after"))
	flags.BoolVar(&f.kept, "kept", false, c.text("events.kept"))
	flags.StringVar(&f.kind, "type", "", c.text("events.type"))
	flags.IntVar(&f.count, "count", 0, c.text("listen.count"))
	flags.DurationVar(&f.timeout, "timeout", 0, c.text("listen.timeout"))
	complete(cmd, "type", paymux.EventTypes())
	return cmd
}

// tail prints events until ctx ends, --count is reached or --timeout is over.
func (c *cli) tail(ctx context.Context, f tailFlags) error {
	if err := optionalWord("event type", f.kind, paymux.EventTypes()); err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	// The stream waits for a server that is away; that there is one is made sure of first.
	if _, err := api.Merchant(ctx); err != nil {
		return err
	}
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	seen := 0
	q := client.StreamQuery{After: paymux.EventID(f.after), Kept: f.kept, Type: paymux.EventType(f.kind), Waiting: func(err error) {
		fmt.Fprintln(c.err, c.textf("events.again", err))
	}}
	for e, err := range api.Stream(ctx, q) {
		if err != nil {
			return err
		}
		c.tell(&e)
		if seen++; seen == f.count {
			return nil
		}
	}
	if f.count > 0 && context.Cause(ctx) == context.DeadlineExceeded {
		return &outcomeError{text: c.textf("listen.too-few", f.timeout)}
	}
	return nil
}

// tell prints one event: a line, or its body as it came.
func (c *cli) tell(e *paymux.Event) {
	if c.format == "json" {
		fmt.Fprintf(c.out, "%s\n", e.Body)
		return
	}
	fmt.Fprintf(c.out, "%s  %-26s  %s  %s\n", e.Timestamp.Local().Format("15:04:05"), e.Type, e.ID, summary(e.Data.Object))
}

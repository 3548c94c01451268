package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

type replayFlags struct {
	from, to, only     string
	types              []string
	count, yes, cancel bool
}

var onlys = []paymux.ReplayOnly{paymux.ReplayUndelivered, paymux.ReplayAll}

func (c *cli) replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay ENDPOINT|REPLAY",
		Short: c.text("webhooks.replay"),
		Long:  c.text("webhooks.replay-long"),
		Example: `  paymux webhooks replay we_01KAN7PQ4E9C3H7B1D5F8G2J6K --from 2h --count
  paymux webhooks replay we_01KAN7PQ4E9C3H7B1D5F8G2J6K --from 2026-11-20 --to 2026-11-21T12:00:00Z --only all --yes
  paymux webhooks replay rpl_01KAN7PQ4E9C3H7B1D5F8G2J6K --cancel`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.HasPrefix(args[0], paymux.PrefixReplay) {
				return c.replay(cmd.Context(), paymux.ReplayID(args[0]), f.cancel)
			}
			request, err := c.replayRequest(&f)
			if err != nil {
				return err
			}
			return c.startReplay(cmd.Context(), paymux.EndpointID(args[0]), request, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", c.text("webhooks.from"))
	flags.StringVar(&f.to, "to", "", c.text("webhooks.to"))
	flags.StringVar(&f.only, "only", string(paymux.ReplayUndelivered), c.text("webhooks.only"))
	flags.StringSliceVar(&f.types, "events", nil, c.text("webhooks.replay-events"))
	flags.BoolVar(&f.count, "count", false, c.text("webhooks.count"))
	flags.BoolVarP(&f.yes, "yes", "y", false, c.text("webhooks.yes"))
	flags.BoolVar(&f.cancel, "cancel", false, c.text("webhooks.cancel"))
	complete(cmd, "only", onlys)
	complete(cmd, "events", paymux.EventTypes())
	return cmd
}

func (c *cli) replayRequest(f *replayFlags) (r client.ReplayRequest, err error) {
	if f.from == "" {
		return r, usagef("%s", c.text("webhooks.needs-from"))
	}
	if err := checkEvents(f.types); err != nil {
		return r, err
	}
	if err := checkWord("--only", f.only, onlys); err != nil {
		return r, err
	}
	r.Types, r.Only = eventTypes(f.types), paymux.ReplayOnly(f.only)
	if r.From, err = c.when("from", f.from); err == nil && f.to != "" {
		r.To, err = c.when("to", f.to)
	}
	return r, err
}

// when reads a time: RFC 3339, a date, or how long ago.
func (c *cli) when(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return c.now().Add(-ago), nil
	}
	return time.Time{}, usagef("--%s: %q is not of the form 2026-11-20T06:00:00Z, 2026-11-20 or 2h", flag, text)
}

// startReplay says how many events there are, and sends them once that was agreed to.
func (c *cli) startReplay(ctx context.Context, id paymux.EndpointID, r client.ReplayRequest, f *replayFlags) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if f.count || !f.yes {
		total, err := api.CountReplay(ctx, id, r)
		if err != nil {
			return err
		}
		if f.count {
			return c.show(map[string]int{"total": total}, func() { c.say("webhooks.counted", total) })
		}
		if !isTerminal(c.in) {
			return usagef("%s", c.text("webhooks.needs-yes"))
		}
		if !c.agreed(c.textf("webhooks.confirm", total, id)) {
			return &outcomeError{text: c.text("webhooks.not-sent")}
		}
	}
	made, err := api.StartReplay(ctx, id, r)
	if err != nil {
		return err
	}
	return c.showReplay(made)
}

// agreed asks on standard error, so that what is shown stays apart. Anything but yes is no.
func (c *cli) agreed(question string) bool {
	fmt.Fprint(c.err, question)
	answer, _ := bufio.NewReader(c.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "是":
		return true
	}
	return false
}

func (c *cli) replay(ctx context.Context, id paymux.ReplayID, cancel bool) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	read := api.Replay
	if cancel {
		read = api.CancelReplay
	}
	r, err := read(ctx, id)
	if err != nil {
		return err
	}
	return c.showReplay(r)
}

func (c *cli) showReplay(r *paymux.Replay) error {
	return c.show(r, func() {
		line := fmt.Sprintf("%s  %s  %d/%d  %s  %s – %s", r.ID, r.Status, r.Queued, r.Total, r.Endpoint, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
		if r.Reason != "" {
			line += "  " + r.Reason
		}
		fmt.Fprintln(c.out, line)
	})
}

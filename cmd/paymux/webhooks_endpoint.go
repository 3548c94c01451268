package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// endpointFlags are what can be said of an endpoint.
type endpointFlags struct {
	url, description, signature, status string
	order, exhausted, disable           string
	perPayment                          bool
	events, reset                       []string
	retry                               []time.Duration
	timeout, probe, alert               time.Duration
	jitter, window, rate                int
}

var (
	signatures = []paymux.SignatureScheme{paymux.SignHMAC, paymux.SignEd25519}
	statuses   = []paymux.EndpointStatus{paymux.EndpointEnabled, paymux.EndpointDisabled, paymux.EndpointPull}
	orders     = []paymux.DeliveryOrder{paymux.OrderObject, paymux.OrderLatest}
	exhaustion = []paymux.ExhaustedAction{paymux.DeadLetter, paymux.SlowProbe, paymux.PullInstead, paymux.DisableEndpoint}
)

func (c *cli) endpointFlags(cmd *cobra.Command, f *endpointFlags) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "", c.text("webhooks.url"))
	flags.StringVar(&f.description, "description", "", c.text("webhooks.description"))
	flags.StringSliceVar(&f.events, "events", nil, c.text("webhooks.events"))
	flags.DurationSliceVar(&f.retry, "retry", nil, c.text("webhooks.retry"))
	flags.IntVar(&f.jitter, "jitter", 0, c.text("webhooks.jitter"))
	flags.DurationVar(&f.timeout, "timeout", 0, c.text("webhooks.timeout"))
	flags.IntVar(&f.window, "window", 0, c.text("webhooks.window"))
	flags.IntVar(&f.rate, "rate", 0, c.text("webhooks.rate"))
	flags.StringVar(&f.order, "order", "", c.text("webhooks.order"))
	flags.StringVar(&f.exhausted, "exhausted", "", c.text("webhooks.exhausted"))
	flags.DurationVar(&f.probe, "probe-every", 0, c.text("webhooks.probe-every"))
	flags.DurationVar(&f.alert, "alert-after", 0, c.text("webhooks.alert-after"))
	flags.StringVar(&f.disable, "disable-after", "", c.text("webhooks.disable-after"))
	complete(cmd, "events", paymux.EventTypes())
	complete(cmd, "order", orders)
	complete(cmd, "exhausted", exhaustion)
}

// request checks the words here, so that a typo is told with its remedy; the numbers are the server's to check.
func (f *endpointFlags) request() (client.EndpointRequest, error) {
	r := client.EndpointRequest{
		URL: f.url, Description: f.description, Events: eventTypes(f.events), PerPayment: f.perPayment,
		Signature: paymux.SignatureScheme(f.signature), Status: paymux.EndpointStatus(f.status), Reset: f.reset,
	}
	for _, err := range []error{
		checkEvents(f.events), optionalWord("signature", f.signature, signatures), optionalWord("status", f.status, statuses),
		optionalWord("order", f.order, orders), optionalWord("exhausted action", f.exhausted, exhaustion),
	} {
		if err != nil {
			return r, err
		}
	}
	d, err := f.delivery()
	if err == nil && !reflect.ValueOf(d).IsZero() {
		r.Delivery = &d
	}
	return r, err
}

func optionalWord[T ~string](what, word string, vocabulary []T) error {
	if word == "" {
		return nil
	}
	return checkWord(what, word, vocabulary)
}

func (f *endpointFlags) delivery() (paymux.Delivery, error) {
	d := paymux.Delivery{
		JitterPercent: f.jitter, TimeoutMS: int(f.timeout.Milliseconds()), Window: f.window, RatePerSecond: f.rate,
		Order: paymux.DeliveryOrder(f.order), OnFailure: paymux.FailureStrategy{Exhausted: paymux.ExhaustedAction(f.exhausted)},
	}
	for _, wait := range f.retry {
		n, err := wholeSeconds("retry", wait)
		if err != nil {
			return d, err
		}
		d.RetrySeconds = append(d.RetrySeconds, n)
	}
	var err error
	if d.OnFailure.ProbeSeconds, err = wholeSeconds("probe-every", f.probe); err != nil {
		return d, err
	}
	if d.OnFailure.AlertAfterSeconds, err = wholeSeconds("alert-after", f.alert); err != nil {
		return d, err
	}
	if f.disable == "never" {
		d.OnFailure.DisableAfterSeconds = -1
	} else if f.disable != "" {
		after, err := time.ParseDuration(f.disable)
		if err != nil {
			return d, usagef("--disable-after: %q is neither never nor a time such as 120h", f.disable)
		}
		d.OnFailure.DisableAfterSeconds, err = wholeSeconds("disable-after", after)
		return d, err
	}
	return d, nil
}

func wholeSeconds(flag string, d time.Duration) (int, error) {
	if d%time.Second != 0 {
		return 0, usagef("--%s: %s is not a whole number of seconds", flag, d)
	}
	return int(d / time.Second), nil
}

func (c *cli) endpointsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: c.text("webhooks.list"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			endpoints, err := api.Endpoints(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(endpoints, func() {
				for i := range endpoints {
					c.showEndpoint(&endpoints[i])
				}
			})
		},
	}
}

func (c *cli) showEndpoint(e *paymux.Endpoint) {
	parts := []string{string(e.ID), fmt.Sprintf("%-8s", e.Status), c.target(e)}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	if !e.FailingSince.IsZero() {
		parts = append(parts, c.paint(red, c.textf("webhooks.failing", e.FailingSince.Local().Format("2006-01-02 15:04"))))
	}
	fmt.Fprintln(c.out, strings.Join(parts, "  "))
}

func (c *cli) target(e *paymux.Endpoint) string {
	if e.PerPayment {
		return c.text("webhooks.own-url")
	}
	return e.URL
}

func (c *cli) createEndpointCommand() *cobra.Command {
	var f endpointFlags
	cmd := &cobra.Command{
		Use:   "create",
		Short: c.text("webhooks.create"),
		Example: `  paymux webhooks create --url https://shop.example/webhooks --events payment.succeeded,refund.succeeded
  paymux webhooks create --url https://shop.example/webhooks --signature ed25519 --retry 5s,1m,10m,1h,6h
  paymux webhooks create --per-payment`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			request, err := f.request()
			if err != nil {
				return err
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			made, err := api.CreateEndpoint(cmd.Context(), request)
			if err != nil {
				return err
			}
			return c.showSecret(made)
		},
	}
	c.endpointFlags(cmd, &f)
	cmd.Flags().BoolVar(&f.perPayment, "per-payment", false, c.text("webhooks.per-payment"))
	cmd.Flags().StringVar(&f.signature, "signature", "", c.text("webhooks.signature"))
	complete(cmd, "signature", signatures)
	return cmd
}

// showSecret shows an endpoint with what verifies its deliveries.
func (c *cli) showSecret(e *client.EndpointWithSecret) error {
	shown := struct {
		paymux.Endpoint
		Secret string `json:"secret,omitempty"` // shown once, here: it is what was asked for
	}{e.Endpoint, e.Secret.Reveal()}
	return c.show(shown, func() {
		c.showEndpoint(&e.Endpoint)
		for _, key := range e.PublicKeys {
			fmt.Fprintf(c.out, "%s %s\n", c.text("webhooks.public-key"), key)
		}
		if e.Secret != "" {
			fmt.Fprintln(c.out, e.Secret.Reveal())
			c.say("key.once")
		}
	})
}

func (c *cli) updateEndpointCommand() *cobra.Command {
	var f endpointFlags
	cmd := &cobra.Command{
		Use:   "update ENDPOINT",
		Short: c.text("webhooks.update"),
		Example: `  paymux webhooks update we_01KAN7PQ4E9C3H7B1D5F8G2J6K --status disabled
  paymux webhooks update we_01KAN7PQ4E9C3H7B1D5F8G2J6K --exhausted slow_probe --probe-every 30m --disable-after never
  paymux webhooks update we_01KAN7PQ4E9C3H7B1D5F8G2J6K --reset delivery.order,events`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := f.request()
			if err != nil {
				return err
			}
			api, err := c.client()
			if err != nil {
				return err
			}
			changed, err := api.UpdateEndpoint(cmd.Context(), paymux.EndpointID(args[0]), request)
			if err != nil {
				return err
			}
			return c.show(changed, func() { c.showEndpoint(changed) })
		},
	}
	c.endpointFlags(cmd, &f)
	cmd.Flags().StringVar(&f.status, "status", "", c.text("webhooks.status"))
	cmd.Flags().StringSliceVar(&f.reset, "reset", nil, c.text("webhooks.reset"))
	complete(cmd, "status", statuses)
	return cmd
}

func (c *cli) rotateCommand() *cobra.Command {
	var expire time.Duration
	cmd := &cobra.Command{
		Use:   "rotate ENDPOINT",
		Short: c.text("webhooks.rotate"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var r client.Rotation
			if cmd.Flags().Changed("expire") {
				n, err := wholeSeconds("expire", expire)
				if err != nil {
					return err
				}
				r.ExpireSeconds = &n
			}
			return c.rotate(cmd.Context(), paymux.EndpointID(args[0]), r)
		},
	}
	cmd.Flags().DurationVar(&expire, "expire", 0, c.text("webhooks.expire"))
	return cmd
}

func (c *cli) rotate(ctx context.Context, id paymux.EndpointID, r client.Rotation) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	made, err := api.RotateSecret(ctx, id, r)
	if err != nil {
		return err
	}
	return c.showSecret(made)
}

func (c *cli) deleteEndpointCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "delete ENDPOINT",
		Short: c.text("webhooks.delete"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			if err := api.DeleteEndpoint(cmd.Context(), paymux.EndpointID(args[0])); err != nil {
				return err
			}
			return c.show(map[string]any{"id": args[0], "deleted": true}, func() { fmt.Fprintln(c.out, args[0]) })
		},
	}
}

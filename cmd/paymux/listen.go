package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

type listenFlags struct {
	forward, serve string
	events         []string
	count          int
	timeout        time.Duration
}

func (c *cli) listenCommand() *cobra.Command {
	var f listenFlags
	cmd := &cobra.Command{
		Use:   "listen",
		Short: c.text("listen.short"),
		Long:  c.text("listen.long"),
		Example: `  paymux listen --forward-to http://127.0.0.1:3000/webhooks
  paymux listen --serve 127.0.0.1:3000
  paymux listen --events payment.succeeded --count 1 --timeout 30s`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listen(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.forward, "forward-to", "", c.text("listen.forward"))
	flags.StringVar(&f.serve, "serve", "", c.text("listen.serve"))
	flags.StringSliceVar(&f.events, "events", nil, c.text("listen.events"))
	flags.IntVar(&f.count, "count", 0, c.text("listen.count"))
	flags.DurationVar(&f.timeout, "timeout", 0, c.text("listen.timeout"))
	complete(cmd, "events", paymux.EventTypes())
	return cmd
}

// listen receives, as a merchant's server would, until ctx ends, --count is reached or
// --timeout is over. Its endpoint lives exactly as long.
func (c *cli) listen(ctx context.Context, f listenFlags) error {
	if err := checkEvents(f.events); err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	socket, err := net.Listen("tcp", receiverAddress(f.serve))
	if err != nil {
		return usagef("--serve: %w", err)
	}
	endpoint, err := api.CreateEndpoint(ctx, client.EndpointRequest{
		URL: "http://" + socket.Addr().String() + "/webhooks", Description: "paymux listen", Events: eventTypes(f.events),
	})
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	r := &receiver{
		c: c, secret: endpoint.Secret, forward: forwardURL(f.forward), shop: newShop(f.serve != ""),
		left: f.count, enough: make(chan struct{}), http: &http.Client{Timeout: 15 * time.Second, CheckRedirect: noRedirect},
	}
	server := &http.Server{Handler: r.handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(socket) }()
	c.showListening(endpoint, socket.Addr().String(), f)
	err = c.listenUntil(ctx, r, f, failed)
	return errors.Join(err, c.stopListening(ctx, api, endpoint.ID, server))
}

func (c *cli) listenUntil(ctx context.Context, r *receiver, f listenFlags, failed <-chan error) error {
	var late <-chan time.Time
	if f.timeout > 0 {
		t := time.NewTimer(f.timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-ctx.Done():
		return nil // the user has seen enough: that is how listen ends
	case <-r.enough:
		return nil
	case err := <-failed:
		return fmt.Errorf("receive: %w", err)
	case <-late:
		if f.count == 0 {
			return nil
		}
		return &outcomeError{text: c.textf("listen.too-few", f.timeout)}
	}
}

// stopListening deletes the endpoint, even where ctx has ended already, and lets answers under way leave.
func (c *cli) stopListening(ctx context.Context, api *client.Client, id paymux.EndpointID, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := api.DeleteEndpoint(ctx, id)
	if err != nil {
		err = fmt.Errorf("delete endpoint %s: %w", id, err)
	}
	return errors.Join(err, server.Shutdown(ctx))
}

func (c *cli) showListening(e *client.EndpointWithSecret, address string, f listenFlags) {
	if c.format == "json" {
		return // events only, one a line
	}
	c.say("listen.ready", e.Secret.Reveal())
	if f.serve != "" {
		c.say("listen.shop", "http://"+address)
	}
	if f.forward != "" {
		c.say("listen.forwarding", forwardURL(f.forward))
	}
}

// receiverAddress is where to receive: on --serve's address, or on a free port of this machine.
func receiverAddress(serve string) string {
	if serve == "" {
		return "127.0.0.1:0"
	}
	if strings.HasPrefix(serve, ":") {
		return "127.0.0.1" + serve
	}
	return serve
}

func forwardURL(to string) string {
	if to != "" && !strings.Contains(to, "://") {
		return "http://" + to
	}
	return to
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func checkEvents(names []string) error {
	for _, name := range names {
		if err := checkWord("event type", name, paymux.EventTypes()); err != nil {
			return err
		}
	}
	return nil
}

func eventTypes(names []string) []paymux.EventType {
	var types []paymux.EventType
	for _, name := range names {
		types = append(types, paymux.EventType(name))
	}
	return types
}

// checkWord refuses a word that is not in its vocabulary and names the nearest that is.
func checkWord[T ~string](what, word string, vocabulary []T) error {
	var known []string
	for _, w := range vocabulary {
		if string(w) == word {
			return nil
		}
		known = append(known, string(w))
	}
	if near := nearest(word, known); near != "" {
		return usagef("%s %q is unknown; did you mean %q?", what, word, near)
	}
	return usagef("%s %q is unknown; there are %s", what, word, strings.Join(known, ", "))
}

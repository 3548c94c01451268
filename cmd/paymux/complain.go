package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/paymux/paymux/client"
)

// complain tells what went wrong and what to do about it.
func (c *cli) complain(err error) {
	var outcome *outcomeError
	if errors.As(err, &outcome) && outcome.quiet {
		return
	}
	if c.format == "json" {
		c.complainJSON(err)
		return
	}
	fmt.Fprintln(c.err, c.paint(red, c.text("error"))+" "+err.Error())
	var refused *client.Error
	if errors.As(err, &refused) {
		for _, f := range refused.Problem.Fields {
			fmt.Fprintf(c.err, "  %s: %s\n", f.Location, f.Message)
		}
		return
	}
	if unreachable(err) {
		fmt.Fprintln(c.err, "  "+c.text("unreachable"))
	}
}

func (c *cli) complainJSON(err error) {
	out := map[string]any{"error": err.Error()}
	var refused *client.Error
	if errors.As(err, &refused) {
		out["code"], out["status"], out["request_id"] = refused.Problem.Code, refused.Status, refused.RequestID
	}
	// An error that cannot be written to standard error has nowhere to go.
	_ = json.NewEncoder(c.err).Encode(out)
}

// unreachable reports whether nobody answered at the address.
func unreachable(err error) bool {
	var dial *net.OpError
	var call *url.Error
	return errors.As(err, &call) && errors.As(err, &dial)
}

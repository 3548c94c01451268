// Package all is the catalogue: the channels this binary was built with, one line each.
package all

import (
	"slices"
	"strings"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/paypal"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/channel/stripe"
)

// Env is what channels need that no account's options can say.
type Env struct {
	Sandbox *sandbox.Institution // nil: the sandbox is left out, as where real money moves
}

// Drivers returns a driver of every channel, sorted by name.
func Drivers(env Env) []*channel.Driver {
	var drivers []*channel.Driver
	if env.Sandbox != nil {
		drivers = append(drivers, env.Sandbox.Driver())
	}
	drivers = append(drivers,
		paypal.Driver(),
		stripe.Driver(),
	)
	slices.SortFunc(drivers, func(a, b *channel.Driver) int { return strings.Compare(a.Name, b.Name) })
	return drivers
}

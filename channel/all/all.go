// Package all is the catalogue: the channels this binary was built with, one line each.
package all

import (
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/channel/stripe"
	"github.com/paymux/paymux/channel/wechatpay"
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
	return append(drivers,
		stripe.Driver(),
		wechatpay.Driver(),
	)
}

// Package all is the catalogue: the channels this binary was built with, one line each.
package all

import (
	"slices"
	"strings"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/adyen"
	"github.com/paymux/paymux/channel/alipay"
	"github.com/paymux/paymux/channel/paypal"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/channel/stripe"
	"github.com/paymux/paymux/channel/wechatpay"
)

// Env is what channels need that no account's options can say.
type Env struct {
	Sandbox *sandbox.Institution // one in this process
	// RemoteSandbox: accounts may be at a sandbox that runs elsewhere. Where there is
	// neither, the sandbox is left out, as where real money moves.
	RemoteSandbox bool
}

// Drivers returns a driver of every channel, sorted by name.
func Drivers(env Env) []*channel.Driver {
	drivers := []*channel.Driver{
		adyen.Driver(),
		alipay.Driver(),
		paypal.Driver(),
		stripe.Driver(),
		wechatpay.Driver(),
	}
	switch {
	case env.Sandbox != nil:
		drivers = append(drivers, env.Sandbox.Driver())
	case env.RemoteSandbox:
		drivers = append(drivers, sandbox.RemoteDriver())
	}
	slices.SortFunc(drivers, func(a, b *channel.Driver) int { return strings.Compare(a.Name, b.Name) })
	return drivers
}

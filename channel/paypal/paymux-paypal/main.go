// Command paymux-paypal is PayPal's service package as a program of its own: it serves accounts
// to Paymux by docs/channel-contract.md and can be started, upgraded and stopped alone.
package main

import (
	"os"

	"github.com/paymux/paymux/channel/paypal"
	"github.com/paymux/paymux/gateway"
)

// version of the package.
const version = "1.0.0"

func main() { os.Exit(gateway.Program(version, paypal.Driver())) }

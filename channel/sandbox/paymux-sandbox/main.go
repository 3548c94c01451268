// Command paymux-sandbox is the sandbox's service package as a program of its own: it serves accounts
// at an institution that runs elsewhere (paymux sandbox serve) by docs/channel-contract.md and can be
// started, upgraded and stopped alone.
package main

import (
	"os"

	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/gateway"
)

// version of the package.
const version = "1.0.0"

func main() { os.Exit(gateway.Program(version, sandbox.RemoteDriver())) }

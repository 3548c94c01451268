// Command paymux is the whole system and the tools around it: paymux dev starts
// everything in one process, paymux serve does it for production, and the
// other commands are a merchant's and an operator's tools, which call a running
// deployment over its public interface.
//
// Each command has a file of its own; wire.go puts the rooms together. Start
// reading at run in cli.go, then dev.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	collectLess()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

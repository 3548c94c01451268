package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/client"
)

// cli is what every command needs of the world. Tests give it another one.
type cli struct {
	in   io.Reader
	out  io.Writer
	err  io.Writer
	env  func(string) string
	now  func() time.Time
	lang lang

	format  string // -o
	baseURL string // --base-url
	verbose bool
}

// run carries out one command line and returns the process's exit code. It
// returns when ctx ends.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	c := &cli{in: in, out: out, err: errOut, env: os.Getenv, now: time.Now}
	return c.run(ctx, args)
}

func (c *cli) run(ctx context.Context, args []string) int {
	c.lang = chooseLang(args, c.env)
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	interrupted := ctx.Err() != nil
	if !interrupted || !endedBy(ctx, err) {
		c.complain(err)
	}
	if interrupted {
		return exitInterrupted
	}
	return exitCode(err)
}

// endedBy reports whether an error says no more than that ctx was ended, which whoever did it knows. Of errors that were
// joined, each has to: what went wrong while everything was stopped is worth a word.
func endedBy(ctx context.Context, err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !endedBy(ctx, err) })
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "paymux",
		Short:         c.text("root.short"),
		Long:          c.text("root.long"),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if c.format != "text" && c.format != "json" {
				return usagef("-o %s: the formats are text and json", c.format)
			}
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&c.format, "output", "o", "text", c.text("flag.output"))
	flags.StringVar(&c.baseURL, "base-url", "", c.text("flag.base-url"))
	flags.String("lang", "", c.text("flag.lang"))
	flags.BoolVar(&c.verbose, "verbose", false, c.text("flag.verbose"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(
		c.devCommand(), c.serveCommand(), c.payCommand(), c.refundCommand(), c.timelineCommand(),
		c.listenCommand(), c.triggerCommand(), c.sandboxCommand(), c.webhooksCommand(), c.eventsCommand(),
		c.keyCommand(), c.keysCommand(), c.channelCommand(), c.topologyCommand(), c.regionsCommand(), c.routingCommand(), c.statisticsCommand(), c.natsCommand(), c.doctorCommand(), c.configCommand(), c.healthcheckCommand(), c.versionCommand(),
	)
	return root
}

// Exit codes, as the help text documents them.
const (
	exitOK          = 0
	exitFailed      = 1   // what was asked for did not come out well: a payment failed, a check found something
	exitUsage       = 2   // the command line or the configuration is wrong
	exitUnreachable = 3   // nobody answers at the base URL
	exitRefused     = 4   // Paymux refused the request
	exitInterrupted = 130 // ended by a signal
)

// usageError is a command line that cannot be carried out.
type usageError struct{ error }

func (u *usageError) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// outcomeError is a command that worked and whose outcome is bad. quiet: it has been told already.
type outcomeError struct {
	text  string
	quiet bool
}

func (o *outcomeError) Error() string { return o.text }

// refusalError is a request that was refused in this process.
type refusalError struct{ error }

func (r *refusalError) Unwrap() error { return r.error }

func exitCode(err error) int {
	var usage *usageError
	var outcome *outcomeError
	var refused *client.Error
	var refusal *refusalError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &outcome):
		return exitFailed
	case errors.As(err, &refused), errors.As(err, &refusal):
		return exitRefused
	case unreachable(err):
		return exitUnreachable
	}
	return exitFailed
}

// exactly is cobra.ExactArgs with the exit code of a wrong command line.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("usage: %s", cmd.UseLine())
		}
		return nil
	}
}

package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/nocore"
	"github.com/paymux/paymux/keys/keysrpc"
	"github.com/paymux/paymux/monitor/health"
	"github.com/paymux/paymux/monitor/metrics"
	"github.com/paymux/paymux/registry"
)

// Exit codes of a package's program, as of the other commands.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // the command line or the configuration is wrong
)

// connectLimit is how long NATS may be away when the program starts.
const connectLimit = time.Minute

// stopLimit is how long calls under way may take at the end.
const stopLimit = 40 * time.Second

// Program is the whole of an institution's own program: it reads its configuration,
// serves until it is told to stop, and returns the exit code. version is the program's own.
func Program(version string, driver *channel.Driver) int {
	if err := nocore.Forbid(); err != nil {
		fmt.Fprintf(os.Stderr, "paymux-%s: forbid core files: %v\n", driver.Name, err)
		return exitFailed
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return program(ctx, version, driver, os.Args[1:], os.Getenv, os.Stderr)
}

func program(ctx context.Context, version string, driver *channel.Driver, args []string, env func(string) string, out io.Writer) int {
	flags := flag.NewFlagSet("paymux-"+driver.Name, flag.ContinueOnError)
	flags.SetOutput(out)
	file := flags.String("config", "", "the `file` to read the configuration from")
	check := flags.Bool("check", false, "read the configuration, say what is wrong with it, and end")
	ask := flags.Bool("healthcheck", false, "ask the process of the configuration whether it is ready, and end; for containers")
	show := flags.Bool("version", false, "print the version and end")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, help(driver))
		return exitOK
	case err != nil:
		return exitUsage
	case *show:
		fmt.Fprintf(out, "paymux-%s %s\n", driver.Name, version)
		return exitOK
	}
	c, err := readProgramConfig(*file, version)
	var accounts []*channel.Account
	if err == nil && *check {
		accounts, err = c.open(driver, Tools{Env: env, Log: slog.New(slog.DiscardHandler), Now: time.Now, Keys: Unasked{}})
	}
	if err != nil {
		fmt.Fprintf(out, "paymux-%s: %v\n", driver.Name, err)
		return exitUsage
	}
	if *ask {
		return c.askReady(ctx, driver.Name, out)
	}
	if *check {
		fmt.Fprintf(out, "the configuration is good: %d accounts\n", len(accounts))
		return exitOK
	}
	if err := c.run(ctx, driver, env, out); err != nil {
		fmt.Fprintf(out, "paymux-%s: %v\n", driver.Name, err)
		return exitFailed
	}
	return exitOK
}

// help lists the options of an account, as the driver declares them.
func help(d *channel.Driver) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: serves accounts at this institution to Paymux, over NATS. The configuration:\n\n%s\nOptions of an account:\n", d.Title, exampleConfig(d))
	for _, o := range d.Options {
		fmt.Fprintf(&b, "  %-26s %s", o.Name, o.Help)
		if o.Default != "" {
			fmt.Fprintf(&b, " (default %s)", o.Default)
		}
		if o.Required {
			b.WriteString(" (required)")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// run serves until ctx ends.
func (c *programConfig) run(ctx context.Context, driver *channel.Driver, env func(string) string, out io.Writer) error {
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: c.level()})).With("package", driver.Name, "version", c.Version)
	tracer, flush, err := c.trace(driver.Name, env, log)
	if err != nil {
		return err
	}
	defer flush()
	set := metrics.New(metrics.Build{Version: c.Version, Roles: []string{registry.RoleGateway}})
	watched := &health.Server{Metrics: set.Handler(), Log: log}
	listens, err := c.startHealth(ctx, watched)
	if err != nil {
		return err
	}
	defer watched.Stop()
	conn, err := c.connect(ctx, driver.Name, env, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	service, err := keysrpc.NewClient(conn, "gateway-"+driver.Name)
	if err != nil {
		return err
	}
	accounts, err := c.open(driver, Tools{Env: env, Log: log, Now: time.Now, Keys: service, PassTrace: c.Trace.Institutions})
	if err != nil {
		return err
	}
	shared := registry.New(registry.Config{Conn: conn, Log: log})
	g, err := New(Config{
		Conn: conn, Registry: shared, Accounts: accounts, Version: c.Version, ID: InstanceID(), Weight: c.Weight, Limit: c.Limit, Log: log, Trace: tracer, Now: time.Now,
	})
	if err != nil {
		return err
	}
	if err := g.Start(ctx); err != nil {
		return err
	}
	for _, source := range []metrics.Source{metrics.Connection(conn), metrics.Registry(shared), g.Scrape} {
		set.Add(source)
	}
	watched.Ready(health.Part{Name: "nats", Check: connected(conn)})
	log.Info("ready", "accounts", len(accounts), "monitor", listens)
	<-ctx.Done()
	watched.Draining()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	err = g.Stop(ending)
	leaving, cancel := context.WithTimeout(ending, releaseTime)
	defer cancel()
	_ = shared.Stop(leaving) // a registry that does not hear of it forgets this process by itself
	return err
}

func (c *programConfig) startHealth(ctx context.Context, s *health.Server) (listens string, err error) {
	if c.Monitor.Listen == "" {
		return "", nil
	}
	if listens, err = s.Start(ctx, c.Monitor.Listen); err != nil {
		return "", fmt.Errorf("monitor.listen: %w", err)
	}
	return listens, nil
}

// askReady is the program as a container's health check.
func (c *programConfig) askReady(ctx context.Context, name string, out io.Writer) int {
	if c.Monitor.Listen == "" {
		fmt.Fprintf(out, "paymux-%s: monitor.listen is not set, so the program answers nowhere\n", name)
		return exitUsage
	}
	if err := health.Ask(ctx, health.Local(c.Monitor.Listen)); err != nil {
		fmt.Fprintf(out, "paymux-%s: %v\n", name, err)
		return exitFailed
	}
	return exitOK
}

// connected is whether calls can come.
func connected(conn *nats.Conn) func(context.Context) error {
	return func(context.Context) error {
		if !conn.IsConnected() {
			return errors.New("no connection")
		}
		return nil
	}
}

func (c *programConfig) connect(ctx context.Context, name string, env func(string) string, log *slog.Logger) (*nats.Conn, error) {
	url, urlErr := c.NATS.URL.Read(env)
	seed, seedErr := c.NATS.Credentials.Read(env)
	if err := errors.Join(urlErr, seedErr); err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	authority := ""
	if c.NATS.CA != "" {
		pem, err := os.ReadFile(c.NATS.CA)
		if err != nil {
			return nil, fmt.Errorf("nats.ca: %w", err)
		}
		authority = string(pem)
	}
	return natsclient.Connect(ctx, natsclient.Config{
		URL: url.Reveal(), Seed: seed, CA: authority, Wait: connectLimit, Name: "paymux-" + name, Log: log,
	})
}

// open opens every account, or says what is wrong with each.
func (c *programConfig) open(driver *channel.Driver, t Tools) ([]*channel.Account, error) {
	var accounts []*channel.Account
	var faults []error
	for i, s := range c.Accounts {
		a, err := Open(driver, Settings{Name: s.Name, Methods: s.Methods, Options: s.Options}, t)
		if err != nil {
			faults = append(faults, fmt.Errorf("accounts[%d] (%s): %w", i, s.Name, err))
			continue
		}
		accounts = append(accounts, a)
	}
	return accounts, errors.Join(faults...)
}

// InstanceID names this process for people and for good: it is never used again.
func InstanceID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	host = strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '-'
	}, host)
	var random [6]byte
	rand.Read(random[:]) // never fails
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), hex.EncodeToString(random[:]))
}

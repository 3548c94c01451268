package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
)

// packageCheck is what paymux channel test is asked for.
type packageCheck struct {
	channel string
	version string
	account string
	file    string // paymux.yaml, for its keys of nats
	nats    NATSConfig
	seed    string // file
	ca      string // file
	wait    time.Duration
}

func (c *cli) channelTestCommand() *cobra.Command {
	var p packageCheck
	cmd := &cobra.Command{
		Use:   "test NAME|ADDRESS/NAME",
		Short: c.text("channel.test"),
		Long:  c.text("channel.test.long"),
		Example: `  paymux channel test mybank -c paymux.yaml
  paymux channel test tls://nats.internal:4222/mybank --nats-credentials node.nk --nats-ca ca.pem --account mybank-main`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.read(c, args[0]); err != nil {
				return err
			}
			return c.channelTest(cmd.Context(), p)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&p.file, "config", "c", "", c.text("channel.test.config"))
	flags.StringVar(&p.version, "version", "", c.text("channel.test.version"))
	flags.StringVar(&p.account, "account", "", c.text("channel.test.account"))
	flags.StringVar(&p.seed, "nats-credentials", "", c.text("channel.test.credentials"))
	flags.StringVar(&p.ca, "nats-ca", "", c.text("channel.test.ca"))
	flags.DurationVar(&p.wait, "wait", 10*time.Second, c.text("channel.test.wait"))
	return cmd
}

// read makes of the command line where the package is.
func (p *packageCheck) read(c *cli, what string) error {
	p.channel = what
	if strings.Contains(what, "://") {
		u, err := url.Parse(what)
		if err != nil || u.Host == "" {
			return usagef("%s", c.text("channel.test.address"))
		}
		p.channel, u.Path = strings.Trim(u.Path, "/"), ""
		p.nats.URL = Ref(u.String())
	}
	if !plainName(p.channel) {
		return usagef("%s", c.text("channel.test.address"))
	}
	switch {
	case p.nats.URL != "" && p.file != "", p.nats.URL == "" && p.file == "":
		return usagef("%s", c.text("channel.test.where"))
	case p.file == "":
		p.nats.Credentials, p.nats.CA = fileRef(p.seed), fileRef(p.ca)
		return nil
	}
	conf, _, err := loadConfig(p.file, c.env)
	if err != nil {
		return &usageError{err}
	}
	if p.nats = conf.NATS; p.nats.URL == "" {
		return usagef("%s", c.text("channel.test.embedded"))
	}
	return nil
}

func fileRef(path string) Ref {
	if path == "" {
		return ""
	}
	return Ref("file:" + path)
}

// channelTest finds the package, runs the suite and shows what came of it.
func (c *cli) channelTest(ctx context.Context, p packageCheck) error {
	m, err := c.connectFor(ctx, p)
	if err != nil {
		return err
	}
	defer m.Stop()
	found, err := c.findPackage(ctx, m, p)
	if err != nil {
		return err
	}
	report := &channeltest.Report{Name: found.Name + " " + found.Version}
	for _, account := range accountsOf(found, p.account) {
		part := channeltest.CheckRemote(ctx, channeltest.Remote{Conn: m.Conn, ID: found.ID, Announced: found.Detail, Account: account})
		report.Parts = append(report.Parts, part)
		report.Failed = report.Failed || part.Failed
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := c.show(report, func() { c.showReport(report) }); err != nil {
		return err
	}
	if report.Failed {
		return &outcomeError{text: c.textf("channel.test.failed", found.Name), quiet: true}
	}
	return nil
}

func (c *cli) connectFor(ctx context.Context, p packageCheck) (*natsserver.Messaging, error) {
	var faults error
	secrets := p.nats.secrets(func(key string, r Ref) paymux.Secret {
		secret, err := r.Read(c.env)
		if err != nil {
			faults = errors.Join(faults, fmt.Errorf("%s: %w", key, err))
		}
		return secret
	})
	if faults != nil {
		return nil, &usageError{faults}
	}
	conf := secrets.config(p.nats)
	conf.Wait, conf.Name, conf.Log = p.wait, "paymux-channel-test", newLogger(c.err, LogConfig{Level: "error", Format: "text"})
	return natsserver.OpenContext(ctx, conf)
}

// findPackage waits until an instance of the package is ready. Where nobody has made the registry's bucket yet, it is made:
// there may be nothing but NATS and the package.
func (c *cli) findPackage(ctx context.Context, m *natsserver.Messaging, p packageCheck) (registry.Instance, error) {
	shared := registry.New(registry.Config{Conn: m.Conn, Creates: true, Cluster: p.nats.StateCluster, Replicas: p.nats.Replicas, Now: c.now})
	defer func() { _ = shared.Stop(context.WithoutCancel(ctx)) }() // leases and views of this process alone
	directory := shared.Watch(registry.RoleGateway, p.channel)
	enough := time.NewTimer(p.wait)
	defer enough.Stop()
	for {
		changed := directory.Changed()
		found, err := c.chooseInstance(directory.Instances(), p)
		if err != nil || found.ID != "" {
			return found, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return registry.Instance{}, ctx.Err()
		case <-enough.C:
			return registry.Instance{}, &outcomeError{text: c.textf("channel.test.absent", p.channel, cmp.Or(p.version, "*"), cmp.Or(p.account, "*"), p.wait)}
		}
	}
}

// chooseInstance takes one that serves what is asked for; the zero one: there is none.
func (c *cli) chooseInstance(there []registry.Instance, p packageCheck) (found registry.Instance, err error) {
	var versions []string
	for _, i := range there {
		if i.State != registry.Ready || p.version != "" && i.Version != p.version || len(accountsOf(i, p.account)) == 0 {
			continue
		}
		if !slices.Contains(versions, i.Version) {
			versions = append(versions, i.Version)
		}
		found = i
	}
	if len(versions) > 1 {
		return found, usagef("%s", c.textf("channel.test.which", strings.Join(versions, ", ")))
	}
	return found, nil
}

// accountsOf are the accounts of an instance, or the one that is asked for where it has it.
// An announcement that cannot be read leaves that to the suite to say.
func accountsOf(i registry.Instance, only string) (names []string) {
	var announced channelrpc.Capabilities
	if err := json.Unmarshal(i.Detail, &announced); err != nil || len(announced.Accounts) == 0 {
		return []string{only}
	}
	for _, a := range announced.Accounts {
		if only == "" || a.Name == only {
			names = append(names, a.Name)
		}
	}
	return names
}

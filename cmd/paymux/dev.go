package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

type devFlags struct {
	listen, data, engine, postgres string
	ephemeral, first               bool
}

func (c *cli) devCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "dev",
		Short: c.text("dev.short"),
		Long:  c.text("dev.long"),
		Example: `  paymux dev
  paymux dev --first-payment
  paymux dev --ephemeral --listen 127.0.0.1:9000
  paymux dev --store postgres --postgres-url postgres://paymux@127.0.0.1:5432/paymux`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.dev(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "", c.text("dev.listen"))
	flags.StringVar(&f.data, "data", "", c.text("dev.data"))
	flags.BoolVar(&f.ephemeral, "ephemeral", false, c.text("dev.ephemeral"))
	flags.BoolVar(&f.first, "first-payment", false, c.text("dev.first-payment"))
	flags.StringVar(&f.engine, "store", "", c.text("dev.store"))
	flags.StringVar(&f.postgres, "postgres-url", "", c.text("dev.postgres-url"))
	return cmd
}

// dev starts everything in one process: nothing has to be installed, and no real money can move.
func (c *cli) dev(ctx context.Context, f devFlags) error {
	begun := c.now()
	conf, err := c.devConfig(f)
	if err != nil {
		return err
	}
	if f.ephemeral {
		if conf.DataDir, err = os.MkdirTemp("", "paymux-dev-"); err != nil {
			return fmt.Errorf("make a temporary directory: %w", err)
		}
		defer os.RemoveAll(conf.DataDir) // what cannot be removed is the system's to clean
	}
	socket, err := c.bind(ctx, conf.Listen)
	if err != nil {
		return err
	}
	conf.Listen = socket.Addr().String()
	watch, err := openMonitor(ctx, &conf, newLogger(c.err, conf.Log))
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	defer watch.health.Stop()
	s, known, err := c.devAssemble(ctx, conf)
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	defer watch.show(ctx, s)()
	return s.run(ctx, socket, func(ctx context.Context) error {
		if err := s.enrol(ctx, known); err != nil {
			return err
		}
		p := known.profile(s.publicURL)
		if err := visit(ctx, p); err != nil {
			return err
		}
		path, err := c.saveProfile(p) // last, so that whoever finds it finds a system that was seen to work
		if err != nil {
			return err
		}
		if err := c.showDev(s, p, path, c.now().Sub(begun)); err != nil || !f.first {
			return err
		}
		return c.firstPayment(ctx)
	})
}

func (c *cli) devAssemble(ctx context.Context, conf Config) (*system, *enrolment, error) {
	if err := makeDataDir(conf.DataDir); err != nil {
		return nil, nil, err
	}
	known, err := keptEnrolment(filepath.Join(conf.DataDir, "dev.yaml"))
	if err != nil {
		return nil, nil, err
	}
	conf.OpsToken = Ref(known.OpsToken)
	s, err := assemble(ctx, conf, c.env, newLogger(c.err, conf.Log), c.now)
	return s, known, err
}

// devConfig is the configuration of paymux dev: defaults for trying things out, then
// the environment, then the flags.
func (c *cli) devConfig(f devFlags) (Config, error) {
	conf := defaults()
	conf.Sandbox.Enabled = true
	conf.Notify.AllowNetworks = []string{"127.0.0.0/8", "::1/128"}
	conf.Accounts = devAccounts()
	conf.Log = LogConfig{Level: "error", Format: "text"}
	if c.verbose {
		conf.Log = LogConfig{Level: "debug", Format: "text", Requests: true}
	}
	if err := overrideConfig(&conf, origins{}, c.env); err != nil {
		return conf, &usageError{err}
	}
	for value, into := range map[*string]*string{&f.listen: &conf.Listen, &f.data: &conf.DataDir, &f.engine: &conf.Store.Engine} {
		if *value != "" {
			*into = *value
		}
	}
	if f.postgres != "" {
		conf.Store.URL = Ref(f.postgres)
	}
	if err := conf.check(); err != nil {
		return conf, &usageError{err}
	}
	return conf, nil
}

// firstPayment takes a payment and plays its payer, to show how one goes.
func (c *cli) firstPayment(ctx context.Context) error {
	t := &trigger{}
	var err error
	if t.api, err = c.client(); err != nil {
		return err
	}
	if t.operator, err = c.operator(); err != nil {
		return err
	}
	if err := t.pay(ctx, scenario{method: paymux.WeChatPay}); err != nil {
		return err
	}
	if err := c.showCreated(t.payment); err != nil {
		return err
	}
	if err := approve(ctx, t); err != nil {
		return err
	}
	p, err := c.await(ctx, t.api, t.payment, eventPatience)
	if err != nil {
		return err
	}
	c.showEnded(p)
	return c.timeline(ctx, string(p.ID))
}

// devAccounts: two wallets, so that there is something to fail over to.
func devAccounts() []AccountConfig {
	wallets := []string{"wechat_pay", "alipay", "paypal"}
	return []AccountConfig{
		{Name: "sandbox_card", Channel: "sandbox", Methods: []string{"card"}},
		{Name: "sandbox_wallet", Channel: "sandbox", Methods: wallets},
		{Name: "sandbox_wallet_b", Channel: "sandbox", Methods: wallets, Options: map[string]Ref{"magic_503": "off"}},
		{Name: "sandbox_bank", Channel: "sandbox", Methods: []string{"bank_transfer"}},
	}
}

// visit requests every URL that is about to be printed: what does not work is not promised.
func visit(ctx context.Context, p profile) error {
	for _, path := range []string{"/v1/merchant", "/docs", "/openapi.json", "/readyz"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.BaseURL+path, nil)
		if err != nil {
			return fmt.Errorf("check %s: %w", path, err)
		}
		if strings.HasPrefix(path, "/v1/") {
			r.Header.Set("Authorization", "Bearer "+p.Key)
		}
		answer, err := (&http.Client{Timeout: 5 * time.Second, CheckRedirect: noRedirect}).Do(r)
		if err != nil {
			return fmt.Errorf("check %s: %w", path, err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("check %s: it answers %s", path, answer.Status)
		}
	}
	return nil
}

func (c *cli) showDev(s *system, p profile, path string, took time.Duration) error {
	out := map[string]any{
		"version": version, "api": p.BaseURL + "/v1", "docs": p.BaseURL + "/docs", "profile": path,
		"data": s.conf.DataDir, "store": s.conf.Store.Engine, "accounts": names(s.accounts), "ready_ms": took.Milliseconds(),
	}
	return c.show(out, func() {
		c.say("dev.title", version, took.Seconds())
		c.say("dev.api", p.BaseURL, p.BaseURL)
		c.say("dev.keys", hint(p.Key), path)
		c.say("dev.signing", p.SigningKey)
		c.say("dev.kept", s.conf.DataDir, s.conf.Store.Engine)
		c.say("dev.channels", strings.Join(names(s.accounts), ", "))
		c.say("dev.webhooks")
		c.say("dev.next")
	})
}

func names(accounts []*channel.Account) []string {
	var all []string
	for _, a := range accounts {
		all = append(all, a.Name)
	}
	return all
}

// hint is enough of a secret to know it by: the terminal may be shared, and `paymux key` prints all of it.
func hint(secret string) string {
	if len(secret) < 16 {
		return "…"
	}
	return secret[:12] + "…"
}

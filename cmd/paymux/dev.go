package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/channel"
)

type devFlags struct {
	listen, data, engine, postgres string
	ephemeral                      bool
}

func (c *cli) devCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "dev",
		Short: c.text("dev.short"),
		Long:  c.text("dev.long"),
		Example: `  paymux dev
  paymux dev --ephemeral --listen 127.0.0.1:9000
  paymux dev --store postgres --postgres-url postgres://paymux@127.0.0.1:5432/paymux`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.dev(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", c.text("dev.listen"))
	flags.StringVar(&f.data, "data", ".paymux", c.text("dev.data"))
	flags.BoolVar(&f.ephemeral, "ephemeral", false, c.text("dev.ephemeral"))
	flags.StringVar(&f.engine, "store", "sqlite", c.text("dev.store"))
	flags.StringVar(&f.postgres, "postgres-url", "", c.text("dev.postgres-url"))
	return cmd
}

// dev starts everything in one process: nothing has to be installed, and no real money can move.
func (c *cli) dev(ctx context.Context, f devFlags) error {
	begun := c.now()
	if f.ephemeral {
		dir, err := os.MkdirTemp("", "paymux-dev-")
		if err != nil {
			return fmt.Errorf("make a temporary directory: %w", err)
		}
		defer os.RemoveAll(dir) // what cannot be removed is the system's to clean
		f.data = dir
	}
	socket, err := c.bind(ctx, f.listen)
	if err != nil {
		return err
	}
	known, conf, err := c.devSetup(f, socket)
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	s, err := assemble(ctx, conf, c.env, newLogger(c.err, conf.Log), c.now)
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	return s.run(ctx, socket, func(ctx context.Context) error {
		if err := s.enrol(ctx, known); err != nil {
			return err
		}
		p := profile{
			BaseURL: s.publicURL, Merchant: string(known.Merchant), Key: known.Bearer,
			SigningKey: string(known.SigningKey), SigningSecret: known.SigningSecret, OpsToken: known.OpsToken,
		}
		path, err := c.saveProfile(p)
		if err != nil {
			return err
		}
		if err := visit(ctx, p); err != nil {
			return err
		}
		return c.showDev(s, p, path, c.now().Sub(begun))
	})
}

// devSetup is the configuration of paymux dev, and who is known there.
func (c *cli) devSetup(f devFlags, socket net.Listener) (*enrolment, Config, error) {
	conf := defaults()
	conf.Listen = socket.Addr().String()
	conf.DataDir = f.data
	conf.Store = StoreConfig{Engine: f.engine, URL: Ref(f.postgres)}
	conf.Sandbox.Enabled = true
	conf.Notify.AllowNetworks = []string{"127.0.0.0/8", "::1/128"}
	conf.Accounts = devAccounts()
	conf.Log = LogConfig{Level: "warn", Format: "text"}
	if c.verbose {
		conf.Log = LogConfig{Level: "debug", Format: "text", Requests: true}
	}
	if err := conf.check(); err != nil {
		return nil, conf, &usageError{err}
	}
	if err := makeDataDir(f.data); err != nil {
		return nil, conf, err
	}
	known, err := keptEnrolment(filepath.Join(f.data, "dev.yaml"))
	if err != nil {
		return nil, conf, err
	}
	conf.OpsToken = Ref(known.OpsToken)
	return known, conf, nil
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

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/all"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/rollout"
)

// openAccounts opens the configured accounts. It calls no institution.
func (s *system) openAccounts(env func(string) string) error {
	var err error
	s.accounts, err = openAccounts(s.conf.Accounts, all.Drivers(all.Env{Sandbox: s.sandbox}), env, s.log, s.now)
	return err
}

// openChannels joins the accounts of this process with those that gateways serve.
func (s *system) openChannels(context.Context) error {
	s.channels = rollout.New(rollout.Config{
		Local: s.accounts, Registry: s.registry, Log: s.log, Now: s.now,
		Client: &rpc.Client{Conn: s.messaging.Conn, Faults: channelrpc.Faults()},
	})
	s.onStop(func(context.Context) error { s.channels.Stop(); return nil })
	return nil
}

func openAccounts(confs []AccountConfig, drivers []*channel.Driver, env func(string) string, log *slog.Logger, now func() time.Time) ([]*channel.Account, error) {
	var accounts []*channel.Account
	var faults []error
	for i, conf := range confs {
		a, err := openAccount(conf, drivers, env, log, now)
		if err != nil {
			faults = append(faults, fmt.Errorf("accounts[%d] (%s): %w", i, conf.Name, err))
			continue
		}
		accounts = append(accounts, a)
	}
	return accounts, errors.Join(faults...)
}

func openAccount(conf AccountConfig, drivers []*channel.Driver, env func(string) string, log *slog.Logger, now func() time.Time) (*channel.Account, error) {
	driver, err := driverNamed(conf.Channel, drivers)
	if err != nil {
		return nil, err
	}
	return gateway.Open(driver, gateway.Settings{Name: conf.Name, Methods: conf.Methods, Options: conf.Options}, gateway.Tools{
		Env: env, Log: log, Now: now,
	})
}

func driverNamed(name string, drivers []*channel.Driver) (*channel.Driver, error) {
	var known []string
	for _, d := range drivers {
		if d.Name == name {
			return d, nil
		}
		known = append(known, d.Name)
	}
	if name == sandbox.Name {
		return nil, errors.New("channel sandbox needs sandbox.enabled: true")
	}
	if near := nearest(name, known); near != "" {
		return nil, fmt.Errorf("channel %q is unknown; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("channel %q is unknown; there are %v", name, known)
}

// checkDrivers opens every account of a configuration and forgets them, to find what is wrong.
func checkDrivers(conf *Config, env func(string) string) error {
	var bank *sandbox.Institution
	if conf.Sandbox.Enabled {
		var err error
		if bank, err = sandbox.NewInstitution(sandbox.Config{}); err != nil {
			return err
		}
		defer bank.Stop()
	}
	_, err := openAccounts(conf.Accounts, all.Drivers(all.Env{Sandbox: bank}), env, slog.New(slog.DiscardHandler), time.Now)
	return err
}

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
	s.accounts, err = openAccounts(s.conf.Accounts, s.drivers(), func(d *channel.Driver) (gateway.Tools, error) {
		user, err := s.keysOf("gateway-" + d.Name)
		return gateway.Tools{Env: env, Keys: user, Log: s.log, Now: s.now, PassTrace: s.conf.Trace.Institutions}, err
	})
	return err
}

// openChannels joins the accounts of this process with those that gateways serve.
func (s *system) openChannels(ctx context.Context) error {
	s.channels = rollout.New(rollout.Config{
		Local: s.accounts, Registry: s.registry, Log: s.log, Now: s.now,
		Client: &rpc.Client{Conn: s.messaging.Conn, Faults: channelrpc.Faults()},
	})
	s.onStop(func(context.Context) error { s.channels.Stop(); return nil })
	if !s.conf.has(roleGateway) {
		first, cancel := context.WithTimeout(ctx, findLimit)
		defer cancel()
		s.channels.AwaitFirst(first)
	}
	return nil
}

// findLimit is how long a node waits for gateways to be known before it serves.
const findLimit = 3 * time.Second

func (s *system) drivers() []*channel.Driver {
	return all.Drivers(all.Env{Sandbox: s.sandbox, RemoteSandbox: s.conf.Sandbox.Remote})
}

// openAccounts opens accounts with the tools for each one's channel.
func openAccounts(confs []AccountConfig, drivers []*channel.Driver, tools func(*channel.Driver) (gateway.Tools, error)) ([]*channel.Account, error) {
	var accounts []*channel.Account
	var faults []error
	for i, conf := range confs {
		a, err := openAccount(conf, drivers, tools)
		if err != nil {
			faults = append(faults, fmt.Errorf("accounts[%d] (%s): %w", i, conf.Name, err))
			continue
		}
		accounts = append(accounts, a)
	}
	return accounts, errors.Join(faults...)
}

func openAccount(conf AccountConfig, drivers []*channel.Driver, tools func(*channel.Driver) (gateway.Tools, error)) (*channel.Account, error) {
	driver, err := driverNamed(conf.Channel, drivers)
	if err != nil {
		return nil, err
	}
	with, err := tools(driver)
	if err != nil {
		return nil, err
	}
	return gateway.Open(driver, gateway.Settings{Name: conf.Name, Methods: conf.Methods, Options: conf.Options}, with)
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
	drivers := all.Drivers(all.Env{Sandbox: bank, RemoteSandbox: conf.Sandbox.Remote})
	_, err := openAccounts(conf.Accounts, drivers, func(*channel.Driver) (gateway.Tools, error) {
		return gateway.Tools{Env: env, Keys: gateway.Unasked{}, Log: slog.New(slog.DiscardHandler), Now: time.Now}, nil
	})
	return err
}

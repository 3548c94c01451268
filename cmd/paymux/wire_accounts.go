package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/all"
	"github.com/paymux/paymux/channel/sandbox"
)

// openAccounts opens the configured accounts. It calls no institution.
func (s *system) openAccounts(env func(string) string) error {
	var err error
	s.accounts, err = openAccounts(s.conf.Accounts, all.Drivers(all.Env{Sandbox: s.sandbox, RemoteSandbox: s.conf.Sandbox.Remote}), env, s.log, s.now)
	return err
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
	options, err := readOptions(conf.Options, env)
	if err != nil {
		return nil, err
	}
	if err := driver.Check(options); err != nil {
		return nil, err
	}
	methods, err := methodsOf(conf.Methods, driver)
	if err != nil {
		return nil, err
	}
	keys, options, err := keysAside(driver, options)
	if err != nil {
		return nil, err
	}
	opened, err := driver.Open(channel.Config{
		Account: conf.Name, Options: options, Keys: keys, Client: institutionClient(driver.TimeLimit),
		Log: log.With("account", conf.Name), Now: now,
	})
	if err != nil {
		return nil, err
	}
	return &channel.Account{Name: conf.Name, Driver: driver, Channel: opened, Methods: methods}, nil
}

// keysAside takes the keys out of the options: a channel asks for their use and sees only that they are there.
func keysAside(d *channel.Driver, options map[string]string) (channel.Keys, map[string]string, error) {
	keys, err := channel.FixedKeys(d, options)
	if err != nil {
		return nil, nil, err
	}
	seen := maps.Clone(options)
	for _, o := range d.Options {
		if o.Kind != "" && seen[o.Name] != "" {
			seen[o.Name] = "held"
		}
	}
	return keys, seen, nil
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
		return nil, errors.New("channel sandbox needs sandbox.enabled: true, or sandbox.remote: true for one that runs elsewhere")
	}
	if near := nearest(name, known); near != "" {
		return nil, fmt.Errorf("channel %q is unknown; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("channel %q is unknown; there are %v", name, known)
}

func readOptions(refs map[string]Ref, env func(string) string) (map[string]string, error) {
	options := make(map[string]string, len(refs))
	for name, ref := range refs {
		text, err := ref.read(env)
		if err != nil {
			return nil, fmt.Errorf("option %s: %w", name, err)
		}
		options[name] = text.Reveal()
	}
	return options, nil
}

// methodsOf is the subset of the driver's methods that the account is used for.
func methodsOf(names []string, d *channel.Driver) ([]paymux.MethodType, error) {
	if len(names) == 0 {
		return d.Methods, nil
	}
	var methods []paymux.MethodType
	for _, name := range names {
		if !slices.Contains(d.Methods, paymux.MethodType(name)) {
			return nil, fmt.Errorf("method %q is none of channel %s: %v", name, d.Name, d.Methods)
		}
		methods = append(methods, paymux.MethodType(name))
	}
	return methods, nil
}

// institutionClient is the HTTP client of one account. It follows no redirect and
// gives up at the channel's time limit; that nothing is sent twice is the channel's to
// see to, which knows its requests (money rule 4).
func institutionClient(limit time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	transport.IdleConnTimeout = 50 * time.Second
	return &http.Client{Transport: transport, Timeout: limit, CheckRedirect: noRedirect}
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
	accounts, err := openAccounts(conf.Accounts, all.Drivers(all.Env{Sandbox: bank, RemoteSandbox: conf.Sandbox.Remote}), env, slog.New(slog.DiscardHandler), time.Now)
	for _, a := range accounts {
		err = errors.Join(err, checkKeys(a))
	}
	return err
}

// checkKeys asks a channel that can tell whether its keys are of the form its institution gives out.
func checkKeys(a *channel.Account) error {
	c, ok := a.Channel.(interface{ CheckKeys(context.Context) error })
	if !ok {
		return nil
	}
	if err := c.CheckKeys(context.Background()); err != nil {
		return fmt.Errorf("account %s: %w", a.Name, err)
	}
	return nil
}

package gateway

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/ref"
	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/keys/keyuse"
)

// Settings are one account as a configuration has it.
type Settings struct {
	Name    string             // as in /callbacks/<channel>/<name>
	Methods []string           // to use it for; empty: all of the channel's
	Options map[string]ref.Ref // of the channel; each may be a secret or, where it is a key, key:NAME
}

// Tools are what accounts are opened with.
type Tools struct {
	Env  func(string) string
	Keys KeyService // for key:NAME; nil: there is none
	Log  *slog.Logger
	Now  func() time.Time
	// PassTrace sends traceparent to institutions, too.
	PassTrace bool
}

// Open opens an account. It calls no institution. Keys that the options spell out are read
// here and then known to nobody but what uses them; those in the key service are never seen.
func Open(driver *channel.Driver, s Settings, t Tools) (*channel.Account, error) {
	options, keyring, err := readOptions(driver, s.Options, t)
	if err != nil {
		return nil, err
	}
	methods, err := methodsOf(s.Methods, driver)
	if err != nil {
		return nil, err
	}
	opened, err := driver.Open(channel.Config{
		Account: s.Name, Options: options, Keys: keyring, Client: institutionClient(driver.TimeLimit, t.PassTrace),
		Log: t.Log.With("account", s.Name), Now: t.Now,
	})
	if err != nil {
		return nil, err
	}
	return &channel.Account{Name: s.Name, Driver: driver, Channel: opened, Methods: methods}, nil
}

// present stands in an account's options for a key, which is none of its business.
const present = "(key)"

func readOptions(driver *channel.Driver, refs map[string]ref.Ref, t Tools) (map[string]string, channel.Keys, error) {
	options, spelt, named := map[string]string{}, map[string]string{}, map[string]keyuse.Name{}
	for name, r := range refs {
		key := isKey(driver, name)
		if key && r.Key() != "" {
			options[name], named[name] = present, keyuse.Name(r.Key())
			continue
		}
		text, err := r.Read(t.Env)
		if err != nil {
			return nil, nil, fmt.Errorf("option %s: %w", name, err)
		}
		options[name] = text.Reveal()
		if key && text != "" {
			options[name], spelt[name] = present, text.Reveal()
			if err := checkKey(driver, name, text.Reveal()); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := driver.Check(options); err != nil {
		return nil, nil, err
	}
	fixed, err := channel.FixedKeys(driver, spelt)
	if err != nil || len(named) == 0 {
		return options, fixed, err
	}
	if t.Keys == nil {
		return nil, nil, fmt.Errorf("channel %s: options name keys of a key service, and none is configured", driver.Name)
	}
	return options, keyring{Keys: fixed, service: t.Keys, named: named}, nil
}

// checkKey has the driver look at a key that is spelt out.
func checkKey(d *channel.Driver, option, text string) error {
	for _, o := range d.Options {
		if o.Name == option && o.Check != nil {
			if err := o.Check(text); err != nil {
				return fmt.Errorf("channel %s: %w", d.Name, err)
			}
		}
	}
	return nil
}

func isKey(d *channel.Driver, option string) bool {
	return slices.ContainsFunc(d.Options, func(o channel.Option) bool { return o.Name == option && o.Kind != "" })
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
// see to, which knows its requests (money rule 4). Of a trace the institution learns nothing, unless passTrace.
func institutionClient(limit time.Duration, passTrace bool) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	transport.IdleConnTimeout = 50 * time.Second
	return &http.Client{Transport: trace.Transport{Next: transport, Pass: passTrace}, Timeout: limit, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

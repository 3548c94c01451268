package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/internal/otlp"
	"github.com/paymux/paymux/internal/ref"
	"github.com/paymux/paymux/keys/keyuse"
)

// programConfig is what an institution's own program is configured with: the keys that
// paymux.yaml has for the same.
type programConfig struct {
	Version  string `yaml:"version"` // announced; empty: the program's own
	Weight   int    `yaml:"weight"`  // of this instance among others; 0: 100
	Limit    int    `yaml:"limit"`   // calls under way at a time; 0: 1024
	LogLevel string `yaml:"log_level"`
	Monitor  struct {
		Listen string `yaml:"listen"` // for /metrics, /livez and /readyz; empty: nowhere
	} `yaml:"monitor"`
	NATS struct {
		URL         ref.Ref `yaml:"url"`
		Credentials ref.Ref `yaml:"credentials"`
		CA          string  `yaml:"ca"`
	} `yaml:"nats"`
	Trace struct {
		Endpoint     string  `yaml:"endpoint"` // as in paymux.yaml; empty: nothing is recorded
		Headers      ref.Ref `yaml:"headers"`
		Institutions bool    `yaml:"institutions"`
	} `yaml:"trace"`
	Accounts []struct {
		Name    string             `yaml:"name"`
		Methods []string           `yaml:"methods"`
		Options map[string]ref.Ref `yaml:"options"`
	} `yaml:"accounts"`
}

// exampleConfig is a configuration to begin with.
func exampleConfig(d *channel.Driver) string {
	return fmt.Sprintf(`  nats: {url: "tls://nats.internal:4222", credentials: file:gateway-%[1]s.nk, ca: ca.pem}
  accounts:
    - name: %[1]s-main
      options: {…}   # a secret may be file:PATH, env:NAME or, where it is a key, key:NAME in the key service
  monitor: {listen: "127.0.0.1:9090"}   # optional: /metrics, /livez, /readyz, for the operators' network alone
`, d.Name)
}

func readProgramConfig(file, version string) (*programConfig, error) {
	if file == "" {
		return nil, errors.New("say where the configuration is: -config FILE; -h shows an example")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c := &programConfig{Version: version}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil {
		return nil, fmt.Errorf("%s: %s", file, strings.ReplaceAll(err.Error(), "in type gateway.programConfig", "in the configuration"))
	}
	return c, c.check(file)
}

func (c *programConfig) check(file string) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(file+": "+format, args...)) }
	if err := channelrpc.CheckVersion(c.Version); err != nil {
		fault("%w", err)
	}
	if c.NATS.URL == "" {
		fault("nats.url: is missing, such as tls://nats.internal:4222")
	}
	if c.Weight < 0 || c.Limit < 0 {
		fault("weight and limit must not be negative")
	}
	if c.LogLevel != "" && new(slog.Level).UnmarshalText([]byte(c.LogLevel)) != nil {
		fault("log_level: %q is not debug, info, warn or error", c.LogLevel)
	}
	if _, err := otlp.ParseEndpoint(c.Trace.Endpoint); err != nil && c.Trace.Endpoint != "" {
		fault("trace.endpoint: %w", err)
	}
	if _, _, err := net.SplitHostPort(c.Monitor.Listen); c.Monitor.Listen != "" && err != nil {
		fault("monitor.listen: %q is not an address and port such as 127.0.0.1:9090", c.Monitor.Listen)
	}
	if len(c.Accounts) == 0 {
		fault("accounts: there is none")
	}
	seen := map[string]bool{}
	for i, a := range c.Accounts {
		if a.Name == "" || len(a.Name) > 64 || strings.Trim(a.Name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || seen[a.Name] {
			fault("accounts[%d].name: %q must be a name of lower case letters, digits, - and _, and there once", i, a.Name)
		}
		seen[a.Name] = true
	}
	return errors.Join(faults...)
}

func (c *programConfig) level() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked; empty: info
	return level
}

// Unasked stands for a key service while a configuration is only checked.
type Unasked struct{}

var errUnasked = errors.New("gateway: no key service is asked while checking")

func (Unasked) KeyID(context.Context, keyuse.Name) (string, error) { return "", errUnasked }
func (Unasked) Sign(context.Context, keyuse.Name, string, []byte) ([]byte, error) {
	return nil, errUnasked
}
func (Unasked) Verify(context.Context, keyuse.Name, []byte, []byte) error { return errUnasked }
func (Unasked) Decrypt(context.Context, keyuse.Name, []byte, []byte, []byte) ([]byte, error) {
	return nil, errUnasked
}
func (Unasked) Reveal(context.Context, keyuse.Name) (paymux.Secret, error) { return "", errUnasked }

package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux/internal/ref"
)

// Ref is a setting that may be a secret.
type Ref = ref.Ref

// Config is paymux.yaml. Every key can be set by an environment variable, too,
// which wins: store.engine is PAYMUX_STORE_ENGINE. Lists are separated by commas
// there, and accounts are YAML. Where help says "secret", the value may be
// file:PATH or env:NAME and is read from there.
type Config struct {
	Roles     []string        `yaml:"roles" help:"what this process does: frontend, node, gateway, keys"`
	Listen    string          `yaml:"listen" help:"address and port to serve on; port 0 takes a free one"`
	PublicURL string          `yaml:"public_url" help:"how merchants, payers and institutions reach this deployment; empty: http:// and listen"`
	DataDir   string          `yaml:"data_dir" help:"where the embedded store, the embedded NATS server and generated keys live"`
	Region    RegionConfig    `yaml:"region"`
	Store     StoreConfig     `yaml:"store"`
	NATS      NATSConfig      `yaml:"nats"`
	IDsKey    Ref             `yaml:"ids_key" help:"secret, 16 bytes or more: the key of the check code in IDs, the same for the whole deployment; empty: made once and kept in data_dir"`
	Accounts  []AccountConfig `yaml:"accounts" help:"accounts at institutions"`
	Gateway   GatewayConfig   `yaml:"gateway"`
	Node      NodeConfig      `yaml:"node"`
	Access    AccessConfig    `yaml:"access"`
	Relay     RelayConfig     `yaml:"relay"`
	Routing   RoutingConfig   `yaml:"routing"`
	Notify    NotifyConfig    `yaml:"notify"`
	Keys      KeysConfig      `yaml:"keys"`
	Sandbox   SandboxConfig   `yaml:"sandbox"`
	OpsToken  Ref             `yaml:"ops_token" help:"secret: the bearer token of operators, for /ops/v1; empty: the operators' interface is closed"`
	Monitor   MonitorConfig   `yaml:"monitor"`
	Log       LogConfig       `yaml:"log"`
	Trace     TraceConfig     `yaml:"trace"`
}

// RegionConfig is the transaction node's region, which every ID carries.
type RegionConfig struct {
	Name   string `yaml:"name" help:"name of the region"`
	Number int    `yaml:"number" help:"number of the region in IDs, 0 to 4095; never reuse one for another region"`
}

// StoreConfig is where money is remembered.
type StoreConfig struct {
	Engine string `yaml:"engine" help:"sqlite or postgres"`
	Path   string `yaml:"path" help:"sqlite: the file; empty: paymux.db in data_dir"`
	URL    Ref    `yaml:"url" help:"secret: postgres: the connection string"`
	Seal   string `yaml:"seal" help:"name of an aes-gcm key in the key service, under which merchants' secrets rest in the database; its callers: node; empty: they rest in clear"`
}

// NATSConfig is where messages go.
type NATSConfig struct {
	URL         Ref           `yaml:"url" help:"secret: a NATS server or cluster, such as tls://nats1:4222,tls://nats2:4222; empty: a server inside this process"`
	Credentials Ref           `yaml:"credentials" help:"secret: this role's nkey seed, as paymux nats init makes it; empty: what the url says"`
	CA          Ref           `yaml:"ca" help:"PEM of who signed the certificates of the servers, mostly file:PATH; empty: who the system trusts"`
	Certificate Ref           `yaml:"certificate" help:"secret: PEM of a client certificate and its private key, for servers that ask for one; empty: none"`
	Wait        time.Duration `yaml:"wait" help:"how long the start waits for a cluster that is not there yet"`

	StateCluster string `yaml:"state_cluster" help:"the NATS cluster, of several joined by gateways, where this process makes buckets that are missing (registry, settings, key journal): one in a third place, the same for all regions; empty: the cluster it is connected to"`
	Replicas     int    `yaml:"replicas" help:"how many servers of that cluster keep each bucket: 1, 3 or 5; 0: 1"`
}

// AccountConfig is one account at an institution.
type AccountConfig struct {
	Name    string         `yaml:"name" help:"name of the account, as in /callbacks/<channel>/<name>"`
	Channel string         `yaml:"channel" help:"which channel it belongs to"`
	Methods []string       `yaml:"methods" help:"payment methods to use it for; empty: all of the channel's"`
	Options map[string]Ref `yaml:"options" help:"settings of the channel; each may be a secret"`
}

// GatewayConfig is how accounts are served to nodes elsewhere.
type GatewayConfig struct {
	Version string `yaml:"version" help:"announced for this process's channels; empty: the program's own"`
	Weight  int    `yaml:"weight" help:"share of this process beside other versions, 0 to 10000; 0: 100"`
	Limit   int    `yaml:"limit" help:"calls under way at a time, a channel; 0: 1024"`
}

// AccessConfig is the front door.
type AccessConfig struct {
	TrustedProxies  []string      `yaml:"trusted_proxies" help:"networks (CIDR) of proxies whose X-Forwarded-For is believed"`
	BearerDefault   bool          `yaml:"bearer_default" help:"whether new merchants may use bearer keys; signatures are always accepted"`
	TrafficRequests int           `yaml:"traffic_requests" help:"requests a merchant may make per service type within traffic_window, unless its policy says otherwise; 0: no limit"`
	TrafficWindow   time.Duration `yaml:"traffic_window" help:"the window of traffic_requests"`
	SignatureWindow time.Duration `yaml:"signature_window" help:"how far a request signature's time may be off"`
	StandbyGroup    string        `yaml:"standby_group" help:"name of a group of frontends of which one at a time answers /readyz with 200, the primary; the others stand by and take over within 3s; empty: this one is ready by itself"`
	Drain           time.Duration `yaml:"drain" help:"how long this frontend still serves after it was told to end, with /readyz at 503 already, so that load balancers notice"`
	JWEKey          Ref           `yaml:"jwe_key" help:"secret: PEM of the private key that merchants encrypt bodies to, RSA or P-256, or key:NAME for one in the key service; empty: made once and kept in data_dir"`
}

// RelayConfig is how requests find their regions.
type RelayConfig struct {
	Strict bool `yaml:"strict" help:"with several regions, refuse new payments while the journal of idempotency keys is away; false: they go to their home region, once all frontends have agreed that none lets keys leave it (docs/regions.md says what is risked)"`
	// Horizon is relay.Timing's.
	Horizon time.Duration `yaml:"horizon" help:"for how long after its first request merchants may repeat one, at most 24h: as long is looked back for where an Idempotency-Key may have gone; the same at all frontends"`
}

// NotifyConfig is how merchants are notified.
type NotifyConfig struct {
	AllowNetworks []string      `yaml:"allow_networks" help:"private networks (CIDR) that notifications may be sent to; others that are not public are refused"`
	Keep          time.Duration `yaml:"keep" help:"how long events and the log of attempts are kept, 168h or more"`
	Proxy         Ref           `yaml:"proxy" help:"secret: an HTTP proxy that notifications go through, such as http://proxy.internal:3128; empty: none"`
	Certificate   Ref           `yaml:"certificate" help:"secret: PEM of a client certificate and its private key, for endpoints that ask for one; empty: none"`
}

// KeysConfig is the key service.
type KeysConfig struct {
	Path   string `yaml:"path" help:"the file of keys, sealed; empty: keys.db in data_dir"`
	Master string `yaml:"master" help:"what keys are sealed under: file:PATH (made once, mode 0600), pkcs11:… (RFC 7512; of a program built with -tags pkcs11) or the URI of a KMS that the program has a client for; empty: the file master.key in data_dir"`
	Head   string `yaml:"head" help:"the file that gets the newest head of the audit, best on another disk; empty: path with .head"`
}

// SandboxConfig is the institution that pretends.
type SandboxConfig struct {
	Enabled  bool `yaml:"enabled" help:"serve the sandbox institutions under /sandbox; a gateway without the role frontend has them without pages and controls, so that payers who act by themselves (eager_payers) are the only ones; never where real money moves"`
	Remote   bool `yaml:"remote" help:"let accounts be at a sandbox that runs elsewhere (paymux sandbox serve), named by their base_url; never where real money moves"`
	InMemory bool `yaml:"in_memory" help:"let the sandbox institutions forget their books when the process ends; for measuring without their disk"`
}

// LogConfig is what is logged to standard error.
type LogConfig struct {
	Level    string `yaml:"level" help:"debug, info, warn or error"`
	Format   string `yaml:"format" help:"json or text"`
	Requests bool   `yaml:"requests" help:"one line a request"`
}

// defaults are the values of keys nobody set.
func defaults() Config {
	return Config{
		Roles:   allRoles(),
		Listen:  "127.0.0.1:8080",
		DataDir: ".paymux",
		Region:  RegionConfig{Name: "local", Number: 1},
		Store:   StoreConfig{Engine: "sqlite"},
		Access: AccessConfig{
			TrafficRequests: 6000, TrafficWindow: time.Minute, SignatureWindow: 5 * time.Minute,
		},
		Relay:  RelayConfig{Horizon: 24 * time.Hour},
		NATS:   NATSConfig{Wait: 30 * time.Second},
		Notify: NotifyConfig{Keep: 90 * 24 * time.Hour},
		Log:    LogConfig{Level: "info", Format: "json", Requests: true},
		Trace:  TraceConfig{Sample: 0.01, Asked: 10},
	}
}

// check reports every value that cannot work, each with its key.
func (c *Config) check() error {
	faults := []error{
		c.checkRoles(), c.checkListen(), c.checkPublicURL(), c.checkRegion(), c.checkStore(), c.checkNATS(), c.checkAccounts(), c.checkLog(), c.checkMonitor(), c.Trace.check(), c.checkRouting(),
		networks("access.trusted_proxies", c.Access.TrustedProxies),
		networks("notify.allow_networks", c.Notify.AllowNetworks),
	}
	if c.Relay.Horizon < time.Second || c.Relay.Horizon > 24*time.Hour {
		faults = append(faults, fmt.Errorf("relay.horizon: %s is not between 1s and 24h, for which the journal keeps keys", c.Relay.Horizon))
	}
	faults = append(faults, c.checkLife()...)
	if c.DataDir == "" {
		faults = append(faults, errors.New("data_dir: is empty"))
	}
	if c.Access.TrafficRequests < 0 || c.Access.TrafficWindow < time.Second {
		faults = append(faults, errors.New("access.traffic_window: must be 1s or more, and traffic_requests not negative"))
	}
	if c.Notify.Keep < 7*24*time.Hour {
		faults = append(faults, fmt.Errorf("notify.keep: %s is less than 168h, which retries may take", c.Notify.Keep))
	}
	if c.Access.SignatureWindow < time.Second || c.Access.SignatureWindow > time.Hour {
		faults = append(faults, fmt.Errorf("access.signature_window: %s is not between 1s and 1h", c.Access.SignatureWindow))
	}
	return errors.Join(faults...)
}

func (c *Config) checkListen() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen: %q is not an address and port such as 127.0.0.1:8080", c.Listen)
	}
	return nil
}

func (c *Config) checkPublicURL() error {
	if c.PublicURL == "" {
		return c.checkOneAddress()
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("public_url: %q is not of the form https://pay.example", c.PublicURL)
	}
	return nil
}

// checkOneAddress: without public_url, what is listened on is what others are told.
func (c *Config) checkOneAddress() error {
	host, _, _ := net.SplitHostPort(c.Listen)
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		return fmt.Errorf("public_url: is needed where listen (%s) is every address of the machine", c.Listen)
	}
	return nil
}

func (c *Config) checkRegion() error {
	if c.Region.Number < 0 || c.Region.Number > 4095 {
		return fmt.Errorf("region.number: %d is not between 0 and 4095", c.Region.Number)
	}
	if c.Region.Name == "" {
		return errors.New("region.name: is empty")
	}
	return nil
}

func (c *Config) checkStore() error {
	switch c.Store.Engine {
	case "sqlite":
		return nil
	case "postgres":
		if c.Store.URL == "" {
			return errors.New("store.url: is needed with engine postgres, such as postgres://paymux@127.0.0.1:5432/paymux")
		}
		return nil
	}
	return fmt.Errorf("store.engine: %q is not sqlite or postgres", c.Store.Engine)
}

func (c *Config) checkNATS() error {
	var faults []error
	if c.NATS.Wait < 0 {
		faults = append(faults, fmt.Errorf("nats.wait: %s is negative", c.NATS.Wait))
	}
	if c.NATS.StateCluster != "" && !plainName(c.NATS.StateCluster) {
		faults = append(faults, fmt.Errorf("nats.state_cluster: %q is not a name of lower case letters, digits, - and _, as in paymux nats init --clusters", c.NATS.StateCluster))
	}
	if !slices.Contains([]int{0, 1, 3, 5}, c.NATS.Replicas) {
		faults = append(faults, fmt.Errorf("nats.replicas: %d is not 1, 3 or 5, of which more than half survive the loss of one", c.NATS.Replicas))
	}
	if c.NATS.URL == "" && (c.NATS.StateCluster != "" || c.NATS.Replicas > 1) {
		faults = append(faults, errors.New("nats.state_cluster and nats.replicas: are about a cluster, which nats.url has to name"))
	}
	return errors.Join(faults...)
}

func (c *Config) checkAccounts() error {
	var faults []error
	seen := map[string]bool{}
	for i, a := range c.Accounts {
		key := fmt.Sprintf("accounts[%d]", i)
		if !plainName(a.Name) {
			faults = append(faults, fmt.Errorf("%s.name: %q is not a name of lower case letters, digits, - and _", key, a.Name))
		}
		if seen[a.Name] {
			faults = append(faults, fmt.Errorf("%s.name: %q is there twice", key, a.Name))
		}
		seen[a.Name] = true
		if a.Channel == "" {
			faults = append(faults, fmt.Errorf("%s.channel: is empty", key))
		}
	}
	return errors.Join(faults...)
}

func (c *Config) checkLog() error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		return fmt.Errorf("log.level: %q is not debug, info, warn or error", c.Log.Level)
	}
	if c.Log.Format != "json" && c.Log.Format != "text" {
		return fmt.Errorf("log.format: %q is not json or text", c.Log.Format)
	}
	return nil
}

func networks(key string, list []string) error {
	for _, n := range list {
		if _, err := netip.ParsePrefix(n); err != nil {
			return fmt.Errorf("%s: %q is not a network such as 10.0.0.0/8", key, n)
		}
	}
	return nil
}

func plainName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// storePath is the embedded store's file.
func (c *Config) storePath() string {
	if c.Store.Path != "" {
		return c.Store.Path
	}
	return filepath.Join(c.DataDir, "paymux.db")
}

// keysPath is the file of the key service.
func (c *Config) keysPath() string {
	if c.Keys.Path != "" {
		return c.Keys.Path
	}
	return filepath.Join(c.DataDir, "keys.db")
}

// keysMaster is what keys are sealed under.
func (c *Config) keysMaster() string {
	if c.Keys.Master != "" {
		return c.Keys.Master
	}
	return "file:" + filepath.Join(c.DataDir, "master.key")
}

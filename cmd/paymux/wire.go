package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/keys"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
	"github.com/paymux/paymux/rollout"
	"github.com/paymux/paymux/store/sealed"
)

// system is one process's rooms, put together: frontend, node and gateway in one.
// Nothing in it serves before start, and stop ends all of it in the order that loses nothing.
type system struct {
	conf      Config
	publicURL string
	secrets   secrets
	log       *slog.Logger
	now       func() time.Time
	replica   string        // ID of this process among all there are and were
	tracer    *trace.Tracer // nil: nothing is recorded

	store     store
	engine    sealed.Engine // under it
	seals     *sealed.Store // nil: secrets rest in clear
	messaging *natsserver.Messaging
	sandbox   *sandbox.Institution // nil: not enabled
	keys      *keys.Service        // nil: elsewhere, or none
	accounts  []*channel.Account   // at the institutions this process speaks to itself
	gateway   *gateway.Gateway     // nil: nobody else is served
	registry  *registry.Registry
	channels  *rollout.Channels
	ids       *paymux.IDs
	changes   *changes
	directory *directory.Follower // of other regions' merchants; nil: there are none
	met       met                 // of them, those that pay here
	notifier  *notify.Notifier
	runner    *queue.Runner
	payments  *payment.Service
	meter     *monitor.Node   // what this node is asked; nil: no node
	usage     *monitor.Meter  // how busy it is with that
	counts    *monitor.Counts // of what it has committed
	servers   []served        // of other processes
	front     *access.Server
	nodeReady func(context.Context) error // of the node that the front door asks
	relay     *relay.Relay
	listed    atomic.Uint64                  // version of the assignment list in force here
	lease     atomic.Pointer[registry.Lease] // of this process; nil: it has not begun, or announces nothing
	handler   http.Handler
	life
	routed

	endStreams func() // of events, when the server shuts down

	stops []func(context.Context) error // newest last
}

// secrets are the configuration's, read.
type secrets struct {
	idsKey   []byte
	opsToken paymux.Secret
	storeURL paymux.Secret
	nats     natsSecrets
	proxy    paymux.Secret // of notifications
	client   paymux.Secret // certificate and key, of notifications
	jweKey   paymux.Secret
	trace    paymux.Secret // headers for the collector
}

// assemble opens and connects everything the configuration asks for. On an error
// it has closed what was open already.
func assemble(ctx context.Context, conf Config, env func(string) string, log *slog.Logger, now func() time.Time) (*system, error) {
	s := &system{conf: conf, publicURL: publicURL(&conf), log: log, now: now, replica: replicaID(), changes: newChanges()}
	for _, stage := range s.stages(env) {
		if !stage.needed {
			continue
		}
		if err := stage.open(ctx); err != nil {
			return nil, errors.Join(err, s.stop(ctx))
		}
	}
	return s, nil
}

// stage opens one part, where the process's roles need it.
type stage struct {
	needed bool
	open   func(context.Context) error
}

func (s *system) stages(env func(string) string) []stage {
	frontend, node, gateways, keyService := s.conf.has(roleFrontend), s.conf.has(roleNode), s.conf.has(roleGateway), s.conf.has(roleKeys)
	return []stage{
		{true, func(context.Context) error { return makeDataDir(s.conf.DataDir) }},
		{true, func(context.Context) error { return s.readSecrets(env) }},
		{true, s.openTrace},
		{node, s.openStore},
		{true, s.openMessaging},
		{keyService, s.openKeys},
		{keyService && !s.conf.whole(), s.serveKeys},
		{node, s.sealStore},
		{gateways, s.openSandbox},
		{gateways, func(context.Context) error { return s.openAccounts(env) }},
		{gateways && !node, s.openGateway},
		{node && s.conf.NATS.URL != "", s.openDirectory},
		{node, s.openChannels},
		{node, s.openRouting},
		{node, s.openPayments},
		{node && s.conf.NATS.URL != "", s.serveNode},
		{node && s.conf.NATS.URL != "", s.keepJournal},
		{node && s.conf.NATS.URL != "", s.keepFlags},
		{frontend, s.openRelay},
		{frontend, s.openFront},
	}
}

// start begins work: notifications of the sandbox, then tasks. Requests come last, from the caller's listener.
func (s *system) start(ctx context.Context) error {
	if s.sandbox != nil {
		s.sandbox.Start()
	}
	if s.conf.has(roleNode) {
		s.channels.Start()
		s.startDirectory()
		s.rules.Start()
		s.health.Start()
		s.runner.Start()
		s.startPruning()
		s.every(storeLook, s.watch.look)
		if s.seals != nil {
			s.startSealing(s.seals)
		}
	}
	if s.gateway != nil {
		if err := s.gateway.Start(ctx); err != nil {
			return err
		}
	}
	if err := s.startStandby(); err != nil {
		return err
	}
	return s.startPresence(ctx)
}

// onStop remembers how to end what was just opened.
func (s *system) onStop(stop func(context.Context) error) { s.stops = append(s.stops, stop) }

// stop ends everything, newest first: no task is begun, those under way are
// finished, and the store closes last. It may be called twice.
func (s *system) stop(ctx context.Context) error {
	var err error
	for i := len(s.stops) - 1; i >= 0; i-- {
		err = errors.Join(err, s.stops[i](ctx))
	}
	s.stops = nil
	return err
}

func (s *system) readSecrets(env func(string) string) error {
	var err error
	read := func(key string, r Ref) paymux.Secret {
		secret, fault := r.Read(env)
		if fault != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", key, fault))
		}
		return secret
	}
	s.secrets.opsToken = read("ops_token", s.conf.OpsToken)
	s.secrets.storeURL = read("store.url", s.conf.Store.URL)
	s.secrets.nats = s.conf.NATS.secrets(read)
	s.secrets.proxy = read("notify.proxy", s.conf.Notify.Proxy)
	s.secrets.client = read("notify.certificate", s.conf.Notify.Certificate)
	s.secrets.trace = read("trace.headers", s.conf.Trace.Headers)
	if s.conf.Access.JWEKey.Key() == "" { // otherwise nobody here sees it
		s.secrets.jweKey = read("access.jwe_key", s.conf.Access.JWEKey)
	}
	s.secrets.idsKey = []byte(read("ids_key", s.conf.IDsKey).Reveal())
	if err != nil {
		return err
	}
	if s.conf.IDsKey != "" {
		err = longEnough(s.secrets.idsKey)
	} else {
		s.secrets.idsKey, err = keptKey(filepath.Join(s.conf.DataDir, "ids.key"))
	}
	s.ids = paymux.NewIDs(s.secrets.idsKey, paymux.Region(s.conf.Region.Number), s.now)
	return err
}

func longEnough(key []byte) error {
	if len(key) < 16 {
		return errors.New("ids_key: is shorter than 16 bytes")
	}
	return nil
}

func (s *system) openMessaging(ctx context.Context) error {
	conf := s.secrets.nats.config(s.conf.NATS)
	conf.Dir, conf.Name, conf.Log = filepath.Join(s.conf.DataDir, "nats"), "paymux-"+s.conf.Region.Name, s.log
	m, err := natsserver.OpenContext(ctx, conf)
	if err != nil {
		return err
	}
	s.messaging = m
	if !m.Embedded() {
		s.changes.join(m.Conn, paymux.Region(s.conf.Region.Number))
	}
	s.onStop(func(context.Context) error { m.Stop(); return nil })
	s.registry = registry.New(registry.Config{
		Conn: m.Conn, Creates: m.Embedded() || s.conf.has(roleNode), Cluster: s.conf.NATS.StateCluster, Replicas: s.conf.NATS.Replicas,
		Log: s.log, Now: s.now,
	})
	s.onStop(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, releaseTime)
		defer cancel()
		_ = s.registry.Stop(ctx) // a registry that does not hear of it forgets this process by itself
		return nil
	})
	return nil
}

// releaseTime is how long the registry is waited for at the end.
const releaseTime = 2 * time.Second

// publicURL is what others reach this deployment by.
func publicURL(c *Config) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	return "http://" + c.Listen
}

// makeDataDir makes the directory that only this user may read.
func makeDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data_dir: %w", err)
	}
	return nil
}

package registry_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/registry"
)

// patience is how long a test waits for what has to become true.
const patience = 20 * time.Second

// ttl is short, so that tests see leases end.
const ttl = 600 * time.Millisecond

// house is a NATS server that can be stopped and started again on the same port.
type house struct {
	t       *testing.T
	options server.Options
	server  *server.Server
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, options: server.Options{
		ServerName: "test", Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	}}
	h.start()
	t.Cleanup(h.stop)
	h.options.Port = h.server.Addr().(*net.TCPAddr).Port
	return h
}

func (h *house) start() {
	h.t.Helper()
	options := h.options
	s, err := server.NewServer(&options)
	if err != nil {
		h.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		h.t.Fatal("NATS is not ready")
	}
	h.server = s
}

func (h *house) stop() {
	h.server.Shutdown()
	h.server.WaitForShutdown()
}

// url is where the server is, or will be again.
func (h *house) url() string {
	return "nats://" + net.JoinHostPort("127.0.0.1", itoa(h.options.Port))
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func connect(t *testing.T, url string) *nats.Conn {
	t.Helper()
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectBufSize(-1), nats.RetryOnFailedConnect(true))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// open is one process's registry with a connection of its own.
func (h *house) open(change ...func(*registry.Config)) *registry.Registry {
	h.t.Helper()
	c := registry.Config{Conn: connect(h.t, h.url()), TTL: ttl, Creates: true, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	r := registry.New(c)
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = r.Stop(ctx) // the server may be gone
	})
	return r
}

func gateway(name, id string) registry.Instance {
	return registry.Instance{ID: id, Role: registry.RoleGateway, Name: name, Version: "1.0.0", Weight: 1, State: registry.Ready}
}

func register(t *testing.T, r *registry.Registry, i registry.Instance) *registry.Lease {
	t.Helper()
	l, err := r.Register(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// changing is a directory or a view.
type changing interface{ Changed() <-chan struct{} }

// await returns when yes is true, asking again after every change.
func await(t *testing.T, what string, d changing, yes func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		changed := d.Changed()
		if yes() {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("%s did not come true within %s", what, patience)
		}
	}
}

func has(d *registry.Directory, ids ...string) func() bool {
	return func() bool {
		all := d.Instances()
		if len(all) != len(ids) {
			return false
		}
		for n, i := range all {
			if i.ID != ids[n] {
				return false
			}
		}
		return true
	}
}

func fresh(d interface{ Stale() (time.Time, bool) }) func() bool {
	return func() bool { _, stale := d.Stale(); return !stale }
}

func stale(d interface{ Stale() (time.Time, bool) }) func() bool {
	return func() bool { since, stale := d.Stale(); return stale && !since.IsZero() }
}

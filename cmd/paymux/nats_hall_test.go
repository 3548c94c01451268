package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
)

// hall is a NATS server from what paymux nats init wrote, with TLS, and the parties that connect to it.
type hall struct {
	t      *testing.T
	desk   *desk
	dir    string
	server *natsserver.Server
}

func newHall(t *testing.T, channels string) *hall {
	t.Helper()
	h := &hall{t: t, desk: newDesk(t, nil), dir: filepath.Join(t.TempDir(), "nats")}
	h.desk.do("nats", "init", "--dir", h.dir, "--channels", channels)
	var err error
	h.server, err = natsserver.Serve(natsserver.ServerConfig{File: filepath.Join(h.dir, "nats.conf"), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.server.Stop)
	return h
}

func (h *hall) read(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// config is how a party connects.
func (h *hall) config(party string) natsserver.Config {
	h.t.Helper()
	return natsserver.Config{Config: natsclient.Config{
		URL: "tls://" + h.server.Addr().String(), Seed: paymux.Secret(h.read(party + ".nk")), CA: h.read("ca.pem"),
		Name: party, Log: slog.New(slog.DiscardHandler),
	}}
}

func (h *hall) enter(party string) *guest {
	h.t.Helper()
	m, err := natsserver.Open(h.config(party))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(m.Stop)
	return &guest{h.t, party, m.Conn}
}

// guest is a party at a NATS server, trying things.
type guest struct {
	t    *testing.T
	name string
	conn *nats.Conn
}

var errRefused = errors.New("refused by the server")

// try does something and reports whether the server refuses it.
func (g *guest) try(do func() error) error {
	g.t.Helper()
	before := g.conn.LastError()
	if err := errors.Join(do(), g.conn.FlushTimeout(patience)); err != nil {
		g.t.Fatal(err)
	}
	after := g.conn.LastError()
	if after != before && errors.Is(after, nats.ErrPermissionViolation) {
		return errRefused
	}
	return nil
}

// ask makes a request. Errors: errRefused, nats.ErrNoResponders.
func (g *guest) ask(m *nats.Msg) (*nats.Msg, error) { return g.askFor(m, patience) }

func (g *guest) askFor(m *nats.Msg, limit time.Duration) (*nats.Msg, error) {
	g.t.Helper()
	m.Reply = g.conn.NewInbox()
	sub, err := g.conn.SubscribeSync(m.Reply)
	if err != nil {
		g.t.Fatal(err)
	}
	defer sub.Unsubscribe()
	if err := g.try(func() error { return g.conn.PublishMsg(m) }); err != nil {
		return nil, err
	}
	return sub.NextMsg(limit)
}

// hears subscribes and returns what comes. Error: errRefused.
func (g *guest) hears(subject string) (<-chan *nats.Msg, error) {
	g.t.Helper()
	heard := make(chan *nats.Msg, 64)
	var sub *nats.Subscription
	err := g.try(func() (err error) { sub, err = g.conn.ChanSubscribe(subject, heard); return err })
	if err != nil {
		return nil, err
	}
	g.t.Cleanup(func() { _ = sub.Unsubscribe() })
	return heard, nil
}

// serves answers requests with the party's name.
func (g *guest) serves(subject string) {
	g.t.Helper()
	if err := g.try(func() error {
		_, err := g.conn.QueueSubscribe(subject, "q", func(m *nats.Msg) { _ = m.Respond([]byte(g.name)) })
		return err
	}); err != nil {
		g.t.Fatalf("%s serves %s: %v", g.name, subject, err)
	}
}

// arrives waits for one message.
func arrives(t *testing.T, heard <-chan *nats.Msg) *nats.Msg {
	t.Helper()
	select {
	case m := <-heard:
		return m
	case <-time.After(patience):
		t.Fatal("nothing came")
		return nil
	}
}

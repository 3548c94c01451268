package natsserver_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
)

// cluster is a server with TLS and one user, and what that user needs to reach it.
type cluster struct {
	file   string
	config natsserver.Config
	server *natsserver.Server
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	dir := t.TempDir()
	certificate, key, err := natsserver.NewAuthority(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := natsserver.LoadAuthority(certificate, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	serverKey, err := natsserver.NewServerKey()
	if err != nil {
		t.Fatal(err)
	}
	issued, err := ca.Issue(serverKey, []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	seed, public, err := natsserver.NewUser()
	if err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf("listen: \"127.0.0.1:-1\"\ntls: {cert_file: %[1]q, key_file: %[2]q}\nauthorization: {users: [{nkey: %[3]s}, {user: clerk, password: hunter2}]}\n",
		write(t, dir, "server.pem", issued), write(t, dir, "server.key", serverKey), public)
	c := &cluster{file: write(t, dir, "nats.conf", []byte(conf))}
	c.start(t, "")
	c.config = natsserver.Config{Config: natsclient.Config{URL: c.server.Addr().String(), Seed: seed, CA: string(certificate), Name: "test", Log: slog.New(slog.DiscardHandler)}}
	return c
}

func (c *cluster) start(t *testing.T, listen string) {
	t.Helper()
	var err error
	c.server, err = natsserver.Serve(natsserver.ServerConfig{File: c.file, Listen: listen, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.server.Stop)
}

func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAClusterIsReachedByNkeyOrPassword(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	byPassword := c.config
	byPassword.Seed, byPassword.URL = "", "tls://clerk:hunter2@"+c.config.URL
	several := c.config
	several.URL = "127.0.0.1:1, tls://" + c.config.URL
	for name, conf := range map[string]natsserver.Config{"nkey": c.config, "password": byPassword, "several": several} {
		m, err := natsserver.Open(conf)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Embedded() {
			t.Errorf("%s: the server is embedded", name)
		}
		m.Stop()
	}
}

func TestWhatCannotConnect(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	other, _, err := natsserver.NewUser()
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]struct {
		change func(*natsserver.Config)
		want   string
	}{
		"another's key":  {func(c *natsserver.Config) { c.Seed = other }, "Authorization Violation"},
		"no credentials": {func(c *natsserver.Config) { c.Seed = "" }, "Authorization Violation"},
		"no CA":          {func(c *natsserver.Config) { c.CA = "" }, "certificate"},
		"no seed":        {func(c *natsserver.Config) { c.Seed = "hunter2" }, "not an nkey seed"},
		"an account's seed": {func(c *natsserver.Config) {
			c.Seed = "SAANZW3WCBSDEUG3HFHAPDMYZMZJTOMXMGRALJBQHEVWGVTFBALAOPC5CU"
		}, "nkey seed"},
		"a bad CA":          {func(c *natsserver.Config) { c.CA = "hunter2" }, "not the PEM"},
		"a bad certificate": {func(c *natsserver.Config) { c.Certificate = "hunter2" }, "not the PEM"},
		"a bad address":     {func(c *natsserver.Config) { c.URL = "nats://clerk:hunter2@[::1" }, "not of the form"},
		"a web address":     {func(c *natsserver.Config) { c.URL = "https://clerk:hunter2@localhost" }, "not of the form"},
	} {
		conf := c.config
		conf.Wait = time.Hour // nothing of this gets better by waiting
		e.change(&conf)
		_, err := natsserver.Open(conf)
		if err == nil || !strings.Contains(err.Error(), e.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), conf.Seed.Reveal()) && conf.Seed != "" {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
}

func TestOpenWaitsForACluster(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	address := c.server.Addr().String()
	c.server.Stop()
	if _, err := natsserver.Open(c.config); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("without waiting: %v", err)
	}
	c.config.Wait = time.Minute
	opened := make(chan error, 1)
	go func() {
		m, err := natsserver.Open(c.config)
		if err == nil {
			m.Stop()
		}
		opened <- err
	}()
	c.start(t, address)
	select {
	case err := <-opened:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("Open still waits")
	}
}

// What is published while the connection is down must not be sent late.
func TestNothingIsKeptForLater(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	m, err := natsserver.Open(c.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	back := m.Conn.StatusChanged(nats.CONNECTED)
	down := m.Conn.StatusChanged(nats.RECONNECTING)
	address := c.server.Addr().String()
	c.server.Stop()
	wait(t, down)
	if err := m.Conn.Publish("order", []byte("pay")); !errors.Is(err, nats.ErrReconnectBufExceeded) {
		t.Errorf("publishing while disconnected: %v", err)
	}
	c.start(t, address)
	wait(t, back)
	if err := m.Conn.Publish("order", []byte("pay")); err != nil {
		t.Errorf("publishing again: %v", err)
	}
}

func wait(t *testing.T, status <-chan nats.Status) {
	t.Helper()
	select {
	case <-status:
	case <-time.After(30 * time.Second):
		t.Fatal("the connection does not change")
	}
}

func TestWhatIsNotServed(t *testing.T) {
	t.Parallel()
	const users = "authorization: {users: [{user: a, password: hunter2}]}\n"
	const here = users + "listen: \"127.0.0.1:-1\"\n"
	c := newCluster(t)
	pair := fmt.Sprintf("cert_file: %[1]q, key_file: %[2]q, ca_file: %[1]q", filepath.Join(filepath.Dir(c.file), "server.pem"), filepath.Join(filepath.Dir(c.file), "server.key"))
	for text, want := range map[string]string{
		"listen: \"127.0.0.1:-1\"\n":                          "anybody could connect",
		users + "listen: \"0.0.0.0:-1\"\n":                    "without tls",
		users + "listen: \":-1\"\n":                           "without tls",
		users + "listen: \"127.0.0.1:-1\"\nno_auth_user: a\n": "no_auth_user",
		here + "cluster: {name: a, listen: \"0.0.0.0:-1\", authorization: {user: b, password: hunter2}}\n": "cluster: without tls",
		here + "gateway: {name: a, listen: \"0.0.0.0:-1\", authorization: {user: b, password: hunter2}}\n": "gateway: without tls",
		here + "cluster: {name: a, listen: \"127.0.0.1:-1\"}\n":                                            "cluster: anybody could connect as a server",
		here + "gateway: {name: a, listen: \"127.0.0.1:-1\"}\n":                                            "gateway: anybody could connect as a server",
		here + "gateway: {name: a, listen: \"" + c.server.Addr().String() + "\", tls: {" + pair + "}}\n":   "serve NATS",
		"listen: {\n": "read ",
	} {
		file := write(t, t.TempDir(), "nats.conf", []byte(text))
		s, err := natsserver.Serve(natsserver.ServerConfig{File: file, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			s.Stop()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	file := write(t, t.TempDir(), "nats.conf", []byte(users))
	if _, err := natsserver.Serve(natsserver.ServerConfig{File: file, Listen: "4222"}); err == nil {
		t.Error("an address without a port is served")
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := natsserver.Serve(natsserver.ServerConfig{File: file, Listen: taken.Addr().String(), Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("a port that is taken is served")
	}
}

func TestLargeMessagesPass(t *testing.T) {
	t.Parallel()
	m := open(t, t.TempDir())
	if _, err := m.Conn.SubscribeSync("statement"); err != nil {
		t.Fatal(err)
	}
	if err := m.Conn.Publish("statement", make([]byte, natsserver.MaxPayload)); err != nil {
		t.Error(err)
	}
	if err := m.Conn.Publish("statement", make([]byte, natsserver.MaxPayload+1)); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("more: %v", err)
	}
	if m.Conn.MaxPayload() != natsserver.MaxPayload || !m.Embedded() {
		t.Errorf("%d", m.Conn.MaxPayload())
	}
}

func TestCertificatesBelongToTheirAuthority(t *testing.T) {
	t.Parallel()
	certificate, key, err := natsserver.NewAuthority(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, another, err := natsserver.NewAuthority(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2][]byte{{certificate, another}, {certificate, nil}, {nil, key}, {key, key}} {
		if _, err := natsserver.LoadAuthority(bad[0], bad[1], time.Now); err == nil {
			t.Error("an authority is read that is none")
		}
	}
	now := time.Now()
	ca, err := natsserver.LoadAuthority(certificate, key, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	serverKey, err := natsserver.NewServerKey()
	if err != nil {
		t.Fatal(err)
	}
	issued, err := ca.Issue(serverKey, []string{"a.internal", "10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if !ca.Serves(issued, []string{"10.0.0.1", "a.internal"}) || ca.Serves(issued, []string{"b.internal"}) || ca.Serves(certificate[:20], nil) {
		t.Error("hosts are not told apart")
	}
	if now = now.Add(22 * 30 * 24 * time.Hour); ca.Serves(issued, nil) {
		t.Error("a certificate that soon ends is good")
	}
	if _, err := ca.Issue([]byte("x"), []string{"a"}); err == nil {
		t.Error("a certificate is issued for no key")
	}
	var secret paymux.Secret
	if secret, _, err = natsserver.NewUser(); err != nil || !strings.HasPrefix(secret.Reveal(), "SU") {
		t.Errorf("%v", err)
	}
}

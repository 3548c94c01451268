package wiretest

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Server is a NATS server of the test's own with a port and a disk, which can be stopped and started again. Start and Stop are
// for one goroutine at a time.
type Server struct {
	t       testing.TB
	options server.Options
	server  *server.Server
}

// Serve starts one on loopback. It ends with the test.
func Serve(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, options: server.Options{
		ServerName: "test", Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, MaxPayload: MaxPayload,
	}}
	s.Start()
	t.Cleanup(s.Stop)
	s.options.Port = s.server.Addr().(*net.TCPAddr).Port
	return s
}

// Start starts it again after Stop, at the same address and with what it had on its disk.
func (s *Server) Start() {
	s.t.Helper()
	options := s.options // the server changes them
	s.server = begin(s.t, &options)
}

// Lose has it forget what it had on its disk, while it is stopped.
func (s *Server) Lose() { s.options.StoreDir = s.t.TempDir() }

// Stop ends it, and all connections with it.
func (s *Server) Stop() { end(s.server) }

// URL is where it is, or will be again.
func (s *Server) URL() string {
	return "nats://" + net.JoinHostPort(s.options.Host, strconv.Itoa(s.options.Port))
}

// Dial returns a connection of its own, as another process would have it: it comes back by itself, and soon. It ends with the test.
func (s *Server) Dial() *nats.Conn {
	s.t.Helper()
	conn, err := nats.Connect(s.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectBufSize(-1), nats.RetryOnFailedConnect(true))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(conn.Close)
	return conn
}

func begin(t testing.TB, options *server.Options) *server.Server {
	t.Helper()
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		end(s)
		t.Fatal("the NATS server was not ready in time")
	}
	return s
}

func end(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

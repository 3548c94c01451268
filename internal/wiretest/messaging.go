package wiretest

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// MaxPayload is what deployments let one message have, in bytes.
const MaxPayload = 4 << 20

// Messaging is a NATS server of the test's own, without a port.
type Messaging struct {
	t      testing.TB
	server *server.Server
}

// Open starts one that takes messages of at most maxPayload bytes; 0: MaxPayload. It ends with the test.
func Open(t testing.TB, maxPayload int32) *Messaging {
	t.Helper()
	if maxPayload == 0 {
		maxPayload = MaxPayload
	}
	s := begin(t, &server.Options{DontListen: true, NoSigs: true, NoLog: true, MaxPayload: maxPayload})
	t.Cleanup(func() { end(s) })
	return &Messaging{t: t, server: s}
}

// Connect returns a connection of its own, as another process would have it. It ends with the test.
func (m *Messaging) Connect() *nats.Conn {
	m.t.Helper()
	conn, err := nats.Connect("", nats.InProcessServer(m.server), nats.MaxReconnects(-1))
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(conn.Close)
	return conn
}

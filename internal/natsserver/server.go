// Package natsserver gives a process its messaging: a NATS server of its own, in
// the process and without a port, or a connection to a cluster. Whoever uses
// the connection cannot tell the difference. It also is that cluster's server (Serve), and
// writes the permissions of its users (Permissions) and the certificates they connect by (Authority).
//
// It knows no subjects and no payments. What cannot be sent now is not kept to be sent later: who publishes while
// the connection is down gets an error. Start reading at Open.
package natsserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/natsclient"
)

const (
	// startLimit is how long a server may take to be ready.
	startLimit = 10 * time.Second
	// MaxPayload is how large a message may be, in bytes: an institution's statement of a day in one piece.
	MaxPayload = 4 << 20
)

// Config chooses between embedding and connecting: with a URL it is about a cluster.
type Config struct {
	natsclient.Config
	Dir string // where the embedded server keeps its streams; one server a directory
}

// Messaging is a connection and, where it is embedded, the server behind it.
type Messaging struct {
	Conn   *nats.Conn
	server *server.Server
	stop   sync.Once
}

// Open starts or connects. The embedded server has JetStream, listens on no
// port, and handles no signals: its life is the caller's. A connection that gets lost is
// sought for ever; meanwhile publishing fails at once.
func Open(c Config) (*Messaging, error) { return OpenContext(context.Background(), c) }

// OpenContext is [Open] that waits for a cluster until ctx ends, at the most.
func OpenContext(ctx context.Context, c Config) (*Messaging, error) {
	if c.URL != "" {
		conn, err := natsclient.Connect(ctx, c.Config)
		if err != nil {
			return nil, err
		}
		return &Messaging{Conn: conn}, nil
	}
	s, err := start(c)
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect("", append(natsclient.Options(c.Config), nats.InProcessServer(s))...)
	if err != nil {
		s.Shutdown()
		return nil, fmt.Errorf("connect to the embedded NATS server: %w", err)
	}
	return &Messaging{Conn: conn, server: s}, nil
}

// Embedded reports whether the server is this process's own.
func (m *Messaging) Embedded() bool { return m.server != nil }

func start(c Config) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: c.Name,
		DontListen: true,
		JetStream:  true,
		StoreDir:   c.Dir,
		MaxPayload: MaxPayload,
		NoSigs:     true,
	})
	if err != nil {
		return nil, fmt.Errorf("make the embedded NATS server: %w", err)
	}
	s.SetLoggerV2(&quiet{log: c.Log}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(startLimit) {
		s.Shutdown()
		return nil, errors.New("the embedded NATS server was not ready in time")
	}
	if !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, fmt.Errorf("the embedded NATS server cannot keep streams in %s", c.Dir)
	}
	return s, nil
}

// Stop closes the connection after what was published has left, then stops the
// embedded server. It may be called twice.
func (m *Messaging) Stop() {
	m.stop.Do(func() {
		if m.Conn.Status() == nats.CONNECTED {
			// What cannot be flushed now is lost: nothing that money depends on is sent here.
			_ = m.Conn.FlushTimeout(2 * time.Second)
		}
		m.Conn.Close()
		if m.server != nil {
			m.server.Shutdown()
			m.server.WaitForShutdown()
		}
	})
}

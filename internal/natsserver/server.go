// Package natsserver gives a process its messaging: a NATS server of its own, in
// the process and without a port, or a connection to a cluster. Whoever uses
// the connection cannot tell the difference.
//
// It knows no subjects and no payments. Start reading at Open.
package natsserver

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startLimit is how long the embedded server may take to be ready.
const startLimit = 10 * time.Second

// Config chooses between embedding and connecting.
type Config struct {
	URL  string // of a cluster; empty embeds a server
	Dir  string // where the embedded server keeps its streams; one server a directory
	Name string // of this process, as the server's monitoring shows it
	Log  *slog.Logger
}

// Messaging is a connection and, where it is embedded, the server behind it.
type Messaging struct {
	Conn   *nats.Conn
	server *server.Server
	stop   sync.Once
}

// Open starts or connects. The embedded server has JetStream, listens on no
// port, and handles no signals: its life is the caller's.
func Open(c Config) (*Messaging, error) {
	if c.URL != "" {
		conn, err := nats.Connect(c.URL, options(c)...)
		if err != nil {
			return nil, fmt.Errorf("connect to NATS: %w", err)
		}
		return &Messaging{Conn: conn}, nil
	}
	s, err := start(c)
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect("", append(options(c), nats.InProcessServer(s))...)
	if err != nil {
		s.Shutdown()
		return nil, fmt.Errorf("connect to the embedded NATS server: %w", err)
	}
	return &Messaging{Conn: conn, server: s}, nil
}

func start(c Config) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: c.Name,
		DontListen: true,
		JetStream:  true,
		StoreDir:   c.Dir,
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

func options(c Config) []nats.Option {
	return []nats.Option{
		nats.Name(c.Name),
		nats.MaxReconnects(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				c.Log.Warn("NATS connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { c.Log.Info("NATS connection is back") }),
	}
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

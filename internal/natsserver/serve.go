package natsserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerConfig is a server that others connect to.
type ServerConfig struct {
	File   string // in nats-server's own format
	Listen string // address and port instead of the file's; port 0 takes a free one. Empty: the file's
	Log    *slog.Logger
}

// Server is a NATS server that listens.
type Server struct {
	config ServerConfig
	server *server.Server
	stop   sync.Once
}

// Serve starts a server from a file that stock nats-server would take, too. It
// refuses to listen beyond this machine without TLS, or to let in who has no credentials.
func Serve(c ServerConfig) (*Server, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	if err := free(options); err != nil {
		return nil, err
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("make the NATS server: %w", err)
	}
	s.SetLoggerV2(&quiet{log: c.Log}, false, false, false)
	s.Start()
	// Of a cluster, JetStream is ready when enough of its servers are; this one serves what it can until then.
	if !s.ReadyForConnections(startLimit) {
		s.Shutdown()
		return nil, errors.New("the NATS server was not ready in time")
	}
	return &Server{config: c, server: s}, nil
}

// options reads the file.
func (c ServerConfig) options() (*server.Options, error) {
	o, err := server.ProcessConfigFile(c.File)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", c.File, err)
	}
	if err := listen(o, c.Listen); err != nil {
		return nil, err
	}
	if err := guarded(o); err != nil {
		return nil, fmt.Errorf("%s: %w", c.File, err)
	}
	o.NoSigs = true
	return o, nil
}

// free reports where the server could not listen, which it would tell its log alone.
func free(o *server.Options) error {
	sockets := []struct {
		host string
		port int
	}{{o.Host, max(o.Port, 0)}}
	for _, l := range links(o) {
		sockets = append(sockets, struct {
			host string
			port int
		}{l.host, max(l.port, 0)})
	}
	for _, s := range sockets {
		socket, err := net.Listen("tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
		if err != nil {
			return fmt.Errorf("serve NATS: %w", err)
		}
		if err := socket.Close(); err != nil {
			return err
		}
	}
	return nil
}

func listen(o *server.Options, address string) error {
	if address == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	number, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil {
		return fmt.Errorf("%q is not an address and port such as 127.0.0.1:4222", address)
	}
	if o.Host, o.Port = host, int(number); number == 0 {
		o.Port = server.RANDOM_PORT
	}
	return nil
}

// guarded reports what would let in anybody, or show credentials to the network.
func guarded(o *server.Options) error {
	if len(o.Nkeys)+len(o.Users) == 0 && o.Username == "" && o.Authorization == "" && len(o.TrustedOperators) == 0 && o.AuthCallout == nil {
		return errors.New("anybody could connect: there are no users")
	}
	if o.NoAuthUser != "" {
		return errors.New("no_auth_user lets anybody connect")
	}
	if o.TLSConfig == nil && !onThisMachine(o.Host) {
		return fmt.Errorf("without tls it may listen on this machine alone, not on %q", o.Host)
	}
	for _, l := range links(o) {
		if err := l.guarded(); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.server.Addr() }

// Reload reads the file again: users, permissions and certificates as they are now. Clients that may go on stay connected.
// A file that cannot be used changes nothing.
func (s *Server) Reload() error {
	options, err := s.config.options()
	if err == nil {
		err = s.server.ReloadOptions(options)
	}
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	return nil
}

// Stop disconnects everybody and ends. It may be called twice.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	})
}

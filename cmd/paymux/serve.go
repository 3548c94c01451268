package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/internal/nocore"
)

// Limits of the HTTP server. Bodies have limits of their own in the front door; a
// stream of a payer's page extends its write deadline itself.
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 64 << 10
	drainTime   = 20 * time.Second // for requests under way, then for tasks, at the end
)

func (c *cli) serveCommand() *cobra.Command {
	var file, debug string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: c.text("serve.short"),
		Long:  c.text("serve.long"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if debug == "" { // who looks into a process may want a core file, too
				if err := nocore.Forbid(); err != nil {
					return fmt.Errorf("forbid core files: %w", err)
				}
			}
			conf, _, err := loadConfig(file, c.env)
			if err != nil {
				return &usageError{err}
			}
			stop, err := serveDebug(cmd.Context(), debug)
			if err != nil {
				return err
			}
			defer stop()
			return c.serve(cmd.Context(), conf)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", c.text("config.file"))
	cmd.Flags().StringVar(&debug, "debug", "", c.text("serve.debug"))
	return cmd
}

func (c *cli) serve(ctx context.Context, conf Config) error {
	log := newLogger(c.err, conf.Log)
	watch, err := openMonitor(ctx, &conf, log)
	if err != nil {
		return err
	}
	defer watch.health.Stop()
	var socket net.Listener
	if conf.has(roleFrontend) {
		if socket, err = c.bind(ctx, conf.Listen); err != nil {
			return err
		}
		conf.Listen = socket.Addr().String() // with the port that was free
	}
	s, err := assemble(ctx, conf, c.env, log, c.now)
	if err != nil {
		if socket != nil {
			err = errors.Join(err, socket.Close())
		}
		return err
	}
	defer watch.show(ctx, s)()
	return s.run(ctx, socket, func(context.Context) error {
		log.Info("ready", "roles", conf.Roles, "listen", conf.Listen, "monitor", watch.listen, "public_url", s.publicURL, "store", conf.Store.Engine, "version", version)
		return nil
	})
}

// run serves until ctx ends, then finishes what is under way: requests first, then
// tasks, then everything else is closed. ready is called once requests are answered.
// Only a frontend has a socket: everybody else is reached through NATS.
func (s *system) run(ctx context.Context, socket net.Listener, ready func(context.Context) error) error {
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	if s.endStreams != nil {
		server.RegisterOnShutdown(s.endStreams)
	}
	failed := make(chan error, 1)
	err := s.start(ctx)
	if socket != nil {
		go func() { failed <- server.Serve(socket) }()
	}
	if err == nil {
		err = ready(ctx)
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
			err = fmt.Errorf("serve: %w", err)
		}
	}
	return errors.Join(err, s.end(ctx, server))
}

// end is the order in which nothing is lost: others are told first, then no new connection, requests under way
// answered, tasks settled, everything else closed.
func (s *system) end(ctx context.Context, server *http.Server) error {
	told := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if told {
		s.drain(ctx)
	}
	draining, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	err := server.Shutdown(draining)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // streams of payers' pages do not end by themselves
	}
	stopping, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	return errors.Join(err, s.stop(stopping))
}

// bind opens the listening socket, and says what to do where that is impossible.
func (c *cli) bind(ctx context.Context, address string) (net.Listener, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		return socket, nil
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, usagef("%s", c.textf("port.taken", address, freeNeighbour(address)))
	}
	return nil, usagef("listen on %s: %w", address, err)
}

// freeNeighbour proposes an address on which nothing listens.
func freeNeighbour(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = "127.0.0.1"
	}
	socket, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return net.JoinHostPort(host, "8081")
	}
	defer socket.Close()
	return socket.Addr().String()
}

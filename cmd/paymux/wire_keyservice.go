package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/keys"
	"github.com/paymux/paymux/keys/keysrpc"
	"github.com/paymux/paymux/keys/keyuse"
)

// openKeys opens the key service's file. Where everything is in one process and nobody
// has made one, there is no key service, and accounts spell their keys out.
func (s *system) openKeys(ctx context.Context) error {
	_, err := os.Stat(s.conf.keysPath())
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && s.conf.whole() {
		return nil
	}
	master, done, err := keys.OpenMaster(s.conf.keysMaster(), missing)
	if err != nil {
		return err
	}
	s.onStop(func(context.Context) error { return done() })
	s.keys, err = keys.Open(ctx, keys.Config{
		Path: s.conf.keysPath(), Create: missing, Master: master, HeadFile: s.conf.Keys.Head, Now: s.now, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.onStop(func(context.Context) error { return s.keys.Close() })
	return nil
}

// serveKeys lets other processes use the keys: who may use which is for each key to say,
// and who calls is in the subject, where NATS's permissions see to it.
func (s *system) serveKeys(ctx context.Context) error {
	server := rpc.NewServer(rpc.Config{Conn: s.messaging.Conn, Group: "keys", Faults: keysrpc.Faults(), Log: s.log, Trace: s.tracer, Now: s.now})
	s.servers = append(s.servers, served{roleKeys, server})
	s.onStop(server.Stop)
	return errors.Join(keysrpc.Serve(server, func(caller string) keyuse.User { return s.keys.As(caller) }), server.Flush(ctx))
}

// keysOf is the key service as a caller uses it; nil where there is none.
func (s *system) keysOf(caller string) (keyuse.User, error) {
	switch {
	case s.keys != nil:
		return s.keys.As(caller), nil
	case !s.conf.whole():
		return keysrpc.NewClient(s.messaging.Conn, caller)
	}
	return nil, nil
}

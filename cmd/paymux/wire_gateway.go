package main

import (
	"context"

	"github.com/paymux/paymux/gateway"
)

// openGateway serves this process's accounts to nodes elsewhere.
func (s *system) openGateway(context.Context) error {
	conf := s.conf.Gateway
	if conf.Version == "" {
		conf.Version = version
	}
	g, err := gateway.New(gateway.Config{
		Conn: s.messaging.Conn, Registry: s.registry, Accounts: s.accounts, Version: conf.Version, ID: s.replica,
		Weight: conf.Weight, Limit: conf.Limit, Log: s.log, Trace: s.tracer, Now: s.now,
	})
	if err != nil {
		return err
	}
	s.gateway = g
	s.onStop(g.Stop)
	return nil
}

package channeltest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/internal/rpc"
)

// OverTheWire is s with a wire in between: every account that its driver opens is served
// over conn as a package serves it, and the suite has the other end.
func OverTheWire(conn *nats.Conn, s Subject) Subject {
	near := s.Driver
	opened := new(atomic.Int64)
	s.Driver.Open = func(c channel.Config) (channel.Channel, error) {
		ch, err := near.Open(c)
		if err != nil {
			return nil, err
		}
		if c.Account == "" {
			return nil, errors.New("channeltest: an account without a name has no subject")
		}
		version := fmt.Sprintf("1.0.%d", opened.Add(1)) // the same account may be opened over several lines
		server := channelrpc.NewServer(conn, version, 0, slog.New(slog.DiscardHandler))
		err = server.Serve(&channel.Account{Name: c.Account, Driver: &near, Channel: ch})
		if err = errors.Join(err, server.Flush(context.Background())); err != nil {
			return nil, err
		}
		return &channelrpc.Channel{
			Client: &rpc.Client{Conn: conn, Faults: channelrpc.Faults()}, Name: near.Name, Version: version, Account: c.Account,
		}, nil
	}
	return s
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/paymux/paymux/queue"
)

const (
	// signalChannel is where replicas tell each other of partitions that have something new.
	signalChannel = "paymux_tasks"
	// silence is after how long without a signal a listener makes sure that its connection still lives.
	silence = 30 * time.Second
)

// Signal tells the other replicas, and this one, of partitions that have new tasks, by a bit each. It may be
// lost: whoever relies on it looks from time to time, too. It is a transaction of its own, never part of one that commits
// something: NOTIFY makes all that carry one commit one after the other.
func (s *Store) Signal(ctx context.Context, parts uint64) error {
	if _, err := s.signals.Exec(ctx, "SELECT pg_notify($1, $2)", signalChannel, strconv.FormatUint(parts, 16)); err != nil {
		return fault(err, "signal partitions")
	}
	return nil
}

// Signals calls heard with the partitions of every signal until ctx ends, whose error it returns. It listens on a connection of its own
// and connects again when that is lost. Each time it has connected it calls heard with all partitions, since
// something may have been missed. heard is called by one goroutine and must not block for long.
func (s *Store) Signals(ctx context.Context, heard func(parts uint64)) error {
	backoff := firstBackoff
	for {
		err := s.listen(ctx, func(parts uint64) {
			backoff = firstBackoff
			heard(parts)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.cfg.Log.Warn("listen for signals of other replicas", "error", err)
		timer := time.NewTimer(backoff)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		backoff = min(2*backoff, longestBackoff)
	}
}

// longestBackoff is between attempts to listen again; what is missed meanwhile is found by looking.
const longestBackoff = 5 * time.Second

func (s *Store) listen(ctx context.Context, heard func(parts uint64)) error {
	conn, err := pgx.ConnectConfig(ctx, s.connConfig.Copy())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+signalChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	heard(queue.Everything)
	for {
		n, err := next(ctx, conn)
		if err != nil {
			return err
		}
		if parts, err := strconv.ParseUint(n.Payload, 16, 64); err == nil {
			heard(parts)
		} else {
			heard(queue.Everything) // whatever it was to say
		}
	}
}

// next waits for a signal. While there is none it asks now and then whether the server is still there.
func next(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	for {
		quiet, cancel := context.WithTimeout(ctx, silence)
		n, err := conn.WaitForNotification(quiet)
		cancel()
		if err == nil {
			return n, nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || conn.IsClosed() {
			return nil, fmt.Errorf("wait for a signal: %w", err)
		}
		asked, cancel := context.WithTimeout(ctx, connectLimit)
		err = conn.Ping(asked)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("ask whether the server is there: %w", err)
		}
	}
}

package rpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Client calls servers. Safe for concurrent use.
type Client struct {
	Conn   *nats.Conn
	Faults Faults
	// Limit is how long a call without a deadline of its own may take. Zero: 10 s.
	Limit time.Duration
}

// Call sends a request once and waits for its reply, at most until ctx ends.
//
// Errors: ErrNotTaken and ErrBadRequest, where nothing was begun; what the server
// returned; any other, such as that of an ended ctx, leaves open whether the request was carried out.
func Call[Request, Reply any](ctx context.Context, c *Client, subject string, q Request) (Reply, error) {
	var reply Reply
	body, err := encode(&q)
	if err != nil {
		return reply, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	answer, err := c.Exchange(ctx, subject, body)
	if err != nil {
		return reply, err
	}
	if err := decode(answer, &reply); err != nil {
		return reply, fmt.Errorf("rpc: read the reply of %s: %w", subject, err)
	}
	return reply, nil
}

// Exchange is [Call] for bodies that are JSON already.
func (c *Client) Exchange(ctx context.Context, subject string, body []byte) ([]byte, error) {
	if _, ok := ctx.Deadline(); !ok {
		limited, cancel := context.WithTimeout(ctx, c.limit())
		defer cancel()
		ctx = limited
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotTaken, err)
	}
	deadline, _ := ctx.Deadline()
	m := nats.NewMsg(subject)
	m.Data = body
	m.Header[deadlineHeader] = []string{strconv.FormatInt(deadline.UnixMilli(), 10)}
	passTrace(ctx, m)
	if !c.Conn.IsConnected() {
		return nil, fmt.Errorf("%w: no connection to NATS", ErrNotTaken)
	}
	answer, err := c.Conn.RequestMsgWithContext(ctx, m)
	if err != nil {
		return nil, callError(subject, err)
	}
	if answer.Header.Get(errorHeader) != "" {
		return nil, decodeFault(answer.Data, c.Faults)
	}
	return answer.Data, nil
}

func (c *Client) limit() time.Duration {
	if c.Limit == 0 {
		return 10 * time.Second
	}
	return c.Limit
}

// callError sorts what the messaging says: these are the cases in which the request has not left. A connection that
// is closed is none of them: it may have been closed while the reply was awaited.
func callError(subject string, err error) error {
	for _, unsent := range []error{
		nats.ErrNoResponders, nats.ErrReconnectBufExceeded, nats.ErrMaxPayload,
		nats.ErrInvalidConnection, nats.ErrConnectionDraining, nats.ErrBadSubject,
	} {
		if errors.Is(err, unsent) {
			return fmt.Errorf("%w: %s: %w", ErrNotTaken, subject, err)
		}
	}
	return fmt.Errorf("rpc: %s: %w", subject, err)
}

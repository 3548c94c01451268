package rpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// Client calls servers. Safe for concurrent use.
type Client struct {
	Conn   *nats.Conn
	Faults Faults
	// Limit is how long a call without a deadline of its own may take. Zero: 10 s.
	Limit time.Duration
	// Peers lets a request be sent to one server of the group, and its caller notice when that one dies. What that one does
	// not take is for the group. Nil: all is for the group.
	Peers Peers

	lost   atomic.Int64  // when the connection was first found to be lost, in Unix milliseconds; zero: it is there
	back   atomic.Int64  // when it was first found to be another than before
	number atomic.Uint64 // of the connection that was seen last
	sights sights
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
	for c.connected(ctx) {
		answer, err := c.offer(ctx, subject, body)
		if !errors.Is(err, nats.ErrReconnectBufExceeded) || ctx.Err() != nil {
			return answer, err
		} // the connection was lost before the request left
	}
	return nil, fmt.Errorf("%w: no connection to NATS", ErrNotTaken)
}

// offer sends to one of the peers, or else to the group.
func (c *Client) offer(ctx context.Context, subject string, body []byte) ([]byte, error) {
	if answer, err := c.one(ctx, subject, body); !errors.Is(err, errNobody) {
		return answer, err
	}
	return c.send(ctx, subject, "", body)
}

// errNobody: none that is known took the request.
var errNobody = errors.New("rpc: no peer has taken it")

// picks is how many peers may not take a request before it is for the group.
const picks = 2

// one sends to one of the peers. Only what it has certainly not begun is for others.
func (c *Client) one(ctx context.Context, subject string, body []byte) ([]byte, error) {
	if c.Peers == nil {
		return nil, errNobody
	}
	for range picks {
		peer, ok := c.Peers.Pick()
		if !ok {
			break
		}
		answer, err := c.send(ctx, alone(subject, peer), peer, body)
		if !errors.Is(err, ErrNotTaken) || errors.Is(err, ErrBadRequest) || ctx.Err() != nil {
			return answer, err
		}
	}
	return nil, errNobody
}

// send sends to one subject, and again where nobody serves it because who does is not back yet: after a server of
// NATS was restarted, some find it sooner than others.
func (c *Client) send(ctx context.Context, subject, peer string, body []byte) ([]byte, error) {
	answer, err := c.sendOnce(ctx, subject, peer, body)
	for peer == "" && errors.Is(err, nats.ErrNoResponders) && c.justBack() && pause(ctx, returnEvery) {
		answer, err = c.sendOnce(ctx, subject, peer, body)
	}
	return answer, err
}

const (
	// returnEvery is the pause before others are looked for again.
	returnEvery = 50 * time.Millisecond
	// returnTime is how long after this connection came back others' may still be on the way, on a machine that has much to do.
	returnTime = 4 * time.Second
)

// justBack reports whether the connection was lost and has come back a moment ago.
func (c *Client) justBack() bool {
	return time.Since(time.UnixMilli(c.back.Load())) < returnTime
}

// pause waits; false: ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// connection is the number of the connection, which grows whenever it was lost and is there again.
func (c *Client) connection() uint64 {
	n := c.Conn.Stats().Reconnects
	if before := c.number.Load(); n != before && c.number.CompareAndSwap(before, n) {
		c.back.Store(time.Now().UnixMilli())
	}
	return n
}

func (c *Client) sendOnce(ctx context.Context, subject, peer string, body []byte) ([]byte, error) {
	deadline, _ := ctx.Deadline()
	m := nats.NewMsg(subject)
	m.Data = body
	m.Header[deadlineHeader] = []string{strconv.FormatInt(deadline.UnixMilli(), 10)}
	passTrace(ctx, m)
	answer, err := c.await(ctx, m, peer)
	if err != nil {
		return nil, callError(subject, err)
	}
	if answer.Header.Get(errorHeader) != "" {
		return nil, decodeFault(answer.Data, c.Faults)
	}
	return answer.Data, nil
}

// reconnectTime is how long a connection that was lost may take to come back before requests are refused for want of it.
const reconnectTime = 2 * time.Second

// connected waits for a connection that was lost a moment ago: another server of a cluster, or one that restarts, is
// there again before anybody has to be refused. One that stays away is waited for only once.
func (c *Client) connected(ctx context.Context) bool {
	if c.Conn.IsConnected() {
		if c.lost.Load() != 0 {
			c.lost.Store(0)
		}
		return true
	}
	now := time.Now()
	c.lost.CompareAndSwap(0, now.UnixMilli())
	left := time.UnixMilli(c.lost.Load()).Add(reconnectTime).Sub(now)
	if left <= 0 || c.Conn.IsClosed() {
		return false
	}
	status := c.Conn.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer c.Conn.RemoveStatusListener(status)
	timer := time.NewTimer(left)
	defer timer.Stop()
	if !c.Conn.IsConnected() {
		select {
		case <-status:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return c.Conn.IsConnected()
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

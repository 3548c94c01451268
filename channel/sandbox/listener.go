package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Listener is a listening socket that can be closed for a while, as that of a bank that is
// down: meanwhile connections are really refused. Its address stays the same. Safe for concurrent use.
type Listener struct {
	address net.Addr

	mu     sync.Mutex // guards all below
	socket net.Listener
	conns  map[net.Conn]struct{}
	open   chan struct{} // closed while connections are accepted
	closed bool
}

// Listen opens a socket. Port 0 takes a free one, and keeps it through refusals.
func Listen(ctx context.Context, address string) (*Listener, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	open := make(chan struct{})
	close(open)
	return &Listener{address: socket.Addr(), socket: socket, conns: map[net.Conn]struct{}{}, open: open}, nil
}

// Addr is the same throughout.
func (l *Listener) Addr() net.Addr { return l.address }

// Accept waits through refusals; it ends with net.ErrClosed once the listener is closed.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		l.mu.Lock()
		socket, open := l.socket, l.open
		l.mu.Unlock()
		<-open
		c, err := socket.Accept()
		if err == nil {
			return l.keep(c), nil
		}
		if l.again(socket, err) {
			continue
		}
		return nil, err
	}
}

// again reports whether another socket takes the failed one's place.
func (l *Listener) again(failed net.Listener, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.closed && errors.Is(err, net.ErrClosed) || !l.closed && l.socket != failed
}

// Refuse closes the socket and every connection, and opens it again after a time. Refusing what refuses already is an error.
func (l *Listener) Refuse(pause time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.open:
	default:
		return errors.New("connections are refused already")
	}
	if l.closed {
		return net.ErrClosed
	}
	l.open = make(chan struct{})
	err := l.socket.Close()
	for c := range l.conns {
		c.Close()
	}
	clear(l.conns)
	time.AfterFunc(pause, l.reopen)
	return err
}

// retryReopen is how soon to try again where something else has the port.
const retryReopen = 50 * time.Millisecond

func (l *Listener) reopen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	socket, err := net.Listen("tcp", l.address.String())
	if err != nil {
		time.AfterFunc(retryReopen, l.reopen)
		return
	}
	l.socket = socket
	close(l.open)
}

// Close ends accepting for good. It may be called twice.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	select {
	case <-l.open:
	default:
		close(l.open) // Accept finds the closed socket
		return nil
	}
	if err := l.socket.Close(); err != nil {
		return fmt.Errorf("close the socket: %w", err)
	}
	return nil
}

func (l *Listener) keep(c net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.open:
		l.conns[c] = struct{}{}
	default:
		c.Close() // accepted in the moment of closing
	}
	return &conn{c, l}
}

func (l *Listener) forget(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// conn is a connection that the listener can close.
type conn struct {
	net.Conn
	of *Listener
}

func (c *conn) Close() error {
	c.of.forget(c.Conn)
	return c.Conn.Close()
}

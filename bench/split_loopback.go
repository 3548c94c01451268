package main

import (
	"context"
	"io"
	"net"
)

// The loopback is the least that request and reply between two processes can take on this machine: plain TCP, a connection for each caller,
// nothing in between. What its time is made of, waking up processes above all, a hop has too, twice.

// serveLoopback answers every hopBytes with as many, until the listener is closed.
func serveLoopback(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			body := make([]byte, hopBytes)
			for {
				if _, err := io.ReadFull(conn, body); err != nil {
					return
				}
				if _, err := conn.Write(body); err != nil {
					return
				}
			}
		}()
	}
}

// loopback asks over a connection for each caller.
type loopback []net.Conn

func dialLoopback(ctx context.Context, address string, callers int) (loopback, error) {
	var l loopback
	for range callers {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			l.close()
			return nil, err
		}
		l = append(l, conn)
	}
	return l, nil
}

func (l loopback) close() {
	for _, conn := range l {
		conn.Close()
	}
}

// ask is one request and its reply.
func (l loopback) ask(_ context.Context, caller int) error {
	body := make([]byte, hopBytes)
	if _, err := l[caller].Write(body); err != nil {
		return err
	}
	_, err := io.ReadFull(l[caller], body)
	return err
}

package test_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"
)

// place is where processes of a world run, and what they and the test listen on and dial from there.
type place struct {
	name string
	host string     // its address
	net  *namespace // nil: this machine's loopback
}

// address is one that nobody listens on.
func (p *place) address(t *testing.T) string {
	t.Helper()
	if p.net == nil {
		return freeAddress(t)
	}
	for range 1000 {
		address := fmt.Sprintf("%s:%d", p.host, 16000+rand.IntN(16000))
		if _, taken := addresses.LoadOrStore(fmt.Sprint(p.name, " ", address), true); taken {
			continue
		}
		if l, err := p.listen(address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free address")
	return ""
}

// natsAddress is one whose links' ports, two and three thousand above it, are free too.
func (p *place) natsAddress(t *testing.T) string {
	t.Helper()
	if p.net != nil {
		return p.host + ":4222"
	}
	for range 1000 {
		port, free := 16000+rand.IntN(13000), true
		for _, above := range []int{0, 2000, 3000} {
			_, taken := addresses.LoadOrStore(fmt.Sprintf("127.0.0.1:%d", port+above), true)
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+above))
			if free = free && !taken && err == nil; err == nil {
				l.Close()
			}
		}
		if free {
			return fmt.Sprintf("%s:%d", p.host, port)
		}
	}
	t.Fatal("no free address for NATS")
	return ""
}

// listen opens a port there.
func (p *place) listen(address string) (l net.Listener, err error) {
	err = p.net.do(func() error {
		l, err = net.Listen("tcp", address)
		return err
	})
	return l, err
}

// dial connects from there. The address is one of numbers: names are not looked up in other namespaces.
func (p *place) dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = p.net.do(func() error {
		c, err = (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// http is what a client there calls with. A connection has to be there in five seconds, as in package client.
func (p *place) http() *http.Client {
	return &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{DialContext: p.dial, MaxIdleConnsPerHost: 32, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// serve serves a handler there until the test ends, and returns its address.
func (p *place) serve(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := p.listen(p.host + ":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // until it is closed
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

package notify_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux/notify"
)

// proxy is a forward proxy that takes CONNECT with a login, and notes what it can see.
type proxy struct {
	*httptest.Server
	answer int // of CONNECT; 200: it connects

	mu    sync.Mutex
	asked []string // targets
	seen  strings.Builder
}

func newProxy(t *testing.T, answer int) (p *proxy, at *url.URL) {
	t.Helper()
	p = &proxy{answer: answer}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	at, err := url.Parse(strings.Replace(p.URL, "http://", "http://user:hush@", 1))
	if err != nil {
		t.Fatal(err)
	}
	return p, at
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host)
	p.mu.Unlock()
	if r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpodXNo" {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if p.answer != 200 {
		w.WriteHeader(p.answer)
		return
	}
	far, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(502)
		return
	}
	defer far.Close()
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer near.Close()
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	go io.Copy(near, far) // ends with the connections
	io.Copy(far, io.TeeReader(near, p))
}

func (p *proxy) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.Write(b)
}

func (p *proxy) look() (asked []string, seen string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...), p.seen.String()
}

// The proxy is given the address that was checked, and sees nothing of what is inside TLS.
func TestThroughAProxy(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	s, target := secured(t, &tls.Config{Certificates: []tls.Certificate{ours.issue("localhost", time.Now().Add(time.Hour))}})
	p, at := newProxy(t, 200)
	h := newHouse(t, func(c *notify.Config) {
		c.Proxy, c.RootCAs = at, ours.pool()
		c.Resolver = names(t, func(string) string { return "127.0.0.1" })
	})
	target = strings.Replace(target, "localhost", "localhost.", 1) // a name that has to be resolved
	e, v := h.deliver(h.endpoint(target+"/hooks?token=hush"), 0)
	if !v.Done {
		t.Fatalf("verdict %+v", v)
	}
	asked, seen := p.look()
	if len(asked) != 1 || asked[0] != "CONNECT "+s.Listener.Addr().String() {
		t.Errorf("the proxy was asked for %q, want the address that was checked", asked)
	}
	for _, secret := range []string{"hush", string(e.ID), "hooks"} {
		if strings.Contains(seen, secret) {
			t.Errorf("the proxy sees %q", secret)
		}
	}
	if got := <-s.got; got.header.Get("Proxy-Authorization") != "" {
		t.Error("the endpoint sees the proxy's login")
	}
}

// With a proxy, the guard applies to the endpoint all the same, and the proxy is not even asked.
func TestTheProxyDoesNotOpenTheInside(t *testing.T) {
	t.Parallel()
	p, at := newProxy(t, 200)
	h := newHouse(t, func(c *notify.Config) {
		c.Proxy, c.AllowNetworks = at, nil
		c.Resolver = names(t, func(name string) string {
			return map[string]string{"inside.example.": "10.0.0.1", "plain.example.": "93.184.216.34"}[name]
		})
	})
	for url, reason := range map[string]string{
		"https://127.0.0.1/":                "127.0.0.1 is loopback",
		"https://inside.example/?t=hush":    "10.0.0.1 is private",
		"http://plain.example/":             "without TLS",
		"https://[::ffff:169.254.169.254]/": "169.254.169.254 is link-local",
		"https://none.example/":             "name not resolved",
	} {
		_, v := h.deliver(h.endpoint(url), 0)
		if v.Done || v.Uncounted {
			t.Errorf("%s: verdict %+v", url, v)
		}
		wants(t, "reason for "+url, v.Reason, reason)
	}
	if asked, _ := p.look(); len(asked) != 0 {
		t.Errorf("the proxy was asked for %q", asked)
	}
}

// Trouble with the proxy is ours; an endpoint the proxy cannot reach is not.
func TestTroubleWithTheProxy(t *testing.T) {
	t.Parallel()
	s := listen(t, status(200))
	closed, closedAt := newProxy(t, 200)
	closed.Close()
	_, refuses := newProxy(t, 403)
	_, fails := newProxy(t, 502)
	_, stranger := newProxy(t, 200)
	stranger.User = nil
	_, socks := newProxy(t, 200)
	socks.Scheme = "socks5"
	for name, test := range map[string]struct {
		at  *url.URL
		own bool
	}{"closed": {closedAt, true}, "refuses": {refuses, true}, "wants a login": {stranger, true}, "SOCKS": {socks, true}, "cannot reach it": {fails, false}} {
		h := newHouse(t, func(c *notify.Config) { c.Proxy = test.at })
		to := h.endpoint(s.URL)
		_, v := h.deliver(to, 0)
		if v.Done || v.Bury || v.Uncounted != test.own || (v.Attempt == nil) != test.own || strings.Contains(v.Reason, "hush") {
			t.Errorf("%s: verdict %+v", name, v)
		}
		if since := h.now(to).FailingSince; since.IsZero() != test.own {
			t.Errorf("%s: failing since %v", name, since)
		}
	}
	if len(s.got) != 0 {
		t.Error("something was delivered")
	}
}

// names is a resolver of A records by a function; an empty answer is no such name.
func names(t *testing.T, find func(name string) string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() { // ends with the server
		query := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			server.WriteTo(reply(query[:n], find), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// reply answers one DNS question (RFC 1035 §4.1).
func reply(query []byte, find func(string) string) []byte {
	end, name := 12, ""
	for query[end] != 0 {
		name += string(query[end+1:end+1+int(query[end])]) + "."
		end += 1 + int(query[end])
	}
	end += 5
	kind := binary.BigEndian.Uint16(query[end-4:])
	out := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[12:end]...)
	addr, err := netip.ParseAddr(find(name))
	switch {
	case err != nil:
		out[3] |= 3 // no such name
	case kind == 1:
		out[7] = 1
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		out = append(out, addr.AsSlice()...)
	}
	return out
}

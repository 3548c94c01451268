package notify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// newTransport connects to what the guard lets pass. It is used without a client around it, so
// nothing follows redirects, keeps cookies or sends again. It keeps idle connections for many endpoints
// on one host (platforms serve many merchants from one) and for one on each of many hosts, and knows no proxy but
// Config's: an environment must not be able to redirect deliveries.
func (n *Notifier) newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: n.ConnectTimeout, ControlContext: n.control, Resolver: n.Resolver}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.RootCAs},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // answers are kept as they came
		MaxIdleConns:           8192,
		MaxIdleConnsPerHost:    512,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		// One connection carries many endpoints' deliveries; one that has died quietly must not take them all with it.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
	if n.ClientCertificate != nil {
		t.TLSClientConfig.Certificates = []tls.Certificate{*n.ClientCertificate}
	}
	if n.Proxy != nil {
		t.DialContext = n.tunnel
	}
	return t
}

// errProxy is trouble with the proxy itself. It is ours, not the endpoint's.
var errProxy = errors.New("the proxy cannot be used")

// mostAddresses of a name are tried through the proxy.
const mostAddresses = 3

// tunnel connects to an endpoint through the proxy. The name is resolved and its addresses are checked here, and the
// proxy is asked for one of these, so what was checked is what is connected to.
func (n *Notifier) tunnel(ctx context.Context, _, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*n.ConnectTimeout)
	defer cancel()
	targets, err := n.resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, target := range targets[:min(len(targets), mostAddresses)] {
		var conn net.Conn
		if conn, err = n.connect(ctx, target); err == nil || errors.Is(err, errProxy) {
			return conn, err
		}
	}
	return nil, err
}

// resolve returns the addresses of a host and port. One that is refused refuses them all: whoever
// answers for the name is not to be trusted with the others.
func (n *Notifier) resolve(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is no host and port", errRefused, address)
	}
	port, err := n.Resolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, err
	}
	addrs, err := n.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	plain, _ := ctx.Value(plainKey{}).(bool)
	targets := make([]netip.AddrPort, len(addrs))
	for i, addr := range addrs {
		targets[i] = netip.AddrPortFrom(addr.Unmap(), uint16(port))
		if err := n.guard(targets[i], plain); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// connect opens a connection to the proxy and has it connected through to target.
func (n *Notifier) connect(ctx context.Context, target netip.AddrPort) (net.Conn, error) {
	conn, err := n.dialProxy(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errProxy, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	err = n.ask(conn, target)
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (n *Notifier) dialProxy(ctx context.Context) (net.Conn, error) {
	port := n.Proxy.Port()
	switch {
	case n.Proxy.Scheme != "http" && n.Proxy.Scheme != "https":
		return nil, fmt.Errorf("its URL has the scheme %q, not http or https", n.Proxy.Scheme)
	case port == "" && n.Proxy.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	address := net.JoinHostPort(n.Proxy.Hostname(), port)
	dialer := &net.Dialer{Timeout: n.ConnectTimeout} // not guarded: the operator named the proxy, which may well stand inside
	if n.Proxy.Scheme == "http" {
		return dialer.DialContext(ctx, "tcp", address)
	}
	secured := &tls.Dialer{NetDialer: dialer, Config: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.RootCAs}}
	return secured.DialContext(ctx, "tcp", address)
}

// ask sends CONNECT and reads the answer.
func (n *Notifier) ask(conn net.Conn, target netip.AddrPort) error {
	request := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: target.String()}, Host: target.String(),
		Header: http.Header{"User-Agent": {userAgent}},
	}
	if user := n.Proxy.User; user != nil {
		password, _ := user.Password()
		login := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+login)
	}
	var text bytes.Buffer
	request.Write(&text) // to memory: never fails
	if _, err := conn.Write(text.Bytes()); err != nil {
		return fmt.Errorf("%w: %w", errProxy, err)
	}
	return understand(conn, request)
}

func understand(conn net.Conn, request *http.Request) error {
	reader := bufio.NewReaderSize(conn, 16<<10)
	answer, err := http.ReadResponse(reader, request)
	if err != nil {
		return fmt.Errorf("%w: %w", errProxy, err)
	}
	switch code := answer.StatusCode; {
	case code == http.StatusOK && reader.Buffered() == 0:
		return nil
	case code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		return fmt.Errorf("the proxy could not connect: it answered %s", statusText(code))
	case code == http.StatusOK:
		return fmt.Errorf("%w: it spoke before the endpoint could", errProxy)
	default:
		return fmt.Errorf("%w: it answered %s", errProxy, statusText(code))
	}
}

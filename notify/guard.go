package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// errRefused is what the guard says of an address. It is a failed attempt like any other.
var errRefused = errors.New("address refused")

// refused are the networks of the IANA special-purpose registries that are not
// the public Internet, by what to call them. Of IPv6 only 2000::/3 is public.
var refused = networks(map[string]string{
	"0.0.0.0/8": "unspecified", "10.0.0.0/8": "private", "100.64.0.0/10": "carrier-grade NAT", "127.0.0.0/8": "loopback",
	"169.254.0.0/16": "link-local", "172.16.0.0/12": "private", "192.0.0.0/24": "reserved", "192.0.2.0/24": "documentation",
	"192.88.99.0/24": "6to4 relay", "192.168.0.0/16": "private", "198.18.0.0/15": "benchmarking", "198.51.100.0/24": "documentation",
	"203.0.113.0/24": "documentation", "224.0.0.0/4": "multicast", "240.0.0.0/4": "reserved",
	// Cloud providers' metadata services on addresses that are otherwise public.
	"168.63.129.16/32": "metadata service", "100.100.100.200/32": "metadata service",

	"::/96": "loopback or IPv4-compatible", "64:ff9b::/96": "NAT64", "64:ff9b:1::/48": "NAT64", "100::/64": "discard",
	"2001::/32": "Teredo", "2001::/23": "reserved", "2001:db8::/32": "documentation", "2002::/16": "6to4", "3fff::/20": "documentation",
	"fc00::/7": "unique-local", "fe80::/10": "link-local", "fec0::/10": "site-local", "ff00::/8": "multicast",
})

var publicIPv6 = netip.MustParsePrefix("2000::/3")

type network struct {
	netip.Prefix
	name string
}

func networks(named map[string]string) []network {
	all := make([]network, 0, len(named))
	for prefix, name := range named {
		all = append(all, network{netip.MustParsePrefix(prefix), name})
	}
	return all
}

// plainKey marks the context of a request without TLS.
type plainKey struct{}

// transport connects to what the guard lets pass, keeps as many idle connections
// as a lane's window can use, and knows no proxy: an environment must not be able to redirect deliveries.
func (n *Notifier) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: n.ConnectTimeout, ControlContext: n.control}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.RootCAs},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // answers are not read for their content
		MaxIdleConns:           4096,
		MaxIdleConnsPerHost:    2 * Window,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// control checks every address that is about to be connected to, after names were resolved,
// so that no name can lead inside.
func (n *Notifier) control(ctx context.Context, network, address string, _ syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return fmt.Errorf("%w: %s is not TCP", errRefused, network)
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is no address and port", errRefused, address)
	}
	plain, _ := ctx.Value(plainKey{}).(bool)
	return n.guard(target, plain)
}

// guard reports why an address must not be connected to, or nil.
func (n *Notifier) guard(target netip.AddrPort, plain bool) error {
	if target.Port() == 0 {
		return fmt.Errorf("%w: port 0", errRefused)
	}
	addr := target.Addr()
	if addr.Zone() != "" {
		return fmt.Errorf("%w: %s has a zone", errRefused, addr)
	}
	addr = addr.Unmap() // ::ffff:10.0.0.1 is 10.0.0.1
	for _, allowed := range n.AllowNetworks {
		if allowed.Contains(addr) {
			return nil
		}
	}
	for _, r := range refused {
		if r.Contains(addr) {
			return fmt.Errorf("%w: %s is %s", errRefused, addr, r.name)
		}
	}
	if addr.Is6() && !publicIPv6.Contains(addr) {
		return fmt.Errorf("%w: %s is not public", errRefused, addr)
	}
	if plain {
		return fmt.Errorf("%w: http without TLS is not allowed to %s", errRefused, addr)
	}
	return nil
}

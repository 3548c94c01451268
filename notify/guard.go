package notify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// errRefused is what the guard says of an address. It is a failed attempt like any other.
var errRefused = errors.New("address refused")

// refused are the networks of the IANA special-purpose registries that are not
// the public Internet, by what to call them. Of IPv6 only 2000::/3 is public.
var refused = []network{
	// Narrow ones first: the first that fits gives the name. Cloud providers' metadata
	// services stand on addresses that are otherwise public, or shared.
	{netip.MustParsePrefix("168.63.129.16/32"), "metadata service"},
	{netip.MustParsePrefix("100.100.100.200/32"), "metadata service"},
	{netip.MustParsePrefix("2001::/32"), "Teredo"},
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/96"), "loopback or IPv4-compatible"},
	{netip.MustParsePrefix("64:ff9b::/96"), "NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "NAT64"},
	{netip.MustParsePrefix("100::/64"), "discard"},
	{netip.MustParsePrefix("2001::/23"), "reserved"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("fc00::/7"), "unique-local"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

var publicIPv6 = netip.MustParsePrefix("2000::/3")

type network struct {
	netip.Prefix
	name string
}

// plainKey marks the context of a request without TLS.
type plainKey struct{}

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
	if isatap(addr) {
		return fmt.Errorf("%w: %s is ISATAP", errRefused, addr)
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

// isatap reports an address whose interface identifier wraps an IPv4 address (RFC 5214),
// whatever its prefix: a host with an ISATAP interface would send it to that address.
func isatap(addr netip.Addr) bool {
	b := addr.As16()
	return addr.Is6() && b[8]&^0x03 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

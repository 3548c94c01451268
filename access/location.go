package access

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/phuslu/iploc"

	"github.com/paymux/paymux"
)

const (
	// UnknownCountry is the country of addresses nobody can place.
	UnknownCountry = "ZZ"

	xForwardedFor = "X-Forwarded-For"
	forwarded     = "Forwarded"
	maxHops       = 64
)

// Locator tells where requests come from (A2): the address of the client, behind
// proxies that are trusted by configuration and by no one else, and its country.
type Locator struct {
	trusted []netip.Prefix
	header  string
}

// NewLocator returns a locator. header is what the trusted proxies write: "X-Forwarded-For" (the
// default) or "Forwarded". Only that one is read: a proxy passes on what a client wrote into the other.
func NewLocator(trusted []netip.Prefix, header string) (*Locator, error) {
	if header == "" {
		header = xForwardedFor
	}
	if header != xForwardedFor && header != forwarded {
		return nil, errors.New("forwarded header: it has to be X-Forwarded-For or Forwarded")
	}
	return &Locator{trusted: trusted, header: header}, nil
}

// ClientAddr is the address of the client: the peer's, or where the peer is a trusted proxy, the
// rightmost address in the forwarding header that is not one. Where the header can not be
// read, the last address that could be is taken.
func (l *Locator) ClientAddr(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if !l.trusts(peer) {
		return peer
	}
	hops := l.hops(r.Header)
	for i := len(hops) - 1; i >= 0; i-- {
		addr, ok := parseHop(hops[i])
		if !ok {
			break
		}
		peer = addr
		if !l.trusts(addr) {
			break
		}
	}
	return peer
}

func (l *Locator) trusts(addr netip.Addr) bool {
	for _, p := range l.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// origin is the scheme and host the client used. A trusted proxy may say so, in the header it
// writes for that; only the nearest proxy's word counts.
func (l *Locator) origin(r *http.Request) (scheme, host string) {
	scheme, host = "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if len(l.trusted) == 0 || !l.trusts(peerOf(r)) {
		return scheme, host
	}
	proto, name := last(r.Header["X-Forwarded-Proto"]), last(r.Header["X-Forwarded-Host"])
	if l.header == forwarded {
		element := last(r.Header[forwarded])
		proto, name = forwardedParam(element, "proto"), forwardedParam(element, "host")
	}
	if p := strings.ToLower(proto); p == "http" || p == "https" {
		scheme = p
	}
	if name != "" {
		host = name
	}
	return scheme, host
}

func (l *Locator) hops(h http.Header) []string {
	var hops []string
	for _, element := range elements(h[l.header]) {
		if l.header == forwarded {
			element = forwardedParam(element, "for")
		}
		hops = append(hops, element)
	}
	if len(hops) > maxHops {
		hops = hops[len(hops)-maxHops:]
	}
	return hops
}

// elements splits the lines of a list field at commas outside quotes.
func elements(lines []string) []string {
	var out []string
	for _, line := range lines {
		quoted, start := false, 0
		for i := range len(line) {
			switch {
			case line[i] == '"':
				quoted = !quoted
			case line[i] == ',' && !quoted:
				out = append(out, strings.TrimSpace(line[start:i]))
				start = i + 1
			}
		}
		out = append(out, strings.TrimSpace(line[start:]))
	}
	return out
}

func last(lines []string) string {
	all := elements(lines)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// forwardedParam reads one parameter of an element of Forwarded (RFC 7239 §4).
func forwardedParam(element, name string) string {
	for pair := range strings.SplitSeq(element, ";") {
		key, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// parseHop reads an address with or without a port, and IPv6 with or without brackets.
func parseHop(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if pair, err := netip.ParseAddrPort(text); err == nil {
		return pair.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// peerOf is the other end of the connection; the zero Addr where it has no address.
func peerOf(r *http.Request) netip.Addr {
	addr, _ := parseHop(r.RemoteAddr)
	return addr
}

func (l *Locator) client(addr netip.Addr) paymux.Client {
	if !addr.IsValid() {
		return paymux.Client{Country: UnknownCountry}
	}
	return paymux.Client{IP: addr.String(), Country: countryOf(addr)}
}

// Country is the ISO 3166-1 code of an address's country, or UnknownCountry for what is private, unassigned or no address.
func (l *Locator) Country(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return UnknownCountry
	}
	return countryOf(addr)
}

func countryOf(addr netip.Addr) string {
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return UnknownCountry
	}
	code := iploc.IPCountry(addr.WithZone(""))
	if len(code) != 2 || code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z' {
		return UnknownCountry
	}
	return code
}

// Country places an address as [Locator.Country] does.
func (a *Authenticator) Country(ip string) string { return a.locator.Country(ip) }

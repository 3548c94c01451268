package access_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/paymux/paymux/access"
)

func locator(t testing.TB, header string, trusted ...string) *access.Locator {
	t.Helper()
	var networks []netip.Prefix
	for _, n := range trusted {
		networks = append(networks, netip.MustParsePrefix(n))
	}
	l, err := access.NewLocator(networks, header)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	const xff, fwd = "X-Forwarded-For", "Forwarded"
	for _, c := range []struct {
		name, peer, reads string
		header            string
		lines             []string
		want              string
	}{
		{"no proxy", "203.0.113.7:1", xff, xff, nil, "203.0.113.7"},
		{"not trusted", "203.0.113.7:1", xff, xff, []string{"1.2.3.4"}, "203.0.113.7"},
		{"one proxy", "10.0.0.1:1", xff, xff, []string{"1.2.3.4"}, "1.2.3.4"},
		{"forged first", "10.0.0.1:1", xff, xff, []string{"9.9.9.9, 1.2.3.4"}, "1.2.3.4"},
		{"forged in lines", "10.0.0.1:1", xff, xff, []string{"9.9.9.9", "1.2.3.4"}, "1.2.3.4"},
		{"two proxies", "10.0.0.1:1", xff, xff, []string{"9.9.9.9, 1.2.3.4, 10.0.0.2"}, "1.2.3.4"},
		{"all trusted", "10.0.0.1:1", xff, xff, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"unreadable", "10.0.0.1:1", xff, xff, []string{"1.2.3.4, unknown"}, "10.0.0.1"},
		{"unreadable before", "10.0.0.1:1", xff, xff, []string{"x, 10.0.0.2"}, "10.0.0.2"},
		{"empty", "10.0.0.1:1", xff, xff, []string{""}, "10.0.0.1"},
		{"with port", "10.0.0.1:1", xff, xff, []string{"1.2.3.4:5678"}, "1.2.3.4"},
		{"IPv6", "10.0.0.1:1", xff, xff, []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 in brackets", "10.0.0.1:1", xff, xff, []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"IPv4 in IPv6 peer", "[::ffff:10.0.0.1]:1", xff, xff, []string{"1.2.3.4"}, "1.2.3.4"},
		{"other header", "10.0.0.1:1", xff, fwd, []string{"for=1.2.3.4"}, "10.0.0.1"},
		{"Forwarded", "10.0.0.1:1", fwd, fwd, []string{`for=9.9.9.9, For="[2001:db8::1]:47";proto=https`}, "2001:db8::1"},
		{"Forwarded hidden", "10.0.0.1:1", fwd, fwd, []string{`for=1.2.3.4, for=_hidden`}, "10.0.0.1"},
		{"Forwarded comma in quotes", "10.0.0.1:1", fwd, fwd, []string{`for=1.2.3.4;host="a,for=9.9.9.9"`}, "1.2.3.4"},
		{"Forwarded without for", "10.0.0.1:1", fwd, fwd, []string{`proto=https`}, "10.0.0.1"},
		{"not the header", "10.0.0.1:1", fwd, xff, []string{"1.2.3.4"}, "10.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header[c.header] = c.lines
		if got := locator(t, c.reads, "10.0.0.0/8").ClientAddr(r); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCountry(t *testing.T) {
	t.Parallel()
	l := locator(t, "")
	for ip, want := range map[string]string{
		"114.114.114.114": "CN", "::ffff:114.114.114.114": "CN", "2001:200::1": "JP",
		"10.0.0.1": "ZZ", "127.0.0.1": "ZZ", "169.254.1.1": "ZZ", "::1": "ZZ", "fe80::1": "ZZ", "fd00::1": "ZZ",
		"0.0.0.0": "ZZ", "224.0.0.1": "ZZ", "255.255.255.255": "ZZ", "2001:db8::1": "ZZ", "": "ZZ", "host": "ZZ",
	} {
		if got := l.Country(ip); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}

func FuzzForwardedHeaders(f *testing.F) {
	f.Add("X-Forwarded-For", "9.9.9.9, 1.2.3.4:1, [2001:db8::1]:2")
	f.Add("Forwarded", `for="[2001:db8::1]:47";proto=https, for=unknown;host="a,b"`)
	f.Add("Forwarded", `for=";,"=`)
	f.Fuzz(func(t *testing.T, header, value string) {
		if header != "Forwarded" {
			header = "X-Forwarded-For"
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header[header] = []string{value}
		if got := locator(t, header, "10.0.0.0/8").ClientAddr(r); !got.IsValid() {
			t.Fatalf("%q gives no address", value)
		}
		// What comes before a proxy's own entry never matters.
		const own = "192.0.2.1"
		element := own
		if header == "Forwarded" {
			element = "for=" + own
		}
		r.Header[header] = []string{value, element}
		if got := locator(t, header, "10.0.0.0/8").ClientAddr(r); got.String() != own {
			t.Fatalf("%q forges %s", value, got)
		}
	})
}

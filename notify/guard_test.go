package notify_test

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux/notify"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *notify.Config) {
		c.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/64")}
	})
	for address, name := range map[string]string{
		"93.184.216.34:443":          "", // public
		"93.184.216.34:8443":         "",
		"[2606:4700::1111]:443":      "",
		"[::ffff:93.184.216.34]:443": "",
		"10.1.2.3:443":               "", // allowed
		"[::ffff:10.1.2.3]:443":      "",
		"[fd00:1::5]:443":            "",

		"93.184.216.34:0":                   "port 0",
		"10.1.2.3:0":                        "port 0",
		"0.0.0.0:443":                       "unspecified",
		"0.1.2.3:443":                       "unspecified",
		"127.0.0.1:443":                     "loopback",
		"127.255.255.254:443":               "loopback",
		"10.0.0.1:443":                      "private",
		"172.16.0.1:443":                    "private",
		"172.31.255.255:443":                "private",
		"192.168.0.1:443":                   "private",
		"100.64.0.1:443":                    "carrier-grade NAT",
		"100.127.255.255:443":               "carrier-grade NAT",
		"169.254.169.254:80":                "link-local",
		"168.63.129.16:80":                  "metadata",
		"100.100.100.200:80":                "metadata",
		"192.0.0.192:80":                    "reserved",
		"192.0.2.1:443":                     "documentation",
		"192.88.99.1:443":                   "6to4",
		"198.18.0.1:443":                    "benchmarking",
		"198.51.100.1:443":                  "documentation",
		"203.0.113.1:443":                   "documentation",
		"224.0.0.1:443":                     "multicast",
		"239.255.255.255:443":               "multicast",
		"240.0.0.1:443":                     "reserved",
		"255.255.255.255:443":               "reserved",
		"[::]:443":                          "loopback or",
		"[::1]:443":                         "loopback or",
		"[::127.0.0.1]:443":                 "IPv4-compatible",
		"[::ffff:127.0.0.1]:443":            "loopback",
		"[::ffff:169.254.169.254]:80":       "link-local",
		"[::ffff:0:127.0.0.1]:443":          "not public", // IPv4-translated
		"[64:ff9b::7f00:1]:443":             "NAT64",
		"[64:ff9b:1::a00:1]:443":            "NAT64",
		"[100::1]:443":                      "discard",
		"[2001::1]:443":                     "Teredo",
		"[2001:10::1]:443":                  "reserved",
		"[2001:db8::1]:443":                 "documentation",
		"[2002:7f00:1::1]:443":              "6to4",
		"[3fff::1]:443":                     "documentation",
		"[4000::1]:443":                     "not public",
		"[fc00::1]:443":                     "unique-local",
		"[fd00:ec2::254]:80":                "unique-local", // a metadata service
		"[fe80::1]:443":                     "link-local",
		"[fe80::1%25eth0]:443":              "zone",
		"[2606:4700::1111%25a]:443":         "zone",
		"[2606:4700::5efe:a00:1]:443":       "ISATAP",
		"[2606:4700::200:5efe:1.2.3.4]:443": "ISATAP",
		"[2001:0:5ef5:79fd::1]:443":         "Teredo",
		"[2002:a9fe:a9fe::1]:443":           "6to4",
		"[64:ff9b::169.254.169.254]:80":     "NAT64",
		"[::ffff:0.0.0.0]:443":              "unspecified",
		"[fec0::1]:443":                     "site-local",
		"[ff02::1]:443":                     "multicast",
	} {
		// %25 stands for % as it does in a URL.
		err := h.Guard(netip.MustParseAddrPort(strings.Replace(address, "%25", "%", 1)), false)
		if name == "" && err != nil || name != "" && (err == nil || !strings.Contains(err.Error(), name)) {
			t.Errorf("%s: %v, want %q", address, err, name)
		}
	}
	for address, good := range map[string]bool{"93.184.216.34:80": false, "[2606:4700::1111]:80": false, "10.1.2.3:80": true} {
		if err := h.Guard(netip.MustParseAddrPort(address), true); (err == nil) != good {
			t.Errorf("%s without TLS: %v", address, err)
		}
	}
}

// A name that leads outside at first and inside later is refused when it does.
func TestRebinding(t *testing.T) {
	t.Parallel()
	s := listen(t, status(500))
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	outside := "127.0.0.1" // as far as this test is concerned
	var inside atomic.Bool
	h := newHouse(t, func(c *notify.Config) {
		c.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.Resolver = names(t, func(string) string {
			if inside.Load() {
				return "127.0.0.2"
			}
			return outside
		})
	})
	to := h.endpoint("http://rebind.example:" + port)
	_, v := h.deliver(to, 0)
	wants(t, "reason", v.Reason, "answered 500")
	h.Close() // the connection, so that the name is resolved again
	inside.Store(true)
	_, v = h.deliver(to, 0)
	wants(t, "reason", v.Reason, "127.0.0.2 is loopback")
	if len(s.got) != 1 {
		t.Errorf("%d requests", len(s.got))
	}
}

// The guard is asked by the real dialer, after names were resolved. None of
// these attempts leaves the machine.
func TestGuardedAttempts(t *testing.T) {
	t.Parallel()
	s := listen(t, status(200))
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	h := newHouse(t, func(c *notify.Config) { c.AllowNetworks = nil })
	for url, reason := range map[string]string{
		s.URL + "/?token=hush":              "127.0.0.1 is loopback",
		"http://localhost:" + port:          "is loopback",
		"http://[::ffff:127.0.0.1]:" + port: "127.0.0.1 is loopback",
		"http://2130706433:" + port:         "", // 127.0.0.1 as a number: a name to us, or the same address
		"http://0x7f000001:" + port:         "", // the same in other forms that some resolvers take for addresses
		"http://0177.0.0.1:" + port:         "",
		"http://127.1:" + port:              "",
		"http://0:" + port:                  "",
		"http://0.0.0.0:" + port:            "unspecified",
		"http://[::]:" + port:               "loopback or",
		"http://[::1%25lo]:" + port:         "zone",
		"http://127.0.0.1.:" + port:         "",
		"http://%31%32%37.0.0.1:" + port:    "cannot be used",
		"http://①②⑦.0.0.1:" + port:          "",
		"https://[2002:7f00:1::1]/":         "6to4",
		"https://[2001:0:5ef5:79fd::1]/":    "Teredo",
		"http://93.184.216.34/":             "without TLS",
		"https://169.254.169.254/latest/":   "169.254.169.254 is link-local",
		"https://[64:ff9b::a9fe:a9fe]/":     "NAT64",
	} {
		_, v := h.deliver(h.endpoint(url), 0)
		if v.Done || v.Due.IsZero() {
			t.Errorf("%s: verdict %+v", url, v)
		}
		wants(t, "reason for "+url, v.Reason, reason)
		if strings.Contains(v.Reason, "hush") {
			t.Errorf("the reason shows the query: %s", v.Reason)
		}
	}
	if len(s.got) != 0 {
		t.Errorf("%d requests reached the inside", len(s.got))
	}
}

package paymux_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/paymux/paymux"
)

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		networks []string
		addr     string
		want     bool
	}{
		{nil, "192.0.2.1", true},
		{[]string{}, "2001:db8::1", true},
		{[]string{"192.0.2.0/24"}, "192.0.2.0", true},
		{[]string{"192.0.2.0/24"}, "192.0.2.255", true},
		{[]string{"192.0.2.0/24"}, "192.0.3.0", false},
		{[]string{"192.0.2.7/32"}, "192.0.2.7", true},
		{[]string{"192.0.2.7/32"}, "192.0.2.8", false},
		{[]string{"192.0.2.9/24"}, "192.0.2.200", true}, // what is behind the mask says nothing
		{[]string{"192.0.2.0/24"}, "::ffff:192.0.2.5", true},
		{[]string{"192.0.2.0/24"}, "::ffff:192.0.3.5", false},
		{[]string{"0.0.0.0/0"}, "2001:db8::1", false},
		{[]string{"::/0"}, "192.0.2.1", false},
		{[]string{"::/0"}, "::ffff:192.0.2.1", false}, // an IPv4 client of a dual socket is no IPv6 client
		{[]string{"2001:db8::/32"}, "2001:db8:ffff::1", true},
		{[]string{"2001:db8::/32"}, "2001:db9::1", false},
		{[]string{"2001:db8::/32", "192.0.2.0/24"}, "192.0.2.1", true},
		{[]string{"192.0.2.1"}, "192.0.2.1", false}, // no network: must not open a door, nor close others
		{[]string{"", "192.0.2.0/33", "192.0.2.0/24"}, "192.0.2.1", true},
		{[]string{"everywhere"}, "192.0.2.1", false},
	} {
		if got := paymux.Covers(c.networks, netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%v cover %s: %t", c.networks, c.addr, got)
		}
	}
	if paymux.Covers([]string{"0.0.0.0/0", "::/0"}, netip.Addr{}) {
		t.Error("an address nobody knows is covered")
	}
}

func TestAPolicyWithoutServicesMayEverything(t *testing.T) {
	t.Parallel()
	services := []paymux.ServiceType{paymux.ServicePay, paymux.ServiceQuery}
	for _, s := range paymux.ServiceTypes() {
		if !(&paymux.Policy{}).May(s) {
			t.Errorf("a policy without a list forbids %s", s)
		}
		if got := (&paymux.Policy{Services: services}).May(s); got != slices.Contains(services, s) {
			t.Errorf("a policy for %v says %t to %s", services, got, s)
		}
	}
	if (&paymux.Policy{Services: services}).May("") {
		t.Error("a list allows a service without a name")
	}
}

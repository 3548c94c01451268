package access

import (
	"net/netip"

	"github.com/paymux/paymux"
)

// networks is a parsed list of addresses. A list with an entry nobody can
// read covers nothing through that entry: a typing error must not open a door.
type networks struct {
	listed   bool
	prefixes []netip.Prefix
}

func parseNetworks(list []string) networks {
	n := networks{listed: len(list) > 0}
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			n.prefixes = append(n.prefixes, p)
		}
	}
	return n
}

func (n *networks) cover(addr netip.Addr) bool {
	if !n.listed {
		return true
	}
	addr = addr.Unmap()
	for _, p := range n.prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Authorize tells whether a verified merchant may ask for a service type: by the merchant's policy,
// by the key's own list, and from where the request came (A5). The error has Code Forbidden and
// names the service type.
func (a *Authenticator) Authorize(who Identity, service paymux.ServiceType) error {
	if !who.Merchant.Policy.May(service) {
		return paymux.Errorf(paymux.Forbidden, "The service type %q is not open to this merchant.", service)
	}
	if key := (paymux.Policy{Services: who.Key.Services}); !key.May(service) {
		return paymux.Errorf(paymux.Forbidden, "The service type %q is not open to the key %s of this merchant.", service, who.Key.ID)
	}
	ofMerchant, ofKey := who.networks()
	if !ofMerchant.cover(who.Addr) {
		return paymux.Errorf(paymux.Forbidden, "The service type %q is not open to %s: the address is not on the merchant's list.", service, who.Addr)
	}
	if !ofKey.cover(who.Addr) {
		return paymux.Errorf(paymux.Forbidden, "The service type %q is not open to %s: the address is not on the list of the key %s.", service, who.Addr, who.Key.ID)
	}
	return nil
}

func (i *Identity) networks() (ofMerchant, ofKey networks) {
	if i.credential != nil {
		return i.credential.merchantNetworks, i.credential.keyNetworks
	}
	return parseNetworks(i.Merchant.Policy.Addresses), parseNetworks(i.Key.Addresses)
}

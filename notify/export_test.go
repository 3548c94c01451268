package notify

import (
	"net/http"
	"net/netip"
)

// Guard is what the dialer asks before every connection.
func (n *Notifier) Guard(target netip.AddrPort, plain bool) error { return n.guard(target, plain) }

// SetTransport puts something else in the place of net/http's.
func (n *Notifier) SetTransport(t http.RoundTripper) { n.transport = t }

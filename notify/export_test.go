package notify

import "net/netip"

// Guard is what the dialer asks before every connection.
func (n *Notifier) Guard(target netip.AddrPort, plain bool) error { return n.guard(target, plain) }

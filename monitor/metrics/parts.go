package metrics

import (
	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/registry"
)

// Connection shows a connection to NATS.
func Connection(conn *nats.Conn) Source {
	return func(c *Scrape) {
		c.Set("paymux_nats_connected", One(conn.IsConnected()))
		c.Count("paymux_nats_reconnects_total", int64(conn.Stats().Reconnects))
	}
}

// Registry shows what is known of other processes.
func Registry(r *registry.Registry) Source {
	return func(c *Scrape) {
		seen := r.Seen()
		c.Set("paymux_registry_stale_seconds", seen.Stale.Seconds())
		for role, states := range seen.Instances {
			for state, n := range states {
				c.Set("paymux_registry_instances", float64(n), role, string(state))
			}
		}
	}
}

// RPC shows what a server is asked by other processes.
func (c *Scrape) RPC(server string, s rpc.Stats) {
	c.Count("paymux_rpc_requests_total", s.Taken, server, "taken")
	c.Count("paymux_rpc_requests_total", s.Refused, server, "refused")
	c.Set("paymux_rpc_requests_in_flight", float64(s.UnderWay), server)
}

// Channel shows the calls of one channel.
func (c *Scrape) Channel(name string, m *channel.Meter) {
	for _, calls := range m.Calls() {
		for outcome, n := range calls.Outcomes {
			c.Count("paymux_channel_calls_total", n, name, calls.Operation, outcome)
		}
		c.Times("paymux_channel_call_duration_seconds", calls.Took, name, calls.Operation)
	}
	c.Set("paymux_channel_calls_in_flight", float64(m.UnderWay()), name)
}

// One is 1 for what is, and 0 for what is not.
func One(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

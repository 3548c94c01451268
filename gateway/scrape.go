package gateway

import "github.com/paymux/paymux/monitor/metrics"

// Scrape shows what the gateway does, for each channel.
func (g *Gateway) Scrape(c *metrics.Scrape) {
	for _, p := range g.packages {
		c.Channel(p.channel.Name, &p.meter)
		c.RPC("gateway-"+p.channel.Name, p.server.Stats())
	}
}

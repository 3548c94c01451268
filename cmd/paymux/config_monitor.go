package main

import (
	"errors"
	"fmt"
	"net"
)

// MonitorConfig is what operators' own machines ask a process.
type MonitorConfig struct {
	Listen string `yaml:"listen" help:"address and port, such as 127.0.0.1:9090, on which this process, whatever its roles, answers /metrics (Prometheus), /livez and /readyz?verbose; no secrets, but none of the public's business: only for the operators' network, and never the port of listen; empty: nowhere, and a frontend's /livez and /readyz are on listen all the same"`
}

// NodeConfig is a process among those that serve its region.
type NodeConfig struct {
	Weight int `yaml:"weight" help:"share of this process beside the region's other nodes, 0 to 10000; 0: 100"`
	Rated  int `yaml:"rated" help:"changes a second (payments, captures, refunds) this node is made for, which its share of the traffic is measured by; 0: not known, and traffic is never cut for it"`
}

func (c *Config) checkMonitor() error {
	var faults []error
	if c.Node.Rated < 0 {
		faults = append(faults, fmt.Errorf("node.rated: %d is negative", c.Node.Rated))
	}
	if c.Monitor.Listen == "" {
		return errors.Join(faults...)
	}
	_, port, err := net.SplitHostPort(c.Monitor.Listen)
	if err != nil {
		faults = append(faults, fmt.Errorf("monitor.listen: %q is not an address and port such as 127.0.0.1:9090", c.Monitor.Listen))
	}
	if c.has(roleFrontend) && c.Monitor.Listen == c.Listen && port != "0" {
		faults = append(faults, fmt.Errorf("monitor.listen: %s is listen, which the public reaches; give it another port", c.Monitor.Listen))
	}
	return errors.Join(faults...)
}

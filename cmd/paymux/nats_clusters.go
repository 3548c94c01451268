package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/paymux/paymux/internal/natsserver"
)

// natsCluster is one of several NATS clusters that are joined by gateways: a region's, or the witness's.
type natsCluster struct {
	name    string
	servers []natsServer
}

// natsServer is one server of a cluster. Servers of its cluster and other clusters reach it two and three thousand ports above its clients.
type natsServer struct {
	host string
	port int
}

// Ports of the links between servers, from that of the clients: with 4222, the usual 6222 and 7222.
const (
	routePort   = 2000
	gatewayPort = 3000
)

// parseClusters reads name=host+host:port of each.
func parseClusters(list []string) ([]natsCluster, error) {
	var all []natsCluster
	seen := map[string]bool{}
	for _, text := range list {
		name, hosts, _ := strings.Cut(text, "=")
		if !plainName(name) || hosts == "" || seen[name] {
			return nil, usagef("--clusters %q: give each cluster once, as name=host+host, the name of lower case letters, digits, - and _", text)
		}
		seen[name] = true
		c := natsCluster{name: name}
		for _, host := range strings.Split(hosts, "+") {
			s, err := parseServer(host)
			if err != nil {
				return nil, err
			}
			c.servers = append(c.servers, s)
		}
		all = append(all, c)
	}
	if len(all) == 1 {
		return nil, usagef("--clusters: names one cluster; for one cluster give --hosts")
	}
	return all, nil
}

func parseServer(text string) (natsServer, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = text, "4222"
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number+gatewayPort > 65535 || host == "" || strings.ContainsAny(host, "\"\\/ ") {
		return natsServer{}, usagef("--clusters: %q is not a host, or host and port of clients, below %d", text, 65536-gatewayPort)
	}
	return natsServer{host, number}, nil
}

// at is where the server is reached, so far above its clients' port.
func (s natsServer) at(above int) string { return net.JoinHostPort(s.host, strconv.Itoa(s.port+above)) }

// listen is where the server listens: at its own address where that is known, or at every one.
func (s natsServer) listen(above int) string {
	host := "0.0.0.0"
	if net.ParseIP(s.host) != nil {
		host = s.host
	}
	return net.JoinHostPort(host, strconv.Itoa(s.port+above))
}

// urls are a cluster's servers in the configuration's format.
func (c natsCluster) urls(above int) string {
	var all []string
	for _, s := range c.servers {
		all = append(all, fmt.Sprintf("%q", "nats://"+s.at(above)))
	}
	return strings.Join(all, ", ")
}

// synced is how soon streams are on the disk: at once where no other server has them, as a journal that has forgotten
// its last minutes in a power cut would send keys to two regions. Where others have them, within two minutes.
func (c natsCluster) synced() string {
	if len(c.servers) == 1 {
		return ", sync_interval: always"
	}
	return ""
}

// folders are those of servers that were made with --clusters.
func (d *natsDir) folders() ([]string, error) {
	files, err := filepath.Glob(d.path("*/links.conf"))
	for i, file := range files {
		files[i] = filepath.Base(filepath.Dir(file))
	}
	return files, err
}

// clusters writes a folder for each server of each cluster, with all that it needs.
func (d *natsDir) clusters(all []natsCluster, permissions []byte) ([]natsRun, error) {
	authority, err := os.ReadFile(d.path("ca.pem"))
	if err != nil {
		return nil, err
	}
	var runs []natsRun
	for _, c := range all {
		for i, s := range c.servers {
			name := fmt.Sprintf("%s-%d", c.name, i+1)
			dir, file := d.there(name), func(file string) string { return filepath.Join(name, file) }
			conf := fmt.Sprintf(natsConf, s.listen(0), natsserver.MaxPayload, dir, name, c.synced()) + natsLinks
			if err := errors.Join(
				os.MkdirAll(d.path(name), 0o700),
				d.serverCertificate(name, []string{s.host}),
				d.write(file("ca.pem"), authority, true),
				d.write(file("permissions.conf"), permissions, true),
				d.write(file("links.conf"), []byte(links(dir, c, s, all)), true),
				d.write(file("nats.conf"), []byte(conf), false),
			); err != nil {
				return nil, err
			}
			runs = append(runs, natsRun{d.there(file("nats.conf")), s.at(0)})
		}
	}
	return runs, nil
}

// natsLinks is what nats.conf of a server of several clusters has beside.
const natsLinks = `include "links.conf"

# How soon a link that has gone silent counts as lost: two pings without an answer.
ping_interval: "5s"
ping_max: 2
`

// links are where a server meets those of its cluster and of the others. Only servers get in: certificates of the deployment's own
// authority are asked for. A cluster alone has a route to itself, without which its streams would have no say among those of the others.
func links(dir string, own natsCluster, s natsServer, all []natsCluster) string {
	tls := fmt.Sprintf("tls: {cert_file: %q, key_file: %q, ca_file: %q, verify: true, min_version: \"1.2\"}",
		dir+"/server.pem", dir+"/server.key", dir+"/ca.pem")
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by paymux nats init, anew each time. How the servers of all clusters meet; no secrets.\n")
	fmt.Fprintf(&b, "cluster {\n  name: %q\n  listen: %q\n  routes: [%s]\n  %s\n}\n", own.name, s.listen(routePort), own.urls(routePort), tls)
	fmt.Fprintf(&b, "gateway {\n  name: %q\n  listen: %q\n  advertise: %q\n  reject_unknown_cluster: true\n  %s\n  gateways: [\n", own.name, s.listen(gatewayPort), s.at(gatewayPort), tls)
	for _, c := range all {
		fmt.Fprintf(&b, "    {name: %q, urls: [%s]}\n", c.name, c.urls(gatewayPort))
	}
	b.WriteString("  ]\n}\n")
	return b.String()
}

package main

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// natsSetup is what paymux nats init is asked for.
type natsSetup struct {
	dir      string
	at       string // where dir is on the servers' machines; empty: where it is made
	roles    []string
	channels []string
	add      []string // channels, to a directory that is there
	hosts    []string
	listen   string
	clusters []string // name=host+host: of several regions; empty: one cluster
	links    []natsCluster
}

func (c *cli) natsInitCommand() *cobra.Command {
	var n natsSetup
	cmd := &cobra.Command{
		Use:   "init",
		Short: c.text("nats.init"),
		Long:  c.text("nats.init.long"),
		Example: `  paymux nats init --dir /etc/paymux/nats --channels sandbox --hosts nats1.internal,nats2.internal
  paymux nats init --dir /etc/paymux/nats --add another
  paymux nats init --dir /etc/paymux/nats --channels sandbox --clusters east=nats1.east.internal,west=nats1.west.internal,witness=nats1.third.internal`,
		Args: exactly(0),
		RunE: func(*cobra.Command, []string) error { return c.natsInit(n) },
	}
	flags := cmd.Flags()
	flags.StringVar(&n.dir, "dir", "", c.text("nats.dir"))
	flags.StringVar(&n.at, "at", "", c.text("nats.at"))
	flags.StringSliceVar(&n.roles, "roles", natsRoles(), c.text("nats.roles"))
	flags.StringSliceVar(&n.channels, "channels", nil, c.text("nats.channels"))
	flags.StringSliceVar(&n.add, "add", nil, c.text("nats.add"))
	flags.StringSliceVar(&n.hosts, "hosts", []string{"localhost", "127.0.0.1"}, c.text("nats.hosts"))
	flags.StringVar(&n.listen, "listen", "0.0.0.0:4222", c.text("nats.init.listen"))
	flags.StringSliceVar(&n.clusters, "clusters", nil, c.text("nats.clusters"))
	cmd.MarkFlagsMutuallyExclusive("clusters", "hosts")
	cmd.MarkFlagsMutuallyExclusive("clusters", "listen")
	complete(cmd, "roles", natsRoles())
	return cmd
}

// check reports what cannot be done, before anything is.
func (n *natsSetup) check() error {
	if n.dir == "" {
		return usagef("--dir: is empty")
	}
	if n.at != "" && !filepath.IsAbs(n.at) {
		return usagef("--at %s: give the whole path, such as /etc/paymux/nats", n.at)
	}
	for _, role := range n.roles {
		if !slices.Contains(natsRoles(), role) {
			return usagef("--roles %s: the roles are %s", role, strings.Join(natsRoles(), ", "))
		}
	}
	for _, channel := range append(slices.Clone(n.channels), n.add...) {
		if !plainName(channel) {
			return usagef("%q is not a channel's name: lower case letters, digits, - and _", channel)
		}
	}
	if _, _, err := net.SplitHostPort(n.listen); err != nil {
		return usagef("--listen %q: give an address and port such as 0.0.0.0:4222", n.listen)
	}
	if len(n.hosts) == 0 || slices.Contains(n.hosts, "") {
		return usagef("--hosts: name what the servers are reached by")
	}
	var err error
	n.links, err = parseClusters(n.clusters)
	return err
}

func (c *cli) natsInit(n natsSetup) error {
	if err := n.check(); err != nil {
		return err
	}
	d, err := openNATSDir(n, c.now)
	if err != nil {
		return err
	}
	if err := errors.Join(d.authority(), d.users(n)); err != nil {
		return err
	}
	servers, err := d.servers(n)
	if err != nil {
		return err
	}
	return c.show(d.made, func() {
		for _, file := range d.made {
			fmt.Fprintln(c.out, "+ "+file)
		}
		if len(d.made) == 0 {
			c.say("nats.nothing")
		}
		for _, s := range servers {
			c.say("nats.next", s.file, s.address, d.path("ca.pem"), d.path(roleNode+".nk"))
		}
	})
}

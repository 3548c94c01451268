package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux/directory/directoryrpc"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/relay"
)

// natsDir is the directory that paymux nats init fills: ca.pem and ca.key, server.pem and
// server.key, a <party>.nk (secret) and <party>.pub each, nats.conf, permissions.conf. Secrets that are there are
// never made again. A seed may be moved to where it is used: the .pub that stays holds its place.
type natsDir struct {
	dir  string // absolute
	at   string // where it is on the servers' machines, as their files have it
	now  func() time.Time
	made []string // files made or changed by this run
}

// openNATSDir makes the directory, or with add wants it to have been made.
func openNATSDir(n natsSetup, now func() time.Time) (*natsDir, error) {
	dir, err := filepath.Abs(n.dir)
	if err != nil {
		return nil, usagef("--dir: %w", err)
	}
	if strings.ContainsAny(dir+n.at, "\"\n\\") {
		return nil, usagef("--dir %s: has characters that the configuration's format cannot hold", dir+n.at)
	}
	add, d := len(n.add) > 0, &natsDir{dir: dir, at: cmp.Or(n.at, dir), now: now, made: []string{}}
	if _, err := os.Stat(d.path("ca.pem")); add && err != nil {
		return nil, usagef("--add: %s was not made by paymux nats init", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	return d, nil
}

func (d *natsDir) path(name string) string { return filepath.Join(d.dir, name) }

// there is a file's path on the machine of a server.
func (d *natsDir) there(name string) string { return filepath.Join(d.at, name) }

// write makes a file that is not there, or, where it is to be renewed, one that differs.
func (d *natsDir) write(name string, text []byte, renew bool) error {
	is, err := os.ReadFile(d.path(name))
	switch {
	case err == nil && (!renew || bytes.Equal(is, text)):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read %s: %w", name, err)
	}
	d.made = append(d.made, d.path(name))
	return writeSecret(d.path(name), text)
}

// authority makes who signs the certificates, where it is missing.
func (d *natsDir) authority() error {
	if _, err := os.Stat(d.path("ca.pem")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	certificate, key, err := natsserver.NewAuthority(d.now)
	if err != nil {
		return err
	}
	// The key first: a certificate without its key would be of no use, and would hold its place.
	return errors.Join(d.write("ca.key", key, true), d.write("ca.pem", certificate, true))
}

// serverCertificate makes a certificate for the servers of a folder where theirs is not good for these hosts.
func (d *natsDir) serverCertificate(folder string, hosts []string) error {
	authority, err := os.ReadFile(d.path("ca.pem"))
	if err != nil {
		return err
	}
	secret, err := os.ReadFile(d.path("ca.key"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is kept elsewhere: certificates are the operator's
	}
	if err != nil {
		return err
	}
	ca, err := natsserver.LoadAuthority(authority, secret, d.now)
	if err != nil {
		return fmt.Errorf("%s: %w", d.dir, err)
	}
	certificateFile, keyFile := filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key")
	is, err := os.ReadFile(d.path(certificateFile))
	if err == nil && ca.Serves(is, hosts) {
		return nil
	}
	key, err := kept(d.path(keyFile), func() ([]byte, error) {
		d.made = append(d.made, d.path(keyFile))
		return natsserver.NewServerKey()
	})
	if err != nil {
		return err
	}
	certificate, err := ca.Issue(key, hosts)
	if err != nil {
		return err
	}
	return d.write(certificateFile, certificate, true)
}

// users makes the nkeys that are missing.
func (d *natsDir) users(n natsSetup) error {
	parties := slices.Clone(n.roles)
	for _, channel := range append(slices.Clone(n.channels), n.add...) {
		parties = append(parties, rolePrefix+channel)
	}
	for _, party := range parties {
		if _, err := os.Stat(d.path(party + ".pub")); err == nil {
			continue
		}
		if _, err := os.Stat(d.path(party + ".nk")); err == nil {
			return fmt.Errorf("%s is there without its .pub: move it away to have a new one made", d.path(party+".nk"))
		}
		seed, public, err := natsserver.NewUser()
		if err != nil {
			return err
		}
		if err := errors.Join(d.write(party+".nk", []byte(seed.Reveal()+"\n"), false), d.write(party+".pub", []byte(public+"\n"), false)); err != nil {
			return err
		}
	}
	return nil
}

// parties are whose public keys are there.
func (d *natsDir) parties() ([]natsserver.Party, error) {
	files, err := filepath.Glob(d.path("*.pub"))
	if err != nil {
		return nil, err
	}
	var all []natsserver.Party
	for _, file := range files {
		key, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		p := natsserver.Party{Name: strings.TrimSuffix(filepath.Base(file), ".pub"), Key: strings.TrimSpace(string(key))}
		switch p.Name {
		case roleNode:
			p.Hears, p.Says = []string{changedPrefix + "*", directoryrpc.Subject}, []string{directoryrpc.Subject} // of its own kind
		case roleFrontend:
			p.Hears, p.Says = []string{relay.CouncilSubject}, []string{relay.CouncilSubject} // likewise
		case roleKeys:
			p.Hears = []string{"paymux.keys.>"} // one subscription serves every caller, also those that are added later
		}
		all = append(all, p)
	}
	return all, nil
}

// permissions are what permissions.conf says.
func (d *natsDir) permissions() ([]byte, error) {
	parties, err := d.parties()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range parties {
		names = append(names, p.Name)
	}
	return []byte(natsserver.Permissions(parties, natsPlan(names))), nil
}

// natsRun is a server whose files are there.
type natsRun struct {
	file    string
	address string // of its clients, host and port
}

// servers writes the files of each server: nats.conf once, for people to change, and permissions.conf anew.
func (d *natsDir) servers(n natsSetup) ([]natsRun, error) {
	permissions, err := d.permissions()
	if err != nil {
		return nil, err
	}
	there, err := d.folders()
	switch {
	case err != nil:
		return nil, err
	case len(n.links) > 0:
		return d.clusters(n.links, permissions)
	case len(there) > 0: // made with --clusters before
		for _, folder := range there {
			err = errors.Join(err, d.write(filepath.Join(folder, "permissions.conf"), permissions, true))
		}
		return nil, err
	}
	_, port, err := net.SplitHostPort(n.listen)
	conf := fmt.Sprintf(natsConf, n.listen, natsserver.MaxPayload, d.at, "paymux-1", "") + natsMore(d.at)
	return []natsRun{{d.there("nats.conf"), net.JoinHostPort(n.hosts[0], port)}}, errors.Join(err,
		d.serverCertificate("", n.hosts), d.write("permissions.conf", permissions, true), d.write("nats.conf", []byte(conf), false))
}

// natsConf takes an address, a size, a directory, the server's name, and what else is to be said of streams.
const natsConf = `# A NATS server for Paymux: for paymux nats serve and for nats-server alike. Written once, and yours to change.
server_name: %[4]s
listen: "%[1]s"
max_payload: %[2]d
jetstream: {store_dir: "%[3]s/jetstream"%[5]s}
tls: {cert_file: "%[3]s/server.pem", key_file: "%[3]s/server.key", ca_file: "%[3]s/ca.pem", min_version: "1.2"}
include "permissions.conf"
`

// natsMore tells how a single server is made one of several.
func natsMore(dir string) string {
	return fmt.Sprintf(`
# Several servers, each with a server_name of its own:
# cluster: {
#   name: paymux
#   listen: "0.0.0.0:6222"
#   routes: ["nats://nats1.internal:6222", "nats://nats2.internal:6222", "nats://nats3.internal:6222"]
#   tls: {cert_file: "%[1]s/server.pem", key_file: "%[1]s/server.key", ca_file: "%[1]s/ca.pem", verify: true}
# }
`, dir)
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// startJournal starts the NATS servers of a journal and nothing else.
func (b *building) startJournal(ctx context.Context, kind journalKind) (*fleetSystem, error) {
	s := &fleetSystem{splitSystem: &splitSystem{b: b, dir: filepath.Join(b.folder, fmt.Sprintf("journal-%d-%s", kind.servers, kind.sync)), t: &target{}}, close: func() {}}
	if kind.sync == "always" {
		s.amend = func(text []byte) []byte {
			return []byte(strings.Replace(string(text), `/jetstream"`, `/jetstream", sync_interval: always`, 1))
		}
	}
	err := os.Mkdir(s.dir, 0o700)
	if err == nil && kind.servers > 1 {
		err = s.startCluster(ctx, kind.servers)
	} else if err == nil {
		err = s.startNATS(ctx)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// startCluster starts several servers with the same users, each with a copy of the file. What passes between them is plain TCP.
func (s *fleetSystem) startCluster(ctx context.Context, servers int) error {
	routes, listens := make([]string, servers), make([]string, servers)
	for i := range routes {
		var err error
		if listens[i], err = freeAddress(); err != nil {
			return err
		}
		routes[i] = fmt.Sprintf("%q", "nats://"+listens[i])
	}
	dir := s.dir
	for i := range servers {
		s.dir = filepath.Join(dir, fmt.Sprint(i+1)) // of this server alone
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			return err
		}
		s.amend = func(text []byte) []byte {
			named := strings.Replace(string(text), "server_name: paymux-1", fmt.Sprintf("server_name: paymux-%d", i+1), 1)
			return fmt.Appendf([]byte(named), "\ncluster: {name: bench, listen: %q, routes: [%s]}\n", listens[i], strings.Join(routes, ", "))
		}
		if i > 0 { // the others know the same users
			if err := os.CopyFS(filepath.Join(s.dir, "nats"), os.DirFS(filepath.Join(dir, "1", "nats"))); err != nil {
				return err
			}
			if err := os.Remove(filepath.Join(s.dir, "nats", "nats.conf")); err != nil {
				return err
			}
			if err := os.RemoveAll(filepath.Join(s.dir, "nats", "jetstream")); err != nil {
				return err
			}
		}
		if err := s.startNATS(ctx); err != nil {
			return err
		}
	}
	s.dir = dir
	return nil
}

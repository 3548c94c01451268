package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paymux/paymux/client"
)

// natsAt is a NATS server and the folder with everybody's credentials.
type natsAt struct {
	url string
	dir string
}

// line is how a party connects, in paymux.yaml.
func (n natsAt) line(party string) string {
	line := fmt.Sprintf("nats: {url: %q, credentials: %q", n.url, "file:"+n.credentials(party))
	if n.secure() {
		line += fmt.Sprintf(", ca: %q", "file:"+n.authority())
	}
	return line + "}"
}

func (n natsAt) credentials(party string) string { return filepath.Join(n.dir, party+".nk") }
func (n natsAt) authority() string               { return filepath.Join(n.dir, "ca.pem") }
func (n natsAt) secure() bool                    { return strings.HasPrefix(n.url, "tls://") }

// splitSystem is a system that is being started.
type splitSystem struct {
	b        *building
	dir      string
	database string
	front    string                   // its address
	monitor  string                   // where NATS tells what it counts; empty: nowhere
	amend    func(nats []byte) []byte // changes the server's file; nil: it stays
	nats     natsAt
	t        *target
}

// startSplit starts a layout: NATS, keys, then what the layout says.
func (b *building) startSplit(ctx context.Context, l layout, dir, database string) (*target, natsAt, error) {
	s := &splitSystem{b: b, dir: dir, database: database, t: &target{}}
	err := s.start(ctx, l)
	if err == nil {
		err = b.shopAt(ctx, s.t, "http://"+s.front)
	}
	if err != nil {
		s.t.stop()
		return nil, natsAt{}, err
	}
	return s.t, s.nats, nil
}

func (s *splitSystem) start(ctx context.Context, l layout) error {
	var err error
	if s.front, err = freeAddress(); err != nil {
		return err
	}
	if err := s.startNATS(ctx); err != nil {
		return err
	}
	for _, part := range append([]part{{"keys", []string{"keys"}}}, l.parts...) {
		if err := s.startPart(ctx, part); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if !slices.Contains(part.roles, "frontend") {
			continue
		}
		// The frontend is ready when the node is, which makes what gateways register in.
		if err := s.newest().ready(ctx, "/readyz"); err != nil {
			return err
		}
	}
	return s.served(ctx)
}

// startNATS makes credentials and starts the server.
func (s *splitSystem) startNATS(ctx context.Context) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	s.nats = natsAt{url: "tls://" + address, dir: filepath.Join(s.dir, "nats")}
	out, err := exec.CommandContext(ctx, s.b.binary, "nats", "init", "--dir", s.nats.dir, "--channels", "sandbox", "--listen", address).CombinedOutput()
	if err != nil {
		return fmt.Errorf("paymux nats init: %w: %s", err, out)
	}
	file := filepath.Join(s.nats.dir, "nats.conf")
	if s.b.plain {
		s.nats.url = "nats://" + address
		if err := rewrite(file, withoutTLS); err != nil {
			return err
		}
	}
	if s.monitor != "" {
		told := func(text []byte) []byte { return fmt.Appendf(text, "\nhttp: %q\n", s.monitor) }
		if err := rewrite(file, told); err != nil {
			return err
		}
	}
	if s.amend != nil {
		if err := rewrite(file, s.amend); err != nil {
			return err
		}
	}
	debug, err := freeAddress()
	if err != nil {
		return err
	}
	p, err := begin(ctx, "", []string{"GOGC=400"}, s.b.binary, "nats", "serve", "-c", file, "--debug", debug)
	if err != nil {
		return err
	}
	s.t.processes = append(s.t.processes, process{server: p, name: "nats", debug: "http://" + debug})
	return p.await(ctx, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// withoutTLS is a NATS server's file without its line about TLS.
func withoutTLS(text []byte) []byte {
	var kept [][]byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("tls:")) {
			kept = append(kept, line)
		}
	}
	return bytes.Join(kept, nil)
}

func rewrite(file string, change func([]byte) []byte) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, change(text), 0o600)
}

// startPart starts a process of paymux serve.
func (s *splitSystem) startPart(ctx context.Context, p part) error {
	return s.serve(ctx, p.name, s.config(p), s.front, "BENCH_DATABASE="+s.database)
}

// serve starts paymux serve with a configuration, reached by front.
func (s *splitSystem) serve(ctx context.Context, name, config, front string, env ...string) error {
	debug, err := freeAddress()
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, name+".yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	env = append(env, "BENCH_OPS_TOKEN="+opsToken, "BENCH_IDS_KEY="+idsKey, "GOGC=400")
	started, err := begin(ctx, "http://"+front, env, s.b.binary, "serve", "-c", file, "--debug", debug)
	if err != nil {
		return err
	}
	s.t.processes = append(s.t.processes, process{server: started, name: name, debug: "http://" + debug})
	return nil
}

const idsKey = "the key of IDs, of no value to anybody"

// config is a part's paymux.yaml: what the process that does everything is told, of its roles.
func (s *splitSystem) config(p part) string {
	party := p.roles[0]
	lines := []string{
		"roles: [" + strings.Join(p.roles, ", ") + "]", "data_dir: " + filepath.Join(s.dir, p.name), "ids_key: env:BENCH_IDS_KEY",
		"public_url: http://" + s.front, "log: {level: warn, requests: false}",
	}
	for _, role := range p.roles {
		switch role {
		case "frontend":
			lines = append(lines, "listen: "+s.front, "ops_token: env:BENCH_OPS_TOKEN", "access: {traffic_requests: 0}")
		case "node":
			lines = append(lines, s.b.storeLine(s.dir), "notify: {allow_networks: [127.0.0.0/8]}")
		case "gateway":
			lines = append(lines, "sandbox: {enabled: true, in_memory: true}", s.b.accountLine())
			if party == role {
				party = "gateway-sandbox"
			}
		}
	}
	return strings.Join(append(lines, s.nats.line(party), ""), "\n")
}

func (s *splitSystem) newest() process { return s.t.processes[len(s.t.processes)-1] }

// served returns when the node knows the account.
func (s *splitSystem) served(ctx context.Context) error {
	ops, err := client.NewOperator(client.Config{BaseURL: "http://" + s.front, Key: opsToken})
	if err != nil {
		return err
	}
	return s.newest().await(ctx, func() bool {
		list, err := ops.Channels(ctx)
		return err == nil && len(list) > 0 && len(list[0].Accounts) > 0 && list[0].Down == ""
	})
}

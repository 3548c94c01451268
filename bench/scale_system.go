package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// fleet is how large a system is.
type fleet struct {
	Regions   int `json:"regions"`
	Replicas  int `json:"replicas"` // nodes of each region
	Frontends int `json:"frontends"`
}

func (f fleet) nodes() int { return f.Regions * f.Replicas }

// fleetSystem is a system of a fleet's processes on one NATS server, with one gateway and one key service.
type fleetSystem struct {
	*splitSystem
	fleet
	registry *registry.Registry // as an operator sees it
	close    func()
}

// startFleet starts a system and returns when every node and frontend is registered and knows the account.
func (b *building) startFleet(ctx context.Context, f fleet, name string) (*fleetSystem, error) {
	s := &fleetSystem{splitSystem: &splitSystem{b: b, dir: filepath.Join(b.folder, name), t: &target{}}, fleet: f, close: func() {}}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	err := s.begin(ctx, name)
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("%+v: %w", f, err)
	}
	return s, nil
}

func (s *fleetSystem) stop() {
	s.close()
	s.t.stop()
	_ = os.RemoveAll(s.dir)
}

func (s *fleetSystem) begin(ctx context.Context, name string) error {
	if err := s.open(ctx); err != nil || s.nodes() == 0 {
		return err // NATS alone
	}
	fronts := make([]string, s.Frontends)
	for i := range fronts {
		var err error
		if fronts[i], err = freeAddress(); err != nil {
			return err
		}
	}
	s.front = fronts[0]
	if err := s.start(ctx, "keys", "keys", 1, s.front, "", "roles: [keys]"); err != nil {
		return err
	}
	if err := s.startNodes(ctx, name); err != nil {
		return err
	}
	for i, address := range fronts {
		err := s.start(ctx, fmt.Sprintf("frontend-%d", i+1), "frontend", i%s.Regions+1, address, "",
			"roles: [frontend]", "listen: "+address, "ops_token: env:BENCH_OPS_TOKEN", "access: {traffic_requests: 0}")
		if err != nil {
			return err
		}
	}
	for _, p := range s.named("frontend") {
		if err := p.ready(ctx, "/readyz"); err != nil {
			return err
		}
	}
	err := s.start(ctx, "gateway", "gateway-sandbox", 1, s.front, "", "roles: [gateway]", "sandbox: {enabled: true, in_memory: true}", s.b.accountLine())
	if err != nil {
		return err
	}
	return s.complete(ctx)
}

// open starts NATS and connects to it.
func (s *fleetSystem) open(ctx context.Context) error {
	var err error
	if s.monitor, err = freeAddress(); err != nil {
		return err
	}
	if err = s.startNATS(ctx); err != nil {
		return err
	}
	conn, err := s.nats.connect(ctx, "operator")
	if err != nil {
		return err
	}
	s.registry = registry.New(registry.Config{Conn: conn, Creates: true})
	s.close = conn.Close
	return nil
}

func (s *fleetSystem) startNodes(ctx context.Context, name string) error {
	for r := range s.Regions {
		database := ""
		if s.b.cluster != nil {
			of := fmt.Sprintf("%s_%d", strings.ReplaceAll(name, "-", "_"), r+1)
			if err := s.b.cluster.CreateDatabase(ctx, of, ""); err != nil {
				return err
			}
			database = s.b.cluster.URL(of)
		}
		for n := range s.Replicas {
			node := fmt.Sprintf("node-%d-%d", r+1, n+1)
			store := s.b.storeLine(filepath.Join(s.dir, node))
			if err := s.start(ctx, node, "node", r+1, s.front, database, "roles: [node]", store, "notify: {allow_networks: [127.0.0.0/8]}"); err != nil {
				return err
			}
		}
	}
	return nil
}

// start starts a process of a region with a party's credentials, reached by front. more is of its role.
func (s *fleetSystem) start(ctx context.Context, name, party string, region int, front, database string, more ...string) error {
	config := strings.Join(append([]string{
		fmt.Sprintf("region: {name: %s, number: %d}", regionName(region), region), "data_dir: " + filepath.Join(s.dir, name), s.nats.line(party),
		"public_url: http://" + s.front, "ids_key: env:BENCH_IDS_KEY", "log: {level: warn, requests: false}",
	}, append(more, "")...), "\n")
	return s.serve(ctx, name, config, front, "BENCH_DATABASE="+database)
}

func regionName(n int) string { return fmt.Sprintf("r%d", n) }

// named are the processes whose names begin so.
func (s *fleetSystem) named(prefix string) []process {
	return slices.DeleteFunc(slices.Clone(s.t.processes), func(p process) bool { return !strings.HasPrefix(p.name, prefix) })
}

// complete returns when all are registered, and each node knows the account.
func (s *fleetSystem) complete(ctx context.Context) error {
	all := s.registry.Watch("")
	defer all.Stop()
	return s.newest().await(ctx, func() bool {
		nodes, fronts := 0, 0
		for _, i := range all.Instances() {
			var d relay.Detail
			switch i.Role {
			case registry.RoleFrontend:
				fronts++
			case registry.RoleNode:
				if json.Unmarshal(i.Detail, &d) == nil && len(d.Accounts) > 0 {
					nodes++
				}
			}
		}
		return nodes == s.nodes() && fronts == s.Frontends && s.t.alive() == nil
	})
}

// assign puts an assignment list that spreads merchants over regions evenly, and returns when all frontends go by it.
func (s *fleetSystem) assign(ctx context.Context, over int) error {
	l := &relay.List{Rules: []relay.Rule{{Name: "all"}}, Condition: relay.DefaultCondition()}
	for r := range s.Regions {
		l.Regions = append(l.Regions, relay.ListedRegion{Name: regionName(r + 1), Number: paymux.Region(r + 1), Weight: 1})
		if r < over {
			l.Rules[0].To = append(l.Rules[0].To, relay.Target{Region: regionName(r + 1), Weight: 1})
		}
	}
	value, err := l.Document()
	if err != nil {
		return err
	}
	if _, err := relay.ParseList(value); err != nil {
		return err
	}
	d, err := s.registry.Settings().Put(ctx, registry.Document{Key: relay.ListKey, Value: value, Who: "bench"})
	if err != nil {
		return err
	}
	fronts := s.registry.Watch(registry.RoleFrontend)
	defer fronts.Stop()
	return s.newest().await(ctx, func() bool {
		return !slices.ContainsFunc(fronts.Instances(), func(i registry.Instance) bool {
			var f relay.FrontendDetail
			return json.Unmarshal(i.Detail, &f) != nil || f.Assignment < d.Version
		}) && len(fronts.Instances()) == s.Frontends
	})
}

// settleTime is how long a system is left alone before it is measured idle: two renewals.
const settleTime = 2 * registry.DefaultTTL / 3

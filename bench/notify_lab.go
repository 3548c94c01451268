package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paymux/paymux/internal/pgcluster"
	"github.com/paymux/paymux/internal/webhook"
)

// mostDeliveries is how many a process notes: 256 MiB of records.
const mostDeliveries = 8 << 20

// lab is where a run lives: its folder and the database server.
type lab struct {
	notifyPlan
	folder  string
	made    bool
	cluster *pgcluster.Cluster
	stages  int // opened so far
}

func newLab(ctx context.Context, p notifyPlan) (*lab, error) {
	l := &lab{notifyPlan: p, folder: p.dir}
	if l.folder == "" {
		var err error
		if l.folder, err = os.MkdirTemp("", "paymux-bench-"); err != nil {
			return nil, err
		}
		l.made = true
	}
	if p.store == "postgres" {
		cluster, err := pgcluster.New(ctx, pgcluster.Config{})
		if err != nil {
			l.remove()
			return nil, err
		}
		l.cluster = cluster
	}
	return l, nil
}

func (l *lab) remove() {
	if l.cluster != nil {
		_ = l.cluster.Remove()
	}
	if l.made {
		_ = os.RemoveAll(l.folder)
	}
}

// stage is a fresh database with its nodes, and the endpoints they deliver to. Each measurement
// has its own, so that none inherits another's tables or backlog.
type stage struct {
	*lab
	secret    string
	sink      *server
	addresses sinkAddresses
	shaky     int // how many endpoints, the last ones, have trouble when told to
	database  string
	nodes     []*server
	started   int // nodes, in all
	cast      cast
	expected  sinkCount // what has to arrive
	store     *storeUsage
}

// sinkOnly opens the endpoints without any node, for the ceiling.
func (l *lab) sinkOnly(ctx context.Context) (*stage, error) {
	l.stages++
	s := &stage{lab: l, secret: webhook.NewSecret()}
	var err error
	s.sink, err = startChild(ctx, "notify-sink", "--secret", s.secret, "--hosts", fmt.Sprint(l.hosts), "--most", fmt.Sprint(mostDeliveries))
	if err != nil {
		return nil, err
	}
	if err := s.sink.tell(ctx, "/addresses", nil, &s.addresses); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open opens a stage with merchants and endpoints and starts its nodes.
func (l *lab) open(ctx context.Context, shaky int) (*stage, error) {
	s, err := l.sinkOnly(ctx)
	if err != nil {
		return nil, err
	}
	s.shaky = shaky
	if err := s.openNodes(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) openNodes(ctx context.Context) error {
	if err := s.makeDatabase(ctx); err != nil {
		return err
	}
	for range s.replicas {
		if _, err := s.launchNode(ctx); err != nil {
			return err
		}
	}
	err := s.nodes[0].tell(ctx, "/setup", setup{
		URLs: s.addresses.urls(s.endpoints, s.shaky), Merchants: s.merchants, Secret: s.secret, RetrySecs: retries(),
	}, &s.cast)
	if err != nil {
		return err
	}
	return s.startNodes(ctx, s.nodes...)
}

// retries is the schedule of endpoints here: as patient as the standard one at first, and
// quick enough after that for a run to see the end of it.
func retries() []int {
	waits := []int{5}
	for range 120 {
		waits = append(waits, 30)
	}
	return waits
}

func (s *stage) makeDatabase(ctx context.Context) error {
	name := fmt.Sprintf("notify_%d", s.stages)
	if s.cluster == nil {
		dir := filepath.Join(s.folder, name)
		s.database = filepath.Join(dir, "paymux.db")
		return os.Mkdir(dir, 0o700)
	}
	s.database = s.cluster.URL(name)
	if err := s.cluster.CreateDatabase(ctx, name, ""); err != nil {
		return err
	}
	var err error
	s.store, err = findStore(ctx, s.database)
	return err
}

func (s *stage) launchNode(ctx context.Context) (*server, error) {
	s.started++
	n, err := startChild(ctx, "notify-node", "--store", s.lab.store, "--database", s.database,
		"--replica", fmt.Sprintf("replica-%d", s.started), "--most", fmt.Sprint(mostDeliveries))
	if err != nil {
		return nil, err
	}
	s.nodes = append(s.nodes, n)
	return n, nil
}

// startNodes tells nodes who takes part and has them begin.
func (s *stage) startNodes(ctx context.Context, nodes ...*server) error {
	for _, n := range nodes {
		if err := errors.Join(n.tell(ctx, "/learn", s.cast, nil), n.tell(ctx, "/start", nil, nil)); err != nil {
			return err
		}
	}
	return nil
}

// close ends the stage's processes, the nodes first.
func (s *stage) close() {
	for _, n := range s.nodes {
		n.stop()
	}
	if s.sink != nil {
		s.sink.stop()
	}
}

// alive reports an error when one of the processes has ended.
func (s *stage) alive() error {
	errs := []error{s.sink.alive()}
	for _, n := range s.nodes {
		errs = append(errs, n.alive())
	}
	return errors.Join(errs...)
}

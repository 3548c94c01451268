package main

import (
	"context"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/payment/paymentrpc"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// openRelay puts the relay before the regions' nodes. Where NATS is this process's own there is no region but its own;
// otherwise those in the registry are followed, with the assignment list and the journal of keys.
func (s *system) openRelay(ctx context.Context) error {
	if s.messaging.Embedded() {
		var err error
		own := s.ownRegion()
		own.Weight, own.Node = 1, s.meter
		s.relay, err = relay.New([]relay.Region{own})
		return err
	}
	if s.nodes == nil {
		s.nodes = s.registry.Watch(registry.RoleNode)
	}
	nodes, lists := s.nodes, s.registry.Settings().Watch(relay.ListKey)
	first, cancel := context.WithTimeout(ctx, findLimit)
	defer cancel()
	ready := []<-chan struct{}{nodes.Ready(), lists.Ready()}
	for _, read := range ready {
		select {
		case <-read:
		case <-first.Done(): // it is followed all the same
		}
	}
	council := &relay.NATSCouncil{Conn: s.messaging.Conn, ID: s.replica, Frontends: s.registry.Watch(registry.RoleFrontend), Nodes: nodes}
	var err error
	s.relay, err = relay.Open(relay.Config{
		Directory: relay.NewRegistered(nodes, s.dial, s.log, s.ownRegion()), Lists: relay.NewFollowed(lists, s.log), Default: s.conf.Region.Name, Read: ready,
		Journal: relay.NewNATSJournal(s.messaging.Conn), Council: council, Strict: s.conf.Relay.Strict, Listed: s.announceList, Timing: relay.Timing{Horizon: s.conf.Relay.Horizon}, Now: s.now, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.onStop(s.relay.Stop)
	return nil
}

// announceList lets operators see that this frontend goes by a list.
func (s *system) announceList(version uint64) {
	s.listed.Store(version)
	if lease := s.lease.Load(); lease != nil {
		lease.Update(s.busy)
	}
}

func (s *system) ownRegion() relay.Region {
	return relay.Region{Number: paymux.Region(s.conf.Region.Number), Name: s.conf.Region.Name}
}

// dial reaches a region's node, in this process or elsewhere.
func (s *system) dial(region string) (n relay.Node, here bool, err error) {
	if s.conf.has(roleNode) && region == s.conf.Region.Name {
		return s.meter, true, nil
	}
	far, err := paymentrpc.NewClient(s.messaging.Conn, region, 0)
	if err != nil {
		return nil, false, err
	}
	asked, err := accessrpc.NewClient(s.messaging.Conn, region)
	return farRegion{paymentrpc.Among(far, relay.NewReplicas(s.nodes, region)), asked.Ready}, false, err
}

// farRegion is a region's node elsewhere, which can be asked whether it is there.
type farRegion struct {
	relay.Node
	ready func(context.Context) error
}

// Ping implements relay.Pinger: whoever cannot serve now is as good as away.
func (f farRegion) Ping(ctx context.Context) error { return f.ready(ctx) }

// keepJournal sees to it that the journal's bucket is there: frontends, which use it, may not make it.
func (s *system) keepJournal(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		relay.KeepJournal(ctx, s.messaging.Conn, s.conf.NATS.StateCluster, s.conf.NATS.Replicas, func(err error) {
			s.log.Warn("the journal of idempotency keys cannot be made; it is tried again", "error", err, "every", 2*time.Second)
		})
	}()
	s.onStop(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
	return nil
}

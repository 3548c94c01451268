package main

import (
	"context"
	"errors"

	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessregions"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/directory/directoryrpc"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/payment/paymentrpc"
	"github.com/paymux/paymux/relay"
)

// nodesGroup is the queue group of the processes that serve a region.
const nodesGroup = "nodes"

// nodeLimit is how many requests a node works on at a time; more are refused and can be sent again.
const nodeLimit = 4096

// directoryLimit is the same for other regions' questions, which there are few of.
const directoryLimit = 256

// ownNode is what a front door asks of the node in this process.
func (s *system) ownNode() accessrpc.Node {
	return accessrpc.Node{
		Queries: s.payments, Directory: s.store, Merchants: merchantsFetched{s.store, s}, Endpoints: endpointsFetched{endpointsHeard{s.store, s.notifier}, s},
		Links: s.store, Events: s.store, Notifications: s.notifier, NotificationLog: s.store, Answers: s.store,
		Tasks: buried{s.store}, Channels: s.channels, Statistics: s.store, RuleSets: s.rules, RuleSetTrials: trials{s.rules, s.replays()}, Routes: routesShown{s}, Payers: s.payments, Ready: s.storeReady,
	}
}

// storeReady reports whether requests can be served: the store answers.
func (s *system) storeReady(ctx context.Context) error {
	if err := s.watch.silent(); err != nil {
		return err
	}
	_, err := s.store.Revision(ctx)
	return err
}

// serveNode lets frontends elsewhere reach this process's rooms.
func (s *system) serveNode(ctx context.Context) error {
	server := rpc.NewServer(rpc.Config{
		Conn: s.messaging.Conn, Group: nodesGroup, Peer: s.replica, Limit: nodeLimit, Faults: accessrpc.Faults(), Log: s.log, Trace: s.tracer, Now: s.now,
	})
	// Other regions ask no replica by its name: nodes have no permission for that.
	others := rpc.NewServer(rpc.Config{
		Conn: s.messaging.Conn, Group: nodesGroup, Limit: directoryLimit, Faults: directoryrpc.Faults(), Log: s.log, Trace: s.tracer, Now: s.now,
	})
	s.servers = append(s.servers, served{roleNode, server}, served{"directory", others})
	s.onStop(server.Stop)
	s.onStop(others.Stop)
	return errors.Join(
		paymentrpc.Serve(server, s.conf.Region.Name, s.meter),
		accessrpc.Serve(server, s.conf.Region.Name, s.ownNode()),
		directoryrpc.Serve(others, s.self(), s.store),
		server.Flush(ctx),
	)
}

// regionsNode is what a front door asks, over all regions the relay knows, and where it finds the answers kept with an object; nil: with the rest.
func (s *system) regionsNode() (accessrpc.Node, func(id string) access.Answers) {
	if s.messaging.Embedded() {
		return s.ownNode(), nil
	}
	all := accessregions.New(s.relay, s.nodeOf, s.conf.Region.Name)
	return all.Node(), all.AnswersOf
}

// nodeOf is what is asked of a region's node, in this process or elsewhere.
func (s *system) nodeOf(region string) (accessrpc.Node, error) {
	if s.conf.has(roleNode) && region == s.conf.Region.Name {
		return s.ownNode(), nil
	}
	c, err := accessrpc.NewClient(s.messaging.Conn, region)
	if err == nil && s.nodes != nil {
		c = accessrpc.Among(c, relay.NewReplicas(s.nodes, region))
	}
	return accessrpc.Node{
		Queries: c, Directory: c, Merchants: c, Endpoints: c, Links: c, Events: c, Notifications: c, NotificationLog: c,
		Answers: c, Tasks: c, Channels: c, Statistics: c, RuleSets: c, RuleSetTrials: c, Routes: c, Payers: c, Ready: c.Ready,
	}, err
}

// payerLinks are what the cashier reads of links.
type payerLinks struct {
	access.Links
	access.Merchants
}

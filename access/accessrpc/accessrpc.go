// Package accessrpc is both ends of the wire by which a frontend's front door and cashier ask a
// region's node for what is not carried out by the relay: payments as they stand, credentials,
// merchants, endpoints, links, events, notifications, statistics and kept answers. Client is all of these ports, as
// access and cashier declare them; Serve puts the node's rooms behind it.
//
// Both ends of a call stand next to each other, a file a noun. A read that is not answered is
// Unavailable; a change is Unavailable only if no node has begun it, and OutcomeUnknown otherwise.
// Lists that are too long for one message come in several. Nothing is cached and nobody is told of changes: that
// is for whoever wires the rooms. Start reading at Node and NewClient.
package accessrpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
)

// Node is what a frontend asks of a node. All fields are needed.
type Node struct {
	Queries         access.Queries
	Directory       access.Directory
	Merchants       access.Merchants
	Endpoints       access.Endpoints // what tells the node's notifier of changes, not the bare store
	Links           access.Links
	Events          access.Events
	Notifications   access.Notifications
	NotificationLog access.NotificationLog
	Answers         access.Answers
	Tasks           access.Tasks
	Channels        access.Channels
	Statistics      access.Statistics
	RuleSets        access.RuleSets
	RuleSetTrials   access.RuleSetTrials
	Routes          access.Routes
	Payers          Payers
	Ready           func(ctx context.Context) error // whether the node can serve
}

// Payers is what the cashier reads of the payment room (cashier.Payments; its changes go through the relay).
type Payers interface {
	Find(ctx context.Context, id paymux.PaymentID) (paymux.Payment, error)
	Methods(ctx context.Context, merchant paymux.MerchantID, m paymux.Money) ([]paymux.MethodType, error)
}

// Faults are what the rpc.Server of Serve has to be made with. They are those of paymentrpc, too: one server can serve both.
func Faults() rpc.Faults { return wire.Faults() }

// Serve answers a region's requests with the rooms of node. The server's Group is that of the
// region's replicas, and it has Faults.
func Serve(s *rpc.Server, region string, node Node) error {
	prefix, err := subjects(region)
	if err != nil {
		return err
	}
	if missing := node.missing(); len(missing) > 0 {
		return fmt.Errorf("accessrpc: not configured: %s", strings.Join(missing, ", "))
	}
	to := &server{rpc: s, prefix: prefix}
	servePayments(to, &node)
	serveDirectory(to, node.Directory)
	serveMerchants(to, node.Merchants)
	serveEndpoints(to, node.Endpoints)
	serveLinks(to, node.Links)
	serveEvents(to, node.Events)
	serveNotifications(to, node.Notifications, node.NotificationLog)
	serveChannels(to, node.Channels)
	serveStatistics(to, node.Statistics)
	serveRuleSets(to, node.RuleSets, node.RuleSetTrials, node.Routes)
	serveRest(to, &node)
	return errors.Join(to.faults...)
}

func (n *Node) missing() []string {
	var names []string
	for name, there := range map[string]bool{
		"Queries": n.Queries != nil, "Directory": n.Directory != nil, "Merchants": n.Merchants != nil, "Endpoints": n.Endpoints != nil,
		"Links": n.Links != nil, "Events": n.Events != nil, "Notifications": n.Notifications != nil, "NotificationLog": n.NotificationLog != nil,
		"Answers": n.Answers != nil, "Tasks": n.Tasks != nil, "Channels": n.Channels != nil, "Statistics": n.Statistics != nil, "RuleSets": n.RuleSets != nil, "RuleSetTrials": n.RuleSetTrials != nil, "Routes": n.Routes != nil, "Payers": n.Payers != nil, "Ready": n.Ready != nil,
	} {
		if !there {
			names = append(names, name)
		}
	}
	return names
}

// Client is a region's node as a frontend's rooms see it. It is immutable and safe for concurrent use.
//
// Errors are the node's own. Where it does not answer, reads return Unavailable; changes Unavailable if
// nothing was begun, and otherwise OutcomeUnknown: a repeat with the same idempotency record finds out.
type Client struct {
	rpc    *rpc.Client
	prefix string
}

// callLimit is how long one question may take where its context says nothing: no institution is asked meanwhile.
const callLimit = 10 * time.Second

// NewClient returns the node of a region.
func NewClient(conn *nats.Conn, region string) (*Client, error) {
	prefix, err := subjects(region)
	if err != nil {
		return nil, err
	}
	return &Client{rpc: &rpc.Client{Conn: conn, Faults: Faults(), Limit: callLimit}, prefix: prefix}, nil
}

// Among returns the client that asks the region's replicas by their weights, and notices when the one that has a question
// dies. The servers' Peer is what replicas are called.
func Among(c *Client, replicas rpc.Peers) *Client {
	return &Client{rpc: &rpc.Client{Conn: c.rpc.Conn, Faults: c.rpc.Faults, Limit: c.rpc.Limit, Peers: replicas}, prefix: c.prefix}
}

// subjects is what all of a region's begin with: paymux.node.<region>.access.<what>.
func subjects(region string) (string, error) {
	if region == "" || strings.ContainsAny(region, ".*> \t\r\n") {
		return "", fmt.Errorf("accessrpc: region name %q cannot be part of a NATS subject: it must have no dots, blanks and wildcards", region)
	}
	return "paymux.node." + region + ".access.", nil
}

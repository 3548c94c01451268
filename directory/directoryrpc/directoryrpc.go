// Package directoryrpc is both ends of the wire by which a region's nodes ask another's what has changed of its merchants.
// What passes has secrets in clear: over NATS with TLS alone, and by a subject that no party but nodes may use.
//
// It asks and answers, and keeps nothing. Start reading at Serve and Client.
package directoryrpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
)

// Source is what a region tells of its own.
type Source interface {
	Changes(ctx context.Context, after int64, limit int) (directory.Changes, error)
}

// Faults are what the rpc.Server of Serve has to be made with. They are those of accessrpc, too.
func Faults() rpc.Faults { return wire.Faults() }

// mostChanges is how many are looked up at a time, whatever is asked for.
const mostChanges = 5000

// question asks for changes.
type question struct {
	After int64
	Limit int
}

// Serve answers other regions' questions with what self has of merchants whose home it is. The server's Group is that of the region's replicas.
func Serve(s *rpc.Server, self directory.Peer, from Source) error {
	subject, err := subjectOf(self.Name)
	if err != nil {
		return err
	}
	room := wire.Room(s)
	return wire.Handle(s, subject, nil, func(ctx context.Context, q *question) (directory.Changes, error) {
		if q.After < 0 || q.Limit < 1 {
			return directory.Changes{}, paymux.Errorf(paymux.InvalidRequest, "Changes are asked for behind a revision, at least one at a time.")
		}
		return fitting(ctx, from, self.Number, q.After, min(q.Limit, mostChanges), room)
	})
}

// fitting returns as many changes as fit a message. One does: it came in one.
func fitting(ctx context.Context, from Source, home paymux.Region, after int64, limit, room int) (directory.Changes, error) {
	for {
		c, err := from.Changes(ctx, after, limit)
		if err != nil {
			return directory.Changes{}, err
		}
		c = c.Of(home)
		size := len(wire.Append(nil, &c))
		if size <= room || limit == 1 {
			return c, nil
		}
		limit = max(1, min(limit/2, limit*room/size))
	}
}

// callLimit is how long one question may take where its context says nothing.
const callLimit = 5 * time.Second

// Client asks other regions. Safe for concurrent use.
type Client struct{ rpc *rpc.Client }

// NewClient returns a client of all regions that a connection reaches.
func NewClient(conn *nats.Conn) *Client {
	return &Client{&rpc.Client{Conn: conn, Faults: Faults(), Limit: callLimit}}
}

// Changes asks a region for changes behind a revision, at most limit. There may be fewer and more of them, for an answer fits one message.
// Errors are the region's own, or paymux.Unavailable where nobody answers.
func (c *Client) Changes(ctx context.Context, region string, after int64, limit int) (directory.Changes, error) {
	subject, err := subjectOf(region)
	if err != nil {
		return directory.Changes{}, err
	}
	return wire.Ask[question, directory.Changes](ctx, c.rpc, subject, &question{After: after, Limit: limit})
}

// errName: the name of a region cannot be part of a NATS subject.
var errName = errors.New("directoryrpc: the region's name has dots, blanks or wildcards, or is empty")

// Subject is all of this wire: paymux.directory.<region>.changes. It is not below paymux.node, where frontends may ask.
const Subject = "paymux.directory.*.changes"

// subjectOf is where a region answers.
func subjectOf(region string) (string, error) {
	if region == "" || strings.ContainsAny(region, ".*> \t\r\n") {
		return "", fmt.Errorf("%w: %q", errName, region)
	}
	return strings.Replace(Subject, "*", region, 1), nil
}

package channelrpc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/rpc"
)

// linesAtATime is how much of a statement one message carries: well below a message's size limit.
const linesAtATime = 2000

// Channel is an account served by a package elsewhere, and a channel.Channel: its caller
// cannot tell. What nobody took up is channel.ErrNotSent. Safe for concurrent use.
type Channel struct {
	Client  *rpc.Client // with Faults as its faults
	Name    string      // of the channel
	Version string      // of the package
	Account string
}

func call[Request, Reply any](ctx context.Context, c *Channel, verb string, q Request) (Reply, error) {
	r, err := rpc.Call[Request, Reply](ctx, c.Client, Subject(c.Name, c.Version, c.Account, verb), q)
	if errors.Is(err, rpc.ErrNotTaken) {
		err = fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	return r, err
}

// Do hands op over once.
func (c *Channel) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := call[DoRequest, Result](ctx, c, VerbDo, DoRequest{NewOperation(&op)})
	return r.result(), err
}

// Query asks about op.
func (c *Channel) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	op.Card = nil
	r, err := call[QueryRequest, Result](ctx, c, VerbQuery, QueryRequest{NewOperation(&op)})
	return r.result(), err
}

// Callback has the package judge a notification.
func (c *Channel) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	q := CallbackRequest{Account: req.Account, Method: req.Method, URL: req.URL, Header: map[string][]string{}, Body: []byte{}}
	maps.Copy(q.Header, req.Header)
	q.Body = append(q.Body, req.Body...) // what is nil would be null on the wire, which the schema does not have
	w, err := call[CallbackRequest, Callback](ctx, c, VerbCallback, q)
	if err != nil {
		return channel.Callback{}, err
	}
	return w.callback()
}

// Statement reads a day's bookings, in as many requests as they need.
func (c *Channel) Statement(ctx context.Context, day time.Time) ([]channel.StatementLine, error) {
	var lines []channel.StatementLine
	for {
		part, err := call[StatementRequest, Statement](ctx, c, VerbStatement, StatementRequest{
			Day: day.UTC().Format(time.DateOnly), From: len(lines), Limit: linesAtATime,
		})
		if err != nil {
			return nil, err
		}
		for i := range part.Lines {
			lines = append(lines, part.Lines[i].line())
		}
		if !part.More || len(part.Lines) == 0 {
			return lines, nil
		}
	}
}

// Kit is the account's kit; only accounts that are announced with one have it.
func (c *Channel) Kit() channel.Kit { return kit{c} }

type kit struct{ *Channel }

// Drive passes q on.
func (k kit) Drive(ctx context.Context, q channel.KitRequest) (channel.KitReply, error) {
	return call[channel.KitRequest, channel.KitReply](ctx, k.Channel, VerbTest, q)
}

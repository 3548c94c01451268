package channelrpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/trace"
)

// Server serves accounts of one version of a channel. Make one with NewServer.
type Server struct {
	rpc     *rpc.Server
	version string
}

// NewServer returns a server of a package's version. limit is how many requests it works on at a time; 0: 1024.
func NewServer(conn *nats.Conn, version string, limit int, log *slog.Logger) *Server {
	return NewTracedServer(conn, version, limit, log, nil)
}

// NewTracedServer is NewServer for one whose requests are recorded where they are part of a trace.
func NewTracedServer(conn *nats.Conn, version string, limit int, log *slog.Logger, tracer *trace.Tracer) *Server {
	return &Server{
		rpc:     rpc.NewServer(rpc.Config{Conn: conn, Group: group, Limit: limit, Faults: Faults(), Log: log, Trace: tracer}),
		version: version,
	}
}

// Serve begins to answer for an account, and for its kit where it has one.
func (s *Server) Serve(a *channel.Account) error {
	e := &end{Account: a, flights: newFlights()}
	subject := func(verb string) string { return Subject(a.Driver.Name, s.version, a.Name, verb) }
	err := errors.Join(
		rpc.Serve(s.rpc, subject(VerbDo), e.do),
		rpc.Serve(s.rpc, subject(VerbQuery), e.query),
		rpc.Serve(s.rpc, subject(VerbCallback), e.callback),
		rpc.Serve(s.rpc, subject(VerbStatement), e.statement),
	)
	if kit, ok := channel.KitOf(a.Channel); ok {
		err = errors.Join(err, rpc.Serve(s.rpc, subject(VerbTest), kit.Drive))
	}
	return err
}

// Flush returns when requests can arrive.
func (s *Server) Flush(ctx context.Context) error { return s.rpc.Flush(ctx) }

// Stop takes no more requests and waits for those under way.
func (s *Server) Stop(ctx context.Context) error { return s.rpc.Stop(ctx) }

// Stats tells what nodes have asked so far.
func (s *Server) Stats() rpc.Stats { return s.rpc.Stats() }

// end is the package's end of an account.
type end struct {
	*channel.Account
	flights *flights
}

// do carries an operation out. A request that comes while the same operation is under
// way gets that one's outcome: the institution sees the operation once.
func (e *end) do(ctx context.Context, q DoRequest) (Result, error) {
	if q.Operation.ID == "" {
		return Result{}, fmt.Errorf("%w: the operation has no id", channel.ErrNotSent)
	}
	return e.flights.join(ctx, q.Operation.ID, func(ctx context.Context) (Result, error) {
		r, err := e.Account.Do(ctx, q.Operation.operation())
		return toResult(&r), err
	})
}

func (e *end) query(ctx context.Context, q QueryRequest) (Result, error) {
	r, err := e.Account.Query(ctx, q.Operation.operation())
	return toResult(&r), err
}

func (e *end) callback(ctx context.Context, q CallbackRequest) (Callback, error) {
	cb, err := e.Channel.Callback(ctx, channel.CallbackRequest{
		Channel: e.Driver.Name, Account: e.Name, Method: q.Method, URL: q.URL, Header: q.Header, Body: q.Body,
	})
	if err == nil {
		return toCallback(&cb), nil
	}
	if word := refused(err); word != "" {
		return Callback{ID: cb.ID, Operation: cb.Operation, Refused: word, Reason: err.Error()}, nil
	}
	return Callback{}, err
}

func (e *end) statement(ctx context.Context, q StatementRequest) (Statement, error) {
	day, err := time.Parse(time.DateOnly, q.Day)
	if err != nil || q.From < 0 || q.Limit < 1 {
		return Statement{}, fmt.Errorf("%w: %w: day, from or limit of the statement", rpc.ErrNotTaken, rpc.ErrBadRequest)
	}
	lines, err := e.Channel.Statement(ctx, day)
	if err != nil {
		return Statement{}, err
	}
	from := min(q.From, len(lines))
	to := min(from+q.Limit, len(lines))
	out := Statement{Lines: make([]StatementLine, 0, to-from), More: to < len(lines)}
	for i := range lines[from:to] {
		out.Lines = append(out.Lines, toLine(&lines[from+i]))
	}
	return out, nil
}

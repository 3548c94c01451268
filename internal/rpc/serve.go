package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/trace"
)

// Server answers requests. Make one with NewServer. Safe for concurrent use.
type Server struct {
	Config
	slots chan struct{} // one taken a request under way

	next    chan request // to a worker that waits
	waiting atomic.Int32 // workers
	taken   atomic.Int64
	untaken atomic.Int64
	quit    chan struct{} // closed by Stop

	mu       sync.Mutex // guards what follows
	subs     []*nats.Subscription
	alone    []*nats.Subscription // for this server and not its group
	stopping bool
	under    sync.WaitGroup
}

// Config sets a server up. Conn is required.
type Config struct {
	Conn   *nats.Conn
	Group  string // servers of one group share a subject's requests; empty: each gets all
	Peer   string // this server's name in its group, one token, for callers that choose; empty: it has none
	Limit  int    // requests under way at a time; more are refused as not taken. Zero: 1024
	Faults Faults
	Log    *slog.Logger
	Trace  *trace.Tracer // of requests; nil: none is recorded
	Now    func() time.Time
}

// NewServer returns a server that serves nothing yet.
func NewServer(c Config) *Server {
	if c.Limit == 0 {
		c.Limit = 1024
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{Config: c, slots: make(chan struct{}, c.Limit), next: make(chan request), quit: make(chan struct{})}
}

// Handler answers one request's body. Its context ends when the caller stops waiting.
type Handler func(ctx context.Context, body []byte) ([]byte, error)

// Serve answers requests to a subject with do. A body that is not a Request is answered ErrBadRequest, which is ErrNotTaken, too.
func Serve[Request, Reply any](s *Server, subject string, do func(context.Context, Request) (Reply, error)) error {
	return ServeEach(s, subject, func(ctx context.Context, _ string, q Request) (Reply, error) { return do(ctx, q) })
}

// ServeEach is [Serve] for a subject with wildcards: do is told the subject that a request
// came by. Who may publish to it is for NATS to say, so a token of it can be believed where a field of the body cannot.
func ServeEach[Request, Reply any](s *Server, subject string, do func(ctx context.Context, subject string, q Request) (Reply, error)) error {
	return s.handle(subject, func(ctx context.Context, by string, body []byte) ([]byte, error) {
		var q Request
		if err := decode(body, &q); err != nil {
			return nil, fmt.Errorf("%w: %w: %s", ErrNotTaken, ErrBadRequest, err)
		}
		reply, err := do(ctx, by, q)
		if err != nil {
			return nil, err
		}
		return encode(&reply)
	})
}

// Handle answers requests to a subject, which may hold wildcards.
func (s *Server) Handle(subject string, h Handler) error {
	return s.handle(subject, func(ctx context.Context, _ string, body []byte) ([]byte, error) { return h(ctx, body) })
}

// handler is a Handler that is told the subject, too.
type handler func(ctx context.Context, subject string, body []byte) ([]byte, error)

func (s *Server) handle(subject string, h handler) error {
	take := func(m *nats.Msg) { s.take(m, h) }
	s.mu.Lock()
	defer s.mu.Unlock()
	subscribe := func() (*nats.Subscription, error) { return s.Conn.Subscribe(subject, take) }
	if s.Group != "" {
		subscribe = func() (*nats.Subscription, error) { return s.Conn.QueueSubscribe(subject, s.Group, take) }
	}
	sub, err := subscribe()
	if err != nil {
		return fmt.Errorf("rpc: serve %s: %w", subject, err)
	}
	s.subs = append(s.subs, sub)
	if s.Peer == "" {
		return nil
	}
	if sub, err = s.Conn.Subscribe(alone(subject, s.Peer), take); err != nil {
		return fmt.Errorf("rpc: serve %s: %w", alone(subject, s.Peer), err)
	}
	s.alone = append(s.alone, sub)
	return nil
}

// Flush returns when the server knows of the subscriptions made so far.
func (s *Server) Flush(ctx context.Context) error { return s.Conn.FlushWithContext(soon(ctx)) }

// take begins a request, or refuses it before anything is done.
func (s *Server) take(m *nats.Msg, h handler) {
	if m.Header[pingHeader] != nil {
		s.respond(m, &nats.Msg{})
		return
	}
	if err := s.begin(m); err != nil {
		s.untaken.Add(1)
		s.fail(m, err)
		return
	}
	s.taken.Add(1)
	r := request{m, h}
	select {
	case s.next <- r:
	default:
		go s.work(r)
	}
}

// Stats is what a server was asked.
type Stats struct {
	Taken, Refused int64 // requests; those refused were not begun
	UnderWay       int
}

// Stats tells what was asked so far.
func (s *Server) Stats() Stats {
	return Stats{Taken: s.taken.Load(), Refused: s.untaken.Load(), UnderWay: len(s.slots)}
}

// request is one that was begun.
type request struct {
	*nats.Msg
	h handler
}

// mostWaiting is how many workers wait for a next request.
const mostWaiting = 128

// work answers requests, one after the other. A goroutine's stack has to grow, by copying, to where a request needs
// it: new ones for each spent a tenth of a node's time on that.
func (s *Server) work(r request) {
	for more := true; more; {
		s.answerBegun(r)
		r, more = s.await()
	}
}

func (s *Server) answerBegun(r request) {
	defer s.under.Done()
	defer func() { <-s.slots }()
	s.answer(r.Msg, r.h)
}

// await waits for the next request, where not enough wait already.
func (s *Server) await() (r request, more bool) {
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > mostWaiting {
		return request{}, false
	}
	select {
	case r = <-s.next:
		return r, true
	case <-s.quit:
		return request{}, false
	}
}

func (s *Server) begin(m *nats.Msg) error {
	if s.Now().After(deadlineOf(m).Add(grace)) {
		return fmt.Errorf("%w: it came after its deadline", ErrNotTaken)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return fmt.Errorf("%w: the server stops", ErrNotTaken)
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return fmt.Errorf("%w: %d requests are under way already", ErrNotTaken, s.Limit)
	}
	s.under.Add(1)
	return nil
}

// deadlineOf is when the caller stops waiting. A caller that does not say gets 10 s from the message's arrival.
func deadlineOf(m *nats.Msg) time.Time {
	ms, err := strconv.ParseInt(m.Header.Get(deadlineHeader), 10, 64)
	if err != nil {
		return time.Now().Add(10 * time.Second)
	}
	return time.UnixMilli(ms)
}

func (s *Server) answer(m *nats.Msg, h handler) {
	ctx, cancel := context.WithDeadline(context.Background(), deadlineOf(m))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("rpc handler panicked", "subject", m.Subject, "panic", p, "stack", string(debug.Stack()))
			s.fail(m, errors.New("rpc: the server panicked; the outcome is not known"))
		}
	}()
	ctx, span := s.continueTrace(ctx, m)
	defer span.End()
	body, err := h(ctx, m.Subject, m.Data)
	if err != nil {
		failed(span, err)
		s.fail(m, err)
		return
	}
	s.respond(m, &nats.Msg{Data: body})
}

func (s *Server) fail(m *nats.Msg, err error) {
	s.respond(m, &nats.Msg{Header: nats.Header{errorHeader: {"1"}}, Data: encodeFault(err, s.Faults)})
}

// respond sends a reply. One that cannot be sent leaves the caller with an unknown outcome, which it has to expect anyway.
func (s *Server) respond(m *nats.Msg, reply *nats.Msg) {
	if m.Reply == "" {
		return
	}
	if err := m.RespondMsg(reply); err != nil {
		s.Log.Warn("rpc reply not sent", "subject", m.Subject, "error", err)
	}
}

// Stop takes no more requests and waits for those under way, at most until ctx ends.
// Requests on their way to this server are refused as not taken, so that none is lost. It may be called twice.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	for _, sub := range s.subs {
		_ = sub.Drain() // what has arrived is answered; an error means that the connection is gone
	}
	s.subs = nil
	s.mu.Unlock()
	if s.Conn.IsConnected() {
		_ = s.Conn.FlushWithContext(soon(ctx)) // after it, no more is sent to us
	}
	s.mu.Lock()
	if !s.stopping {
		s.stopping = true
		close(s.quit)
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.under.Wait(); close(done) }()
	select {
	case <-done:
		s.leave()
		return nil
	case <-ctx.Done():
		s.leave()
		return fmt.Errorf("rpc: stopped with requests under way: %w", ctx.Err())
	}
}

// leave ends what this server alone was asked by: until then it is there for who waits for its answers.
func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.alone {
		_ = sub.Drain() // as in Stop
	}
	s.alone = nil
}

// flushTime bounds how long a server is waited for that may be gone.
const flushTime = 2 * time.Second

// soon is ctx, which ends after flushTime at the latest: flushing needs an end.
func soon(ctx context.Context) context.Context {
	limited, cancel := context.WithTimeout(ctx, flushTime)
	context.AfterFunc(limited, cancel)
	return limited
}

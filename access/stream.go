package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

const (
	streamsEach   = 8                // open at a time, a merchant
	streamPoll    = time.Second      // where no wake comes
	streamBeat    = 15 * time.Second // keeps proxies from closing a silent stream
	streamWrite   = 10 * time.Second // for one event to be taken
	streamLife    = time.Hour        // then the reader connects again and shows that it still may
	streamPage    = 100
	streamStart   = "start" // the Last-Event-ID of a reader that has nothing yet and wants everything
	lastEventID   = "Last-Event-ID"
	eventStreamed = "text/event-stream"
)

// streams counts each merchant's open streams, and ends all of them.
type streams struct {
	mu     sync.Mutex
	open   map[paymux.MerchantID]int
	ending chan struct{}
	ended  sync.Once
}

func newStreams() *streams {
	return &streams{open: map[paymux.MerchantID]int{}, ending: make(chan struct{})}
}

// EndStreams ends all streams of events, those that begin later, too, for a server
// that is about to stop (http.Server.RegisterOnShutdown): readers go on elsewhere from where they are.
func (s *Server) EndStreams() { s.streams.ended.Do(func() { close(s.streams.ending) }) }

// enter takes one of the merchant's places; leave gives it back.
func (s *streams) enter(m paymux.MerchantID) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[m] >= streamsEach {
		e := paymux.Errorf(paymux.RateLimited, "%d streams of this merchant are open here, which is the most; close one, or share one among your programs.", streamsEach)
		e.RetryAfter = 5
		return nil, e
	}
	s.open[m]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[m]--; s.open[m] == 0 {
			delete(s.open, m)
		}
	}, nil
}

// streamEvents answers with a stream of server-sent events.
func (s *Server) streamEvents(ctx context.Context, c *call) (answer, error) {
	after, err := s.streamAfter(ctx, c)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: http.StatusOK, contentType: eventStreamed}
	if c.r.Method == http.MethodHead {
		return a, nil
	}
	leave, err := s.streams.enter(c.caller.Merchant)
	if err != nil {
		return answer{}, err
	}
	e := &eventStream{events: s.events, merchant: c.caller.Merchant, only: paymux.EventType(c.query.get("type")), after: after, ending: s.streams.ending}
	a.follow = func(w http.ResponseWriter) error {
		defer leave()
		ctx, cancel := context.WithTimeout(ctx, streamLife)
		defer cancel()
		if s.watch != nil {
			e.woken = s.watch(ctx, e.merchant)
		}
		return e.run(ctx, w)
	}
	return a, nil
}

// streamAfter is the position a stream goes on from: the reader's last or, for a new reader, that of the
// newest event there is. A browser that connects again says it in the header, so that one wins.
func (s *Server) streamAfter(ctx context.Context, c *call) (string, error) {
	id, location := c.r.Header.Get(lastEventID), "header."+lastEventID
	if id == "" {
		id, location = c.query.get("last_event_id"), "query.last_event_id"
	}
	switch id {
	case "":
		newest, err := s.events.Newest(ctx, c.caller.Merchant)
		return string(newest), err
	case streamStart:
		return "", nil
	}
	if err := s.checkPosition(paymux.PrefixEvent, id, location); err != nil {
		return "", err
	}
	return id, s.known(ctx, c, id, location)
}

// known refuses a position of which an event is not there: the reader would not know what it has missed. Of a region that has gone nothing
// can be missed, and of one that does not answer just now it is seen when it does. Where a region has been quiet for as long as events are kept,
// its own is gone; who has passed it since has missed nothing.
func (s *Server) known(ctx context.Context, c *call, position, location string) error {
	several := strings.Contains(position, ",")
	for id := range strings.SplitSeq(position, ",") {
		_, err := s.events.Event(ctx, c.caller.Merchant, paymux.EventID(id))
		switch {
		case errors.Is(err, paymux.ErrNoRegion), several && errors.Is(err, paymux.Unavailable):
		case errors.Is(err, paymux.NotFound) && paymux.Passed(position, id):
		case errors.Is(err, paymux.NotFound):
			return at(paymux.Errorf(paymux.NotFound, "This merchant has no event %s, or it is no longer kept; begin anew, without a cursor for all events that are kept.", id), location)
		case err != nil:
			return err
		}
	}
	return nil
}

// eventStream is one reader of a merchant's events. It reads them in the order in
// which they were committed, so that none is ever passed over.
type eventStream struct {
	events   Events
	merchant paymux.MerchantID
	only     paymux.EventType // empty: all
	after    string           // the position behind what was looked at; empty: nothing yet
	told     string           // what the reader has as its position
	woken    <-chan struct{}  // something may have happened; nil: nobody says so
	ending   <-chan struct{}
	w        http.ResponseWriter
	out      *http.ResponseController
}

// run sends until ctx ends, the server stops or the reader is gone or too slow.
func (e *eventStream) run(ctx context.Context, w http.ResponseWriter) error {
	e.w, e.out = w, http.NewResponseController(w)
	// The next request on this connection has no deadline of ours. A server without deadlines has none to take back.
	defer func() { _ = e.out.SetWriteDeadline(time.Time{}) }()
	poll, beat := time.NewTicker(streamPoll), time.NewTicker(streamBeat)
	defer poll.Stop()
	defer beat.Stop()
	err := e.greet()
	for err == nil {
		if err = e.drain(ctx); err != nil {
			break
		}
		select {
		case _, open := <-e.woken:
			if !open {
				e.woken = nil
			}
		case <-poll.C:
		case <-beat.C:
			err = e.beat()
		case <-e.ending:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// greet tells the reader where it begins, so that it goes on there even if it is cut off before its first event.
func (e *eventStream) greet() error {
	from := e.after
	if e.told = e.after; from == "" {
		from = streamStart
	}
	return errors.Join(e.write("retry: 1000\nid: %s\n\n", from), e.out.Flush())
}

// beat keeps the stream open. It moves the reader on past events it does not
// want: an id without data is remembered and shown to nobody.
func (e *eventStream) beat() error {
	text := ":\n\n"
	if e.told != e.after {
		text, e.told = fmt.Sprintf(":\nid: %s\n\n", e.after), e.after
	}
	return errors.Join(e.write("%s", text), e.out.Flush())
}

// drain sends what there is.
func (e *eventStream) drain(ctx context.Context) error {
	for {
		list, err := e.events.Events(ctx, paymux.EventFilter{
			Merchant: e.merchant, Oldest: true, Page: paymux.Page{After: e.after, Limit: streamPage},
		})
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if err := e.send(list); err != nil {
			return err
		}
		if len(list) < streamPage {
			return nil
		}
		select {
		case <-e.ending:
			return nil
		default:
		}
	}
}

func (e *eventStream) send(list []paymux.Event) error {
	sent := false
	for i := range list {
		one := &list[i]
		e.after = paymux.MoveOn(e.after, string(one.ID))
		if e.only != "" && one.Type != e.only {
			continue
		}
		body, err := oneLine(one)
		if err != nil {
			return err
		}
		if err := e.write("id: %s\nevent: %s\ndata: %s\n\n", e.after, one.Type, body); err != nil {
			return err
		}
		sent, e.told = true, e.after
	}
	if !sent {
		return nil
	}
	return e.out.Flush()
}

// write gives the reader a while to take a piece. One that does not is cut off: what it misses it gets when it comes back.
func (e *eventStream) write(format string, args ...any) error {
	_ = e.out.SetWriteDeadline(time.Now().Add(streamWrite))
	_, err := fmt.Fprintf(e.w, format, args...)
	return err
}

// oneLine is an event's body as one line, which is how it is kept unless somebody laid it out.
func oneLine(e *paymux.Event) ([]byte, error) {
	body, err := eventBody(e)
	if err != nil || !bytes.ContainsAny(body, "\r\n") {
		return body, err
	}
	var b bytes.Buffer
	err = json.Compact(&b, body)
	return b.Bytes(), err
}

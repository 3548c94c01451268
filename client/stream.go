package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

const (
	streamSilence = 45 * time.Second // three heartbeats: then the connection is dead
	maxLine       = 1 << 20
)

// StreamQuery says where a stream of events begins.
type StreamQuery struct {
	After   paymux.EventID       // the last event that was dealt with, or what Behind was told with it; empty: from now on
	Kept    bool                 // instead of After: from the oldest event that is kept
	Type    paymux.EventType     // empty: all
	Waiting func(error)          // told why a connection ended before the next is made; nil: nobody
	Behind  func(paymux.EventID) // told before each event what After is to be once it was dealt with: over several regions one event of each; nil: nobody
}

// Stream yields events as they happen, in the order in which they were committed. A
// connection that ends is made again behind the last event, so that none is missed; the
// one that was being dealt with comes once more only if the caller begins anew with an
// older After. It ends with ctx, silently, or with a refusal that no repeat mends, which is yielded.
func (c *Client) Stream(ctx context.Context, q StreamQuery) iter.Seq2[paymux.Event, error] {
	return func(yield func(paymux.Event, error) bool) {
		s := stream{c: c, after: string(q.After), only: string(q.Type), behind: q.Behind, yield: yield}
		if q.Kept {
			s.after = "start"
		}
		for n := 0; ; n++ {
			s.moved = false
			err := s.connection(ctx, c.frontends.bases[n%len(c.frontends.bases)])
			switch {
			case ctx.Err() != nil || errors.Is(err, errEnough):
				return
			case !mends(err):
				yield(paymux.Event{}, err)
				return
			case s.moved:
				n = -1 // it worked: from the first frontend on, soon
			}
			if q.Waiting != nil {
				q.Waiting(err)
			}
			if wait(ctx, min(pause(n+1, err), longestPause)) != nil {
				return
			}
		}
	}
}

var (
	errEnough = errors.New("the caller has enough")
	errEnded  = errors.New("the stream ended")
	errSilent = fmt.Errorf("nothing came for %s", streamSilence)
	errEvent  = errors.New("not an event")
)

// mends reports whether another connection may do better. A server that stops, is
// replaced or is asked too much does; one that refuses does not.
func mends(err error) bool {
	var answer *Error
	if errors.As(err, &answer) {
		return answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests
	}
	var before *local
	return !errors.As(err, &before) && !errors.Is(err, errEvent)
}

// stream is what outlives a connection.
type stream struct {
	c      *Client
	after  string
	only   string
	moved  bool // this connection has brought an event
	behind func(paymux.EventID)
	yield  func(paymux.Event, error) bool
}

// connection reads one connection to its end, which is never a good one.
func (s *stream) connection(ctx context.Context, base string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(streamSilence, func() { cancel(errSilent) })
	defer silence.Stop()
	answer, err := s.open(ctx, base)
	if err != nil {
		return errors.Join(err, cause(ctx))
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxLine)
	var f frame
	for lines.Scan() {
		silence.Reset(streamSilence)
		if f.take(lines.Text()) {
			continue
		}
		silence.Stop() // the caller may take its time
		if err := s.dispatch(&f); err != nil {
			return err
		}
		silence.Reset(streamSilence)
		f = frame{}
	}
	return errors.Join(errEnded, lines.Err(), cause(ctx))
}

// cause is why a context of our own ended, nil where it has not.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); errors.Is(err, errSilent) {
		return err
	}
	return nil
}

func (s *stream) open(ctx context.Context, base string) (*http.Response, error) {
	query := url.Values{}
	for name, value := range map[string]string{"last_event_id": s.after, "type": s.only} {
		if value != "" {
			query.Set(name, value)
		}
	}
	k := call{method: http.MethodGet, path: "/v1/events/stream"}
	if len(query) > 0 {
		k.path += "?" + query.Encode() // in the URL, which signatures cover
	}
	r, err := s.c.request(ctx, base, &k)
	if err != nil {
		return nil, &local{err}
	}
	r.Header.Set("Accept", "text/event-stream")
	endless := *s.c.http
	endless.Timeout = 0
	answer, err := endless.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		_, err := k.read(answer)
		return nil, err
	}
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		answer.Body.Close()
		return nil, fmt.Errorf("the answer is %q and no stream; something between here and Paymux wrote it: %w", kind, errEvent)
	}
	return answer, nil
}

// frame is one event of the stream as it comes in.
type frame struct {
	id   string
	data []string
}

// take reads one line; more tells that the frame goes on.
func (f *frame) take(line string) (more bool) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "id":
		f.id = value
	case "data":
		f.data = append(f.data, value)
	}
	return line != ""
}

// dispatch hands an event on. An ID without one says where the reader stands.
func (s *stream) dispatch(f *frame) error {
	if len(f.data) > 0 {
		e, err := event([]byte(strings.Join(f.data, "\n")))
		if err != nil {
			return fmt.Errorf("%w: %w", errEvent, err)
		}
		if s.behind != nil {
			s.behind(paymux.EventID(f.id))
		}
		if !s.yield(e, nil) {
			return errEnough
		}
		s.moved = true
	}
	if f.id != "" {
		s.after = f.id
	}
	return nil
}

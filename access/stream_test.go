package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// happen commits an event.
func (f *front) happen(kind paymux.EventType) string {
	id := f.ids.New(paymux.PrefixEvent)
	f.book.mu.Lock()
	defer f.book.mu.Unlock()
	e := paymux.Event{ID: paymux.EventID(id), Type: kind, Body: json.RawMessage(`{"id":"` + id + `"}`)}
	f.book.events = slices.Insert(f.book.events, 0, e)
	return id
}

// reader is the other end of a stream. One that is stuck takes nothing until its deadline.
type reader struct {
	mu       sync.Mutex
	header   http.Header
	status   int
	got      bytes.Buffer
	stuck    bool
	deadline time.Time
}

func (r *reader) Header() http.Header    { return r.header }
func (r *reader) WriteHeader(status int) { r.status = status }
func (r *reader) FlushError() error      { return nil }

func (r *reader) SetWriteDeadline(at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deadline = at
	return nil
}

func (r *reader) Write(p []byte) (int, error) {
	r.mu.Lock()
	stuck, wait := r.stuck, time.Until(r.deadline)
	r.mu.Unlock()
	if stuck {
		<-time.After(wait)
		return 0, os.ErrDeadlineExceeded
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got.Write(p)
}

// text takes what has come since it was last asked.
func (r *reader) text() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	text := r.got.String()
	r.got.Reset()
	return text
}

// follow opens a stream; ended is closed when the door has let go of it.
func (f *front) follow(t *testing.T, query, last string) (r *reader, leave context.CancelFunc, ended chan struct{}) {
	ctx, leave := context.WithCancel(t.Context())
	q := httptest.NewRequestWithContext(ctx, "GET", "/v1/events/stream"+query, nil)
	q.Header.Set("Authorization", "Bearer sk_test_good")
	q.Header.Set("Accept", "text/event-stream")
	if last != "" {
		q.Header.Set("Last-Event-ID", last)
	}
	r, ended = &reader{header: http.Header{}}, make(chan struct{})
	go func() {
		defer close(ended)
		f.ServeHTTP(r, q)
	}()
	return r, leave, ended
}

func frame(id string, kind paymux.EventType) string {
	return "id: " + id + "\nevent: " + string(kind) + "\ndata: {\"id\":\"" + id + "\"}\n\n"
}

func greeting(id string) string { return "retry: 1000\nid: " + id + "\n\n" }

func TestStream(t *testing.T) {
	t.Parallel()
	inTime(t, func(t *testing.T) {
		woken := make(chan struct{}, 1)
		f := newFront(t, func(c *access.Config) {
			c.Watch = func(context.Context, paymux.MerchantID) <-chan struct{} { return woken }
		})
		before := f.happen(paymux.PaymentFailed)
		r, leave, ended := f.follow(t, "", "")
		if got := r.text(); got != greeting(before) || r.header.Get("Content-Type") != "text/event-stream" || r.status != 200 {
			t.Errorf("%d %s %q", r.status, r.header.Get("Content-Type"), got)
		}
		began := time.Now()
		first := f.happen(paymux.PaymentSucceeded)
		woken <- struct{}{}
		if got := r.text(); got != frame(first, paymux.PaymentSucceeded) || time.Since(began) > 0 {
			t.Errorf("after a wake: %q in %s", got, time.Since(began))
		}
		second := f.happen(paymux.RefundDone) // nobody says so
		time.Sleep(time.Second)
		if got := r.text(); got != frame(second, paymux.RefundDone) {
			t.Errorf("a second later: %q", got)
		}
		time.Sleep(14 * time.Second)
		if got := r.text(); got != ":\n\n" {
			t.Errorf("no heartbeat but %q", got)
		}
		leave()
		<-ended
		if !r.deadline.IsZero() {
			t.Error("the connection's next request would have the stream's deadline")
		}
		// What happened while the reader was away comes when it is back.
		away := f.happen(paymux.PaymentExpired)
		r, leave, ended = f.follow(t, "?last_event_id="+before, first) // the header is newer than the URL
		if got := r.text(); got != greeting(first)+frame(second, paymux.RefundDone)+frame(away, paymux.PaymentExpired) {
			t.Errorf("after a resume: %q", got)
		}
		close(woken) // a watch that has ended is not asked again and again
		time.Sleep(time.Second)
		synctest.Wait()
		leave()
		<-ended
	})
}

func TestStreamFromTheStart(t *testing.T) {
	t.Parallel()
	inTime(t, func(t *testing.T) {
		f := newFront(t)
		r, leave, ended := f.follow(t, "", "")
		if got := r.text(); got != greeting("start") {
			t.Errorf("with no event yet: %q", got)
		}
		leave()
		<-ended
		// Cut off before its first event, the reader comes back with what it was told.
		var want strings.Builder
		for range 250 {
			want.WriteString(frame(f.happen(paymux.PaymentSucceeded), paymux.PaymentSucceeded))
		}
		r, leave, ended = f.follow(t, "", "start")
		if got := r.text(); got != greeting("start")+want.String() {
			t.Errorf("%d bytes came, want %d", len(got), want.Len())
		}
		leave()
		<-ended
	})
}

// TestStreamOfOneType: a reader is moved on past what it does not want, so that it does not read it all again.
func TestStreamOfOneType(t *testing.T) {
	t.Parallel()
	inTime(t, func(t *testing.T) {
		f := newFront(t)
		r, leave, ended := f.follow(t, "?type=refund.failed", "")
		r.text()
		f.happen(paymux.PaymentSucceeded)
		passed := f.happen(paymux.PaymentSucceeded)
		time.Sleep(15 * time.Second)
		if got := r.text(); got != ":\nid: "+passed+"\n\n" {
			t.Errorf("%q", got)
		}
		wanted := f.happen(paymux.RefundNotDone)
		time.Sleep(time.Second)
		if got := r.text(); got != frame(wanted, paymux.RefundNotDone) {
			t.Errorf("%q", got)
		}
		leave()
		<-ended
	})
}

func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	inTime(t, func(t *testing.T) {
		f := newFront(t)
		// A reader that takes nothing is cut off when its time is up.
		r, _, ended := f.follow(t, "", "")
		r.text()
		r.stuck = true
		f.happen(paymux.PaymentSucceeded)
		began := time.Now()
		<-ended
		if took := time.Since(began); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("a slow reader was cut off after %s", took)
		}
		if !strings.Contains(f.log.String(), "i/o timeout") {
			t.Errorf("the log does not say why: %s", f.log)
		}
		// Every stream has an end, so that a key that was revoked is asked for again.
		began = time.Now()
		_, _, ended = f.follow(t, "", "")
		<-ended
		if took := time.Since(began); took != time.Hour {
			t.Errorf("a stream ended after %s", took)
		}
		// A server that stops ends all of them, and those that come too late.
		_, _, ended = f.follow(t, "", "")
		synctest.Wait()
		f.EndStreams()
		f.EndStreams()
		<-ended
		_, _, ended = f.follow(t, "", "")
		<-ended
	})
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	inTime(t, func(t *testing.T) {
		f := newFront(t)
		var leaves []context.CancelFunc
		for range 8 {
			_, leave, _ := f.follow(t, "", "")
			leaves = append(leaves, leave)
		}
		synctest.Wait()
		got := f.ask(t, "GET", "/v1/events/stream", "")
		f.wantProblem(t, got, paymux.RateLimited)
		if got.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		other := f.gate.merchant.ID
		f.gate.merchant.ID = "mer_other"
		if got := f.ask(t, "GET", "/v1/events/stream", ""); got.status != 200 {
			t.Errorf("another merchant pays for it: %d %s", got.status, got.body)
		}
		f.gate.merchant.ID = other
		leaves[0]()
		synctest.Wait()
		if got := f.ask(t, "GET", "/v1/events/stream", ""); got.status != 200 {
			t.Errorf("the place of one who left is not free: %d %s", got.status, got.body)
		}
		for _, leave := range leaves {
			leave()
		}
		synctest.Wait()
	})
}

func TestStreamTargets(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	gone := f.ids.New(paymux.PrefixEvent)
	for _, x := range []struct {
		query, last, at string
		code            paymux.Code
	}{
		{"?last_event_id=evt_1", "", "query.last_event_id", paymux.InvalidID},
		{"", "evt_1", "header.Last-Event-ID", paymux.InvalidID},
		{"?last_event_id=" + gone, "", "query.last_event_id", paymux.NotFound},
		{"", gone, "header.Last-Event-ID", paymux.NotFound},
		{"?type=payment.gone", "", "query.type", paymux.InvalidRequest},
		{"?after=x", "", "query.after", paymux.InvalidRequest},
	} {
		got := f.ask(t, "GET", "/v1/events/stream"+x.query, "", "Last-Event-ID", x.last)
		f.wantProblem(t, got, x.code)
		if !strings.Contains(got.body, `"location":"`+x.at+`"`) {
			t.Errorf("no fault at %s in %s", x.at, got.body)
		}
	}
	if got := f.ask(t, "HEAD", "/v1/events/stream", ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

// TestStreamOverHTTP reads a real connection: what is sent arrives while the stream is open.
func TestStreamOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	t.Cleanup(f.EndStreams)
	id := f.happen(paymux.PaymentSucceeded)
	q, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/v1/events/stream?last_event_id=start", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer sk_test_good")
	a, err := server.Client().Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	want := greeting("start") + frame(id, paymux.PaymentSucceeded)
	got := make([]byte, 0, len(want))
	for len(got) < len(want) {
		n, err := a.Body.Read(got[len(got):cap(got)])
		got = got[:len(got)+n]
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
	}
	if string(got) != want {
		t.Errorf("%q", got)
	}
}

// TestPull reads to the end, finds nothing new, and goes on from there.
func TestPull(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	pull := func(cursor string) (ids []string, next any, more any) {
		t.Helper()
		target := "/v1/events?order=oldest_first&limit=2"
		if cursor != "" {
			target += "&cursor=" + cursor
		}
		got := f.ask(t, "GET", target, "")
		if got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		for _, e := range got.member(t, "data").([]any) {
			ids = append(ids, e.(map[string]any)["id"].(string))
		}
		return ids, got.member(t, "next_cursor"), got.member(t, "has_more")
	}
	if ids, next, more := pull(""); ids != nil || next != nil || more != false {
		t.Errorf("with no event yet: %v, next %v, more %v", ids, next, more)
	}
	a, b, c := f.happen(paymux.PaymentSucceeded), f.happen(paymux.PaymentSucceeded), f.happen(paymux.RefundDone)
	if ids, next, more := pull(""); !slices.Equal(ids, []string{a, b}) || next != b || more != true {
		t.Errorf("%v, next %v, more %v", ids, next, more)
	}
	if ids, next, more := pull(b); !slices.Equal(ids, []string{c}) || next != c || more != false {
		t.Errorf("%v, next %v, more %v", ids, next, more)
	}
	if ids, next, more := pull(c); ids != nil || next != c || more != false {
		t.Errorf("with nothing new: %v, next %v, more %v", ids, next, more)
	}
	gone := f.ask(t, "GET", "/v1/events?order=oldest_first&cursor="+f.ids.New(paymux.PrefixEvent), "")
	f.wantProblem(t, gone, paymux.NotFound)
	if !strings.Contains(gone.body, `"location":"query.cursor"`) {
		t.Errorf("%s", gone.body)
	}
	f.wantProblem(t, f.ask(t, "GET", "/v1/events?order=newest", ""), paymux.InvalidRequest)
}

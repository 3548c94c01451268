package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// wire answers each request of a stream with the next of its parts. After the last, nothing comes any more.
type wire struct {
	mu    sync.Mutex
	parts []part
	asked []string
	keys  []string
}

type part struct {
	status int
	kind   string // empty: text/event-stream
	text   string
	silent bool  // after the text, nothing: the connection just stays
	err    error // instead of an answer
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.URL.RequestURI())
	w.keys = append(w.keys, r.Header.Get("Accept"))
	p := part{silent: true}
	if len(w.parts) > 0 {
		p, w.parts = w.parts[0], w.parts[1:]
	}
	if p.err != nil {
		return nil, p.err
	}
	if p.kind == "" {
		p.kind = "text/event-stream"
	}
	if p.status == 0 {
		p.status = 200
	}
	out, in := io.Pipe()
	go func() {
		io.WriteString(in, p.text)
		if p.silent {
			<-r.Context().Done()
			in.CloseWithError(r.Context().Err())
			return
		}
		in.Close()
	}()
	return &http.Response{StatusCode: p.status, Header: http.Header{"Content-Type": {p.kind}}, Body: out}, nil
}

// read streams until the wire's parts are used up, n events have come or the stream has ended by itself.
func (w *wire) read(t *testing.T, q client.StreamQuery, n int) (ids []string, ended error) {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: "http://a.test", BaseURLs: []string{"http://b.test"}, Key: "sk", HTTP: &http.Client{Transport: w, Timeout: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for e, err := range c.Stream(ctx, q) {
		if err != nil {
			return ids, err
		}
		if ids = append(ids, string(e.ID)); len(ids) == n {
			break
		}
	}
	return ids, nil
}

func told(id string) string {
	return "id: " + id + "\nevent: payment.succeeded\ndata: {\"id\":\"" + id + "\"}\n\n"
}

func TestStreamGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{parts: []part{
			{text: "retry: 1000\nid: evt_0\n\n"}, // ended before its first event
			{err: errors.New("connection refused")},
			{status: 503, kind: "application/problem+json", text: `{"code":"unavailable"}`},
			{status: 429, kind: "application/problem+json", text: `{"code":"rate_limited"}`},
			{text: "retry: 1000\nid: evt_0\n\n" + told("evt_1") + ":\n\n" + told("evt_2") + "id: evt_3\nevent: payment.succeeded\ndata: {\"id\""}, // cut in the middle
			{text: ":\nid: evt_4\n\n"},               // what was not wanted is passed over
			{text: told("evt_5"), silent: true},      // and then a dead connection
			{text: told("evt_6") + told("evt_7")},    // more than was asked for
			{text: told("evt_never"), silent: false}, // nobody asks
		}}
		var reasons []string
		ids, err := w.read(t, client.StreamQuery{Type: paymux.PaymentSucceeded, Waiting: func(err error) { reasons = append(reasons, err.Error()) }}, 4)
		if err != nil || !slices.Equal(ids, []string{"evt_1", "evt_2", "evt_5", "evt_6"}) {
			t.Errorf("%v, error %v", ids, err)
		}
		var after []string
		for _, uri := range w.asked {
			_, query, _ := strings.Cut(uri, "?")
			after = append(after, query)
		}
		of := func(id string) string { return "last_event_id=" + id + "&type=payment.succeeded" }
		want := []string{"type=payment.succeeded", of("evt_0"), of("evt_0"), of("evt_0"), of("evt_0"), of("evt_2"), of("evt_4"), of("evt_5")}
		if !slices.Equal(after, want) {
			t.Errorf("asked %q\nwant  %q", after, want)
		}
		if len(reasons) != 7 || !strings.Contains(reasons[6], "nothing came for 45s") {
			t.Errorf("reasons %q", reasons)
		}
		if slices.ContainsFunc(w.keys, func(accept string) bool { return accept != "text/event-stream" }) {
			t.Errorf("Accept %q", w.keys)
		}
	})
}

// Over several regions a stream's id is no event's: the reader learns it, to begin there another time.
func TestStreamTellsWhereTheReaderIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		second := "id: evt_1,evt_2\nevent: payment.succeeded\ndata: {\"id\":\"evt_2\"}\n\n"
		w := &wire{parts: []part{{text: told("evt_1") + second, silent: true}}}
		var behind []paymux.EventID
		ids, err := w.read(t, client.StreamQuery{Behind: func(id paymux.EventID) { behind = append(behind, id) }}, 2)
		if err != nil || !slices.Equal(ids, []string{"evt_1", "evt_2"}) || !slices.Equal(behind, []paymux.EventID{"evt_1", "evt_1,evt_2"}) {
			t.Errorf("%v behind %v, error %v", ids, behind, err)
		}
	})
}

// TestStreamIsPatient: heartbeats keep a silent stream open, and so does a caller who takes long.
func TestStreamIsPatient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{parts: []part{{text: told("evt_1") + told("evt_2"), silent: true}}}
		c, err := client.New(client.Config{BaseURL: "http://a.test", Key: "sk", HTTP: &http.Client{Transport: w}})
		if err != nil {
			t.Fatal(err)
		}
		for e := range c.Stream(t.Context(), client.StreamQuery{Kept: true}) {
			if e.ID == "evt_2" {
				break
			}
			time.Sleep(time.Hour)
		}
		if len(w.asked) != 1 || w.asked[0] != "/v1/events/stream?last_event_id=start" {
			t.Errorf("asked %q", w.asked)
		}
	})
}

func TestStreamEndsWithRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, x := range []struct {
			part part
			code paymux.Code
		}{
			{part{status: 401, text: `{"code":"unauthenticated"}`}, paymux.Unauthenticated},
			{part{status: 403, text: `{"code":"forbidden"}`}, paymux.Forbidden},
			{part{status: 404, text: `{"code":"not_found"}`}, paymux.NotFound},
			{part{kind: "text/html", text: "<html>"}, ""},
			{part{text: "data: no JSON\n\n"}, ""},
		} {
			w := &wire{parts: []part{x.part}}
			ids, err := w.read(t, client.StreamQuery{After: "evt_1"}, 1)
			if err == nil || len(ids) > 0 || len(w.asked) != 1 || x.code != "" && !errors.Is(err, x.code) {
				t.Errorf("%+v: %v, error %v, asked %d times", x.part, ids, err, len(w.asked))
			}
		}
		// With its context it ends without a word.
		if ids, err := (&wire{}).read(t, client.StreamQuery{}, 1); err != nil || ids != nil {
			t.Errorf("%v, error %v", ids, err)
		}
	})
}

package access_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

func TestBodyLimits(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.verbs.callback = func(paymux.CallbackRequest) (paymux.CallbackAck, error) { return paymux.CallbackAck{}, nil }
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	for _, x := range []struct {
		path   string
		size   int
		status int
	}{
		{"/v1/payments", 64<<10 + 1, 413}, {"/v1/payments", 64 << 10, 400},
		{"/v1/batches", 1<<20 + 1, 413}, {"/v1/batches", 1 << 20, 400},
		{"/callbacks/sandbox/a", 1<<20 + 1, 413}, {"/callbacks/sandbox/a", 1 << 20, 200},
	} {
		// A reader of unknown length makes the body chunked: its size is not announced.
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+x.path, io.MultiReader(strings.NewReader(strings.Repeat(" ", x.size))))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer sk_test_good")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k")
		got, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != x.status {
			t.Errorf("%d bytes to %s: %d, want %d", x.size, x.path, got.StatusCode, x.status)
		}
	}
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newFront(t, func(c *access.Config) { c.BodyTime = 50 * time.Millisecond }))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Half of the body and then nothing: the door must give up by itself.
	if _, err := io.WriteString(conn, "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"amount\":"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(got), " 408 ") || !strings.Contains(string(got), `"request_timeout"`) {
		t.Errorf("%v %s", err, got)
	}
}

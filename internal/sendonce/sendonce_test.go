package sendonce_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux/internal/sendonce"
)

// cutting takes a second request on a connection and closes it without an answer: then net/http repeats what it may.
func cutting(t *testing.T) (url string, taken *atomic.Int32) {
	t.Helper()
	taken = new(atomic.Int32)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				if take(r, taken) && taken.Load() == 1 {
					c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
					take(r, taken)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String(), taken
}

// take reads a request whole.
func take(r *bufio.Reader, taken *atomic.Int32) bool {
	q, err := http.ReadRequest(r)
	if err == nil {
		_, err = io.Copy(io.Discard, q.Body)
		taken.Add(1)
	}
	return err == nil
}

func sendTwo(t *testing.T, c *http.Client, url string) {
	t.Helper()
	for range 2 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Idempotency-Key", "k1")
		if answer, err := c.Do(r); err == nil {
			answer.Body.Close()
		}
	}
}

func TestABrokenConnectionIsNotRepeated(t *testing.T) {
	t.Parallel()
	for repeats, c := range map[bool]*http.Client{true: {Transport: &http.Transport{}}, false: sendonce.Client(&http.Client{Transport: &http.Transport{}})} {
		url, taken := cutting(t)
		sendTwo(t, c, url)
		if got := taken.Load(); (got > 2) != repeats {
			t.Errorf("two requests arrived as %d; repeated by itself is meant to be %t", got, repeats)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	answer, err := sendonce.Client(nil).Post(server.URL, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if hits.Load() != 1 || answer.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("%d requests, %s", hits.Load(), answer.Status)
	}
}

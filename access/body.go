package access

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

// Limits of bodies, and how long one may take to arrive.
const (
	bodyLimit     = 64 << 10
	batchLimit    = 1 << 20
	callbackLimit = 1 << 20
	bodyTime      = 10 * time.Second
)

// buffers are kept for the next request's body. A buffer that a batch has made large is let go.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[]byte {
	if kept, ok := b.pool.Get().(*[]byte); ok {
		return kept
	}
	fresh := make([]byte, 0, 4<<10)
	return &fresh
}

func (b *buffers) put(buf *[]byte) {
	if cap(*buf) <= bodyLimit {
		*buf = (*buf)[:0]
		b.pool.Put(buf)
	}
}

// readBody reads a whole body into buf, which grows with what has come and not
// with what was announced. Errors: PayloadTooLarge, RequestTimeout, InvalidRequest when
// the connection broke.
func readBody(w http.ResponseWriter, r *http.Request, buf *[]byte, limit int, patience time.Duration) error {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if r.ContentLength > int64(limit) {
		return tooLarge(limit)
	}
	control := http.NewResponseController(w)
	// Deadlines of connections are the machine's time, whatever clock the rest goes by.
	// Where the server cannot set deadlines (tests without a connection), bodies are in memory.
	timed := control.SetReadDeadline(time.Now().Add(patience)) == nil
	err := fill(r.Body, buf, limit)
	if timed && err == nil {
		// The next request on this connection has the server's own patience.
		err = control.SetReadDeadline(time.Time{})
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return paymux.Errorf(paymux.RequestTimeout, "The body did not arrive within %d seconds.", int(patience/time.Second))
	case errors.As(err, new(*paymux.Error)):
		w.Header().Set("Connection", "close")
		return err
	}
	return paymux.Errorf(paymux.InvalidRequest, "The body ended before its announced length.").Because(err)
}

func fill(from io.Reader, buf *[]byte, limit int) error {
	b := (*buf)[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		*buf = b
		if len(b) > limit {
			return tooLarge(limit)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func tooLarge(limit int) error {
	return paymux.Errorf(paymux.PayloadTooLarge, "The body is larger than the %d bytes this request may have.", limit)
}

// checkMedia accepts JSON, in the only encoding there is.
func checkMedia(h http.Header) error {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return paymux.Errorf(paymux.UnsupportedMedia, "Content-Encoding %q is not supported; send the body as it is.", clip(e))
	}
	whole := h.Get("Content-Type")
	if whole == "application/json" {
		return nil
	}
	media, param, _ := strings.Cut(whole, ";")
	charset, has := strings.CutPrefix(strings.ToLower(strings.TrimSpace(param)), "charset=")
	if !strings.EqualFold(strings.TrimSpace(media), "application/json") || has && strings.Trim(charset, `"`) != "utf-8" {
		return paymux.Errorf(paymux.UnsupportedMedia, "Content-Type %q is not supported; send application/json in UTF-8.", clip(whole)).At("Content-Type")
	}
	return nil
}

// clip keeps a text from outside short in a message.
func clip(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}

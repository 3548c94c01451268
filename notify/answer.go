package notify

import (
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	keptMost    = 2 << 10     // bytes of an answer that are kept
	answerMost  = 16 << 10    // bytes that are read beyond, so that the connection can be used again
	answerLimit = time.Second // for the rest of an answer, once its status has said everything
	headerMost  = 256         // bytes of one kept header
)

// answer is what an endpoint said.
type answer struct {
	status int // 0: nothing
	header http.Header
	body   string // its beginning
	cut    bool   // there was more
}

// read takes a short answer whole, so that the connection can be used again, and cuts off any other.
func (a *answer) read(resp *http.Response) {
	a.status, a.header = resp.StatusCode, resp.Header
	defer resp.Body.Close()
	if resp.ContentLength == 0 || resp.Body == http.NoBody {
		return
	}
	late := time.AfterFunc(answerLimit, func() { resp.Body.Close() })
	defer late.Stop()
	size := int64(keptMost)
	if resp.ContentLength > 0 {
		size = min(size, resp.ContentLength+1) // one more, so that its end is seen
	}
	b := make([]byte, size)
	got, err := io.ReadFull(resp.Body, b)
	switch err { // the status has decided; an error changes nothing else
	case nil:
		more, _ := io.CopyN(io.Discard, resp.Body, answerMost)
		a.cut = more > 0
	case io.EOF, io.ErrUnexpectedEOF:
	default:
		a.cut = true
	}
	text := string(b[:got])
	if got == keptMost { // the last character may be cut in two
		text = whole(text)
	}
	a.body = clean(text, keptMost)
}

// clean makes what the other side sent fit to be stored and shown: valid UTF-8 without NUL, which a text column of
// PostgreSQL does not take, and at most a number of bytes.
func clean(s string, most int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) > most {
		s = whole(s[:most])
	}
	return s
}

// whole drops the beginning of a character from the end of a text.
func whole(s string) string {
	for i := 1; i < utf8.UTFMax && i <= len(s); i++ {
		if c := s[len(s)-i]; utf8.RuneStart(c) {
			if !utf8.FullRuneInString(s[len(s)-i:]) {
				return s[:len(s)-i]
			}
			break
		}
	}
	return s
}

// shownHeaders are the answer's headers that are kept: those that help to find what went
// wrong, and none that could carry a secret.
var shownHeaders = map[string]bool{
	"Content-Type": true, "Content-Length": true, "Date": true, "Server": true, "Via": true, "Allow": true,
	"Retry-After": true, "Location": true, "X-Request-Id": true, "Request-Id": true, "X-Correlation-Id": true,
	"Traceparent": true, "Cf-Ray": true, "X-Amzn-Requestid": true, "X-Amzn-Trace-Id": true, "X-Amz-Cf-Id": true,
}

// shown returns the headers that are kept. Of a success, those that every answer has say nothing.
func (a *answer) shown() map[string]string {
	var kept map[string]string
	success := a.status >= 200 && a.status < 300
	for name, values := range a.header {
		if !shownHeaders[name] || len(values) == 0 || success && (name == "Date" || name == "Content-Length") {
			continue
		}
		if kept == nil {
			kept = make(map[string]string, 4)
		}
		value := values[0]
		if name == "Location" {
			value = newAddress(value).shown // a query may hold a secret
		}
		kept[name] = clean(value, headerMost)
	}
	return kept
}

package access

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/paymux/paymux"
)

// answer is a response before it is written.
type answer struct {
	status      int
	body        []byte
	contentType string // empty: application/json
	location    string
	replayed    bool
	retryAfter  int // seconds
	challenge   string
	allow       string
	err         error // what went wrong, for the log
	// follow writes the body while it comes into being; nil: body is all of it.
	follow func(w http.ResponseWriter) error
}

// answerWith writes an object down.
func answerWith(status int, object any) (answer, error) {
	body, err := json.Marshal(object)
	if err != nil {
		return answer{}, err
	}
	return answer{status: status, body: body}, nil
}

// replyAnswer is a verb's reply as an answer (money rule 8): 201 made, 200 done, 202
// when the outcome is pending or unknown, and the error's status otherwise.
func (s *Server) replyAnswer(reply paymux.Reply, id paymux.RequestID) answer {
	pending := reply.Accepted && len(reply.Object) > 0
	if reply.Error != nil && !pending {
		a := s.problemAnswer(reply.Error, id, reply.Object)
		a.replayed = reply.Replayed
		return a
	}
	a := answer{status: http.StatusOK, body: reply.Object, replayed: reply.Replayed}
	switch {
	case reply.Accepted:
		a.status = http.StatusAccepted
	case reply.Created:
		a.status = http.StatusCreated
	}
	return a
}

// write sends an answer.
func (a *answer) write(w http.ResponseWriter) {
	h := w.Header()
	if a.contentType == "" {
		a.contentType = "application/json"
	}
	h["Content-Type"] = []string{a.contentType}
	if a.follow == nil {
		h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	} else {
		h.Set("X-Accel-Buffering", "no") // or nginx would hold back what comes slowly
	}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(a.retryAfter))
	}
	if a.challenge != "" {
		h.Set("WWW-Authenticate", a.challenge)
	}
	if a.allow != "" {
		h.Set("Allow", a.allow)
	}
	w.WriteHeader(a.status)
	if a.follow != nil {
		a.err = a.follow(w)
		return
	}
	// A client that is gone cannot be told; net/http closes the connection.
	_, _ = w.Write(a.body)
}

// Header values that never change, made once. Nobody may write to them.
var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
)

// page is a list as merchants see it.
type page[T any] struct {
	Object     string `json:"object" doc:"always list" example:"list"`
	Data       []T    `json:"data"`
	HasMore    bool   `json:"has_more" doc:"whether there is a next page"`
	NextCursor string `json:"next_cursor,omitempty" doc:"send as cursor to get the next page"`
}

func pageOf[T any](data []T) page[T] {
	if data == nil {
		data = []T{}
	}
	return page[T]{Object: "list", Data: data}
}

// listAnswer answers with one page.
func listAnswer[T any](p paymux.Page, read func(paymux.Page) ([]T, error), id func(*T) string) (answer, error) {
	out, err := listPage(p, read, id)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, out)
}

// listPage reads one page of a list in the order of IDs.
func listPage[T any](p paymux.Page, read func(paymux.Page) ([]T, error), id func(*T) string) (page[T], error) {
	return pageBefore(p, read, func(_, next string) string { return next }, id)
}

// positionPage reads one page of a list whose cursor is a position.
func positionPage[T any](p paymux.Page, read func(paymux.Page) ([]T, error), id func(*T) string) (page[T], error) {
	return pageBefore(p, read, paymux.MoveOn, id)
}

// pageBefore reads one page and learns whether there is another. Stores give at
// most 100 rows, so a full page is followed by a look at the row after it. move is how a row moves the cursor on.
func pageBefore[T any](p paymux.Page, read func(paymux.Page) ([]T, error), move func(cursor, id string) string, id func(*T) string) (page[T], error) {
	data, err := read(p)
	if err != nil {
		return page[T]{}, err
	}
	out := pageOf(data)
	if len(data) == p.Limit {
		last := p.After
		for i := range data {
			last = move(last, id(&data[i]))
		}
		more, err := read(paymux.Page{After: last, Limit: 1})
		if err != nil {
			return out, err
		}
		if out.HasMore = len(more) > 0; out.HasMore {
			out.NextCursor = last
		}
	}
	return out, nil
}

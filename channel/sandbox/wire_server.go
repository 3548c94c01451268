package sandbox

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/groupcommit"
)

// refusal codes of the wire, each with its status.
var wireRefusals = []struct {
	err    error
	status int
	code   string
}{
	{errUnauthorized, http.StatusUnauthorized, "unauthorized"},
	{errUnavailable, http.StatusServiceUnavailable, "unavailable"},
	{errConflict, http.StatusConflict, "operation_differs"},
	{errNotFound, http.StatusNotFound, "no_such_operation"},
	{errKind, http.StatusBadRequest, "unknown_kind"},
	{errInvalid, http.StatusBadRequest, "invalid"},
	{groupcommit.ErrClosed, http.StatusServiceUnavailable, "unavailable"},
}

var errInvalid = errors.New("400 the request is not of the documented form")

// Wire serves the institution to channels in other processes, under /sandbox/v1/:
//
//	POST {account}/operations        a request → a report
//	GET  {account}/operations/{id}   → a report
//	GET  {account}/statement?day=    → {"data": [booking, …]}, day as 2006-01-02
//	POST {account}/kit               a channel.KitRequest → a channel.KitReply
//
// Calls bear the account's key, or the institution's own where it has none; an account not
// seen before is opened by its first call. Faults are real: what an account's
// switches ask for happens to the connection.
func (i *Institution) Wire() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sandbox/v1/{account}/operations", i.onWire(func(ctx context.Context, at *customer, w http.ResponseWriter, r *http.Request) (any, error) {
		q, err := readRequest(w, r)
		if err != nil {
			return nil, err
		}
		return i.send(ctx, at, q)
	}))
	mux.HandleFunc("GET /sandbox/v1/{account}/operations/{id}", i.onWire(func(ctx context.Context, at *customer, _ http.ResponseWriter, r *http.Request) (any, error) {
		return i.ask(ctx, at, paymux.OperationID(r.PathValue("id")))
	}))
	mux.HandleFunc("GET /sandbox/v1/{account}/statement", i.onWire(func(ctx context.Context, at *customer, _ http.ResponseWriter, r *http.Request) (any, error) {
		day, err := time.Parse(time.DateOnly, r.URL.Query().Get("day"))
		if err != nil {
			return nil, errInvalid
		}
		lines, err := i.books(ctx, at, day)
		return map[string]any{"data": lines}, err
	}))
	mux.HandleFunc("POST /sandbox/v1/{account}/kit", i.onWire(func(ctx context.Context, at *customer, w http.ResponseWriter, r *http.Request) (any, error) {
		var q channel.KitRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&q); err != nil {
			return nil, errInvalid
		}
		if q.Verb == channel.KitDescribe {
			return describe(at, channel.LineBroken, channel.LineSilent), nil // a socket that is shared is closed for nobody
		}
		return i.drive(ctx, at, &q)
	}))
	return mux
}

func readRequest(w http.ResponseWriter, r *http.Request) (*request, error) {
	in := wireRequest{request: &request{}}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || d.More() || in.ID == "" {
		return nil, errInvalid
	}
	if c := in.Card; c != nil {
		in.request.Card = &paymux.CardDetails{
			Number: paymux.Secret(c.Number), CVC: paymux.Secret(c.CVC), ExpMonth: c.ExpMonth, ExpYear: c.ExpYear, Token: paymux.Secret(c.Token),
		}
	}
	return in.request, nil
}

// onWire lets a call in and makes what becomes of its answer real.
func (i *Institution) onWire(serve func(context.Context, *customer, http.ResponseWriter, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at, err := i.bearer(r)
		if err != nil {
			refuse(w, err)
			return
		}
		told, err := serve(r.Context(), at, w, r)
		if err != nil {
			i.fail(w, r, told, err)
			return
		}
		answer(w, http.StatusOK, told)
	}
}

// bearer finds the account of a call that bears its key, and opens it at the first one.
func (i *Institution) bearer(r *http.Request) (*customer, error) {
	name, want := r.PathValue("account"), i.key
	at, err := i.customer(name)
	if err == nil {
		want = at.key
	}
	sent, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got := sha256.Sum256([]byte(sent))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !ok || sent == "" {
		return nil, errUnauthorized
	}
	if err == nil {
		return at, nil
	}
	if err := i.OpenAccount(name, nil); err != nil {
		return nil, errInvalid
	}
	return i.customer(name)
}

// fail answers as the error says, or does to the connection what it stands for.
func (i *Institution) fail(w http.ResponseWriter, r *http.Request, told any, err error) {
	switch {
	case errors.Is(err, errSilence):
		i.hang(r.Context())
		panic(http.ErrAbortHandler)
	case errors.Is(err, errRefused), errors.Is(err, errDropped), r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	case errors.Is(err, errTruncated):
		breakOff(w, told)
	case errors.Is(err, errGarbage):
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("{\"operation\":\x00\xff,,\"status\"\n"))
	case errors.Is(err, errWrongStatus):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte("<!doctype html><title>404 Not Found</title><h1>Not Found</h1>"))
	default:
		refuse(w, err)
	}
}

// hangLimit is how long a call without an answer is kept at most: channels give up long before.
const hangLimit = 2 * time.Minute

// hang keeps a call until its caller gives up, or the institution hangs up.
func (i *Institution) hang(ctx context.Context) {
	enough := time.NewTimer(hangLimit)
	defer enough.Stop()
	select {
	case <-ctx.Done():
	case <-i.hungUp:
	case <-enough.C:
	}
}

// HangUp ends the calls that are kept without an answer, so that a server can shut down. It may be called twice.
func (i *Institution) HangUp() { i.hangUp.Do(func() { close(i.hungUp) }) }

// breakOff sends half of what it has announced, and closes the connection.
func breakOff(w http.ResponseWriter, told any) {
	text, _ := json.Marshal(told)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Write(text[:len(text)/2])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// refuse answers with an RFC 9457 document; what is not in the table is a 500 without a code.
func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, ""
	for _, r := range wireRefusals {
		if errors.Is(err, r.err) {
			status, code = r.status, r.code
			break
		}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	answer(w, status, map[string]any{"title": http.StatusText(status), "status": status, "code": code})
}

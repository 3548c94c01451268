package rpc

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paymux/paymux"
)

// fault is an error on the wire. Causes stay where they happened: they may hold what
// only that process may know, and its log has them.
type fault struct {
	Names []string      `json:"names,omitempty"` // of the room's own errors it is
	Error *paymux.Error `json:"error,omitempty"`
	Text  string        `json:"text,omitempty"` // for people; no secret, by the house's rule for errors
}

// own are the errors of this package, which every room's wire knows.
var own = Faults{"not_taken": ErrNotTaken, "bad_request": ErrBadRequest}

func encodeFault(err error, known Faults) []byte {
	f := fault{Text: err.Error()}
	for _, faults := range []Faults{own, known} {
		for name, sentinel := range faults {
			if errors.Is(err, sentinel) {
				f.Names = append(f.Names, name)
			}
		}
	}
	slices.Sort(f.Names)
	var e *paymux.Error
	if errors.As(err, &e) {
		plain := *e
		plain.Err = nil
		f.Error = &plain
	}
	body, marshalErr := json.Marshal(f)
	if marshalErr != nil { // a FieldError's value that is no JSON
		body, _ = json.Marshal(fault{Names: f.Names, Text: f.Text})
	}
	return body
}

// remote is an error of the other side.
type remote struct {
	text string
	are  []error
}

func (r *remote) Error() string   { return r.text }
func (r *remote) Unwrap() []error { return r.are }

func decodeFault(body []byte, known Faults) error {
	var f fault
	if err := json.Unmarshal(body, &f); err != nil {
		return fmt.Errorf("rpc: the reply's error cannot be read: %w", err)
	}
	if f.Error != nil && len(f.Names) == 0 {
		return f.Error
	}
	r := &remote{text: strings.TrimSpace(f.Text)}
	if f.Error != nil {
		r.are = append(r.are, f.Error)
	}
	for _, name := range f.Names {
		if sentinel := cmp.Or(own[name], known[name]); sentinel != nil {
			r.are = append(r.are, sentinel)
		}
	}
	return r
}

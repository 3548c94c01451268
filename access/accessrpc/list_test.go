package accessrpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
)

const (
	smallest = 16 << 10 // bytes a message may have, here
	many     = 40       // rows of about a kilobyte
)

// shelf keeps lists that are longer than a message, with cursors as stores have them: newest first, the number is the ID.
type shelf struct {
	*room
	asked int
}

func (s *shelf) numbers(p paymux.Page, oldest bool) []string {
	s.asked++
	var out []string
	for i := range many {
		id := fmt.Sprintf("%03d", many-1-i)
		if oldest {
			id = fmt.Sprintf("%03d", i)
		}
		if p.After == "" || !oldest && id < p.After || oldest && id > p.After {
			if len(out) < p.Limit {
				out = append(out, id)
			}
		}
	}
	return out
}

func rowsOf[T any](ids []string, row func(id string) T) []T {
	out := []T{}
	for _, id := range ids {
		out = append(out, row(id))
	}
	return out
}

var long = strings.Repeat("x", 1000)

func (s *shelf) Payments(_ context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	return rowsOf(s.numbers(f.Page, false), func(id string) paymux.Payment { return paymux.Payment{ID: paymux.PaymentID(id), Description: long} }), nil
}
func (s *shelf) Refunds(_ context.Context, f paymux.RefundFilter) ([]paymux.Refund, error) {
	return rowsOf(s.numbers(f.Page, false), func(id string) paymux.Refund { return paymux.Refund{ID: paymux.RefundID(id), Reason: long} }), nil
}
func (s *shelf) Events(_ context.Context, f paymux.EventFilter) ([]paymux.Event, error) {
	return rowsOf(s.numbers(f.Page, f.Oldest), func(id string) paymux.Event { return paymux.Event{ID: paymux.EventID(id), ObjectID: long} }), nil
}
func (s *shelf) Merchants(_ context.Context, p paymux.Page) ([]paymux.Merchant, error) {
	return rowsOf(s.numbers(p, false), func(id string) paymux.Merchant { return paymux.Merchant{ID: paymux.MerchantID(id), Name: long} }), nil
}
func (s *shelf) Links(_ context.Context, _ paymux.MerchantID, p paymux.Page) ([]paymux.Link, error) {
	return rowsOf(s.numbers(p, false), func(id string) paymux.Link { return paymux.Link{ID: paymux.LinkID(id), Description: long} }), nil
}
func (s *shelf) BuriedTasks(_ context.Context, p paymux.Page) ([]access.BuriedTask, error) {
	return rowsOf(s.numbers(p, false), func(id string) access.BuriedTask { return access.BuriedTask{ID: paymux.TaskID(id), Reason: long} }), nil
}
func (s *shelf) Operations(context.Context, paymux.MerchantID, paymux.PaymentID) ([]paymux.Operation, error) {
	return rowsOf(s.numbers(paymux.Page{Limit: many}, true), func(id string) paymux.Operation {
		return paymux.Operation{ID: paymux.OperationID(id), ChannelMessage: long}
	}), nil
}
func (s *shelf) Timeline(context.Context, paymux.MerchantID, paymux.PaymentID) ([]paymux.Hop, error) {
	return rowsOf(s.numbers(paymux.Page{Limit: many}, true), func(id string) paymux.Hop { return paymux.Hop{Ref: id, Text: long} }), nil
}
func (s *shelf) Attempts(context.Context, paymux.MerchantID, paymux.EventID, paymux.EndpointID) ([]paymux.Attempt, error) {
	return rowsOf(s.numbers(paymux.Page{Limit: many}, true), func(id string) paymux.Attempt { return paymux.Attempt{URL: id, ResponseBody: long} }), nil
}
func (s *shelf) FailingEndpoints(_ context.Context, limit int) ([]paymux.Endpoint, error) {
	return rowsOf(s.numbers(paymux.Page{Limit: limit}, true), func(id string) paymux.Endpoint {
		return paymux.Endpoint{ID: paymux.EndpointID(id), Description: long}
	}), nil
}
func (s *shelf) Notifications(_ context.Context, f paymux.NotificationFilter) (list []paymux.Notification, next paymux.EventID, err error) {
	list = rowsOf(s.numbers(f.Page, false), func(id string) paymux.Notification {
		return paymux.Notification{Event: paymux.EventID(id), LastError: long}
	})
	if n := len(list); n > 0 && list[n-1].Event != "000" {
		next = list[n-1].Event
	}
	return list, next, nil
}

func newShelf(t *testing.T) (*house, *shelf) {
	s := &shelf{}
	return newHouse(t, smallest, func(r *room) accessrpc.Node {
		s.room = r
		n := r.node()
		n.Queries, n.Merchants, n.Endpoints, n.Links, n.Events, n.NotificationLog, n.Tasks = s, s, s, s, s, s, s
		return n
	}), s
}

// same asks both for a list of which messages hold a part only.
func same[T any](t *testing.T, s *shelf, name string, wired, direct func() ([]T, error)) {
	t.Helper()
	s.asked = 0
	got, err := wired()
	asked := s.asked
	want, _ := direct()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%s: %v\n%s", name, err, diff)
	}
	if asked < 2 || asked > 6 {
		t.Errorf("%s came in %d messages", name, asked)
	}
}

// A list that is too long for a message comes whole.
func TestLongListsComeInParts(t *testing.T) {
	t.Parallel()
	h, s := newShelf(t)
	ctx := t.Context()
	for _, limit := range []int{many, many - 7, 100} {
		p := paymux.Page{Limit: limit}
		same(t, s, "payments", func() ([]paymux.Payment, error) { return h.Payments(ctx, paymux.PaymentFilter{Page: p}) },
			func() ([]paymux.Payment, error) { return s.Payments(ctx, paymux.PaymentFilter{Page: p}) })
		same(t, s, "refunds", func() ([]paymux.Refund, error) { return h.Refunds(ctx, paymux.RefundFilter{Page: p}) },
			func() ([]paymux.Refund, error) { return s.Refunds(ctx, paymux.RefundFilter{Page: p}) })
		for _, f := range []paymux.EventFilter{{Page: p}, {Page: p, Oldest: true}, {Page: paymux.Page{After: "003", Limit: limit}, Oldest: true}} {
			same(t, s, "events", func() ([]paymux.Event, error) { return h.Events(ctx, f) }, func() ([]paymux.Event, error) { return s.Events(ctx, f) })
		}
		same(t, s, "merchants", func() ([]paymux.Merchant, error) { return h.Merchants(ctx, p) }, func() ([]paymux.Merchant, error) { return s.Merchants(ctx, p) })
		same(t, s, "links", func() ([]paymux.Link, error) { return h.Links(ctx, "", p) }, func() ([]paymux.Link, error) { return s.Links(ctx, "", p) })
		same(t, s, "tasks", func() ([]access.BuriedTask, error) { return h.BuriedTasks(ctx, p) }, func() ([]access.BuriedTask, error) { return s.BuriedTasks(ctx, p) })
		same(t, s, "endpoints", func() ([]paymux.Endpoint, error) { return h.FailingEndpoints(ctx, limit) }, func() ([]paymux.Endpoint, error) { return s.FailingEndpoints(ctx, limit) })
	}
	same(t, s, "operations", func() ([]paymux.Operation, error) { return h.Operations(ctx, "", "") }, func() ([]paymux.Operation, error) { return s.Operations(ctx, "", "") })
	same(t, s, "timeline", func() ([]paymux.Hop, error) { return h.Timeline(ctx, "", "") }, func() ([]paymux.Hop, error) { return s.Timeline(ctx, "", "") })
	same(t, s, "attempts", func() ([]paymux.Attempt, error) { return h.Attempts(ctx, "", "", "") }, func() ([]paymux.Attempt, error) { return s.Attempts(ctx, "", "", "") })
}

// Notifications say themselves where a short list goes on.
func TestNotificationsGoOn(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	f := paymux.NotificationFilter{Page: paymux.Page{Limit: many}}
	seen := 0
	for {
		some, next, err := h.Notifications(t.Context(), f)
		if err != nil || len(some) == 0 || some[0].Event != paymux.EventID(fmt.Sprintf("%03d", many-1-seen)) {
			t.Fatalf("after %d: %d rows, %v", seen, len(some), err)
		}
		if seen += len(some); next == "" {
			break
		}
		f.After = string(next)
	}
	if seen != many {
		t.Errorf("%d of %d", seen, many)
	}
}

// One row that fits no message is an error, and not a silence.
func TestARowThatFitsNoMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, smallest, func(r *room) accessrpc.Node {
		n := r.node()
		n.Merchants = keysOnly{r, []paymux.Key{{Name: strings.Repeat("x", smallest)}, {Name: "y"}}}
		return n
	})
	if keys, err := h.Keys(t.Context(), ""); !errors.Is(err, paymux.Internal) {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if !strings.Contains(h.log.String(), "fit a message") {
		t.Error("the node's log says nothing of it")
	}
}

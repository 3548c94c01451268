package accessregions_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessregions"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/relay"
)

// Over NATS, a region without a node is away: its own questions say so, and the rest goes on.
func TestOverTheWire(t *testing.T) {
	t.Parallel()
	h, m := newHouse(t, 3), wiretest.Open(t, 0)
	for _, name := range []string{"r1", "r3"} {
		s := rpc.NewServer(rpc.Config{Conn: m.Connect(), Group: "nodes", Faults: accessrpc.Faults(), Log: slog.New(slog.DiscardHandler)})
		if err := errors.Join(accessrpc.Serve(s, name, h.rooms[name].node()), s.Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	front := m.Connect()
	r, err := relay.New([]relay.Region{{Number: 1, Name: "r1", Weight: 1}, {Number: 2, Name: "r2", Weight: 1}, {Number: 3, Name: "r3", Weight: 1}})
	if err != nil {
		t.Fatal(err)
	}
	h.Regions = accessregions.New(r, func(name string) (accessrpc.Node, error) {
		c, err := accessrpc.NewClient(front, name)
		return accessrpc.Node{
			Queries: c, Directory: c, Merchants: c, Endpoints: c, Links: c, Events: c, Notifications: c, NotificationLog: c,
			Answers: c, Tasks: c, Channels: c, Statistics: c, Payers: c, Ready: c.Ready,
		}, err
	}, "r1")
	for i, r := range []*room{h.rooms["r1"], h.rooms["r3"]} {
		r.events = []paymux.Event{{ID: paymux.EventID(h.id(r.number, paymux.PrefixEvent))}}
		r.merchants = []paymux.Merchant{{ID: h.merchant(2), Name: "copy"}}
		r.revision = int64(i)
	}
	copied := h.rooms["r1"].merchants[0].ID
	for range 5 { // until the circuit knows, and then
		if got, err := h.Merchant(t.Context(), copied); err != nil || got.Name != "copy" {
			t.Errorf("a copy: %+v, %v", got, err)
		}
		wantAway(t, "a change at home", h.UpdateMerchant(t.Context(), paymux.Merchant{ID: copied}))
		if list, err := h.Merchants(t.Context(), paymux.Page{Limit: 10}); err != nil || len(list) != 2 {
			t.Errorf("merchants: %v, %v", list, err)
		}
		list, err := h.Events(t.Context(), paymux.EventFilter{Oldest: true, Page: paymux.Page{Limit: 10}})
		if err != nil || len(list) != 2 {
			t.Errorf("events: %v, %v", list, err)
		}
		_, err = h.Events(t.Context(), paymux.EventFilter{Page: paymux.Page{Limit: 10}})
		wantAway(t, "a list", err)
		if _, _, err := h.Key(t.Context(), "key_1"); !errors.Is(err, paymux.Unavailable) {
			t.Errorf("a key nobody knows who answers: %v", err)
		}
		if err := h.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	link := paymux.Link{ID: paymux.LinkID(h.id(3, paymux.PrefixLink))}
	if err := h.CreateLink(t.Context(), link, nil); err != nil {
		t.Error(err)
	}
	if got, err := h.Link(t.Context(), link.ID); err != nil || got.ID != link.ID {
		t.Errorf("%+v, %v", got, err)
	}
}

// A region that takes its time holds up lists, and nothing that is another's.
func TestARegionThatIsSlow(t *testing.T) {
	t.Parallel()
	h, release, asked := newHouse(t, 3), make(chan struct{}), make(chan struct{}, 1)
	mine := paymux.PaymentID(h.id(1, paymux.PrefixPayment))
	h.rooms["r1"].payments = []paymux.Payment{{ID: mine}}
	h.rooms["r2"].payments = []paymux.Payment{{ID: paymux.PaymentID(h.id(2, paymux.PrefixPayment))}}
	node := h.rooms["r2"].node()
	node.Queries = slowly{h.rooms["r2"], asked, release}
	r, err := relay.New([]relay.Region{{Number: 1, Name: "r1", Weight: 1}, {Number: 2, Name: "r2", Weight: 1}})
	if err != nil {
		t.Fatal(err)
	}
	regions := accessregions.New(r, func(name string) (accessrpc.Node, error) {
		if name == "r2" {
			return node, nil
		}
		return h.rooms[name].node(), nil
	}, "r1")
	listed := make(chan int, 1)
	go func() {
		list, err := regions.Payments(t.Context(), paymux.PaymentFilter{Page: paymux.Page{Limit: 10}})
		if err != nil {
			t.Error(err)
		}
		listed <- len(list)
	}()
	<-asked
	if got, err := regions.Payment(t.Context(), "", mine); err != nil || got.ID != mine {
		t.Errorf("another region's payment: %v", err)
	}
	select {
	case n := <-listed:
		t.Errorf("a list of %d did not wait", n)
	default:
	}
	close(release)
	if n := <-listed; n != 2 {
		t.Errorf("%d payments are listed", n)
	}
}

// slowly answers for a list of payments when it is released.
type slowly struct {
	*room
	asked, release chan struct{}
}

func (s slowly) Payments(ctx context.Context, f paymux.PaymentFilter) ([]paymux.Payment, error) {
	s.asked <- struct{}{}
	<-s.release
	return s.room.Payments(ctx, f)
}

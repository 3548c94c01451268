package relay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

func TestNewRefusesRegionsThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		regions []relay.Region
		fault   string
	}{
		"none":                {nil, "no region takes new payments"},
		"all without weight":  {[]relay.Region{{Number: 1, Name: "a"}, {Number: 2, Name: "b"}}, "no region takes new payments"},
		"a weight below none": {[]relay.Region{{Number: 1, Name: "a", Weight: -1}}, "no region takes new payments"},
		"a number twice":      {[]relay.Region{{Number: 7, Name: "a", Weight: 1}, {Number: 7, Name: "b", Weight: 1}}, "number 7 is given twice"},
		"a name twice":        {[]relay.Region{{Number: 1, Name: "a", Weight: 1}, {Number: 2, Name: "a", Weight: 1}}, `name "a" is given twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := relay.New(c.regions); err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("New: %v, want %q", err, c.fault)
			}
		})
	}
}

// verbs are the requests about an existing payment, each with its reply's amount.
var verbs = map[string]func(context.Context, *relay.Relay, paymux.PaymentID) (paymux.Reply, error){
	"confirm": func(ctx context.Context, r *relay.Relay, id paymux.PaymentID) (paymux.Reply, error) {
		return r.Confirm(ctx, paymux.ConfirmPayment{Payment: id})
	},
	"capture": func(ctx context.Context, r *relay.Relay, id paymux.PaymentID) (paymux.Reply, error) {
		return r.Capture(ctx, paymux.CapturePayment{Payment: id, Amount: 42})
	},
	"cancel": func(ctx context.Context, r *relay.Relay, id paymux.PaymentID) (paymux.Reply, error) {
		return r.Cancel(ctx, paymux.CancelPayment{Payment: id})
	},
	"refund": func(ctx context.Context, r *relay.Relay, id paymux.PaymentID) (paymux.Reply, error) {
		return r.Refund(ctx, paymux.CreateRefund{Payment: id, Amount: 42})
	},
	"sync": func(ctx context.Context, r *relay.Relay, id paymux.PaymentID) (paymux.Reply, error) {
		return r.Sync(ctx, paymux.SyncPayment{Payment: id})
	},
}

// asked is one request a region got.
type asked struct {
	region paymux.Region
	verb   string
	id     paymux.PaymentID
	amount int64
}

func TestWhatNamesAPaymentGoesToItsRegionAndNowhereElse(t *testing.T) {
	t.Parallel()
	answer, refused := paymux.Reply{Accepted: true, RequestID: "req_1"}, errors.New("as the node said")
	for verb, do := range verbs {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			var got []asked
			regions := make([]relay.Region, 0, 3)
			for _, number := range []paymux.Region{0, 9, 4095} { // one takes no new payments, and still looks after its own
				regions = append(regions, relay.Region{Number: number, Name: string(issued(number)), Weight: float64(number), Node: node{
					verb: func(name string, id paymux.PaymentID, amount int64) (paymux.Reply, error) {
						got = append(got, asked{number, name, id, amount})
						return answer, refused
					},
				}})
			}
			r := newRelay(t, regions...)
			for _, g := range regions {
				got = nil
				id := issued(g.Number)
				reply, err := do(t.Context(), r, id)
				if reply.RequestID != answer.RequestID || !reply.Accepted || !errors.Is(err, refused) {
					t.Errorf("answered %+v, %v; the node said %+v, %v", reply, err, answer, refused)
				}
				want := asked{region: g.Number, verb: verb, id: id}
				if verb == "capture" || verb == "refund" {
					want.amount = 42
				}
				if !slices.Equal(got, []asked{want}) {
					t.Errorf("asked %+v, want %+v alone", got, want)
				}
			}
		})
	}
}

func TestWhatNamesNoRegionOfOursGoesNowhere(t *testing.T) {
	t.Parallel()
	r := newRelay(t, relay.Region{Number: 1, Name: "a", Weight: 1, Node: node{
		verb: func(name string, id paymux.PaymentID, _ int64) (paymux.Reply, error) {
			t.Errorf("%s of %s was sent", name, id)
			return paymux.Reply{}, nil
		},
	}})
	for id, want := range map[paymux.PaymentID]paymux.Code{
		issued(2): paymux.NotFound, issued(0): paymux.NotFound, "": paymux.InvalidID, "pay_": paymux.InvalidID,
		"pay_1": paymux.InvalidID, issued(1) + "0": paymux.InvalidID,
	} {
		for verb, do := range verbs {
			if _, err := do(t.Context(), r, id); !errors.Is(err, want) {
				t.Errorf("%s of %q: %v, want %s", verb, id, err, want)
			}
		}
	}
}

func TestTheHopIsAppendedOnceAndTheCallersSliceIsLeftAlone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var got []paymux.Hop
	keep := node{create: func(q paymux.CreatePayment) (paymux.Reply, error) {
		got = q.Hops
		return paymux.Reply{Created: true}, nil
	}}
	r := newRelay(t, relay.Region{Number: 1, Name: "east", Weight: 1, Node: keep}, relay.Region{Number: 2, Name: "west", Node: keep})
	hops := make([]paymux.Hop, 1, 4)
	hops[0] = paymux.Hop{At: at, Kind: paymux.HopAPI, Text: "asked"}
	for range 2 { // the second finds the slice as the first did
		reply, err := r.Create(t.Context(), paymux.CreatePayment{Caller: paymux.Caller{Merchant: "mer_1", Hops: hops}})
		if err != nil || !reply.Created {
			t.Fatalf("answered %+v, %v", reply, err)
		}
		if len(got) != 2 || got[0].Text != "asked" || got[1].Kind != paymux.HopRelay || !got[1].At.Equal(at) || !strings.Contains(got[1].Text, "region east") {
			t.Errorf("the node got the hops %+v", got)
		}
		if spare := hops[:2][1]; spare.Kind != "" {
			t.Errorf("the hop was written into the caller's slice: %+v", spare)
		}
	}
	if _, err := r.Create(t.Context(), paymux.CreatePayment{}); err != nil || len(got) != 0 {
		t.Errorf("a request without a timeline got one: %+v, %v", got, err)
	}
}

func TestCallbacksAreTriedRegionByRegion(t *testing.T) {
	t.Parallel()
	notMine, forged := paymux.Errorf(paymux.NotFound, "no such account"), paymux.Errorf(paymux.CallbackRefused, "forged")
	down, broken := paymux.Errorf(paymux.Unavailable, "later"), errors.New("broken")
	for name, c := range map[string]struct {
		says []error // region by region; nil: believed
		want int     // the region whose word is passed on
	}{
		"the first believes":              {[]error{nil, nil, nil}, 0},
		"the second believes":             {[]error{notMine, nil, nil}, 1},
		"the last believes":               {[]error{forged, notMine, nil}, 2},
		"nobody believes":                 {[]error{notMine, notMine, forged}, 2},
		"nobody knows":                    {[]error{forged, notMine, notMine}, 2},
		"one that is down, and another's": {[]error{notMine, down, nil}, 2},
		"one that is down may be the one": {[]error{notMine, down, forged}, 1},
		"an error nobody expects is told": {[]error{broken, notMine, notMine}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var order []int
			var regions []relay.Region
			for i, err := range c.says {
				regions = append(regions, relay.Region{Number: paymux.Region(i), Name: string(rune('a' + i)), Weight: 1, Node: node{
					callback: func(q paymux.CallbackRequest) (paymux.CallbackAck, error) {
						if string(q.Body) != "news" {
							t.Errorf("region %d got %q", i, q.Body)
						}
						order = append(order, i)
						return paymux.CallbackAck{Status: 200 + i}, err
					},
				}})
			}
			ack, err := newRelay(t, regions...).Callback(t.Context(), paymux.CallbackRequest{Body: []byte("news")})
			if !errors.Is(err, c.says[c.want]) || err == nil && ack.Status != 200+c.want {
				t.Errorf("answered %+v, %v; want region %d's %v", ack, err, c.want, c.says[c.want])
			}
			asked := 3
			if c.says[c.want] == nil {
				asked = c.want + 1
			}
			if want := []int{0, 1, 2}[:asked]; !slices.Equal(order, want) {
				t.Errorf("asked the regions %v, want %v", order, want)
			}
		})
	}
}

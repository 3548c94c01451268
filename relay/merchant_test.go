package relay_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// A node that cannot take one merchant's payments yet says nothing about its region: the others' go on there.
func TestOneMerchantsRefusalIsNotTheRegions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, x := range []struct {
			param string
			goes  bool // on, at home
		}{{relay.OfOneMerchant, true}, {"", false}} {
			h := newHouse(t, 2)
			home := h.home("mer_1")
			h.show(func(g *relay.Region) {
				if g.Name == home.name {
					g.Node = node{create: func(q paymux.CreatePayment) (paymux.Reply, error) {
						if q.Merchant == "mer_1" && q.Idempotency != "well" {
							return paymux.Reply{}, paymux.Errorf(paymux.Unavailable, "Not yet.").At(x.param)
						}
						return paymux.Reply{Object: []byte(home.name)}, nil
					}}
				}
			})
			h.old()
			r := h.open()
			settled()
			for n := range 5 {
				if _, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", n))); err != nil && !errors.Is(err, paymux.Unavailable) {
					t.Error(err)
				}
			}
			reply, err := r.Create(t.Context(), pay("mer_1", "well"))
			if err != nil || (string(reply.Object) == home.name) != x.goes {
				t.Errorf("after refusals with the param %q: to %q, %v", x.param, reply.Object, err)
			}
		}
	})
}

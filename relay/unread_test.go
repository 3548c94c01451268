package relay_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// A frontend that is begun while the registry is away knows its own region alone. A key may have gone to another one all the same.
func TestAFrontendThatHasNotReadTheRegistryYet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		h.old()
		first := h.open()
		settled()
		home := h.home("mer_1")
		other := h.others(home)[0]
		q := pay("mer_1", "k")
		if _, err := first.Create(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		read := make(chan struct{})
		alone, none := &directory{changed: make(chan struct{}), stale: true}, &lists{changed: make(chan struct{})}
		alone.set([]relay.Region{{Number: other.number, Name: other.name, Weight: 1, Node: other}})
		h.journal.set(true)
		second := h.open(func(c *relay.Config) {
			c.Directory, c.Lists, c.Default, c.Read = alone, none, other.name, []<-chan struct{}{read}
		})
		time.Sleep(time.Minute)
		for _, key := range []string{"k", "new"} {
			_, err := second.Create(t.Context(), pay("mer_1", key))
			later(t, key+" without journal and registry", err)
		}
		if _, err := second.Confirm(t.Context(), paymux.ConfirmPayment{Payment: issued(home.number)}); !errors.Is(err, paymux.Unavailable) {
			t.Errorf("what another region may have: %v", err)
		}
		other.stranger = true
		if _, err := second.Callback(t.Context(), paymux.CallbackRequest{}); !errors.Is(err, paymux.Unavailable) {
			t.Errorf("a notification that may be another region's: %v", err)
		}
		h.journal.set(false)
		time.Sleep(time.Minute)
		_, err := second.Create(t.Context(), q)
		later(t, "a key of a region that is not known yet", err)
		if reply, err := second.Create(t.Context(), pay("mer_1", "newer")); err != nil || string(reply.Object) != other.name {
			t.Errorf("with the journal: %s, %v", reply.Object, err)
		}
		h.journal.set(true)
		close(read) // it is the only region after all
		time.Sleep(2 * time.Second)
		if reply, err := second.Create(t.Context(), pay("mer_1", "newest")); err != nil || string(reply.Object) != other.name {
			t.Errorf("of the only region: %s, %v", reply.Object, err)
		}
		if diff := cmp.Diff([]string{home.name}, h.began("k")); diff != "" {
			t.Error(diff)
		}
	})
}

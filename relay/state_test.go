package relay_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// What is counted is what was sent, by where it belonged.
func TestStateCountsDecisionsAndKnowsTheJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		r := h.open()
		settled()
		home := h.home("mer_1")
		for i := range 5 {
			_, _ = r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", i)))
		}
		_, _ = r.Create(t.Context(), pay("mer_1", "k0"))
		before := stateOf(r, home.name)
		if before.Home != 5 || before.Followed != 1 || before.Rematched != 0 || before.Open {
			t.Errorf("the home has %+v", before)
		}
		home.set(true, false, false)
		for i := range 10 {
			_, _ = r.Create(t.Context(), pay("mer_1", fmt.Sprint("m", i)))
		}
		if other := stateOf(r, h.others(home)[0].name); other.Rematched != 10 || other.Home != 0 {
			t.Errorf("the other has %+v", other)
		}
		if got := stateOf(r, home.name); !got.Open {
			t.Errorf("the home, which is down, has %+v", got)
		}
		if _, err := r.Confirm(t.Context(), paymux.ConfirmPayment{Payment: issued(home.number)}); err == nil {
			t.Error("a region that is down has answered")
		}
		if got := stateOf(r, home.name).Spared; got != 1 {
			t.Errorf("%d questions were spared, want 1", got)
		}
		s := r.State()
		if s.Journal.Away != 0 || !s.Journal.Settled || s.Journal.Writes.Number < 15 || s.Journal.Failed != 0 || s.Refused != 0 {
			t.Errorf("%+v, journal %+v", s, s.Journal)
		}
	})
}

func TestStateTellsThatTheJournalIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		r := h.open(func(c *relay.Config) { c.Strict = true })
		settled()
		h.journal.set(true)
		time.Sleep(10 * time.Second)
		if _, err := r.Create(t.Context(), pay("mer_1", "k")); err == nil {
			t.Error("a key was sent that the journal does not have")
		}
		s := r.State()
		if s.Journal.Away < 8*time.Second || s.Journal.Settled || s.Journal.Failed == 0 || s.Refused != 1 {
			t.Errorf("%+v, journal %+v", s, s.Journal)
		}
		h.journal.set(false)
		time.Sleep(10 * time.Second)
		if s := r.State(); s.Journal.Away != 0 || !s.Journal.Settled {
			t.Errorf("back: journal %+v", s.Journal)
		}
	})
}

func stateOf(r *relay.Relay, region string) relay.RegionState {
	for _, g := range r.State().Regions {
		if g.Name == region {
			return g
		}
	}
	return relay.RegionState{}
}

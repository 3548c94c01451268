package relay_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// old makes the list one that has been in force for days.
func (h *house) old() { h.lists.List().Since = time.Now().Add(-72 * time.Hour) }

// Without the journal, new keys go home once everybody has noticed, and nowhere else; the journal learns of them when it is back (C9).
func TestTheJournalIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		h.old()
		first, second := h.open(), h.open()
		settled()
		home := h.home("mer_1")
		known, fresh := pay("mer_1", "known"), pay("mer_1", "new")
		if _, err := first.Create(t.Context(), known); err != nil {
			t.Fatal(err)
		}
		h.journal.set(true)
		if _, err := first.Create(t.Context(), known); err != nil {
			t.Errorf("a key with a region: %v", err)
		}
		began := time.Now()
		if reply, err := first.Create(t.Context(), fresh); err != nil || string(reply.Object) != home.name {
			t.Errorf("a new key: %s, %v", reply.Object, err)
		}
		if waited := time.Since(began); waited < 1500*time.Millisecond || waited > 3*time.Second {
			t.Errorf("sent after %s", waited)
		}
		if !strings.Contains(line1(home.last), "the journal of keys is away") {
			t.Errorf("the timeline says %q", line1(home.last))
		}
		began = time.Now()
		for i := range 20 {
			if _, err := first.Create(t.Context(), pay("mer_1", fmt.Sprint("k", i))); err != nil || time.Since(began) > 0 {
				t.Fatalf("after %s: %v", time.Since(began), err)
			}
		}
		home.set(true, false, false)
		for i := range 5 {
			_, err := first.Create(t.Context(), pay("mer_1", fmt.Sprint("down", i)))
			later(t, "home is down", err)
		}
		home.set(false, false, false)
		h.journal.set(false)
		time.Sleep(time.Second)
		home.set(true, false, false)
		_, err := second.Create(t.Context(), fresh)
		later(t, "its repeat elsewhere, home being down", err)
		began = time.Now()
		if reply, err := second.Create(t.Context(), pay("mer_1", "early")); err != nil || string(reply.Object) == home.name || time.Since(began) < 3*time.Second {
			t.Errorf("a key left its home after %s, before all frontends could have told the journal: %s, %v", time.Since(began), reply.Object, err)
		}
		time.Sleep(20 * time.Second)
		_, err = second.Create(t.Context(), fresh)
		later(t, "its repeat elsewhere, later", err)
		if reply, err := second.Create(t.Context(), pay("mer_1", "late")); err != nil || string(reply.Object) == home.name {
			t.Errorf("a new key, later: %s, %v", reply.Object, err)
		}
		if diff := cmp.Diff([]string{home.name}, h.began("new")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatIsNotSentWithoutTheJournal(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, h *house) *relay.Relay{
		"strict": func(t *testing.T, h *house) *relay.Relay {
			r := h.open(func(c *relay.Config) { c.Strict = true })
			settled()
			return r
		},
		"never seen": func(_ *testing.T, h *house) *relay.Relay {
			h.journal.set(true)
			return h.open()
		},
		"keys have left this home": func(t *testing.T, h *house) *relay.Relay {
			other, r := h.open(), h.open()
			settled()
			home := h.home("mer_1")
			home.set(true, false, false)
			if reply, err := other.Create(t.Context(), pay("mer_1", "k")); err != nil || string(reply.Object) == home.name {
				t.Fatalf("%s, %v", reply.Object, err)
			}
			time.Sleep(20 * time.Second)
			home.set(false, false, false)
			return r
		},
		"the list has just been changed": func(_ *testing.T, h *house) *relay.Relay {
			h.lists.List().Since = time.Now()
			r := h.open()
			settled()
			return r
		},
		"another list was in force": func(_ *testing.T, h *house) *relay.Relay {
			r := h.open()
			settled()
			for _, weight := range []string{"{region: a, weight: 0}", "{region: b, weight: 0}"} { // home changes for one of them
				h.assign(strings.Replace(evenly(2), weight[:9]+weight[9:10]+"}", weight, 1))
				time.Sleep(time.Second)
			}
			return r
		},
		"every frontend has a list of its own": func(_ *testing.T, h *house) *relay.Relay {
			h.lists.set(nil)
			r := h.open(func(c *relay.Config) { c.Default = "a" })
			settled()
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, 2)
				h.old()
				r := prepare(t, h)
				h.journal.set(true)
				time.Sleep(20 * time.Second)
				for _, key := range []string{"k", "new"} { // k has a region in one of the cases
					before := h.began(key)
					_, err := r.Create(t.Context(), pay("mer_1", key))
					later(t, key, err)
					if diff := cmp.Diff(before, h.began(key)); diff != "" {
						t.Error(diff)
					}
				}
				h.journal.set(false)
				time.Sleep(time.Minute)
				if _, err := r.Create(t.Context(), pay("mer_1", "new")); err != nil {
					t.Errorf("when it is back: %v", err)
				}
			})
		})
	}
}

// Too many keys to tell the journal quickly are not sent.
func TestOnlySoManyKeysAreSentWithoutTheJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		h.old()
		r := h.open()
		settled()
		h.journal.set(true)
		time.Sleep(20 * time.Second)
		sent := 0
		for i := range relay.MostBare + 1 {
			if _, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", i))); err == nil {
				sent++
			}
		}
		if sent != relay.MostBare {
			t.Errorf("%d were sent, want %d", sent, relay.MostBare)
		}
		h.journal.set(false)
		time.Sleep(time.Second)
		if puts, _ := h.journal.used(); puts < relay.MostBare {
			t.Errorf("the journal was told of %d", puts)
		}
	})
}

// A journal that was lost learns again what frontends remember, and keys leave no home meanwhile.
func TestALostJournalIsToldAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		first, second := h.open(), h.open()
		settled()
		home := h.home("mer_1")
		for i := range 100 {
			if _, err := first.Create(t.Context(), pay("mer_1", fmt.Sprint("k", i))); err != nil {
				t.Fatal(err)
			}
		}
		h.journal.lose()
		home.set(true, false, false)
		time.Sleep(time.Second)
		if _, err := second.Create(t.Context(), pay("mer_1", "new")); !errors.Is(err, paymux.Unavailable) {
			t.Errorf("a key left its home: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := second.Create(t.Context(), pay("mer_1", "new")); err != nil {
			t.Error(err)
		}
		for i := range 100 {
			q := pay("mer_1", fmt.Sprint("k", i))
			_, err := second.Create(t.Context(), q)
			later(t, q.Idempotency, err)
			if began := h.began(q.Idempotency); len(began) != 1 {
				t.Fatalf("key %d was begun in %v", i, began)
			}
		}
	})
}

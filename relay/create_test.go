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

// later is what a key's repeat is told while its region is away.
func later(t *testing.T, what string, err error) {
	t.Helper()
	var e *paymux.Error
	if !errors.As(err, &e) || e.Code != paymux.Unavailable || e.RetryAfter < 1 {
		t.Errorf("%s: %v, want Unavailable with RetryAfter", what, err)
	}
}

func line1(q paymux.CreatePayment) string { return q.Hops[len(q.Hops)-1].Text }

// What the first region has certainly not begun goes to another within the same request (A14, A15), and the
// timeline says why.
func TestANewKeyGoesElsewhereAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		r := h.open()
		settled()
		home := h.home("mer_1")
		other := h.others(home)[0]
		home.set(true, false, false)
		for i := range 10 {
			reply, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", i)))
			if err != nil || string(reply.Object) != other.name {
				t.Fatalf("request %d: %s, %v", i, reply.Object, err)
			}
		}
		if n := home.count(); n > 4 {
			t.Errorf("the region that is down was asked %d times", n)
		}
		hop := other.last.Hops[1]
		if hop.Kind != paymux.HopRelay || !strings.Contains(hop.Text, "region "+home.name+" cannot be used: it does not answer") || hop.Data["home"] != home.name || hop.Data["rule"] != "rest" {
			t.Errorf("the timeline says %+v", hop)
		}
		home.set(false, false, false)
		time.Sleep(time.Minute)
		if reply, err := r.Create(t.Context(), pay("mer_1", "after")); err != nil || string(reply.Object) != home.name {
			t.Errorf("after its return: %s, %v", reply.Object, err)
		}
		if want := "to region " + home.name + ` by rule "rest" of assignment list 0, by hash of merchant and service type over 2`; line1(home.last) != want {
			t.Errorf("the timeline says %q, want %q", line1(home.last), want)
		}
	})
}

// A key that may have been begun in a region that is away now gets 503, at whichever frontend, and goes on there when it is back (A16).
func TestAKeyThatWentThereGoesNowhereElse(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string][3]bool{"answered": {}, "lost": {false, true, false}, "not confirmed": {false, false, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, 3)
				first, second := h.open(), h.open()
				settled()
				home := h.home("mer_1")
				home.set(fault[0], fault[1], fault[2])
				q := pay("mer_1", "k")
				if _, err := first.Create(t.Context(), q); (err == nil) != (name == "answered") {
					t.Fatal(err)
				}
				home.set(true, false, false)
				third := h.open()
				time.Sleep(time.Minute)
				for range 5 {
					for who, r := range map[string]*relay.Relay{"the first": first, "another": second, "one that came later": third} {
						_, err := r.Create(t.Context(), q)
						later(t, who, err)
					}
				}
				home.set(false, false, false)
				time.Sleep(time.Minute)
				for who, r := range map[string]*relay.Relay{"the first": first, "another": second, "one that came later": third} {
					if reply, err := r.Create(t.Context(), q); err != nil || string(reply.Object) != home.name {
						t.Errorf("%s, after its return: %s, %v", who, reply.Object, err)
					}
				}
				if diff := cmp.Diff([]string{home.name}, h.began("k")); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Whoever made an entry may take it elsewhere only as long as nobody else has read it.
func TestAKeySharedByFrontendsIsNotMoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		first, second := h.open(), h.open()
		settled()
		home := h.home("mer_1")
		home.set(true, false, false)
		h.others(home)[0].set(true, false, false)
		q := pay("mer_1", "k")
		_, err := first.Create(t.Context(), q)
		later(t, "all are down", err)
		home.set(false, true, false) // the second one's request is begun, and nobody hears of it
		time.Sleep(time.Minute)
		if _, err := second.Create(t.Context(), q); !errors.Is(err, paymux.OutcomeUnknown) && !errors.Is(err, paymux.Unavailable) {
			t.Fatal(err)
		}
		home.set(true, false, false)
		h.others(home)[0].set(false, false, false)
		time.Sleep(time.Minute)
		for range 3 {
			_, _ = first.Create(t.Context(), q)
			_, _ = second.Create(t.Context(), q)
		}
		if began := h.began("k"); len(began) > 1 {
			t.Errorf("begun in %v", began)
		}
		if !strings.Contains(h.journal.has(q), `"used":true`) {
			t.Errorf("the journal has %s", h.journal.has(q))
		}
	})
}

// A change of weights moves new keys within a second, and none that has a region (A15, A16).
func TestTrafficIsCutWithoutAFailedPayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		relays := []*relay.Relay{h.open(), h.open()}
		settled()
		moved := 0
		for i := range 200 {
			merchant, q := paymux.MerchantID(fmt.Sprint("mer_", i)), pay(paymux.MerchantID(fmt.Sprint("mer_", i)), fmt.Sprint("k", i))
			before := h.home(merchant)
			if reply, err := relays[i%2].Create(t.Context(), q); err != nil || string(reply.Object) != before.name {
				t.Fatalf("%s, %v", reply.Object, err)
			}
			switch i {
			case 100:
				h.assign(strings.Replace(evenly(2), "{region: a}", "{region: a, weight: 0}", 1))
				time.Sleep(time.Second)
			}
			if i >= 100 && before.name == "a" && i > 100 {
				t.Fatalf("request %d went to a region of weight 0", i)
			}
		}
		for i := range 101 {
			q := pay(paymux.MerchantID(fmt.Sprint("mer_", i)), fmt.Sprint("k", i))
			reply, err := relays[(i+1)%2].Create(t.Context(), q) // at the other frontend
			if err != nil {
				t.Fatal(err)
			}
			if string(reply.Object) == "a" {
				moved++
			}
			if began := h.began(q.Idempotency); len(began) != 1 || began[0] != string(reply.Object) {
				t.Fatalf("key %d was begun in %v, and answered by %s", i, began, reply.Object)
			}
		}
		if moved < 30 {
			t.Errorf("only %d of 101 had been in the region that was cut", moved)
		}
	})
}

// A region above its threshold gets nothing new until it is well below (A12, A13).
func TestAFullRegionIsSpared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		r := h.open()
		settled()
		home := h.home("mer_1")
		other := h.others(home)[0]
		n := 0
		goes := func(ratio float64, want *site) {
			t.Helper()
			h.show(func(g *relay.Region) {
				if g.Name == home.name {
					g.Usage.Ratio = ratio
				}
			})
			synctest.Wait()
			n++
			reply, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", n)))
			if err != nil || string(reply.Object) != want.name {
				t.Errorf("at %.2f: %s, %v, want %s", ratio, reply.Object, err, want.name)
			}
		}
		goes(0.85, home)
		goes(0.86, other)
		if !strings.Contains(line1(other.last), "region "+home.name+" cannot be used: its traffic ratio is 86 %, above 85 %") {
			t.Errorf("the timeline says %q", line1(other.last))
		}
		goes(0.80, other)
		time.Sleep(10 * time.Second)
		goes(0.80, other)
		goes(0.70, home)
		h.dir.mu.Lock()
		h.dir.stale = true // the registry is away: what it said is old
		h.dir.mu.Unlock()
		goes(0.99, home)
		if reply, err := r.Confirm(t.Context(), paymux.ConfirmPayment{Payment: issued(home.number)}); err != nil || string(reply.Object) != home.name {
			t.Errorf("its own: %s, %v", reply.Object, err)
		}
	})
}

// What is about an existing payment waits for its region, which is spared while it does not answer.
func TestTheCircuitOfARegion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		r := h.open()
		settled()
		a := h.sites[0]
		ask := func() error {
			_, err := r.Capture(t.Context(), paymux.CapturePayment{Payment: issued(a.number)})
			return err
		}
		a.set(true, false, false)
		for range 50 {
			later(t, "down", ask())
		}
		if n := a.count(); n != 3 {
			t.Errorf("asked %d times, want 3", n)
		}
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			later(t, "down", ask())
		}
		if n := a.count(); n < 8 || n > 15 {
			t.Errorf("asked %d times within a minute", n)
		}
		a.set(false, false, true) // it answers, if only that it cannot
		time.Sleep(15 * time.Second)
		if err := ask(); !errors.Is(err, errSick) {
			t.Error(err)
		}
		a.set(false, false, false)
		before := a.count()
		for range 20 {
			if err := ask(); err != nil {
				t.Fatal(err)
			}
		}
		if a.count() != before+20 {
			t.Error("the circuit did not close")
		}
	})
}

// A region that is listed and that no frontend has seen yet is away, and not unknown.
func TestAListedRegionThatNobodyHasSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 1)
		h.assign(evenly(2))
		r := h.open()
		settled()
		_, err := r.Sync(t.Context(), paymux.SyncPayment{Payment: issued(2)})
		later(t, "listed", err)
		if _, err = r.Sync(t.Context(), paymux.SyncPayment{Payment: issued(3)}); !errors.Is(err, paymux.NotFound) {
			t.Errorf("not listed: %v", err)
		}
		for i := range 50 {
			if reply, err := r.Create(t.Context(), pay(paymux.MerchantID(fmt.Sprint("mer_", i)), fmt.Sprint("k", i))); err != nil || string(reply.Object) != "a" {
				t.Fatalf("%s, %v", reply.Object, err)
			}
		}
	})
}

// One region needs no journal, and a healthy second one costs one writing a key and nothing for its repeats.
func TestWhatTheJournalCosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 1)
		r := h.open()
		settled()
		spent := func(keys int) (puts, gets int) {
			p, g := h.journal.used()
			for i := range keys {
				if _, err := r.Create(t.Context(), pay("mer_1", fmt.Sprint("k", i))); err != nil {
					t.Fatal(err)
				}
			}
			puts, gets = h.journal.used()
			return puts - p, gets - g
		}
		if puts, gets := spent(100); puts+gets != 0 {
			t.Errorf("one region: %d writings and %d readings", puts, gets)
		}
		h.sites = append(h.sites, &site{number: 2, name: "b", began: map[string]int{}})
		h.show(nil)
		h.assign(evenly(2))
		h.old()
		r = h.open()
		synctest.Wait()
		for _, want := range []int{100, 0} {
			if puts, gets := spent(100); puts != want || gets != 0 {
				t.Errorf("two regions: %d writings and %d readings, want %d", puts, gets, want)
			}
		}
	})
}

func TestALieOfRegionsIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := relay.Open(relay.Config{Directory: &directory{changed: make(chan struct{})}, Default: "a", Lists: &lists{changed: make(chan struct{})}}); err == nil || !strings.Contains(err.Error(), "needs a journal") {
		t.Errorf("a list without a journal: %v", err)
	}
}

// A payment of a link is made where the link is, whatever the list says, and waits for that region.
func TestALinksPaymentIsMadeWhereTheLinkIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, 2)
		r := h.open()
		settled()
		home := h.home("mer_1")
		other := h.others(home)[0]
		q := pay("mer_1", "cashier:link:")
		q.Link = paymux.LinkID(paymux.NewIDs([]byte("only for tests, no secret"), other.number, time.Now).New(paymux.PrefixLink))
		reply, err := r.Create(t.Context(), q)
		if err != nil || string(reply.Object) != other.name || line1(other.last) != "to region "+other.name+", where the payment link is" {
			t.Fatalf("%s, %v", reply.Object, err)
		}
		other.set(true, false, false)
		for range 5 {
			_, err := r.Create(t.Context(), q)
			later(t, "the link's region is away", err)
		}
		if n := home.count(); n > 0 {
			t.Errorf("the other region was asked %d times", n)
		}
		q.Link = paymux.LinkID(paymux.NewIDs([]byte("only for tests, no secret"), 99, time.Now).New(paymux.PrefixLink))
		if _, err := r.Create(t.Context(), q); !errors.Is(err, paymux.NotFound) {
			t.Errorf("a link of no region: %v", err)
		}
	})
}

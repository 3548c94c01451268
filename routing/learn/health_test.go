package learn_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

var (
	start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	cards = routing.Kind{Method: paymux.Card, Currency: "CNY", Client: "CN"}
	rules = routing.HealthPolicy{Window: time.Minute, Least: 10, Fail: 0.5, Recover: 0.8, Latency: 5 * time.Second, ProbeAfter: 30 * time.Second, Successes: 3}
)

// lab is a book with its time.
type lab struct {
	*learn.Book
	now  time.Time
	step time.Duration // between what it sees
}

func newLab(node string) *lab {
	l := &lab{learn.New(learn.Options{Node: node}, start), start, time.Second}
	l.SetPolicy(rules)
	return l
}

func (l *lab) pass(d time.Duration) {
	l.now = l.now.Add(d)
	l.Tick(l.now)
}

// see observes, a step from now, an outcome of a call of a tenth of a second.
func (l *lab) see(m paymux.MerchantID, account string, result learn.Result) {
	l.pass(l.step)
	l.Observe(learn.Outcome{Merchant: m, Account: account, Kind: cards, Result: result, Latency: 100 * time.Millisecond, At: l.now})
}

func (l *lab) want(t *testing.T, m paymux.MerchantID, account string, want routing.Health) {
	t.Helper()
	if got := l.Health(m, account); got != want {
		t.Fatalf("after %s %s is %s for %s, want %s; states %+v", l.now.Sub(start), account, got, m, want, l.States(account))
	}
}

// fail makes calls of several merchants fail.
func (l *lab) fail(account string, n int) {
	for i := range n {
		l.see(merchant(i%5), account, learn.Unclear)
	}
}

func merchant(i int) paymux.MerchantID { return paymux.MerchantID(fmt.Sprintf("mer_%d", i)) }

func TestAnOutageAndItsEnd(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	for i := range 30 {
		l.see(merchant(i%5), "a", learn.Succeeded)
	}
	l.fail("a", 8)
	l.want(t, "mer_0", "a", routing.Normal)
	l.fail("a", 12)
	l.want(t, "mer_0", "a", routing.Abnormal)
	l.want(t, "mer_stranger", "a", routing.Abnormal) // the account's state covers merchants
	l.want(t, "mer_0", "b", routing.Normal)
	l.pass(30 * time.Second)
	l.want(t, "mer_0", "a", routing.Probing)
	l.see("mer_1", "a", learn.Succeeded)
	l.see("mer_2", "a", learn.Pending)
	l.see("mer_3", "a", learn.PayerDeclined) // says nothing
	l.want(t, "mer_0", "a", routing.Probing)
	l.see("mer_0", "a", learn.Succeeded)
	for i := range 6 {
		l.want(t, merchant(i), "a", routing.Normal)
	}
}

func TestAFailedProbePausesLonger(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.fail("a", 30)
	for failed := 2; failed < 40; failed++ {
		for l.Health("mer_0", "a") == routing.Abnormal {
			l.pass(time.Second)
		}
		l.see("mer_0", "a", learn.Succeeded)
		l.see("mer_0", "a", learn.Succeeded)
		l.want(t, "mer_0", "a", routing.Probing)
		l.see("mer_1", "a", learn.ChannelDeclined)
		l.want(t, "mer_0", "a", routing.Abnormal)
		s := l.States("a")[0]
		if got, want := s.Probe.Sub(s.Since), min(32, time.Duration(failed))*rules.ProbeAfter; got != want {
			t.Fatalf("the pause after failing %d times is %s, want %s", failed, got, want)
		}
	}
}

func TestFailingSoonAgainIsTheSameTrouble(t *testing.T) {
	t.Parallel()
	strikes := func(calm time.Duration) int {
		l := newLab("n1")
		l.fail("a", 30)
		l.pass(time.Minute)
		for range 3 {
			l.see("mer_0", "a", learn.Succeeded)
		}
		l.want(t, "mer_0", "a", routing.Normal)
		l.pass(calm)
		l.fail("a", 30)
		l.want(t, "mer_0", "a", routing.Abnormal)
		return l.States("a")[0].Strikes
	}
	if soon, late := strikes(10*time.Second), strikes(2*rules.Window); soon != 2 || late != 1 {
		t.Errorf("strikes %d where it failed again soon, %d where late; want 2 and 1", soon, late)
	}
}

func TestWhatCountsAsAFault(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		result  learn.Result
		latency time.Duration
		want    routing.Health
	}{
		{learn.Succeeded, time.Second, routing.Normal},
		{learn.Pending, time.Second, routing.Normal},
		{learn.PayerDeclined, time.Second, routing.Normal},
		{learn.ChannelDeclined, time.Second, routing.Abnormal},
		{learn.NotSent, 0, routing.Abnormal},
		{learn.Unclear, 4 * time.Second, routing.Abnormal},
		{learn.Succeeded, 6 * time.Second, routing.Abnormal},
		{learn.PayerDeclined, 6 * time.Second, routing.Abnormal},
	} {
		l := newLab("n1")
		for i := range 100 {
			l.pass(time.Second)
			l.Observe(learn.Outcome{Merchant: merchant(i % 7), Account: "a", Kind: cards, Result: tt.result, Latency: tt.latency, At: l.now})
			if l.Health("mer_0", "a") != routing.Normal {
				break
			}
		}
		if got := l.Health("mer_0", "a"); got != tt.want {
			t.Errorf("result %d after %s each time: %s, want %s", tt.result, tt.latency, got, tt.want)
		}
	}
}

func TestLaterNewsOfACallSaysNothingOfHealth(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	for i := range 100 {
		l.pass(time.Second)
		l.Observe(learn.Outcome{Merchant: merchant(i % 7), Account: "a", Kind: cards, Result: learn.ChannelDeclined, Was: learn.Pending, At: l.now})
	}
	l.want(t, "mer_0", "a", routing.Normal)
}

func TestFewOutcomesSayNothing(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	for i := range 50 { // four in a Window, where ten are the least
		l.pass(14 * time.Second)
		l.see(merchant(i%5), "a", learn.Unclear)
	}
	l.want(t, "mer_0", "a", routing.Normal)
}

// No policy can ask for so much that nothing is ever found.
func TestLeastIsBounded(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.SetPolicy(routing.HealthPolicy{Least: 1_000_000})
	l.step = 10 * time.Millisecond
	l.fail("a", 1000)
	l.want(t, "mer_0", "a", routing.Abnormal)
}

func TestOneMerchantsTroubleIsItsOwn(t *testing.T) {
	t.Parallel()
	for _, share := range []int{2, 3, 10} { // one in so many payments is its, which all fail; at 2 the others' are the lesser half
		l := newLab("n1")
		l.step = 200 * time.Millisecond
		for i := range 2000 {
			m, result := merchant(1+i%7), learn.Succeeded
			if i%share == 0 || share == 2 && i%5 != 0 {
				m, result = "mer_wrong", learn.ChannelDeclined
			}
			l.see(m, "a", result)
			if h := l.Health("mer_1", "a"); h != routing.Normal {
				t.Fatalf("one in %d: after %d payments the account is %s for others", share, i, h)
			}
		}
		if got := l.Health("mer_wrong", "a"); got == routing.Normal {
			t.Errorf("one in %d: it is normal for the one who always fails", share)
		}
		if all := l.States("a"); len(all) != 1 || all[0].Merchant != "mer_wrong" {
			t.Errorf("one in %d: states %+v", share, all)
		}
	}
}

// Merchants that became abnormal by what was their account's trouble are normal again with it.
func TestAnAccountsTroubleEndsForAllMerchants(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	for range 20 { // before others have any traffic
		l.see("mer_0", "a", learn.NotSent)
	}
	l.want(t, "mer_0", "a", routing.Abnormal)
	l.want(t, "mer_1", "a", routing.Normal)
	l.fail("a", 40)
	l.want(t, "mer_1", "a", routing.Abnormal)
	l.pass(10 * time.Minute)
	for range 3 {
		l.see("mer_1", "a", learn.Succeeded)
	}
	l.want(t, "mer_1", "a", routing.Normal)
	l.want(t, "mer_0", "a", routing.Normal)
	l.see("mer_0", "a", learn.NotSent) // its own failures count anew from here
	l.want(t, "mer_0", "a", routing.Normal)
	for range 20 {
		l.see("mer_0", "a", learn.NotSent)
	}
	l.want(t, "mer_0", "a", routing.Abnormal)
	l.want(t, "mer_1", "a", routing.Normal)
}

// What ends after a state was found, and began before it, is no probe and no relapse.
func TestCallsUnderWaySayNothing(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.fail("a", 30)
	l.pass(time.Minute)
	for range 3 {
		l.see("mer_0", "a", learn.Succeeded)
	}
	for i := range 50 { // begun during the outage
		l.Observe(learn.Outcome{Merchant: merchant(i), Account: "a", Kind: cards, Result: learn.Unclear, Latency: 40 * time.Second, At: l.now})
	}
	l.want(t, "mer_0", "a", routing.Normal)
	l.pass(time.Minute)
	for i := range 50 {
		l.Observe(learn.Outcome{Merchant: merchant(i), Account: "a", Kind: cards, Result: learn.Unclear, Latency: 40 * time.Second, At: l.now})
	}
	l.want(t, "mer_0", "a", routing.Abnormal)
}

// Nor is what was begun in the pause a probe.
func TestCallsOfThePauseAreNoProbes(t *testing.T) {
	t.Parallel()
	for _, result := range []learn.Result{learn.Succeeded, learn.Unclear} {
		l := newLab("n1")
		l.fail("a", 30)
		l.pass(20 * time.Second)
		l.want(t, "mer_0", "a", routing.Probing)
		for range 8 {
			l.Observe(learn.Outcome{Merchant: "mer_0", Account: "a", Kind: cards, Result: result, Latency: 4 * time.Second, At: l.States("a")[0].Probe.Add(time.Second)})
		}
		l.want(t, "mer_0", "a", routing.Probing)
	}
}

// An account that nobody can avoid has its traffic while it is abnormal: that is evidence, once the pause is over.
func TestRecoveryByRate(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.fail("a", 30)
	begun := l.States("a")[0].Since
	for i := 0; l.Health("mer_0", "a") != routing.Normal; i++ {
		result := learn.Succeeded
		if i%12 == 5 {
			result = learn.Unclear
		}
		l.see(merchant(i%5), "a", result)
		if i > 100 {
			t.Fatalf("not normal after %d calls of which eleven of twelve succeeded", i)
		}
	}
	if d := l.now.Sub(begun); d < 30*time.Second || d > 45*time.Second {
		t.Errorf("normal after %s, where the pause is 30 s", d)
	}
}

func TestPins(t *testing.T) {
	t.Parallel()
	l := newLab("n1")
	l.SetPins([]learn.Pin{
		{Account: "a", Abnormal: true, Until: start.Add(time.Hour)},
		{Account: "a", Merchant: "mer_1"},
		{Account: "b"},
	})
	l.want(t, "mer_0", "a", routing.Abnormal)
	l.want(t, "mer_1", "a", routing.Normal)
	l.fail("b", 30)
	l.want(t, "mer_0", "b", routing.Normal)
	for range 40 {
		l.see("mer_0", "c", learn.NotSent)
	}
	l.SetPins([]learn.Pin{{Account: "c"}})
	l.want(t, "mer_0", "c", routing.Abnormal) // the account is not what is wrong
	l.want(t, "mer_0", "b", routing.Probing)  // learnt meanwhile
	l.SetPins([]learn.Pin{{Account: "a", Abnormal: true, Until: l.now.Add(time.Hour)}})
	l.pass(time.Hour)
	l.want(t, "mer_0", "a", routing.Normal)
	if pins := l.Pins(); len(pins) != 0 {
		t.Errorf("pins %v still hold", pins)
	}
}

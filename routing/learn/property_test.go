package learn_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

var results = rapid.SampledFrom([]learn.Result{learn.Succeeded, learn.Pending, learn.PayerDeclined, learn.ChannelDeclined, learn.NotSent, learn.Unclear})

// Whatever comes out, a standing goes round one way: normal, abnormal for its pause, probing, and back to either.
func TestStandingsGoRoundOneWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLab("n1")
		l.step = 0
		was, since, counted := routing.Normal, l.now, 0
		look := func() {
			is := l.Health("", "a")
			if is == was {
				return
			}
			lasted := l.now.Sub(since)
			switch {
			case was == routing.Normal && is != routing.Abnormal, was == routing.Abnormal && is != routing.Probing:
				t.Fatalf("%s became %s", was, is)
			case is == routing.Probing && (lasted < rules.ProbeAfter || lasted > 32*rules.ProbeAfter+time.Minute):
				t.Fatalf("abnormal for %s", lasted)
			case was == routing.Normal && counted < rules.Least:
				t.Fatalf("abnormal after %d outcomes", counted)
			case is == routing.Normal && counted < rules.Successes:
				t.Fatalf("normal after %d outcomes", counted)
			}
			was, since = is, l.now
			if is != routing.Probing { // what an abnormal account is sent all the same counts once it is probing
				counted = 0
			}
		}
		for range rapid.IntRange(1, 100).Draw(t, "spells") {
			l.pass(time.Duration(rapid.IntRange(1, 60).Draw(t, "pause")) * time.Second)
			look()
			result := results.Draw(t, "result")
			for i := range rapid.IntRange(1, 20).Draw(t, "calls") {
				if result != learn.PayerDeclined {
					counted++
				}
				l.pass(time.Second)
				look()
				l.see(merchant(i), "a", result)
				look()
			}
		}
	})
}

// One merchant may fail as it will: where the others' calls go well, the account is normal.
func TestNoOneMerchantBreaksAnAccount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLab("n1")
		l.step = time.Duration(rapid.IntRange(10, 2000).Draw(t, "step")) * time.Millisecond
		often := rapid.IntRange(1, 99).Draw(t, "percent")
		for range 500 {
			m, result := merchant(rapid.IntRange(0, 9).Draw(t, "merchant")), learn.Succeeded
			if rapid.IntRange(0, 99).Draw(t, "whose") < often {
				m, result = "mer_wrong", results.Draw(t, "result")
			}
			l.see(m, "a", result)
			if h := l.Health("mer_0", "a"); h != routing.Normal {
				t.Fatalf("%s", h)
			}
		}
	})
}

func drawState(t *rapid.T) learn.State {
	s := learn.State{
		Account: "a", Merchant: paymux.MerchantID(rapid.SampledFrom([]string{"", "mer_0", "mer_1"}).Draw(t, "merchant")),
		Abnormal: rapid.Bool().Draw(t, "abnormal"), Node: rapid.SampledFrom([]string{"n1", "n2", "n3"}).Draw(t, "node"),
		Since: start.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "since")) * time.Second), Strikes: rapid.IntRange(1, 6).Draw(t, "strikes"),
	}
	if s.Abnormal {
		s.Broke, s.Probe = s.Since, s.Since.Add(time.Duration(rapid.IntRange(1, 16).Draw(t, "pause"))*30*time.Second)
	}
	return s
}

// Nodes that have heard the same, in whatever order and how often ever, believe the same.
func TestNodesAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.SliceOfN(rapid.Custom(drawState), 1, 12).Draw(t, "said")
		one, other := newLab("n1"), newLab("n2")
		for _, s := range said {
			one.Adopt(s)
		}
		for _, s := range rapid.Permutation(append(said, said...)).Draw(t, "order") {
			other.Adopt(s)
		}
		for _, m := range []paymux.MerchantID{"mer_0", "mer_1", "mer_2"} {
			for _, later := range []time.Duration{0, time.Minute, time.Hour} {
				one.Tick(start.Add(later))
				other.Tick(start.Add(later))
				if x, y := one.Health(m, "a"), other.Health(m, "a"); x != y {
					t.Fatalf("%s for %s at one, %s at the other", x, m, y)
				}
			}
		}
		if diff := cmp.Diff(one.States("a"), other.States("a")); diff != "" {
			t.Fatal(diff)
		}
		for _, s := range one.States("a") {
			if one.Adopt(s) {
				t.Fatalf("%+v was news to who said it", s)
			}
		}
	})
}

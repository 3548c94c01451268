package learn_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux/routing"
)

// soak is whether worlds are of 1,000,000 payments, fourteen hours each: PAYMUX_SOAK=1 go test ./routing/learn -run World -v -timeout 30m
func soak() bool { return os.Getenv("PAYMUX_SOAK") == "1" }

func worldSize() int {
	if soak() {
		return 1_000_000
	}
	return 40_000
}

// Rules that learn from a world gain on rules that do not, and on simpler ways of learning, within what is configured.
func TestWorld(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	regrets := map[string]float64{} // sums over the worlds
	var left []reaction
	t.Run("worlds", func(t *testing.T) {
		for seed, accounts := range map[uint64]int{11: 2, 12: 3, 14: 5} {
			t.Run(fmt.Sprint(accounts, " accounts"), func(t *testing.T) {
				t.Parallel()
				w := newWorld(climate{seed: seed, accounts: accounts, payments: worldSize(), memory: 30 * time.Minute, incidents: true, noise: 0.01})
				all := courses(t, w)
				gains(t, all)
				bounded(t, w, all["score"])
				mu.Lock()
				defer mu.Unlock()
				for name, c := range all {
					regrets[name] += c.regret()
				}
				left = append(left, all["score"].reactions(w)...)
			})
		}
	})
	for name, regret := range regrets {
		if mine := regrets["score"]; name != "score" && mine > regret*0.9 {
			t.Errorf("regret %.4f over all worlds, that of %s is %.4f", mine, name, regret)
		}
	}
	soonLeft(t, left)
}

// soonLeft checks how soon accounts that failed were left: those that said no, and those whose callers gave up after ten
// seconds, before which nobody can know.
func soonLeft(t *testing.T, all []reaction) {
	t.Helper()
	for _, tt := range []struct {
		silent        bool
		middle, worst int
	}{{false, 60, 150}, {true, 260, 350}} {
		n, middle, worst := summed(all, tt.silent)
		if n < 2 || middle.payments > tt.middle || worst.payments > tt.worst {
			t.Errorf("silent %t: %d accounts that failed were left after %d payments, the last after %d; want at most %d and %d",
				tt.silent, n, middle.payments, worst.payments, tt.middle, tt.worst)
		}
	}
}

func gains(t *testing.T, all map[string]*course) {
	t.Helper()
	c, listed := all["score"], all["static"]
	if lift := c.per(c.hoped - listed.hoped); lift < 0.02 {
		t.Errorf("lift %.4f over static priority", lift)
	}
	if best := slices.Max(c.fixed); c.hoped < best {
		t.Errorf("%.4f, where the best account alone has %.4f", c.per(c.hoped), c.per(best))
	}
	if c.regret() > 0.03 {
		t.Errorf("regret %.4f", c.regret())
	}
}

// bounded checks what exploring costs, and that states do not flap.
func bounded(t *testing.T, w *world, c *course) {
	t.Helper()
	if share := c.per(float64(c.explored)); share > explores*1.1 {
		t.Errorf("explored with %.4f, configured %.4f", share, explores)
	}
	if share, most := c.per(float64(c.probed)), routing.DefaultHealth().Probe; share > most/4 {
		t.Errorf("probed with %.4f of all payments; of those that came while an account was probing it may be %.4f", share, most)
	}
	if most := float64(c.explored+c.probed) * c.per(c.spread); c.price > most {
		t.Errorf("exploring and probing gave %.0f payments away, more than between best and worst account %.0f", c.price, most)
	}
	if c.wrong > 0 || c.turns > 3*len(w.failures) {
		t.Errorf("%d turns of states in %d incidents, %d of them of accounts that did their work", c.turns, len(w.failures), c.wrong)
	}
}

// courses runs every policy and tells what came of it.
func courses(t *testing.T, w *world) map[string]*course {
	order := make([]int, w.accounts)
	for i := range order {
		order[i] = i
	}
	listed := &routing.RuleSet{Static: []routing.StaticRule{{Name: "all", Use: w.names}}}
	all := map[string]*course{}
	text := []string{fmt.Sprintf("%d accounts, %d incidents in %s", w.accounts, len(w.failures), w.span),
		"                 first   paid  regret   explored  price   turns wrong   left (answers): payments, s, worst   (silence)"}
	for _, one := range []struct {
		name string
		policy
	}{
		{"static", static{order}}, {"static, health", newEngine(t, w, listed)}, {"score", newEngine(t, w, dynamic())},
		{"thompson", newThompson(w)}, {"window 50", newWindow(w, 50)}, {"window 200", newWindow(w, 200)}, {"window 1000", newWindow(w, 1000)},
	} {
		c := w.run(one.policy)
		all[one.name] = c
		text = append(text, c.line(w, one.name))
	}
	c := all["static"]
	text = append(text, fmt.Sprintf("best account     %.4f\noracle           %.4f", c.per(slices.Max(c.fixed)), c.per(c.best)))
	t.Log(strings.Join(text, "\n"))
	return all
}

func (c *course) line(w *world, name string) string {
	s := fmt.Sprintf("%-15s  %.4f  %.4f  %.4f  %.4f  %.5f  %3d  %d", name, c.per(c.hoped), c.per(float64(c.paid)), c.regret(),
		c.per(float64(c.explored+c.probed)), c.per(c.price), c.turns, c.wrong)
	for _, silent := range []bool{false, true} {
		n, middle, worst := summed(c.reactions(w), silent)
		s += fmt.Sprintf("   %d: %d, %.1f s, %d", n, middle.payments, middle.after.Seconds(), worst.payments)
	}
	return s
}

// Where nothing fails but chance and one merchant's contract, no account's state changes, and that merchant finds another.
func TestCalmWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(climate{seed: 21, accounts: 3, payments: worldSize(), memory: 3 * time.Hour, noise: 0.05})
	w.wrong, w.wrongAt = "mer_1", 2
	e := newEngine(t, w, dynamic())
	c := w.run(e)
	t.Log(c.line(w, "score"))
	if c.turns > 0 {
		t.Errorf("accounts changed their state %d times", c.turns)
	}
	if h := e.book.Health("mer_1", "c"); h == routing.Normal {
		t.Error("the account is normal for the merchant whose contract is wrong")
	}
	for _, m := range []string{"a", "b"} {
		if h := e.book.Health("mer_1", m); h != routing.Normal {
			t.Errorf("%s is %s for it", m, h)
		}
	}
	if c.regret() > 0.02 {
		t.Errorf("regret %.4f", c.regret())
	}
}

// Where nothing ever changes, plain Thompson sampling needs to explore no more, and what is configured is all that is lost.
func TestSteadyWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(climate{seed: 31, accounts: 5, payments: worldSize(), memory: 1e6 * time.Hour})
	c, other := w.run(newEngine(t, w, dynamic())), w.run(newThompson(w))
	t.Logf("\n%s\n%s", c.line(w, "score"), other.line(w, "thompson"))
	if most := 2*explores*c.per(c.spread) + 0.002; c.regret() > most {
		t.Errorf("regret %.4f, want at most %.4f", c.regret(), most)
	}
	if c.turns > 0 {
		t.Errorf("accounts changed their state %d times", c.turns)
	}
}

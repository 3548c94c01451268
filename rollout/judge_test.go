package rollout

import (
	"math/rand/v2"
	"testing"

	"github.com/paymux/paymux"
)

// trial plays payments at two failure rates until the canary is rolled back, and returns
// after how many of its own payments that was, or 0.
func trial(random *rand.Rand, percent, canaryRate, stableRate float64, most int) int {
	var canary, stable paymux.Tally
	for canary.Calls < int64(most) {
		if random.Float64()*100 >= percent {
			stable.Calls++
			if random.Float64() < stableRate {
				stable.Failed++
			}
			continue
		}
		canary.Calls++
		if random.Float64() >= canaryRate {
			continue
		}
		canary.Failed++
		if verdict(canary, stable) != "" {
			return int(canary.Calls)
		}
	}
	return 0
}

// The stated numbers: docs/operations.md repeats them.
func TestABadCanaryIsFoundWithinAStatedNumberOfItsPayments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                    string
		percent, canary, stable float64
		within                  int
	}{
		{"all fail, 10 %", 10, 1, 0.01, 10},
		{"all fail, 50 %", 50, 1, 0.01, 10},
		{"half fail, 10 %", 10, 0.5, 0.01, 40},
		{"half fail, stable fails 5 %", 10, 0.5, 0.05, 50},
		{"one in five fails, 10 %", 10, 0.2, 0.01, 150},
	} {
		random := rand.New(rand.NewPCG(1, 2))
		slowest := 0
		for range 500 {
			took := trial(random, c.percent, c.canary, c.stable, 2000)
			if took == 0 {
				t.Errorf("%s: never rolled back", c.name)
				break
			}
			slowest = max(slowest, took)
		}
		t.Logf("%s: at the latest after %d payments of the canary, in 500 trials", c.name, slowest)
		if slowest > c.within {
			t.Errorf("%s: it took %d payments once, stated are %d", c.name, slowest, c.within)
		}
	}
}

func TestAnEqualCanaryIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.001, 0.01, 0.05, 0.3} {
		random := rand.New(rand.NewPCG(3, 4))
		wrong := 0
		for range 300 {
			if trial(random, 10, rate, rate, 1000) > 0 {
				wrong++
			}
		}
		t.Logf("both fail %v: rolled back %d times in 300 trials of 1000 payments", rate, wrong)
		if wrong > 4 {
			t.Errorf("both fail %v: rolled back %d times in 300 trials", rate, wrong)
		}
	}
}

func TestExcessIsTheHypergeometricTail(t *testing.T) {
	t.Parallel()
	// 3 of 3 against the credited 1 of 20: C(4,3)·C(19,0) / C(23,3) = 4/1771.
	if got, want := excess(3, 3, 0, 0), 4.0/1771; got < want*0.999999 || got > want*1.000001 {
		t.Errorf("%v, want %v", got, want)
	}
	if excess(0, 10, 5, 10) != 1 || excess(5, 5, 5_000_000, 5_000_000) < 0.5 {
		t.Error("no failure, or failures everywhere, say nothing against the canary")
	}
}

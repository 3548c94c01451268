package rollout

import (
	"fmt"
	"math"

	"github.com/paymux/paymux"
)

// alpha is how improbable a canary's record has to be, were it no worse than the stable
// version's, for it to be rolled back. It is looked at after each of its failures, hence so
// small: see TestAnEqualCanaryIsLeftAlone for how often that is wrong.
const alpha = 1e-4

// The stable version is credited with a record of its own before it has one: one
// failure in twenty.
const (
	priorCalls  = 20
	priorFailed = 1
)

// verdict says why a canary is worse, or nothing where that cannot be said.
//
// The canary's failures (and declines) are compared with the stable version's over the same time
// by Fisher's exact test, one-sided: the chance of at least as many of all failures
// falling on the canary, if both were alike.
func verdict(canary, stable paymux.Tally) string {
	if p := excess(canary.Failed, canary.Calls, stable.Failed, stable.Calls); p < alpha {
		return worse("failed", canary.Failed, canary.Calls, stable.Failed, stable.Calls, p)
	}
	if p := excess(canary.Declined, canary.Payments, stable.Declined, stable.Payments); p < alpha {
		return worse("were declined", canary.Declined, canary.Payments, stable.Declined, stable.Payments, p)
	}
	return ""
}

func worse(what string, k, n, k0, n0 int64, p float64) string {
	return fmt.Sprintf("%d of %d calls of the canary %s, and %d of %d of the stable version; were both alike, the chance of that would be %.1g", k, n, what, k0, n0, p)
}

// excess is P(K ≥ k) for K hypergeometric: of the failures in both records, how many fall on the canary's n calls.
func excess(k, n, k0, n0 int64) float64 {
	if k == 0 || n == 0 {
		return 1
	}
	k0, n0 = k0+priorFailed, n0+priorCalls
	failures, all := k+k0, n+n0
	sum, term := 0.0, 0.0
	for i := k; i <= min(n, failures); i++ {
		term = math.Exp(logChoose(failures, i) + logChoose(all-failures, n-i) - logChoose(all, n))
		sum += term
		if term < sum*1e-9 { // terms fall from here on
			break
		}
	}
	return min(sum, 1)
}

func logChoose(n, k int64) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

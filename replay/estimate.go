package replay

import (
	"math"
	"slices"

	"github.com/paymux/paymux"
)

// z is how many standard deviations hold 95 of 100 cases.
const z = 1.959964

// count is trials and how many of them succeeded.
type count struct{ n, ok float64 }

func (c *count) add(ok bool) {
	c.n++
	if ok {
		c.ok++
	}
}

func (c count) rate() float64 { return c.ok / c.n }

// variance is that of the rate. It is taken of a rate two successes and two failures nearer to the middle (Agresti and
// Coull), so that a few trials without a failure are not certain.
func (c count) variance() float64 {
	p := (c.ok + 2) / (c.n + 4)
	return p * (1 - p) / c.n
}

// term is payments of which one rate is expected.
type term struct {
	n       float64
	of      count  // the trials that the rate is of
	account string // terms of one account may go by the same trials: their errors add up
}

// rate is the success of all terms together: Wilson's interval at the number of trials that would leave as much
// doubt as the terms do. For one term by its own trials that is Wilson's interval itself. Nil: there are no payments.
func rate(terms []term) *paymux.Estimate {
	var n, ok float64
	doubt := map[string]float64{}
	for _, t := range terms {
		n += t.n
		ok += t.n * t.of.rate()
		doubt[t.account] += t.n * math.Sqrt(t.of.variance())
	}
	if n == 0 {
		return nil
	}
	p := (ok + 2) / (n + 4)
	return wilson(ok/n, p*(1-p)*n*n/squares(doubt))
}

func wilson(p, n float64) *paymux.Estimate {
	middle, scale := p+z*z/(2*n), 1+z*z/n
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return &paymux.Estimate{Value: rounded(p, 6), Low: rounded(max(0, (middle-half)/scale), 6), High: rounded(min(1, (middle+half)/scale), 6)}
}

// spend is a sum of money with its doubt.
type spend struct {
	value   float64
	doubt   float64 // standard deviation
	account string
}

// sum is that of all spends, within 95 of 100 cases.
func sum(spends []spend) paymux.Estimate {
	var value float64
	doubt := map[string]float64{}
	for _, s := range spends {
		value += s.value
		doubt[s.account] += s.doubt
	}
	half := z * math.Sqrt(squares(doubt))
	return paymux.Estimate{Value: rounded(value, 2), Low: rounded(max(0, value-half), 2), High: rounded(value+half, 2)}
}

// squares adds in the order of accounts: the last digit of a sum depends on its order.
func squares(doubt map[string]float64) (total float64) {
	all := make([]float64, 0, len(doubt))
	for _, d := range doubt {
		all = append(all, d)
	}
	slices.Sort(all)
	for _, d := range all {
		total += d * d
	}
	return total
}

func rounded(v float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(v*scale) / scale
}

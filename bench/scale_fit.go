package main

import (
	"errors"
	"math"
)

// sample is a figure and what it may depend on.
type sample struct {
	of  []float64
	got float64
}

// fit is the least-squares line through samples: what each unit of what they depend on adds, and what there is without any.
func fit(all []sample) (slopes []float64, base float64, err error) {
	if len(all) == 0 {
		return nil, 0, errTooFew
	}
	n := len(all[0].of) + 1
	m := make([][]float64, n) // normal equations, with the right side as the last column
	for i := range m {
		m[i] = make([]float64, n+1)
	}
	for _, s := range all {
		row := append([]float64{1}, s.of...)
		for i := range n {
			for j := range n {
				m[i][j] += row[i] * row[j]
			}
			m[i][n] += row[i] * s.got
		}
	}
	if !solve(m) {
		return nil, 0, errTooFew
	}
	for i := 1; i < n; i++ {
		slopes = append(slopes, m[i][n])
	}
	return slopes, m[0][n], nil
}

var errTooFew = errors.New("too few sizes to tell what a figure depends on")

// solve reduces equations by Gauss and Jordan until their last column is the solution; false: there is not just one.
func solve(m [][]float64) bool {
	for at := range m {
		best := at
		for i := at; i < len(m); i++ {
			if math.Abs(m[i][at]) > math.Abs(m[best][at]) {
				best = i
			}
		}
		m[at], m[best] = m[best], m[at]
		if math.Abs(m[at][at]) < 1e-9 {
			return false
		}
		for i := range m {
			if i == at {
				continue
			}
			factor := m[i][at] / m[at][at]
			for j := at; j < len(m[i]); j++ {
				m[i][j] -= factor * m[at][j]
			}
		}
	}
	for i := range m {
		m[i][len(m)] /= m[i][i]
	}
	return true
}

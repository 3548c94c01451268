package routing

import "slices"

// fewest is how many candidates find room without an allocation.
const fewest = 24

// chairs are room for candidates, and for the order of those that were kept. It lies in a decision as a value: nothing
// in it outlives the decision.
type chairs struct {
	n    int // candidates
	own  [fewest]candidate
	more []candidate

	kept      int
	ownOrder  [fewest]int32
	moreOrder []int32
}

// seat adds a candidate.
func (c *chairs) seat(one candidate) *candidate {
	if c.n < fewest {
		c.own[c.n] = one
	} else {
		c.more = append(c.more, one)
	}
	c.n++
	return c.at(c.n - 1)
}

func (c *chairs) at(i int) *candidate {
	if i < fewest {
		return &c.own[i]
	}
	return &c.more[i-fewest]
}

// keep puts a candidate at the end of the order.
func (c *chairs) keep(i int) {
	if c.kept >= fewest {
		c.moreOrder = append(c.moreOrder, 0)
	}
	c.kept++
	c.put(c.kept-1, i)
}

// place is the position of the candidate that is n-th in the order.
func (c *chairs) place(n int) int {
	if n < fewest {
		return int(c.ownOrder[n])
	}
	return int(c.moreOrder[n-fewest])
}

func (c *chairs) put(n, i int) {
	if n < fewest {
		c.ownOrder[n] = int32(i)
	} else {
		c.moreOrder[n-fewest] = int32(i)
	}
}

// first moves the n-th of the order to the front.
func (c *chairs) first(n int) {
	one := c.place(n)
	for ; n > 0; n-- {
		c.put(n, c.place(n-1))
	}
	c.put(0, one)
}

// sort orders the kept by a comparison of positions. Most are in order already.
func (c *chairs) sort(compare func(i, j int) int) {
	if c.kept > fewest {
		order := make([]int, c.kept)
		for n := range order {
			order[n] = c.place(n)
		}
		slices.SortFunc(order, compare)
		for n, i := range order {
			c.put(n, i)
		}
		return
	}
	for n := 1; n < c.kept; n++ {
		one := c.ownOrder[n]
		at := n
		for ; at > 0 && compare(int(one), int(c.ownOrder[at-1])) < 0; at-- {
			c.ownOrder[at] = c.ownOrder[at-1]
		}
		c.ownOrder[at] = one
	}
}

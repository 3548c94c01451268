package routing

// fewest is how many candidates find room without an allocation.
const fewest = 24

// chairs are room for candidates, and for the order of those that were kept. It lies in a decision as a value: nothing
// in it outlives the decision.
type chairs struct {
	n    int // candidates
	own  [fewest]candidate
	more []candidate

	kept      int
	ownOrder  [fewest]ranked
	moreOrder []ranked
}

// ranked is a kept candidate's position, with all that decides about its place in the order.
type ranked struct {
	roughly  uint64 // by health and score, the lower comes first; where two have the same, all else decides
	score    float64
	priority int
	at       int32
}

// seat is an empty chair for one more.
func (c *chairs) seat() *candidate {
	if c.n >= fewest {
		c.more = append(c.more, candidate{})
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
		c.moreOrder = append(c.moreOrder, ranked{})
	}
	c.kept++
	c.rank(c.kept - 1).at = int32(i)
}

// rank is the n-th of the order.
func (c *chairs) rank(n int) *ranked {
	if n < fewest {
		return &c.ownOrder[n]
	}
	return &c.moreOrder[n-fewest]
}

// place is the position of the candidate that is n-th in the order.
func (c *chairs) place(n int) int { return int(c.rank(n).at) }

// first moves the n-th of the order to the front.
func (c *chairs) first(n int) {
	one := *c.rank(n)
	for ; n > 0; n-- {
		*c.rank(n) = *c.rank(n - 1)
	}
	*c.rank(0) = one
}

package routing

import (
	"cmp"
	"maps"
	"slices"
	"sort"
)

// newIndex makes the index of conditions.
func newIndex(list []*condition) *index {
	x := &index{count: len(list), finer: make([]*condition, len(list))}
	for of := range aspects {
		x.addValues(list, of)
	}
	x.addAmounts(list)
	x.addBINs(list)
	x.addHours(list)
	indexed := x.addMetadata(list)
	for i, c := range list {
		for _, e := range c.metadata {
			if !indexed[e.key] {
				x.finer[i] = c
			}
		}
		if len(c.amounts)+len(c.bins)+len(c.hours)+len(c.any) > 0 || c.not != nil && !c.not.plain() {
			x.finer[i] = c
		}
	}
	return x
}

// addValues adds an attribute whose rows are the numbers of words. What a condition excludes by a plain Not is excluded here.
func (x *index) addValues(list []*condition, of aspect) {
	b := newRows(len(list))
	for i, c := range list {
		listed, given := c.admits(of)
		var denied []uint32
		if c.not != nil && c.not.plain() {
			denied, _ = c.not.admits(of)
		}
		if !given {
			b.open(i)
			listed, denied = denied, nil
		}
		for _, n := range listed { // those an open condition excludes, or a closed one admits
			if !slices.Contains(denied, n) {
				b.turn(n, i)
			}
		}
	}
	x.add(attribute{of: of}, b)
}

// admits are the values that a condition lists of an attribute; not given: it says nothing of it.
func (c *condition) admits(of aspect) (listed []uint32, given bool) {
	switch of {
	case ofMerchant:
		return c.merchants.sorted, c.merchants.set
	case ofClass:
		return c.classes.sorted, c.classes.set
	case ofCurrency:
		return c.paidIn()
	case ofMethod:
		return c.methods.list(), c.methods.set
	case ofClient:
		return c.clients.list(), c.clients.set
	case ofObject:
		return c.objects.list(), c.objects.set
	case ofNetwork:
		return c.brands.list(), c.brands.set
	case ofCapture:
		if c.manual != nil {
			return []uint32{captureRow(*c.manual)}, true
		}
	}
	return nil, false
}

// plain reports whether a condition lists values of one attribute and says nothing else: rows know it exactly, the opposite too.
func (c *condition) plain() bool {
	given := 0
	for of := range aspects {
		if _, is := c.admits(of); is {
			given++
		}
	}
	return given == 1 && len(c.amounts)+len(c.bins)+len(c.hours)+len(c.metadata)+len(c.any) == 0 && c.not == nil
}

// paidIn are the currencies a condition admits, by its list and by its amounts.
func (c *condition) paidIn() (listed []uint32, given bool) {
	if len(c.amounts) == 0 {
		return c.currencies.list(), c.currencies.set
	}
	for _, a := range c.amounts {
		if c.currencies.has(a.currency) {
			listed = append(listed, a.currency)
		}
	}
	return listed, true
}

// rows collects which conditions admit what.
type rows struct {
	opened []uint64 // those that say nothing
	opens  int
	lists  map[uint32][]int // ascending
	most   uint32
}

func newRows(conditions int) *rows {
	return &rows{opened: make([]uint64, (conditions+63)/64), lists: map[uint32][]int{}}
}

func (b *rows) open(i int) {
	b.opened[i/64] |= 1 << (i % 64)
	b.opens++
}

// turn turns a condition's bit in the row of a value.
func (b *rows) turn(value uint32, i int) {
	b.most = max(b.most, value)
	if list := b.lists[value]; len(list) == 0 || list[len(list)-1] != i {
		b.lists[value] = append(list, i)
	}
}

// add makes an attribute of what was collected; one that no condition speaks of is none.
func (x *index) add(a attribute, b *rows) {
	if b.opens == x.count && len(b.lists) == 0 {
		return
	}
	a.open = b.opened
	a.rows = make([]row, b.most+1)
	for value, list := range b.lists {
		a.rows[value] = b.row(list)
	}
	x.attrs = append(x.attrs, a)
}

// row is sparse where that is shorter by far. A bit is turned: an open condition excludes the value, a closed one admits it.
func (b *rows) row(list []int) (r row) {
	if len(b.opened) <= 16 || len(list)*4 > len(b.opened) {
		r.dense = slices.Clone(b.opened)
		for _, i := range list {
			r.dense[i/64] ^= 1 << (i % 64)
		}
		return r
	}
	for _, i := range list {
		if n := len(r.words); n == 0 || int(r.words[n-1]) != i/64 {
			r.words, r.bits = append(r.words, uint32(i/64)), append(r.bits, 0)
		}
		r.bits[len(r.bits)-1] |= 1 << (i % 64)
	}
	return r
}

// cuts part a line of numbers: row first is below the first cut, the next from it on, and so on.
type cuts struct {
	at    []int64
	first uint32
}

// mostCuts bounds how finely an attribute is parted. What lies in the same part is told apart by asking.
const mostCuts = 64

func newCuts(points []int64, first uint32) cuts {
	slices.Sort(points)
	points = slices.Compact(points)
	if n := len(points); n > mostCuts {
		few := make([]int64, mostCuts)
		for i := range few {
			few[i] = points[i*n/mostCuts]
		}
		points = few
	}
	return cuts{points, first}
}

func (c *cuts) row(v int64) uint32 {
	return c.first + uint32(sort.Search(len(c.at), func(i int) bool { return c.at[i] > v }))
}

// admit lets a condition into all the rows between two numbers.
func (c *cuts) admit(b *rows, i int, low, high int64) {
	for row := c.row(low); row <= c.row(high); row++ {
		b.turn(row, i)
	}
}

const noLimit = 1<<63 - 1

func (a amounts) high() int64 { return cmp.Or(a.Max, noLimit) }

func (x *index) addAmounts(list []*condition) {
	points := map[uint32][]int64{}
	last := uint32(0)
	for _, c := range list {
		for _, a := range c.amounts {
			last = max(last, a.currency)
			points[a.currency] = append(points[a.currency], a.Min)
			if a.Max > 0 {
				points[a.currency] = append(points[a.currency], a.Max+1)
			}
		}
	}
	byCurrency, next := make([]cuts, last+1), uint32(1)
	for _, currency := range slices.Sorted(maps.Keys(points)) {
		byCurrency[currency] = newCuts(points[currency], next)
		next += uint32(len(byCurrency[currency].at) + 1)
	}
	b := newRows(len(list))
	for i, c := range list {
		if len(c.amounts) == 0 {
			b.open(i)
		}
		for _, a := range c.amounts {
			byCurrency[a.currency].admit(b, i, a.Min, a.high())
		}
	}
	b.most = max(b.most, next)
	x.add(attribute{of: ofAmount, cuts: byCurrency}, b)
}

func (x *index) addBINs(list []*condition) {
	var points []int64
	for _, c := range list {
		for _, b := range c.bins {
			points = append(points, int64(b.low), int64(b.high)+1)
		}
	}
	parts := newCuts(points, 1)
	b := newRows(len(list))
	for i, c := range list {
		if len(c.bins) == 0 {
			b.open(i)
		}
		for _, of := range c.bins {
			parts.admit(b, i, int64(of.low), int64(of.high))
		}
	}
	b.most = max(b.most, uint32(len(parts.at)+1))
	x.add(attribute{of: ofBIN, cuts: []cuts{parts}}, b)
}

// addHours has a row an hour of the week.
func (x *index) addHours(list []*condition) {
	b := newRows(len(list))
	for i, c := range list {
		if len(c.hours) == 0 {
			b.open(i)
		}
		for hour := range 7 * 24 {
			if slices.ContainsFunc(c.hours, func(s span) bool { return s.touches(hour/24, hour%24) }) {
				b.turn(hourRow(hour/24, hour%24), i)
			}
		}
	}
	b.most = 7 * 24
	x.add(attribute{of: ofHour}, b)
}

// touches reports whether a window has a minute of an hour.
func (s span) touches(day, hour int) bool {
	from, until := hour*60, hour*60+60
	return s.days&(1<<day) != 0 && from < s.to && until > s.from ||
		s.days&(1<<((day+6)%7)) != 0 && from+dayMinutes < s.to && until+dayMinutes > s.from
}

// addMetadata indexes the keys that most conditions ask for, and says which. Row 1 is of a key with a value that no condition names.
func (x *index) addMetadata(list []*condition) map[string]bool {
	asked := map[string]int{}
	for _, c := range list {
		for _, e := range c.metadata {
			asked[e.key]++
		}
	}
	keys := slices.SortedFunc(maps.Keys(asked), func(a, b string) int { return cmp.Or(cmp.Compare(asked[b], asked[a]), cmp.Compare(a, b)) })
	indexed := map[string]bool{}
	for _, key := range keys[:min(len(keys), mostAttributes-len(x.attrs))] {
		x.addKey(list, key)
		indexed[key] = true
	}
	return indexed
}

func (x *index) addKey(list []*condition, key string) {
	values := map[string]uint32{}
	for _, c := range list {
		for _, e := range c.metadata {
			if e.key == key {
				for _, v := range e.values {
					if _, ok := values[v]; !ok {
						values[v] = uint32(len(values) + 2)
					}
				}
			}
		}
	}
	b := newRows(len(list))
	b.most = uint32(len(values) + 1)
	for i, c := range list {
		at := slices.IndexFunc(c.metadata, func(e entry) bool { return e.key == key })
		switch {
		case at < 0:
			b.open(i)
		case c.metadata[at].any:
			for row := range b.most {
				b.turn(row+1, i)
			}
		default:
			for _, v := range c.metadata[at].values {
				b.turn(values[v], i)
			}
		}
	}
	x.add(attribute{of: ofMetadata, key: key, values: values}, b)
}

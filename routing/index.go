package routing

import "math/bits"

// index finds the first of many conditions that is met. For each attribute of a payment it keeps, for each value, which
// conditions admit it, a bit each; those that say nothing of the attribute, open ones, admit all. And-ing these rows
// word by word leaves few conditions, and what bits cannot say is asked of those alone.
type index struct {
	count int
	attrs []attribute
	finer []*condition // by condition; nil: the bits say everything
}

// attribute is one thing about a payment that conditions speak of.
type attribute struct {
	of   aspect
	open []uint64 // conditions that say nothing of it
	rows []row    // by value; 0 is of what no condition names

	key    string            // of metadata
	values map[string]uint32 // of metadata, to rows
	cuts   []cuts            // of amounts, by currency
}

// aspect names an attribute.
type aspect uint8

const (
	ofMerchant aspect = iota
	ofClass
	ofCurrency
	ofMethod
	ofClient
	ofObject
	ofNetwork
	ofCapture
	aspects // so far those whose values rules list
)

const (
	ofAmount aspect = aspects + iota
	ofBIN
	ofHour
	ofMetadata
)

// row is the number of a request's row.
func (a *attribute) row(in *inputs) uint32 {
	switch a.of {
	case ofMerchant:
		return in.merchant.id
	case ofClass:
		return in.merchant.class
	case ofCurrency:
		return in.currency
	case ofMethod:
		return in.method
	case ofClient:
		return in.client
	case ofObject:
		return in.object
	case ofNetwork:
		return in.network
	case ofCapture:
		return captureRow(in.r.Manual)
	case ofAmount:
		if int(in.currency) < len(a.cuts) && len(a.cuts[in.currency].at) > 0 {
			return a.cuts[in.currency].row(in.amount)
		}
	case ofBIN:
		if in.carded {
			return a.cuts[0].row(int64(in.bin.low))
		}
	case ofHour:
		return hourRow(in.day, in.minute/60)
	case ofMetadata:
		if value, ok := in.r.Metadata[a.key]; ok {
			return max(a.values[value], 1)
		}
	}
	return 0
}

func captureRow(manual bool) uint32 {
	if manual {
		return 2
	}
	return 1
}

func hourRow(day, hour int) uint32 { return uint32(day*24 + hour + 1) }

// row is the conditions that admit a value: all of them, or what is different from the open ones, where that is little.
type row struct {
	dense []uint64
	words []uint32 // positions of the sparse ones
	bits  []uint64
}

// mostAttributes is how many an index has at most: eleven of a payment's own, and keys of metadata.
const mostAttributes = 16

// cursor is a row being read.
type cursor struct {
	bits []uint64 // dense, or the open ones
	turn *row     // whose bits to turn; nil: none
	at   int
}

// first is the position of the first condition that is met, -1 where none is.
func (x *index) first(in *inputs) int {
	if x.count == 0 {
		return -1
	}
	var room [mostAttributes]cursor
	cursors := room[:len(x.attrs)]
	for i := range x.attrs {
		a := &x.attrs[i]
		at := &a.rows[0]
		if n := a.row(in); int(n) < len(a.rows) {
			at = &a.rows[n]
		}
		switch {
		case at.dense != nil:
			cursors[i].bits = at.dense
		case len(at.words) > 0:
			cursors[i] = cursor{bits: a.open, turn: at}
		default:
			cursors[i].bits = a.open
		}
	}
	for w := range (x.count + 63) / 64 {
		left := ^uint64(0)
		for i := range cursors {
			if left &= cursors[i].word(w); left == 0 {
				break
			}
		}
		for ; left != 0; left &= left - 1 {
			i := w*64 + bits.TrailingZeros64(left)
			if i >= x.count {
				break
			}
			if c := x.finer[i]; c == nil || c.finer(in) {
				return i
			}
		}
	}
	return -1
}

// word is the row's word at a position; positions ascend.
func (c *cursor) word(w int) uint64 {
	if c.turn == nil {
		return c.bits[w]
	}
	for c.at < len(c.turn.words) && int(c.turn.words[c.at]) < w {
		c.at++
	}
	if c.at < len(c.turn.words) && int(c.turn.words[c.at]) == w {
		return c.bits[w] ^ c.turn.bits[c.at]
	}
	return c.bits[w]
}

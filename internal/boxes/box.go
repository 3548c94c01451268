// Package boxes computes with sets of things that have many properties: what two share, what one has that others have
// not. A box says of some properties which values they may have; a set is a list of boxes. It is for asking whether
// something is all covered by others, exactly and in a bounded time. Start at Box, Without and Shared.
package boxes

import (
	"cmp"
	"slices"
)

// Box is whatever has, of each property, one of the values of a side. A property without a side may have any.
// Sides are sorted by Of, each once, none void: [Box.With] keeps it so.
type Box []Side

// Side is the values that one property may have.
type Side struct {
	Of   string
	Part Part
}

// find is where a property is, or would be.
func (b Box) find(of string) (int, bool) {
	return slices.BinarySearchFunc(b, of, func(s Side, of string) int { return cmp.Compare(s.Of, of) })
}

// Words are those that a property may have. ok is false where it may have others.
func (b Box) Words(of string) (list []string, ok bool) {
	i, found := b.find(of)
	if !found {
		return nil, false
	}
	w, ok := b[i].Part.(Words)
	if !ok {
		return nil, false
	}
	return w.List()
}

// With is the box with one side more, or narrower; ok is false where nothing is left of it.
func (b Box) With(of string, p Part) (out Box, ok bool) {
	i, found := b.find(of)
	if found {
		if p = b[i].Part.Meet(p); p.Void() {
			return nil, false
		}
		out = slices.Clone(b)
		out[i].Part = p
		return out, true
	}
	if p.Void() {
		return nil, false
	}
	out = make(Box, 0, len(b)+1)
	return append(append(append(out, b[:i]...), Side{of, p}), b[i:]...), true
}

// Meet is what two boxes share.
func (b Box) Meet(o Box) (out Box, ok bool) {
	out = b
	for _, s := range o {
		if out, ok = out.With(s.Of, s.Part); !ok {
			return nil, false
		}
	}
	return out, true
}

// Minus is the box without another: boxes that share nothing.
func (b Box) Minus(o Box) (out []Box) {
	rest := b
	for _, s := range o {
		if outside, ok := rest.With(s.Of, s.Part.Inverse()); ok {
			out = append(out, outside)
		}
		inside, ok := rest.With(s.Of, s.Part)
		if !ok {
			return []Box{b}
		}
		rest = inside
	}
	return out
}

// Crosses reports whether two boxes share anything.
func (b Box) Crosses(o Box) bool {
	for _, s := range o {
		if i, found := b.find(s.Of); found && b[i].Part.Meet(s.Part).Void() {
			return false
		}
	}
	return true
}

// Without is boxes without others. ok is false where it is not worth the work: more than so many are left meanwhile.
func Without(boxes, others []Box, most int) (left []Box, ok bool) {
	left = boxes
	for _, o := range others {
		var next []Box
		for _, b := range left {
			if b.Crosses(o) {
				next = append(next, b.Minus(o)...)
			} else {
				next = append(next, b)
			}
		}
		if left = next; len(left) > most {
			return left, false
		}
	}
	return left, true
}

// Weight is what it takes to compute with boxes: some ten nanoseconds for each with each of the others.
func Weight(list []Box) (n int) {
	for _, b := range list {
		for _, s := range b {
			n += 8 + s.Part.size()
		}
	}
	return n + len(list)
}

// Shared is what two lists of boxes have in common.
func Shared(boxes, others []Box) (out []Box) {
	for _, b := range boxes {
		for _, o := range others {
			if one, ok := b.Meet(o); ok {
				out = append(out, one)
			}
		}
	}
	return out
}

// Cross reports whether two lists of boxes have anything in common.
func Cross(boxes, others []Box) bool {
	return slices.ContainsFunc(boxes, func(b Box) bool { return slices.ContainsFunc(others, b.Crosses) })
}

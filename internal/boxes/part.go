package boxes

import (
	"cmp"
	"slices"
)

// Part is a set of values that one thing may have. Parts of the same thing are of the same type.
type Part interface {
	Meet(Part) Part // what both have
	Inverse() Part  // all others
	Void() bool
	size() int // of what it takes to compute with it
}

// Words are these, or all but these. There are always other words than any list has.
type Words struct {
	list []string // sorted, each once
	but  bool
}

// WordsOf are the words of a list.
func WordsOf[S ~string](list []S) Words {
	w := Words{list: make([]string, 0, len(list))}
	for _, one := range list {
		w.list = append(w.list, string(one))
	}
	slices.Sort(w.list)
	w.list = slices.Compact(w.list)
	return w
}

func (w Words) size() int { return len(w.list) }

// But is all words but those of a list.
func But[S ~string](list ...S) Words { return Words{WordsOf(list).list, true} }

// List are the words. ok is false where they are all but some.
func (w Words) List() (list []string, ok bool) { return w.list, !w.but }

// Inverse is all others.
func (w Words) Inverse() Part { return Words{w.list, !w.but} }

// Void reports whether there is no word.
func (w Words) Void() bool { return !w.but && len(w.list) == 0 }

// Meet is what both have.
func (w Words) Meet(p Part) Part {
	o := p.(Words)
	switch {
	case w.but && o.but:
		return Words{merged(w.list, o.list, true, true, true), true}
	case w.but:
		return Words{merged(o.list, w.list, true, false, false), false}
	case o.but:
		return Words{merged(w.list, o.list, true, false, false), false}
	}
	return Words{merged(w.list, o.list, false, true, false), false}
}

// merged walks two sorted lists and keeps what is in the first alone, in both, in the second alone.
func merged(a, b []string, first, both, second bool) (out []string) {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			if first {
				out = append(out, a[0])
			}
			a = a[1:]
		case len(a) == 0 || b[0] < a[0]:
			if second {
				out = append(out, b[0])
			}
			b = b[1:]
		default:
			if both {
				out = append(out, a[0])
			}
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// Stretch is the numbers from Low to High, both included.
type Stretch struct{ Low, High int64 }

// Numbers are some of all there are.
type Numbers struct {
	list []Stretch // sorted, apart
	all  Stretch
}

// Void reports whether there is no number.
func (n Numbers) Void() bool { return len(n.list) == 0 }

func (n Numbers) size() int { return len(n.list) }

// Inverse is all others.
func (n Numbers) Inverse() Part {
	out := Numbers{all: n.all}
	next := n.all.Low
	for _, s := range n.list {
		if s.Low > next {
			out.list = append(out.list, Stretch{next, s.Low - 1})
		}
		if s.High == n.all.High {
			return out
		}
		next = s.High + 1
	}
	out.list = append(out.list, Stretch{next, n.all.High})
	return out
}

// Meet is what both have.
func (n Numbers) Meet(p Part) Part {
	o := p.(Numbers)
	out := Numbers{all: n.all}
	for i, j := 0, 0; i < len(n.list) && j < len(o.list); {
		low, high := max(n.list[i].Low, o.list[j].Low), min(n.list[i].High, o.list[j].High)
		if low <= high {
			out.list = append(out.list, Stretch{low, high})
		}
		if n.list[i].High < o.list[j].High {
			i++
		} else {
			j++
		}
	}
	return out
}

// NumbersOf are those in one of the stretches, which may lie on each other and are within all.
func NumbersOf(all Stretch, list []Stretch) Numbers {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Stretch) int { return cmp.Compare(a.Low, b.Low) })
	n := Numbers{all: all}
	for _, s := range list {
		if last := len(n.list) - 1; last >= 0 && s.Low-1 <= n.list[last].High {
			n.list[last].High = max(n.list[last].High, s.High)
		} else {
			n.list = append(n.list, s)
		}
	}
	return n
}

// Keyed is numbers by word, and those of all other words.
type Keyed struct {
	by   map[string]Numbers
	rest Numbers
}

// KeyedOf is numbers by word, all within the same.
func KeyedOf[S ~string](by map[S]Numbers, rest Numbers) Keyed {
	k := Keyed{by: make(map[string]Numbers, len(by)), rest: rest}
	for word, n := range by {
		k.by[string(word)] = n
	}
	return k
}

func (k Keyed) size() int {
	n := k.rest.size()
	for _, one := range k.by {
		n += 4 + one.size()
	}
	return n
}

func (k Keyed) of(word string) Numbers {
	if n, ok := k.by[word]; ok {
		return n
	}
	return k.rest
}

// Meet is what both have.
func (k Keyed) Meet(p Part) Part {
	o := p.(Keyed)
	out := Keyed{by: make(map[string]Numbers, len(k.by)+len(o.by)), rest: k.rest.Meet(o.rest).(Numbers)}
	for word := range k.by {
		out.by[word] = k.by[word].Meet(o.of(word)).(Numbers)
	}
	for word := range o.by {
		out.by[word] = k.of(word).Meet(o.by[word]).(Numbers)
	}
	return out
}

// Inverse is all others.
func (k Keyed) Inverse() Part {
	out := Keyed{by: make(map[string]Numbers, len(k.by)), rest: k.rest.Inverse().(Numbers)}
	for word, n := range k.by {
		out.by[word] = n.Inverse().(Numbers)
	}
	return out
}

// Void reports whether there is nothing.
func (k Keyed) Void() bool {
	for _, n := range k.by {
		if !n.Void() {
			return false
		}
	}
	return k.rest.Void()
}

package routing

import (
	"slices"
	"strings"

	"github.com/paymux/paymux"
)

// words gives everything that rules name a small number, so that a decision compares numbers. 0 is what no rule names.
type words struct {
	methods    map[paymux.MethodType]uint32
	currencies map[paymux.Currency]uint32
	networks   map[string]uint32
	merchants  map[paymux.MerchantID]merchant
	classes    map[string][]uint32 // by group
	areas      map[string][]string
}

// merchant is one that rules know: by itself, and as one of those that are in the same groups.
type merchant struct{ id, class uint32 }

func newWords(s *RuleSet) *words {
	w := &words{
		methods: map[paymux.MethodType]uint32{}, currencies: map[paymux.Currency]uint32{}, networks: map[string]uint32{},
		merchants: map[paymux.MerchantID]merchant{}, classes: map[string][]uint32{}, areas: s.Areas,
	}
	groups := map[paymux.MerchantID][]string{}
	for name, members := range s.Groups {
		for _, m := range members {
			groups[m] = append(groups[m], name)
		}
	}
	classes := map[string]uint32{}
	for m, names := range groups {
		slices.Sort(names)
		names = slices.Compact(names)
		key := strings.Join(names, "\x00")
		class := number(classes, key)
		if int(class) == len(classes) { // a new one
			for _, name := range names {
				if !slices.Contains(w.classes[name], class) {
					w.classes[name] = append(w.classes[name], class)
				}
			}
		}
		w.merchants[m] = merchant{id: uint32(len(w.merchants) + 1), class: class}
	}
	return w
}

// number is a word's, given out when it is first asked for.
func number[S comparable](to map[S]uint32, word S) uint32 {
	n, ok := to[word]
	if !ok {
		n = uint32(len(to) + 1)
		to[word] = n
	}
	return n
}

func (w *words) merchant(id paymux.MerchantID) uint32 {
	m, ok := w.merchants[id]
	if !ok {
		m.id = uint32(len(w.merchants) + 1)
		w.merchants[id] = m
	}
	return m.id
}

// countryNumber is of two capital letters; 0 for anything else.
func countryNumber(c string) uint32 {
	if !isCountry(c) {
		return 0
	}
	return 1 + uint32(c[0]-'A')*26 + uint32(c[1]-'A')
}

// places are countries and areas as the numbers of countries.
func (w *words) places(list []string) (numbers []uint32) {
	for _, place := range list {
		if n := countryNumber(place); n > 0 {
			numbers = append(numbers, n)
		}
		for _, country := range w.areas[place] {
			numbers = append(numbers, countryNumber(country))
		}
	}
	return numbers
}

func numbers[S comparable](to map[S]uint32, list []S) []uint32 {
	out := make([]uint32, 0, len(list))
	for _, word := range list {
		out = append(out, number(to, word))
	}
	return out
}

// group lists the classes of a list of groups.
func (w *words) group(list []string) (classes []uint32) {
	for _, name := range list {
		classes = append(classes, w.classes[name]...)
	}
	return classes
}

// some is a set of numbers; an unset one has them all.
type some struct {
	bits []uint64
	set  bool
}

// someOf is the set of a list, which restricts if given: an empty list of what was given admits nobody.
func someOf(given bool, list []uint32) (s some) {
	s.set = given
	for _, n := range list {
		for int(n/64) >= len(s.bits) {
			s.bits = append(s.bits, 0)
		}
		s.bits[n/64] |= 1 << (n % 64)
	}
	return s
}

func (s *some) has(n uint32) bool { return !s.set || s.in(n) }

// list has the set's numbers.
func (s *some) list() (all []uint32) {
	for n := range uint32(len(s.bits) * 64) {
		if s.in(n) {
			all = append(all, n)
		}
	}
	return all
}

// in reports whether n was listed.
func (s *some) in(n uint32) bool { return int(n/64) < len(s.bits) && s.bits[n/64]&(1<<(n%64)) != 0 }

// few is a set of numbers out of many; an unset one has them all.
type few struct {
	sorted []uint32
	set    bool
}

// fewOf is the set of a list, as someOf is.
func fewOf(given bool, list []uint32) few {
	list = slices.Clone(list)
	slices.Sort(list)
	return few{slices.Compact(list), given}
}

func (f *few) has(n uint32) bool { return !f.set || f.in(n) }

// in reports whether n was listed.
func (f *few) in(n uint32) bool {
	if len(f.sorted) == 0 {
		return false
	}
	_, found := slices.BinarySearch(f.sorted, n)
	return found
}

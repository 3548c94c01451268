package routing

import (
	"math"
	"slices"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/boxes"
)

// Things that boxes have sides of. Metadata's are named by the key, after aboutMetadata.
const (
	aboutClient   = "client"
	aboutBIN      = "bin"
	aboutHours    = "hours"
	aboutManual   = "manual"
	aboutMerchant = "merchant"
	aboutMethod   = "method"
	aboutMoney    = "money"
	aboutNetwork  = "network"
	aboutObject   = "object"
	aboutMetadata = "metadata "

	absent   = "\x00absent" // among the values of metadata: there is none
	maxBoxes = 64           // of one condition; what takes more is not looked into
)

// extent is the payments that meet a condition. Where it is not exact, it is more than those.
type extent struct {
	boxes  []boxes.Box
	exact  bool
	weight int // of the boxes, once it is measured
}

// ground is a rule set in which many conditions are measured.
type ground struct {
	*RuleSet
	groups map[string]boxes.Words // by their names
}

// extentOf is where a condition is met.
func (s *ground) extentOf(c *Condition) extent {
	plain, ok := s.plain(c)
	if !ok {
		return extent{exact: true}
	}
	a := extent{boxes: []boxes.Box{plain}, exact: true}
	if len(c.Any) > 0 {
		var any []boxes.Box
		for i := range c.Any {
			one := s.extentOf(&c.Any[i])
			any, a.exact = append(any, one.boxes...), a.exact && one.exact
		}
		if len(any) > maxBoxes {
			a.exact = false
		} else {
			a.boxes = boxes.Shared(a.boxes, any)
		}
	}
	if c.Not != nil {
		not := s.extentOf(c.Not)
		left, few := boxes.Without(a.boxes, not.boxes, maxBoxes)
		if not.exact && few {
			a.boxes = left
		} else {
			a.exact = false
		}
	}
	return a
}

// plain is a condition without its any and not. ok is false where nothing meets it.
func (s *ground) plain(c *Condition) (b boxes.Box, ok bool) {
	sides := boxes.Box{}
	add := func(given bool, of string, p boxes.Part) {
		if given {
			sides = append(sides, boxes.Side{Of: of, Part: p})
		}
	}
	add(len(c.Merchants) > 0, aboutMerchant, boxes.WordsOf(c.Merchants))
	add(len(c.Groups) > 0, aboutMerchant, s.grouped(c.Groups))
	add(len(c.Methods) > 0, aboutMethod, boxes.WordsOf(c.Methods))
	add(len(c.Currencies) > 0, aboutMoney, moneyIn(c.Currencies))
	add(len(c.Amounts) > 0, aboutMoney, moneyWithin(c.Amounts, noAmount()))
	add(len(c.Client) > 0, aboutClient, boxes.WordsOf(s.countries(c.Client)))
	add(len(c.Object) > 0, aboutObject, boxes.WordsOf(s.countries(c.Object)))
	add(len(c.Networks) > 0, aboutNetwork, boxes.WordsOf(c.Networks))
	add(len(c.BINs) > 0, aboutBIN, binNumbers(c.BINs))
	add(len(c.Hours) > 0, aboutHours, weekNumbers(c.Hours))
	if c.Manual != nil {
		add(true, aboutManual, manualNumbers(*c.Manual))
	}
	for key, values := range c.Metadata {
		add(true, aboutMetadata+key, metadataWords(values))
	}
	return boxes.Box{}.Meet(sides)
}

// grouped are the merchants of groups. Groups may be large, and many rules may name the same.
func (s *ground) grouped(groups []string) boxes.Words {
	if len(groups) == 0 {
		return boxes.Words{}
	}
	key := strings.Join(groups, "\x00")
	if _, ok := s.groups[key]; !ok {
		s.groups[key] = boxes.WordsOf(s.members(groups))
	}
	return s.groups[key]
}

func (s *RuleSet) members(groups []string) (out []paymux.MerchantID) {
	for _, g := range groups {
		out = append(out, s.Groups[g]...)
	}
	return out
}

// countries puts countries in the place of areas.
func (s *RuleSet) countries(places []string) (out []string) {
	for _, place := range places {
		if isCountry(place) {
			out = append(out, place)
		}
		out = append(out, s.Areas[place]...)
	}
	return out
}

// manualNumbers is 1 where a later capture is needed.
func manualNumbers(manual bool) boxes.Numbers {
	n := int64(0)
	if manual {
		n = 1
	}
	return boxes.NumbersOf(boxes.Stretch{High: 1}, []boxes.Stretch{{Low: n, High: n}})
}

func metadataWords(values []string) boxes.Words {
	if slices.Contains(values, "*") {
		return boxes.But(absent)
	}
	return boxes.WordsOf(values)
}

// allAmounts is more than one payment can be.
var allAmounts = boxes.Stretch{High: math.MaxInt64}

func anyAmount() boxes.Numbers { return boxes.NumbersOf(allAmounts, []boxes.Stretch{allAmounts}) }
func noAmount() boxes.Numbers  { return boxes.NumbersOf(allAmounts, nil) }

func moneyIn(currencies []paymux.Currency) boxes.Keyed {
	by := map[paymux.Currency]boxes.Numbers{}
	for _, c := range currencies {
		by[c] = anyAmount()
	}
	return boxes.KeyedOf(by, noAmount())
}

// moneyWithin is amounts within limits. Rest is those of other currencies.
func moneyWithin(amounts map[paymux.Currency]Range, rest boxes.Numbers) boxes.Keyed {
	by := map[paymux.Currency]boxes.Numbers{}
	for c, r := range amounts {
		limits := boxes.Stretch{Low: r.Min, High: r.Max}
		if r.Max == 0 {
			limits.High = allAmounts.High
		}
		by[c] = boxes.NumbersOf(allAmounts, []boxes.Stretch{limits})
	}
	return boxes.KeyedOf(by, rest)
}

// allBINs is one for cards of which no number is known, then all numbers of six digits, of seven and of eight.
var allBINs = boxes.Stretch{High: 1e6 + 1e7 + 1e8}

// binNumbers are the BINs whose cards are all in one of the ranges, as it is with matching: a shorter one is not in a longer one.
func binNumbers(ranges []BINRange) boxes.Numbers {
	var list []boxes.Stretch
	first := int64(1)
	for scale, many := int64(100), int64(1e6); scale > 0; scale, many = scale/10, many*10 {
		for _, r := range ranges {
			b, err := r.bounds()
			low, high := (int64(b.low)+scale-1)/scale, (int64(b.high)+1)/scale-1
			if err == nil && low <= high {
				list = append(list, boxes.Stretch{Low: first + low, High: first + high})
			}
		}
		first += many
	}
	return boxes.NumbersOf(allBINs, list)
}

// allWeek is the minutes of a week, from Sunday's first.
var allWeek = boxes.Stretch{High: 7*dayMinutes - 1}

func weekNumbers(windows []Window) boxes.Numbers {
	var list []boxes.Stretch
	for _, w := range windows {
		s, err := w.span()
		for day := range 7 {
			if err != nil || s.days&(1<<day) == 0 {
				continue
			}
			low, high := int64(day*dayMinutes+s.from), int64(day*dayMinutes+s.to-1)
			list = append(list, boxes.Stretch{Low: low, High: min(high, allWeek.High)})
			if high > allWeek.High {
				list = append(list, boxes.Stretch{Low: max(0, low-allWeek.High-1), High: high - allWeek.High - 1})
			}
		}
	}
	return boxes.NumbersOf(allWeek, list)
}

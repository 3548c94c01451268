package routing

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/paymux/paymux"
)

// maxDepth bounds conditions inside conditions.
const maxDepth = 16

func (c *checker) condition(path string, w *Condition, depth int) {
	if depth > maxDepth {
		c.fault(path, "too_deep", "Write it flatter.", "Conditions lie more than %d deep in each other.", maxDepth)
		return
	}
	for i, m := range w.Merchants {
		c.filled(at(path+".merchants", i), string(m))
	}
	c.groups(path+".groups", w.Groups)
	c.methods(path+".methods", w.Methods)
	c.currencies(path+".currencies", w.Currencies)
	c.amounts(path+".amounts", w.Amounts)
	c.places(path+".client", w.Client)
	c.places(path+".object", w.Object)
	c.networks(path+".networks", w.Networks)
	for i, b := range w.BINs {
		if _, err := b.bounds(); err != nil {
			c.fault(at(path+".bins", i), "bad_bin", "Write six to eight digits, or two such numbers of the same length: 400000-499999.", "%q is no range of card numbers.", clip(string(b)))
		}
	}
	c.hours(path+".hours", w.Hours)
	for key, values := range w.Metadata {
		c.filled(path+".metadata", key)
		if len(values) == 0 {
			c.fault(path+".metadata."+clip(key), "empty", `Write the values, or "*" for any.`, "It has no value.")
		}
	}
	for i := range w.Any {
		c.condition(at(path+".any", i), &w.Any[i], depth+1)
	}
	if w.Not != nil {
		c.condition(path+".not", w.Not, depth+1)
	}
}

func (c *checker) amounts(path string, amounts map[paymux.Currency]Range) {
	for currency, r := range amounts {
		one := path + "." + clip(string(currency))
		c.currency(one, currency)
		if r.Min < 0 || r.Max < 0 || r.Max > 0 && r.Max < r.Min {
			c.fault(one, "bad_range", "Write min and max in minor units, max not below min; without max there is no limit.", "No amount is between %d and %d.", r.Min, r.Max)
		}
	}
}

func (c *checker) networks(path string, list []string) {
	for i, n := range list {
		if n == "" || n != strings.ToLower(n) {
			c.fault(at(path, i), "unknown_network", "Write it in lower case, such as visa.", "%q is no card network.", clip(n))
		}
	}
}

func (c *checker) hours(path string, list []Window) {
	for i, w := range list {
		if _, err := w.span(); err != nil {
			c.fault(at(path, i), "bad_hours", "Write from and to as hours and minutes, 08:00, and days as mon, tue, wed, thu, fri, sat, sun.", "%s", err)
		}
	}
}

func (c *checker) accounts() {
	seen := map[string]bool{}
	for i := range c.set.Accounts {
		a, path := &c.set.Accounts[i], at("accounts", i)
		c.filled(path+".name", a.Name)
		if seen[a.Name] {
			c.fault(path+".name", "name_taken", "Keep one of them.", "The account %s is listed twice.", clip(a.Name))
		}
		seen[a.Name] = true
		if a.Country != "" {
			c.country(path+".country", a.Country)
		}
		if a.Priority < 0 {
			c.fault(path+".priority", "bad_priority", "Write a number from 1; the lower is preferred.", "%d is no priority.", a.Priority)
		}
		c.methods(path+".methods", a.Methods)
		c.currencies(path+".currencies", a.Currencies)
		c.places(path+".client", a.Client)
		c.amounts(path+".amounts", a.Amounts)
		c.hours(path+".hours", a.Hours)
		c.groups(path+".blocked_groups", a.BlockedGroups)
		c.quotas(path+".quotas", a.Quotas)
		c.fees(path+".fees", a.Fees)
	}
}

func (c *checker) quotas(path string, quotas []Quota) {
	seen := map[string]bool{}
	for i, q := range quotas {
		one := at(path, i)
		c.filled(one+".name", q.Name)
		if seen[q.Name] {
			c.fault(one+".name", "name_taken", "Give every quota of an account a name of its own.", "The account has two quotas called %s.", clip(q.Name))
		}
		seen[q.Name] = true
		if q.Currency != "" {
			c.currency(one+".currency", q.Currency)
		}
		if q.Count < 0 || q.Amount < 0 || q.Count == 0 && q.Amount == 0 || (q.Amount > 0) != (q.Currency != "") {
			c.fault(one, "bad_quota", "Give it a count, or an amount with its currency, or both.", "The quota says nothing that can be counted.")
		}
	}
}

func (c *checker) fees(path string, fees []Fee) {
	for i, f := range fees {
		one := at(path, i)
		c.methods(one+".methods", f.Methods)
		c.currencies(one+".currencies", f.Currencies)
		c.networks(one+".networks", f.Networks)
		c.places(one+".client", f.Client)
		if !(f.Percent >= 0 && f.Percent <= 100) || !fits(f.Fixed) || !fits(f.Min) || !fits(f.Max) || f.Max > 0 && f.Max < f.Min {
			c.fault(one, "bad_fee", "Write percent from 0 to 100, and fixed, min and max in minor units.", "Nobody takes such a fee.")
		}
	}
}

// fits reports whether an amount can be paid.
func fits(amount int64) bool { return amount >= 0 && amount <= paymux.MaxAmount }

// bounds are the range of eight digits.
type bounds struct{ low, high uint32 }

func (b BINRange) bounds() (bounds, error) {
	from, to, ranged := strings.Cut(string(b), "-")
	if !ranged {
		to = from
	}
	low, ok := binBounds(from)
	high, fine := binBounds(to)
	if !ok || !fine || len(from) != len(to) || low.low > high.high {
		return bounds{}, fmt.Errorf("no range of card numbers")
	}
	return bounds{low.low, high.high}, nil
}

// binBounds are the card numbers, to eight digits, that begin with six to eight digits.
func binBounds(digits string) (bounds, bool) {
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || len(digits) < 6 || len(digits) > 8 || digits[0] == '+' {
		return bounds{}, false
	}
	scale := uint64(1)
	for range 8 - len(digits) {
		scale *= 10
	}
	return bounds{uint32(n * scale), uint32(n*scale + scale - 1)}, true
}

// holds reports whether all card numbers of a BIN are in the range.
func (b bounds) holds(bin bounds) bool { return b.low <= bin.low && bin.high <= b.high }

const dayMinutes = 24 * 60

// span is a window by minutes of its day; to may lie on the next day.
type span struct {
	from, to int
	days     uint8 // a bit a weekday, Sunday first
}

func (w Window) span() (span, error) {
	s := span{to: dayMinutes}
	for _, t := range []struct {
		text string
		into *int
	}{{w.From, &s.from}, {w.To, &s.to}} {
		if t.text == "" {
			continue
		}
		m, ok := minutes(t.text)
		if !ok {
			return span{}, fmt.Errorf("%q is no time of day.", clip(t.text))
		}
		*t.into = m
	}
	if s.from == s.to || s.from == dayMinutes {
		return span{}, fmt.Errorf("No time is between %s and %s.", w.From, w.To)
	}
	if s.to < s.from {
		s.to += dayMinutes
	}
	for _, d := range w.Days {
		bit := weekday(d)
		if bit == 0 {
			return span{}, fmt.Errorf("%q is no day.", clip(d))
		}
		s.days |= bit
	}
	if len(w.Days) == 0 {
		s.days = 1<<7 - 1
	}
	return s, nil
}

func weekday(word string) uint8 {
	for i, d := range Weekdays() {
		if d == word {
			return 1 << i
		}
	}
	return 0
}

func minutes(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	h, err := strconv.ParseUint(text[:2], 10, 8)
	m, err2 := strconv.ParseUint(text[3:], 10, 8)
	if err != nil || err2 != nil || m > 59 || h*60+m > dayMinutes {
		return 0, false
	}
	return int(h*60 + m), true
}

// holds reports whether a minute of a weekday is in the window.
func (s span) holds(day, minute int) bool {
	before := (day + 6) % 7
	return s.days&(1<<day) != 0 && minute >= s.from && minute < s.to ||
		s.days&(1<<before) != 0 && minute+dayMinutes >= s.from && minute+dayMinutes < s.to
}

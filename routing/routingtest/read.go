package routingtest

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/paymux/paymux/routing"
)

// Told is what a text says of one decision, the order in which it says it left out.
type Told struct {
	rule, by, ranker, payer string
	draw                    uint64
	explore, probe          float64
	refused                 bool
	first                   string // the account that is said to be the first
	kept                    map[string]item
	dropped                 map[string]string // why
}

type item struct {
	health          int
	score           float64
	share           float64
	priority, place int
	fallback        bool
}

// Reader reads explanations of one language.
type Reader struct {
	lang     int
	words    map[string][2]string
	patterns map[string]*regexp.Regexp
}

// NewReader reads en (0) or zh-CN (1).
func NewReader(lang int) *Reader {
	return &Reader{lang: lang, words: routing.TextWords(), patterns: map[string]*regexp.Regexp{}}
}

// find matches a text against what a word makes of values.
func (r *Reader) find(word, text string) (values []string, ok bool) {
	p := r.patterns[word]
	if p == nil {
		pattern := regexp.QuoteMeta(r.words[word][r.lang])
		p = regexp.MustCompile("^" + strings.NewReplacer("%s", "(.+)", "%d", `(-?\d+)`).Replace(pattern) + "$")
		r.patterns[word] = p
	}
	found := p.FindStringSubmatch(text)
	if found == nil {
		return nil, false
	}
	return found[1:], true
}

// Read reads the decision, and those of failovers. What it does not understand is an error.
func (r *Reader) Read(text string) ([]*Told, error) {
	out := newTold()
	all := []*Told{out}
	part := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if word := r.line(out, line); strings.HasPrefix(word, "failover") {
			out = newTold()
			all = append(all, out)
			continue
		} else if word != "" {
			part = word
			continue
		}
		mark, rest, ok := strings.Cut(line, " ")
		fields := unquotedSplit(rest, "; ")
		switch {
		case !ok:
			return nil, fmt.Errorf("nobody reads %q", line)
		case part == "order" && strings.HasSuffix(mark, "."):
			out.kept[account(fields[0])] = r.item(fields[1:])
		case part == "dropped" && mark == "-":
			out.dropped[account(fields[0])] = fields[1]
		default:
			return nil, fmt.Errorf("nobody reads %q", line)
		}
	}
	return all, nil
}

func newTold() *Told { return &Told{kept: map[string]item{}, dropped: map[string]string{}} }

// line reads a line that is no item, and returns the word it is.
func (r *Reader) line(out *Told, line string) string {
	for _, word := range slices.Sorted(maps.Keys(r.words)) {
		if !strings.HasSuffix(r.words[word][0], ".") && !strings.HasSuffix(r.words[word][0], ":") {
			continue
		}
		v, ok := r.find(word, line)
		if !ok {
			continue
		}
		switch kind, rest, _ := strings.Cut(word, " "); kind {
		case "kind":
			if len(v) > 0 {
				out.rule = unquote(v[0])
			}
		case "by":
			out.by = rest
		case "ranker":
			out.ranker = unquote(v[0])
		case "exploring":
			out.explore = number(v[0])
		case "probing":
			out.probe = number(v[0])
		case "refused":
			out.refused = true
		case "first":
			out.first = unquote(v[0])
		case "inputs":
			for _, in := range unquotedSplit(v[0], "; ") {
				if v, ok := r.find("draw", in); ok {
					out.draw, _ = strconv.ParseUint(v[0], 16, 64)
				}
				if v, ok := r.find("payer", in); ok {
					out.payer = unquote(v[0])
				}
			}
		}
		return word
	}
	return ""
}

func (r *Reader) item(fields []string) (it item) {
	for _, f := range fields {
		for i, health := range []string{"health normal", "health probing", "health abnormal"} {
			if _, ok := r.find(health, f); ok {
				it.health = i
			}
		}
		if v, ok := r.find("score", f); ok {
			it.score = number(v[0])
		}
		if v, ok := r.find("share", f); ok {
			it.share = number(v[0])
		}
		if v, ok := r.find("priority", f); ok {
			it.priority, _ = strconv.Atoi(v[0])
		}
		if v, ok := r.find("place", f); ok {
			it.place, _ = strconv.Atoi(v[0])
		}
		if _, ok := r.find("of the fallback", f); ok {
			it.fallback = true
		}
	}
	it.priority = cmp.Or(it.priority, 100)
	return it
}

// number reads 0.5, and 50 %.
func number(text string) float64 {
	digits, percent := strings.CutSuffix(text, " %")
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return math.NaN()
	}
	if percent {
		v /= 100
	}
	return v
}

// account is the name that an item begins with.
func account(head string) string {
	if i := strings.LastIndex(head, " ("); i > 0 {
		head = head[:i]
	}
	return unquote(head)
}

func unquote(name string) string {
	if plain, err := strconv.Unquote(name); err == nil {
		return plain
	}
	return name
}

// unquotedSplit is strings.Split that leaves quoted texts whole.
func unquotedSplit(s, sep string) (parts []string) {
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], sep):
			parts, from = append(parts, s[from:i]), i+len(sep)
		}
	}
	return append(parts, s[from:])
}

// Choose orders the kept as docs/routing.md says: health, then what the rule goes by, then turns.
func (d *Told) Choose() []string {
	order := slices.Sorted(maps.Keys(d.kept)) // by nothing that was said
	slices.SortFunc(order, func(x, y string) int {
		a, b := d.kept[x], d.kept[y]
		by := cmp.Compare(a.place, b.place)
		switch d.by {
		case "split", "score":
			by = cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.priority, b.priority), by)
		case "priority":
			by = cmp.Or(cmp.Compare(a.priority, b.priority), by)
		}
		return cmp.Or(cmp.Compare(a.health, b.health), by)
	})
	if i := d.turn(order); i > 0 {
		one := order[i]
		order = slices.Insert(slices.Delete(order, i, i+1), 0, one)
	}
	return order
}

// turn is whose turn it is to be the first, by the draw; 0: that of the first.
func (d *Told) turn(order []string) int {
	u := (float64(d.draw>>11) + 0.5) / (1 << 53)
	probing := []string{}
	for _, name := range order {
		if d.kept[name].health == 1 {
			probing = append(probing, name)
		}
	}
	slices.SortFunc(probing, func(a, b string) int { return cmp.Compare(d.kept[a].place, d.kept[b].place) })
	for i, name := range probing {
		if u >= float64(i)*d.probe && u < float64(i+1)*d.probe {
			return slices.Index(order, name)
		}
	}
	normal := 0
	for _, name := range order {
		if d.kept[name].health == 0 {
			normal++
		}
	}
	if before := float64(len(probing)) * d.probe; normal > 1 && u >= before && u < before+d.explore {
		return 1 + int(spread(d.draw)%uint64(normal-1))
	}
	return 0
}

// Wrong says what the text says of a payment of an amount and an ID that is not so.
func (d *Told) Wrong(amount int64, id string) string {
	order := d.Choose()
	if d.refused != (len(order) == 0) || len(order) > 0 && d.first != order[0] {
		return fmt.Sprintf("refused %t, first %q of %q", d.refused, d.first, order)
	}
	if d.by == "split" {
		for name, it := range d.kept {
			want := it.share / -math.Log((float64(spread(fold(cmp.Or(d.ranker, d.rule))^spread(fold(cmp.Or(d.payer, id))^spread(fold(name))))>>11)+0.5)/(1<<53))
			if math.Abs(want-it.score) > 1e-3*(1+want) {
				return fmt.Sprintf("%s drew %v, not %v", name, want, it.score)
			}
		}
	}
	limits := regexp.MustCompile(`(\d+) ([<>]) (\d+) [A-Z]{3}`)
	for name, why := range d.dropped {
		if v := limits.FindStringSubmatch(why); v != nil {
			mine, _ := strconv.ParseInt(v[1], 10, 64)
			limit, _ := strconv.ParseInt(v[3], 10, 64)
			if mine != amount || (v[2] == "<") != (mine < limit) || mine == limit {
				return fmt.Sprintf("%s was dropped for %q of %d", name, why, amount)
			}
		}
	}
	return ""
}

// fold and spread are what draws are made of, written down in docs/routing.md: FNV-1a and splitmix64.
func fold(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

func spread(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

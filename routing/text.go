package routing

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// Text tells why a payment went where it went (X4), for people: en, zh-CN; any other language is English. What it says
// is enough to choose again: where numbers decide, as many of their digits are shown as tell them apart.
func Text(r *paymux.Routing, language string) string {
	t := teller{lang: languageOf(language)}
	t.set(r.RuleSet, r.Version, r.At)
	t.decision(r)
	for i := range r.Failovers {
		t.failover(r, i)
	}
	return t.b.String()
}

// set tells which version decided, and when.
func (t *teller) set(rules string, version int64, at time.Time) {
	if at.IsZero() {
		t.line("set", name(rules), version)
		return
	}
	t.line("set at", name(rules), version, t.moment(at))
}

// decision tells which rule decided, what it went by, and what of every candidate.
func (t *teller) decision(r *paymux.Routing) {
	t.digits = digits(r.Candidates)
	t.rule(r)
	t.inputs(r)
	kept := slices.IndexFunc(r.Candidates, func(c paymux.Candidate) bool { return c.Dropped != "" })
	if kept < 0 {
		kept = len(r.Candidates)
	}
	t.kept(r, r.Candidates[:kept])
	t.dropped(r.Candidates[kept:])
	t.first(r, r.Candidates[:kept])
}

// failover tells why the payment went on, and of the decision where to as of the first one.
func (t *teller) failover(r *paymux.Routing, n int) {
	f := &r.Failovers[n]
	if f.At.IsZero() {
		t.line("failover", name(f.From), name(f.To), f.Why)
	} else {
		t.line("failover at", name(f.From), name(f.To), f.Why, t.moment(f.At))
	}
	if f.Kind == "" { // of before it was decided anew
		return
	}
	if f.Version != r.Version {
		t.set(f.RuleSet, f.Version, time.Time{})
	}
	again := r.Again(n)
	again.BIN, again.Network, again.Card = "", "", "" // are the payment's, and have been told
	t.decision(&again)
}

// teller writes a text in one language.
type teller struct {
	b      strings.Builder
	lang   int
	digits int // after the point, of scores
}

func (t *teller) say(word string, args ...any) string {
	if text := textWords[word][t.lang]; len(args) > 0 {
		return fmt.Sprintf(text, args...)
	} else {
		return text
	}
}

func (t *teller) line(word string, args ...any) {
	t.b.WriteString(t.say(word, args...))
	t.b.WriteByte('\n')
}

// item writes a line of parts, without those that are empty.
func (t *teller) item(mark, head string, parts ...string) {
	t.b.WriteString(mark)
	t.b.WriteString(head)
	for _, part := range parts {
		if part != "" {
			t.b.WriteString("; ")
			t.b.WriteString(part)
		}
	}
	t.b.WriteByte('\n')
}

// rule tells which rule decided and what ordered the accounts.
func (t *teller) rule(r *paymux.Routing) {
	switch r.Kind {
	case "": // of before there were kinds
		t.line("rule", name(r.Rule))
		t.line("reason", r.Reason)
		return
	case paymux.RoutedFallback:
		t.line("kind fallback")
	default:
		t.line("kind "+r.Kind, name(r.Rule))
	}
	if r.Ranker != "" {
		t.line("ranker", name(r.Ranker))
	}
	if r.By != "" {
		t.line("by " + r.By)
	}
}

// inputs tells what decided and cannot be seen on the payment itself.
func (t *teller) inputs(r *paymux.Routing) {
	var parts []string
	for _, in := range [][2]string{{"bin", r.BIN}, {"network", r.Network}, {"object", r.Object}, {"payer", r.Payer}, {"draw", r.Draw}} {
		if in[1] != "" {
			parts = append(parts, t.say(in[0], name(in[1])))
		}
	}
	if r.Card != "" {
		parts = append(parts, t.say("card "+r.Card))
	}
	if len(parts) > 0 {
		t.line("inputs", strings.Join(parts, "; "))
	}
	if r.Explore != 0 {
		t.line("exploring", percent(r.Explore))
	}
	if r.Probe != 0 {
		t.line("probing", percent(r.Probe))
	}
}

func (t *teller) kept(r *paymux.Routing, list []paymux.Candidate) {
	if len(list) == 0 {
		t.line("refused")
		return
	}
	t.line("order")
	for i := range list {
		c := &list[i]
		t.item(strconv.Itoa(i+1)+". ", t.account(c), t.numbers(r, c)...)
	}
}

// numbers are what a candidate was judged by.
func (t *teller) numbers(r *paymux.Routing, c *paymux.Candidate) []string {
	parts := []string{t.say("health " + healthWord(c))}
	if c.Fallback && r.Kind != paymux.RoutedFallback {
		parts = append(parts, t.say("of the fallback"))
	}
	if c.Share != 0 {
		parts = append(parts, t.say("share", percent(c.Share)))
	}
	if c.Score != 0 || r.By == paymux.OrderedScore || r.By == paymux.OrderedSplit {
		parts = append(parts, t.say("score", strconv.FormatFloat(c.Score, 'f', t.digits, 64)))
	}
	if c.Success != 0 || c.Trials != 0 {
		parts = append(parts, t.say("success", percent(c.Success), strconv.FormatFloat(c.Trials, 'f', -1, 64)))
	}
	if c.Cost != 0 {
		parts = append(parts, t.say("cost", c.Cost))
	}
	if c.LatencyMS != 0 {
		parts = append(parts, t.say("latency", c.LatencyMS))
	}
	if c.Priority != 0 {
		parts = append(parts, t.say("priority", c.Priority))
	}
	if c.Place != 0 {
		parts = append(parts, t.say("place", c.Place))
	}
	return parts
}

func (t *teller) dropped(list []paymux.Candidate) {
	if len(list) == 0 {
		return
	}
	t.line("dropped")
	for i := range list {
		c := &list[i]
		origin := ""
		if c.Fallback {
			origin = t.say("of the fallback")
		}
		t.item("- ", t.account(c), t.why(c), origin)
	}
}

func (t *teller) account(c *paymux.Candidate) string {
	if c.Channel == "" {
		return name(c.Account)
	}
	return name(c.Account) + " (" + name(c.Channel) + ")"
}

func (t *teller) moment(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// name writes a name as it is where nothing in it could be taken for the sentence around it.
func name(s string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return strconv.Quote(s)
}

func percent(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e6)/1e4, 'f', -1, 64) + " %"
}

// digits is how many digits after the point tell all scores apart that differ.
func digits(list []paymux.Candidate) int {
	const least, most = 4, 17
	for n := least; n < most; n++ {
		if !confused(list, n) {
			return n
		}
	}
	return most
}

func confused(list []paymux.Candidate, digits int) bool {
	seen := map[string]float64{}
	for i := range list {
		text := strconv.FormatFloat(list[i].Score, 'f', digits, 64)
		if v, ok := seen[text]; ok && v != list[i].Score {
			return true
		}
		seen[text] = list[i].Score
	}
	return false
}

// chinese is the place of Simplified Chinese among words; English is before it.
const chinese = 1

func languageOf(name string) int {
	if strings.HasPrefix(strings.ToLower(name), "zh") {
		return chinese
	}
	return 0
}

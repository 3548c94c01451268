package routing_test

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
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/routingtest"
)

// TestTextAloneTellsTheChoice: whatever the rules, the accounts, what is known of them and the payment, a reader of the text,
// in either language, who does not look at the order it says, comes to the order that the engine chose.
func TestTextAloneTellsTheChoice(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	readers := map[string]*reader{"en": {0, map[string]*regexp.Regexp{}}, "zh-CN": {1, map[string]*regexp.Regexp{}}}
	rapid.Check(t, func(rt *rapid.T) {
		w := routingtest.DrawWorld(rt)
		program, err := routing.Compile(routingtest.DrawSet(rt, w))
		if err != nil {
			rt.Fatal(err)
		}
		view := program.Bind(w.Accounts, w)
		for range 10 {
			r := routingtest.DrawRequest(rt, w)
			d, why := view.Explain(&r)
			for language, reader := range readers {
				recompute(rt, &r, d.Order, routing.Text(&why, language), reader)
			}
			seen[why.Kind]++
			seen[why.By]++
			seen["turn "+why.Turn]++
		}
	})
	for _, want := range []string{"designated", "static", "dynamic", "fallback", "listed", "split", "score", "priority", "turn explore", "turn probe"} {
		if seen[want] == 0 {
			t.Errorf("never drawn: %s; %v", want, seen)
		}
	}
}

// recompute chooses by a text, and compares.
func recompute(rt *rapid.T, r *routing.Request, chosen []string, text string, with *reader) {
	all, err := with.read(text)
	if err != nil {
		rt.Fatalf("%v\n%s", err, text)
	}
	got := all[0]
	if order := got.choose(); !slices.Equal(order, chosen) {
		rt.Fatalf("the text tells %q, the engine chose %q:\n%s", order, chosen, text)
	}
	if wrong := got.wrong(r, string(r.ID)); wrong != "" {
		rt.Fatalf("%s:\n%s", wrong, text)
	}
}

// told is what a text says, the order in which it says it left out.
type told struct {
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

// reader finds the words of one language.
type reader struct {
	lang     int
	patterns map[string]*regexp.Regexp
}

// find matches a text against what a word makes of values.
func (r *reader) find(word, text string) (values []string, ok bool) {
	p := r.patterns[word]
	if p == nil {
		pattern := regexp.QuoteMeta(routing.TextWords[word][r.lang])
		p = regexp.MustCompile("^" + strings.NewReplacer("%s", "(.+)", "%d", `(-?\d+)`).Replace(pattern) + "$")
		r.patterns[word] = p
	}
	found := p.FindStringSubmatch(text)
	if found == nil {
		return nil, false
	}
	return found[1:], true
}

// read reads the decision, and those of failovers.
func (r *reader) read(text string) ([]*told, error) {
	out := newTold()
	all := []*told{out}
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

func newTold() *told { return &told{kept: map[string]item{}, dropped: map[string]string{}} }

// line reads a line that is no item, and returns the word it is.
func (r *reader) line(out *told, line string) string {
	for _, word := range slices.Sorted(maps.Keys(routing.TextWords)) {
		if !strings.HasSuffix(routing.TextWords[word][0], ".") && !strings.HasSuffix(routing.TextWords[word][0], ":") {
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

func (r *reader) item(fields []string) (it item) {
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

// choose orders the kept as docs/routing.md says: health, then what the rule goes by, then turns.
func (d *told) choose() []string {
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
func (d *told) turn(order []string) int {
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

// wrong says what the text says of a payment that is not so.
func (d *told) wrong(r *routing.Request, id string) string {
	order := d.choose()
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
	amount := regexp.MustCompile(`(\d+) ([<>]) (\d+) [A-Z]{3}`)
	for name, why := range d.dropped {
		if v := amount.FindStringSubmatch(why); v != nil {
			mine, _ := strconv.ParseInt(v[1], 10, 64)
			limit, _ := strconv.ParseInt(v[3], 10, 64)
			if mine != r.Money.Amount || (v[2] == "<") != (mine < limit) || mine == limit {
				return fmt.Sprintf("%s was dropped for %q of %s", name, why, r.Money)
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

// TestTextWords: both languages have every word, with the same verbs in the same order, and every code of what was dropped.
func TestTextWords(t *testing.T) {
	t.Parallel()
	verb := regexp.MustCompile(`%[a-z]`)
	han := func(s string) bool { return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 }) }
	for word, text := range routing.TextWords {
		if text[0] == "" || !han(text[1]) && word != "dropped with" || !slices.Equal(verb.FindAllString(text[0], -1), verb.FindAllString(text[1], -1)) {
			t.Errorf("%s: %q", word, text)
		}
	}
	for _, code := range routing.DropCodes() {
		if !han(routing.DropWords[code]) {
			t.Errorf("%s has no Chinese: %q", code, routing.DropWords[code])
		}
	}
	if len(routing.DropWords) != len(routing.DropCodes()) {
		t.Error("words for codes that nobody uses")
	}
	for _, why := range []string{"abnormal", "probing", "explore", "probe", "listed", "split", "score", "priority"} {
		if because := routing.Because(routing.Outranked, why, "en"); because == "" || routing.Because(routing.Outranked, why, "zh-CN") == because {
			t.Errorf("outranked by %s is %q", why, because)
		}
	}
}

// TestTextOfOne is a whole text in both languages.
func TestTextOfOne(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC)
	r := paymux.Routing{
		RuleSet: "default", Version: 7, Rule: "cards abroad", Kind: "static", By: "score", Ranker: "best", At: at, BIN: "42424242", Network: "visa",
		Draw: "1f", Explore: 0.02,
		Candidates: []paymux.Candidate{
			{Channel: "stripe", Account: "stripe-eu", Place: 1, Success: 0.9431, Trials: 120.5, Cost: 290, LatencyMS: 812, Score: 0.91},
			{Channel: "adyen", Account: "adyen-eu", Place: 2, Health: "abnormal", Priority: 10, Success: 0.97, Trials: 80, Cost: 250, Score: 0.945},
			{Channel: "alipay", Account: "alipay-hk", Place: 3, Dropped: "the amount is above its limit", Code: "amount_above_limit", Detail: "50000 > 20000 CNY"},
		},
		Failovers: []paymux.Failover{{
			From: "stripe-eu", To: "adyen-eu", Why: "declined (51)", At: at.Add(time.Second), Version: 7, Rule: "cards abroad", Kind: "static", By: "listed",
			Candidates: []paymux.Candidate{{Channel: "adyen", Account: "adyen-eu", Place: 2}, {Channel: "stripe", Account: "stripe-eu", Place: 1, Dropped: "already tried", Code: "already_tried"}},
		}},
	}
	for language, want := range map[string]string{"en": `Rule set default, version 7, at 2026-11-26T09:30:00Z.
Static rule: "cards abroad".
It leaves the order to the dynamic rule: best.
Ordered by score.
Also known: card number 42424242; card network visa; draw 1f.
Share of payments in which another than the best has its turn: 2 %.
Tried in this order:
1. stripe-eu (stripe); normal; score 0.9100; success 94.31 % in 120.5 payments; fee 290; latency 812 ms; place 1
2. adyen-eu (adyen); abnormal; score 0.9450; success 97 % in 80 payments; fee 250; priority 10; place 2
Left out:
- alipay-hk (alipay); the amount is above its limit (50000 > 20000 CNY)
stripe-eu comes first: adyen-eu would, but it is abnormal.
Failed over from stripe-eu to adyen-eu: declined (51); at 2026-11-26T09:30:01Z.
Static rule: "cards abroad".
Ordered as they are listed.
Tried in this order:
1. adyen-eu (adyen); normal; place 2
Left out:
- stripe-eu (stripe); already tried
adyen-eu comes first: nobody else is left.
`, "zh-CN": `规则集 default，版本 7，时间 2026-11-26T09:30:00Z。
静态规则："cards abroad"。
顺序由动态规则决定：best。
排序依据：得分。
另外已知：卡号开头 42424242; 卡组织 visa; 随机数 1f。
轮到非最优账户试探的支付比例：2 %。
按此顺序尝试：
1. stripe-eu (stripe); 正常; 得分 0.9100; 成功率 94.31 %，共 120.5 笔; 费用 290; 延迟 812 毫秒; 位次 1
2. adyen-eu (adyen); 异常; 得分 0.9450; 成功率 97 %，共 80 笔; 费用 250; 优先级 10; 位次 2
已排除：
- alipay-hk (alipay); 金额高于上限（50000 > 20000 CNY）
stripe-eu 排在首位：本应是 adyen-eu，但其状态为异常。
由 stripe-eu 转到 adyen-eu：declined (51)；时间 2026-11-26T09:30:01Z。
静态规则："cards abroad"。
排序依据：所列顺序。
按此顺序尝试：
1. adyen-eu (adyen); 正常; 位次 2
已排除：
- stripe-eu (stripe); 已尝试过
adyen-eu 排在首位：没有其他可用账户。
`} {
		if d := gocmp.Diff(want, routing.Text(&r, language)); d != "" {
			t.Errorf("%s: %s", language, d)
		}
	}
	old := paymux.Routing{RuleSet: "default", Version: 1, Rule: "all accounts", Reason: "method=card; only one account takes it", Candidates: []paymux.Candidate{{Channel: "sandbox", Account: "sandbox"}}}
	if d := gocmp.Diff(`Rule set default, version 1.
Rule: "all accounts".
Reason: method=card; only one account takes it.
Tried in this order:
1. sandbox (sandbox); normal
`, routing.Text(&old, "en")); d != "" {
		t.Error(d)
	}
}

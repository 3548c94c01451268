package routing_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	readers := map[string]*routingtest.Reader{"en": routingtest.NewReader(0), "zh-CN": routingtest.NewReader(1)}
	check := func(rt *rapid.T) {
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
	}
	unseen := []string{"designated", "static", "dynamic", "fallback", "listed", "split", "score", "priority", "turn explore", "turn probe"}
	for range 10 { // what is drawn at random may leave something out once
		rapid.Check(t, check)
		if unseen = slices.DeleteFunc(unseen, func(what string) bool { return seen[what] > 0 }); len(unseen) == 0 {
			return
		}
	}
	t.Errorf("never drawn: %v; %v", unseen, seen)
}

// recompute chooses by a text, and compares.
func recompute(rt *rapid.T, r *routing.Request, chosen []string, text string, with *routingtest.Reader) {
	all, err := with.Read(text)
	if err != nil {
		rt.Fatalf("%v\n%s", err, text)
	}
	got := all[0]
	if order := got.Choose(); !slices.Equal(order, chosen) {
		rt.Fatalf("the text tells %q, the engine chose %q:\n%s", order, chosen, text)
	}
	if wrong := got.Wrong(r.Money.Amount, string(r.ID)); wrong != "" {
		rt.Fatalf("%s:\n%s", wrong, text)
	}
}

// TestTextWords: both languages have every word, with the same verbs in the same order, and every code of what was dropped.
func TestTextWords(t *testing.T) {
	t.Parallel()
	verb := regexp.MustCompile(`%[a-z]`)
	han := func(s string) bool { return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 }) }
	for word, text := range routing.TextWords() {
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
		if d := cmp.Diff(want, routing.Text(&r, language)); d != "" {
			t.Errorf("%s: %s", language, d)
		}
	}
	old := paymux.Routing{RuleSet: "default", Version: 1, Rule: "all accounts", Reason: "method=card; only one account takes it", Candidates: []paymux.Candidate{{Channel: "sandbox", Account: "sandbox"}}}
	if d := cmp.Diff(`Rule set default, version 1.
Rule: "all accounts".
Reason: method=card; only one account takes it.
Tried in this order:
1. sandbox (sandbox); normal
`, routing.Text(&old, "en")); d != "" {
		t.Error(d)
	}
}

package routing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// configured are the accounts a, b and c: a and c take everything, b takes cards in CNY and USD, cannot reserve, and is of the channel wallet.
func configured() []routing.Account {
	b := able("b")
	b.Channel, b.Features = "wallet", routing.FeaturesOf(routing.Refund)
	b.Takes = func(m paymux.MethodType, c paymux.Currency) bool {
		return m == paymux.Card && (c == "CNY" || c == "USD")
	}
	return []routing.Account{able("a"), b, able("c")}
}

// lintCase is a document, what is to be found in it, and the same with what is right.
type lintCase struct {
	text     string
	code     string
	severity routing.Severity
	path     string
	line     int
	words    string // of message and remedy
	right    string // a document in which it must not be found
}

const all = "fallback: {all: true}\n" // line 1

var lintCases = map[string]lintCase{
	"shadowed": {
		all + "static:\n- {name: s, when: {methods: [card]}, use: [a]}\n- {name: t, when: {methods: [card], currencies: [CNY]}, use: [c]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[1]", 4, `the rule "s" before it`,
		all + "static:\n- {name: t, when: {methods: [card], currencies: [CNY]}, use: [c]}\n- {name: s, when: {methods: [card]}, use: [a]}\n",
	},
	"shadowed by a union": {
		all + "static:\n- {name: s, when: {amounts: {CNY: {max: 100}}}, use: [a]}\n- {name: t, when: {amounts: {CNY: {min: 90}}}, use: [c]}\n- {name: u, when: {currencies: [CNY]}, use: [b]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[2]", 5, `the rules "s", "t" before it`,
		all + "static:\n- {name: s, when: {amounts: {CNY: {max: 100}}}, use: [a]}\n- {name: t, when: {amounts: {CNY: {min: 102}}}, use: [c]}\n- {name: u, when: {currencies: [CNY]}, use: [b]}\n",
	},
	"shadowed by two BINs of seven digits": {
		all + "static:\n- {name: s, when: {bins: [4242420-4242424]}, use: [a]}\n- {name: t, when: {bins: [4242425-4242429]}, use: [c]}\n- {name: u, when: {bins: [42424201-42424298]}, use: [a]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[2]", 5, `"s", "t"`,
		all + "static:\n- {name: s, when: {bins: [4242420-4242424]}, use: [a]}\n- {name: t, when: {bins: [4242425-4242429]}, use: [c]}\n- {name: u, when: {bins: [424242]}, use: [a]}\n", // a card of which six digits are known
	},
	"shadowed by day and night": {
		all + "static:\n- {name: s, when: {hours: [{from: 08:00, to: 20:00}]}, use: [a]}\n- {name: t, when: {hours: [{from: 20:00, to: 08:00}]}, use: [c]}\n- {name: u, use: [a]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[2]", 5, `"s", "t"`,
		all + "static:\n- {name: s, when: {hours: [{from: 08:00, to: 20:00}]}, use: [a]}\n- {name: t, when: {hours: [{from: 20:00, to: 08:00, days: [sun, mon, tue, wed, thu, fri]}]}, use: [c]}\n- {name: u, use: [a]}\n",
	},
	"shadowed by an area": {
		all + "areas: {east: [CN, JP]}\nstatic:\n- {name: s, when: {client: [east]}, use: [a]}\n- {name: t, when: {client: [JP]}, use: [c]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[1]", 5, `"s"`,
		all + "areas: {east: [CN, JP]}\nstatic:\n- {name: s, when: {client: [east]}, use: [a]}\n- {name: t, when: {client: [JP, KR]}, use: [c]}\n",
	},
	"shadowed by any and not": {
		all + "static:\n- {name: s, when: {any: [{manual: true}, {not: {methods: [card]}}]}, use: [a]}\n- {name: t, when: {methods: [paypal]}, use: [c]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[1]", 4, `"s"`,
		all + "static:\n- {name: s, when: {any: [{manual: true}, {not: {methods: [card]}}]}, use: [a]}\n- {name: t, when: {methods: [paypal, card]}, use: [c]}\n",
	},
	"shadowed by any metadata": {
		all + "static:\n- {name: s, when: {metadata: {k: [\"*\"]}}, use: [a]}\n- {name: t, when: {metadata: {k: [x], l: [y]}}, use: [c]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[1]", 4, `"s"`,
		all + "static:\n- {name: s, when: {metadata: {k: [\"*\"]}}, use: [a]}\n- {name: t, when: {metadata: {l: [y]}}, use: [c]}\n",
	},
	"shadowed by a designation": {
		all + "groups: {g: [mer_1, mer_2]}\ndesignated:\n- {name: d, when: {groups: [g]}, account: a}\nstatic:\n- {name: s, when: {merchants: [mer_2]}, use: [c]}\n",
		routing.LintUnreachable, routing.SeverityError, "static[0]", 6, `"d"`,
		all + "groups: {g: [mer_1, mer_2]}\ndesignated:\n- {name: d, when: {groups: [g]}, account: a}\nstatic:\n- {name: s, when: {merchants: [mer_2, mer_3]}, use: [c]}\n",
	},
	"a dynamic rule that static ones leave nothing to": {
		all + "static:\n- {name: s, use: [a]}\ndynamic:\n- {name: r, split: {a: 1, c: 1}}\n",
		routing.LintUnreachable, routing.SeverityError, "dynamic[0]", 5, `"s"`,
		all + "static:\n- {name: s, use: [a, c], order: dynamic}\ndynamic:\n- {name: r, split: {a: 1, c: 1}}\n",
	},
	"a dynamic rule whose static one comes too late": {
		all + "static:\n- {name: s, when: {methods: [card]}, use: [a]}\n- {name: t, use: [a, c], order: dynamic}\ndynamic:\n- {name: r, when: {methods: [card]}, split: {a: 1, c: 1}}\n",
		routing.LintUnreachable, routing.SeverityError, "dynamic[0]", 6, `"s"`,
		all + "static:\n- {name: t, use: [a, c], order: dynamic}\ndynamic:\n- {name: r, when: {methods: [card]}, split: {a: 1, c: 1}}\n",
	},
	"a dynamic rule behind another": {
		all + "dynamic:\n- {name: r, split: {a: 1, c: 1}}\n- {name: q, when: {methods: [card]}, split: {a: 1, c: 3}}\n",
		routing.LintUnreachable, routing.SeverityError, "dynamic[1]", 4, `"r"`,
		all + "dynamic:\n- {name: q, when: {methods: [card]}, split: {a: 1, c: 3}}\n- {name: r, split: {a: 1, c: 1}}\n",
	},
	"overlapping designations": {
		all + "designated:\n- {name: d, when: {merchants: [mer_1, mer_2]}, account: a}\n- {name: e, when: {merchants: [mer_2, mer_3]}, account: c}\n",
		routing.LintOverlap, routing.SeverityWarning, "designated[1]", 4, "such as those of mer_2",
		all + "designated:\n- {name: d, when: {merchants: [mer_1, mer_2]}, account: a}\n- {name: e, when: {merchants: [mer_2, mer_3], not: {merchants: [mer_2]}}, account: c}\n",
	},
	"overlapping by group": {
		all + "groups: {g: [mer_1, mer_2]}\ndesignated:\n- {name: d, when: {groups: [g]}, account: a}\n- {name: e, when: {methods: [card]}, account: c}\n",
		routing.LintOverlap, routing.SeverityWarning, "designated[1]", 5, `"d" and "e"`,
		all + "groups: {g: [mer_1, mer_2]}\ndesignated:\n- {name: d, when: {groups: [g]}, account: a}\n- {name: e, when: {methods: [card]}, account: a}\n",
	},
	"an empty any": {
		all + "static:\n- name: s\n  when: {any: []}\n  use: [a]\n", "document", routing.SeverityError, "static[0].when.any", 4, "It is empty. Leave it out", all + "static:\n- {name: s, when: {any: [{methods: [card]}]}, use: [a]}\n",
	},
	"a not of everything": {
		all + "static:\n- name: s\n  when: {not: {}}\n  use: [a]\n", routing.LintNeverMatches, routing.SeverityError, "static[0].when.not", 4, "what it excludes is everything",
		all + "static:\n- name: s\n  when: {not: {methods: [card]}}\n  use: [a]\n",
	},
	"a not of all the rest": {
		all + "static:\n- name: s\n  when: {methods: [card], not: {methods: [card, paypal]}}\n  use: [a]\n", routing.LintNeverMatches, routing.SeverityError, "static[0].when.not", 4, "what it excludes is everything",
		all + "static:\n- name: s\n  when: {methods: [card, alipay], not: {methods: [card, paypal]}}\n  use: [a]\n",
	},
	"a not of nothing": {
		all + "static:\n- {name: s, when: {methods: [card], not: {methods: [paypal]}}, use: [a]}\n", routing.LintNoEffect, routing.SeverityWarning, "static[0].when.not", 3, "excludes nothing",
		all + "static:\n- {name: s, when: {methods: [card, paypal], not: {methods: [paypal]}}, use: [a]}\n",
	},
	"any of what the rest excludes": {
		all + "static:\n- {name: s, when: {methods: [card], any: [{methods: [paypal]}, {methods: [alipay]}]}, use: [a]}\n", routing.LintNeverMatches, routing.SeverityError, "static[0].when", 3, "leave nothing of the rest",
		all + "static:\n- {name: s, when: {methods: [card], any: [{methods: [paypal]}, {methods: [card]}]}, use: [a]}\n",
	},
	"hours that never come": {
		all + "static:\n- {name: s, when: {hours: [{from: 10:00, to: 12:00}], any: [{hours: [{from: 13:00, to: 14:00}]}]}, use: [a]}\n", routing.LintNeverMatches, routing.SeverityError, "static[0].when", 3, "never met",
		all + "static:\n- {name: s, when: {hours: [{from: 10:00, to: 12:00}], any: [{hours: [{from: 11:59, to: 14:00}]}]}, use: [a]}\n",
	},
	"amounts of no currency of it": {
		all + "static:\n- {name: s, when: {currencies: [CNY], amounts: {USD: {min: 5}}}, use: [a]}\n", routing.LintNeverMatches, routing.SeverityError, "static[0].when.amounts", 3, "none of its currencies",
		all + "static:\n- {name: s, when: {currencies: [USD], amounts: {USD: {min: 5}}}, use: [a]}\n",
	},
	"amounts of another currency, too": {
		all + "static:\n- {name: s, when: {currencies: [CNY], amounts: {CNY: {min: 5}, USD: {min: 5}}}, use: [a]}\n", routing.LintNoEffect, routing.SeverityWarning, "static[0].when.amounts.USD", 3, "never looked at",
		all + "static:\n- {name: s, when: {currencies: [CNY, USD], amounts: {CNY: {min: 5}, USD: {min: 5}}}, use: [a]}\n",
	},
	"a currency without amounts": {
		all + "static:\n- {name: s, when: {currencies: [CNY, USD], amounts: {CNY: {min: 5}}}, use: [a]}\n", routing.LintNoEffect, routing.SeverityWarning, "static[0].when.currencies[1]", 3, "no amount of it matches",
		all + "static:\n- {name: s, when: {amounts: {CNY: {min: 5}}}, use: [a]}\n",
	},
	"merchants of none of the groups": {
		all + "groups: {g: [mer_1]}\nstatic:\n- {name: s, when: {groups: [g], merchants: [mer_2]}, use: [a]}\n", routing.LintNeverMatches, routing.SeverityError, "static[0].when", 4, "none of its merchants",
		all + "groups: {g: [mer_1]}\nstatic:\n- {name: s, when: {groups: [g], merchants: [mer_1]}, use: [a]}\n",
	},
	"a merchant of none of the groups": {
		all + "groups: {g: [mer_1]}\nstatic:\n- {name: s, when: {groups: [g], merchants: [mer_1, mer_2]}, use: [a]}\n", routing.LintNoEffect, routing.SeverityWarning, "static[0].when.merchants[1]", 4, "mer_2 is in none",
		all + "groups: {g: [mer_1, mer_2]}\nstatic:\n- {name: s, when: {groups: [g], merchants: [mer_1, mer_2]}, use: [a]}\n",
	},
	"one of any is never met": {
		all + "static:\n- {name: s, when: {any: [{methods: [card]}, {not: {}}]}, use: [a]}\n", routing.LintNeverMatches, routing.SeverityWarning, "static[0].when.any[1].not", 3, "never met",
		all + "static:\n- {name: s, when: {any: [{methods: [card]}, {not: {methods: [paypal]}}]}, use: [a]}\n",
	},
}

func TestLintOfConditions(t *testing.T) {
	t.Parallel()
	lintAll(t, lintCases)
}

func lintAll(t *testing.T, cases map[string]lintCase) {
	t.Helper()
	for name, c := range cases {
		_, found := routing.LintDocument([]byte(c.text), configured())
		at := slices.IndexFunc(found, func(f routing.Finding) bool {
			return f.Code == c.code && f.Severity == c.severity && f.Path == c.path && f.Line == c.line && strings.Contains(f.Message+" "+f.Remedy, c.words)
		})
		if at < 0 {
			t.Errorf("%s: want %s %s at %s, line %d, with %q; found\n%s", name, c.severity, c.code, c.path, c.line, c.words, listing(found))
		}
		for _, f := range found {
			if f.Message == "" || f.Remedy == "" || f.Line == 0 || f.Code == "" {
				t.Errorf("%s: %+v lacks something", name, f)
			}
		}
		s, found := routing.LintDocument([]byte(c.right), configured())
		if slices.ContainsFunc(found, func(f routing.Finding) bool { return s == nil || f.Code == c.code }) {
			t.Errorf("%s: found in what is right:\n%s", name, listing(found))
		}
	}
}

func listing(found []routing.Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "  line %d %s: %s %s: %s %s\n", f.Line, f.Path, f.Severity, f.Code, f.Message, f.Remedy)
	}
	return b.String()
}

// A set that was not read from a document has the same findings, without lines.
func TestLintNeedsNoDocument(t *testing.T) {
	t.Parallel()
	for name, c := range lintCases {
		s, want := routing.LintDocument([]byte(c.text), configured())
		if s == nil {
			continue // refused
		}
		got := routing.Lint(s, configured())
		for i := range want {
			want[i].Line = 0
		}
		byPath := func(a, b routing.Finding) int { return strings.Compare(a.Path+a.Code, b.Path+b.Code) }
		slices.SortFunc(want, byPath)
		slices.SortFunc(got, byPath)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

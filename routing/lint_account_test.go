package routing_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

var accountCases = map[string]lintCase{
	"an unknown account of a rule": {
		all + "static:\n- {name: s, use: [a, aa]}\n", routing.LintUnknownAccount, routing.SeverityError, "static[0].use[1]", 3, "such as a, b, c",
		all + "static:\n- {name: s, use: [a, b]}\n",
	},
	"an unknown account of a designation": {
		all + "designated:\n- {name: d, account: x}\n", routing.LintUnknownAccount, routing.SeverityError, "designated[0].account", 3, "no account x", all + "designated:\n- {name: d, account: a}\n",
	},
	"an unknown account of a split": {
		all + "dynamic:\n- {name: r, split: {a: 1, x: 1}}\n", routing.LintUnknownAccount, routing.SeverityError, "dynamic[0].split.x", 3, "no account x", all + "dynamic:\n- {name: r, split: {a: 1, c: 1}}\n",
	},
	"an unknown account of the fallback": {
		"fallback: {use: [a, x]}\n", routing.LintUnknownAccount, routing.SeverityError, "fallback.use[1]", 1, "no account x", "fallback: {use: [a, b]}\n",
	},
	"an unknown account under accounts": {
		all + "accounts:\n- {name: x}\n", routing.LintUnknownAccount, routing.SeverityError, "accounts[0].name", 3, "no account x", all + "accounts:\n- {name: a}\n",
	},
	"an unknown channel": {
		all + "static:\n- {name: s, channels: [wallet, purse]}\n", routing.LintUnknownChannel, routing.SeverityError, "static[0].channels[1]", 3, "channel purse", all + "static:\n- {name: s, channels: [wallet]}\n",
	},
	"a disabled account among others": {
		all + "accounts: [{name: a, disabled: true}]\nstatic:\n- {name: s, use: [c, a]}\n", routing.LintDisabled, routing.SeverityWarning, "static[0].use[1]", 4, "disabled", all + "accounts: [{name: a, disabled: true}]\nstatic:\n- {name: s, use: [c]}\n",
	},
	"a disabled account alone": {
		all + "accounts: [{name: a, disabled: true}]\ndesignated:\n- {name: d, account: a}\n", routing.LintDisabled, routing.SeverityError, "designated[0].account", 4, "disabled", all + "accounts: [{name: a}]\ndesignated:\n- {name: d, account: a}\n",
	},
	"an account that can take nothing by its quota": {
		all + "accounts:\n- name: a\n  currencies: [CNY]\n  amounts: {CNY: {min: 1000}}\n  quotas: [{name: q, currency: CNY, amount: 500}]\n", routing.LintAccountNever, routing.SeverityError, "accounts[0]", 3, "both its limits and its quotas",
		all + "accounts:\n- name: a\n  currencies: [CNY]\n  amounts: {CNY: {min: 500}}\n  quotas: [{name: q, currency: CNY, amount: 500}]\n",
	},
	"an account whose methods it does not have": {
		all + "accounts:\n- {name: b, methods: [paypal]}\n", routing.LintAccountNever, routing.SeverityError, "accounts[0]", 3, "nothing in common", all + "accounts:\n- {name: b, methods: [card]}\n",
	},
	"an account whose currencies its methods do not have": {
		all + "accounts:\n- {name: b, currencies: [JPY]}\n", routing.LintAccountNever, routing.SeverityError, "accounts[0]", 3, "nothing in common", all + "accounts:\n- {name: b, currencies: [JPY, USD]}\n",
	},
	"a quota below one payment": {
		all + "accounts:\n- {name: a, amounts: {CNY: {min: 1000}}, quotas: [{name: q, currency: CNY, amount: 500}]}\n", routing.LintQuota, routing.SeverityError, "accounts[0].quotas[0]", 3, "below the least amount", all + "accounts:\n- {name: a, amounts: {USD: {min: 1000}}, quotas: [{name: q, currency: CNY, amount: 500}]}\n",
	},
	"a quota of nothing": {
		all + "accounts:\n- {name: a, quotas: [{name: q, count: 0}]}\n", "document", routing.SeverityError, "accounts[0].quotas[0].count", 3, "from 1 to", all + "accounts:\n- {name: a, quotas: [{name: q, count: 1}]}\n",
	},
	"a quota of another currency": {
		all + "accounts:\n- {name: a, currencies: [USD], quotas: [{name: q, currency: CNY, amount: 500}]}\n", routing.LintNoEffect, routing.SeverityWarning, "accounts[0].quotas[0]", 3, "nothing is ever counted", all + "accounts:\n- {name: a, currencies: [USD, CNY], quotas: [{name: q, currency: CNY, amount: 500}]}\n",
	},
	"a limit of another currency": {
		all + "accounts:\n- {name: a, currencies: [USD], amounts: {CNY: {max: 500}}}\n", routing.LintNoEffect, routing.SeverityWarning, "accounts[0].amounts.CNY", 3, "never looked at", all + "accounts:\n- {name: a, amounts: {CNY: {max: 500}}}\n",
	},
	"a method it does not have, too": {
		all + "accounts:\n- {name: b, methods: [card, paypal]}\n", routing.LintNoEffect, routing.SeverityWarning, "accounts[0].methods[1]", 3, "does not take paypal", all + "accounts:\n- {name: a, methods: [card, paypal]}\n",
	},
	"a rule beyond an account's limit": {
		all + "accounts: [{name: a, amounts: {CNY: {max: 100}}}]\nstatic:\n- {name: s, when: {amounts: {CNY: {min: 101}}}, use: [c, a]}\n", routing.LintCandidateNever, routing.SeverityWarning, "static[0].use[1]", 4, "nothing in common",
		all + "accounts: [{name: a, amounts: {CNY: {max: 101}}}]\nstatic:\n- {name: s, when: {amounts: {CNY: {min: 101}}}, use: [c, a]}\n",
	},
	"a rule beyond its only account's hours": {
		all + "accounts: [{name: a, hours: [{from: 08:00, to: 18:00}]}]\nstatic:\n- {name: s, when: {hours: [{from: 18:00, to: 08:00}]}, use: [a]}\n", routing.LintCandidateNever, routing.SeverityError, "static[0].use[0]", 4, "nothing in common",
		all + "accounts: [{name: a, hours: [{from: 08:00, to: 18:00}]}]\nstatic:\n- {name: s, when: {hours: [{from: 17:59, to: 08:00}]}, use: [a]}\n",
	},
	"a rule of blocked merchants": {
		all + "groups: {g: [mer_1, mer_2]}\naccounts: [{name: a, blocked_groups: [g]}]\ndesignated:\n- {name: d, when: {merchants: [mer_1]}, account: a}\n", routing.LintCandidateNever, routing.SeverityError, "designated[0].account", 5, "nothing in common",
		all + "groups: {g: [mer_1, mer_2]}\naccounts: [{name: a, blocked_groups: [g]}]\ndesignated:\n- {name: d, when: {merchants: [mer_1, mer_3]}, account: a}\n",
	},
	"a reservation for an account without": {
		all + "static:\n- {name: s, when: {manual: true}, use: [b]}\n", routing.LintCandidateNever, routing.SeverityError, "static[0].use[0]", 3, "nothing in common", all + "static:\n- {name: s, when: {manual: false}, use: [b]}\n",
	},
	"a need that an account does not meet": {
		all + "static:\n- {name: s, use: [a, b], needs: [query]}\n", routing.LintCandidateNever, routing.SeverityWarning, "static[0].use[1]", 3, "has no query", all + "static:\n- {name: s, use: [a, b], needs: [refund]}\n",
	},
	"percent that do not add up": {
		all + "dynamic:\n- {name: r, split: {a: 60%, c: 30%}}\n", "bad_weight", routing.SeverityError, "dynamic[0].split", 3, "add up to 90 %", all + "dynamic:\n- {name: r, split: {a: 60%, c: 40%}}\n",
	},
	"percent and not": {
		all + "dynamic:\n- {name: r, split: {a: 60%, c: 40}}\n", "bad_weight", routing.SeverityError, "dynamic[0].split", 3, "some are not", all + "dynamic:\n- {name: r, split: {a: 60, c: 40}}\n",
	},
	"shares that do not add up to 100": {
		all + "dynamic:\n- {name: r, split: {a: 60, c: 35}}\n", routing.LintShares, routing.SeverityWarning, "dynamic[0].split", 3, "add up to 95, not to 100", all + "dynamic:\n- {name: r, split: {a: 3, c: 2}}\n",
	},
	"shares that do not add up to 1": {
		all + "dynamic:\n- {name: r, split: {a: 0.6, c: 0.5}}\n", routing.LintShares, routing.SeverityWarning, "dynamic[0].split", 3, "add up to 1.1, not to 1", all + "dynamic:\n- {name: r, split: {a: 0.6, c: 0.4}}\n",
	},
	"all of a split for one": {
		all + "dynamic:\n- {name: r, split: {a: 1, c: 0}}\n", routing.LintShares, routing.SeverityWarning, "dynamic[0].split", 3, "One account has all of it", all + "dynamic:\n- {name: r, split: {a: 1, c: 1}}\n",
	},
	"a share of none of the accounts": {
		all + "dynamic:\n- {name: r, among: [a, c], split: {a: 1, b: 1, c: 1}}\n", routing.LintShares, routing.SeverityWarning, "dynamic[0].split.b", 3, "never gets its share", all + "dynamic:\n- {name: r, among: [a, b, c], split: {a: 1, b: 1, c: 1}}\n",
	},
	"an account without a share": {
		all + "dynamic:\n- {name: r, among: [a, b, c], split: {a: 1, c: 1}}\n", routing.LintShares, routing.SeverityWarning, "dynamic[0].among[1]", 3, "no share", all + "dynamic:\n- {name: r, among: [a, c], split: {a: 1, c: 1}}\n",
	},
	"exploring a split": {
		all + "dynamic:\n- {name: r, split: {a: 1, c: 1}, explore: 0.1}\n", "bad_share", routing.SeverityError, "dynamic[0].explore", 3, "Only a score explores", all + "dynamic:\n- {name: r, score: {success: 1}, explore: 0.1}\n",
	},
	"a score of one account": {
		all + "dynamic:\n- {name: r, among: [a], score: {success: 1}}\n", routing.LintNoChoice, routing.SeverityWarning, "dynamic[0].among", 3, "one account", all + "dynamic:\n- {name: r, among: [a, c], score: {success: 1}}\n",
	},
	"cost without fees": {
		all + "accounts: [{name: a, fees: [{percent: 1}]}]\ndynamic:\n- {name: r, among: [a, c], score: {cost: 1}}\n", routing.LintNoFee, routing.SeverityWarning, "dynamic[0].among[1]", 4, "account c has no fees", all + "accounts: [{name: a, fees: [{percent: 1}]}]\ndynamic:\n- {name: r, among: [a, c], score: {success: 1}}\n",
	},
	"cost with fees for some": {
		all + "accounts: [{name: a, fees: [{methods: [card], percent: 1}]}]\ndynamic:\n- {name: r, when: {methods: [card, alipay]}, among: [a, c], score: {cost: 1}}\n", routing.LintNoFee, routing.SeverityWarning, "dynamic[0].among[0]", 4, "some of what the rule matches",
		all + "accounts: [{name: a, fees: [{methods: [card], percent: 1}]}, {name: c, fees: [{percent: 1}]}]\ndynamic:\n- {name: r, when: {methods: [card]}, among: [a, c], score: {cost: 1}}\n",
	},
	"a fee that is never charged": {
		all + "accounts:\n- name: a\n  fees:\n  - {percent: 1}\n  - {methods: [card], percent: 2}\n", routing.LintUnreachableFee, routing.SeverityWarning, "accounts[0].fees[1]", 6, "never charged", all + "accounts:\n- name: a\n  fees:\n  - {methods: [card], percent: 2}\n  - {percent: 1}\n",
	},
	"nobody to rank": {
		all + "static:\n- {name: s, when: {methods: [card]}, use: [a, c], order: dynamic}\ndynamic:\n- {name: r, when: {methods: [alipay]}, split: {a: 1, c: 1}}\n", routing.LintNoRanker, routing.SeverityWarning, "static[0].order", 3, "order: listed",
		all + "static:\n- {name: s, when: {methods: [card]}, use: [a, c], order: dynamic}\ndynamic:\n- {name: r, when: {methods: [alipay, card]}, split: {a: 1, c: 1}}\n",
	},
	"no fallback": {
		"static:\n- {name: s, use: [a]}\n", "document", routing.SeverityError, "", 1, "It has no fallback", all + "static:\n- {name: s, use: [a]}\n",
	},
	"a fallback that says nothing": {
		"static:\n- {name: s, use: [a]}\nfallback: {all: false}\n", "bad_fallback", routing.SeverityError, "fallback", 3, "all: true and refuse: true", all,
	},
	"two fallbacks": {
		"fallback: {all: true, use: [a]}\n", "bad_fallback", routing.SeverityError, "fallback", 1, "one of", all,
	},
	"nothing but refusals": {
		"fallback: {refuse: true}\n", routing.LintRefusesAll, routing.SeverityError, "fallback.refuse", 1, "every payment is refused", "static: [{name: s, use: [a]}]\nfallback: {refuse: true}\n",
	},
	"an unused group": {
		all + "groups: {g: [mer_1]}\n", routing.LintUnused, routing.SeverityWarning, "groups.g", 2, "group g", all + "groups: {g: [mer_1]}\naccounts: [{name: a, blocked_groups: [g]}]\n",
	},
	"an unused area": {
		all + "areas: {east: [CN]}\n", routing.LintUnused, routing.SeverityWarning, "areas.east", 2, "area east", all + "areas: {east: [CN]}\naccounts: [{name: a, fees: [{client: [east], percent: 1}]}]\n",
	},
	"a name twice": {
		all + "static:\n- {name: s, when: {methods: [card]}, use: [a]}\ndynamic:\n- {name: s, split: {a: 1, c: 1}}\n", "name_taken", routing.SeverityError, "dynamic[0].name", 5, "a name of its own", all + "static:\n- {name: s, when: {methods: [card]}, use: [a]}\ndynamic:\n- {name: r, split: {a: 1, c: 1}}\n",
	},
	"an account twice": {
		all + "accounts: [{name: a}, {name: a}]\n", "name_taken", routing.SeverityError, "accounts[1].name", 2, "listed twice", all + "accounts: [{name: a}, {name: b}]\n",
	},
}

func TestLintOfAccounts(t *testing.T) {
	t.Parallel()
	lintAll(t, accountCases)
}

// Where nobody knows which accounts there are, none is unknown, and what the rules say of them is held against each other all the same.
func TestLintWithoutAccounts(t *testing.T) {
	t.Parallel()
	_, found := routing.LintDocument([]byte(all+"accounts: [{name: a, amounts: {CNY: {max: 100}}}]\nstatic:\n- {name: s, when: {amounts: {CNY: {min: 101}}}, use: [a]}\n- {name: t, use: [x], channels: [y]}\n"), nil)
	if len(found) != 1 || found[0].Code != routing.LintCandidateNever || found[0].Path != "static[0].use[0]" {
		t.Errorf("found\n%s", listing(found))
	}
}

func exampleAccounts() (out []routing.Account) {
	for name, channel := range map[string]string{"cards-eu": "cards", "cards-us": "cards", "cards-old": "cards", "wallet-cn": "wallet"} {
		a := able(name)
		a.Channel = channel
		a.Takes = func(m paymux.MethodType, _ paymux.Currency) bool { return (m == paymux.Card) == (channel == "cards") }
		out = append(out, a)
	}
	return out
}

func example(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../examples/routing.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheExampleIsClean(t *testing.T) {
	t.Parallel()
	s, found := routing.LintDocument(example(t), exampleAccounts())
	if s == nil || len(found) > 0 {
		t.Fatalf("found\n%s", listing(found))
	}
	if len(s.Designated) == 0 || len(s.Static) == 0 || !slices.ContainsFunc(s.Dynamic, func(d routing.DynamicRule) bool { return d.Split != nil }) || !slices.ContainsFunc(s.Dynamic, func(d routing.DynamicRule) bool { return d.Score != nil }) {
		t.Error("it does not show every kind of rule")
	}
	r := request()
	r.Method, r.Money, r.Client, r.Merchant = paymux.Card, paymux.Money{Amount: 2000, Currency: "EUR"}, "DE", "mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"
	if d := bind(t, s, exampleAccounts()...).Decide(&r); d.Rule != "flagship at home" {
		t.Errorf("decided by %q", d.Rule)
	}
}

// Every code is in the document for operators, and, but for what takes a very large set, shown by a case.
func TestLintCodesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/routing-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{routing.LintTooMuch: true}
	for _, cases := range []map[string]lintCase{lintCases, accountCases} {
		for _, c := range cases {
			shown[c.code] = true
		}
	}
	for _, code := range routing.LintCodes() {
		if !strings.Contains(string(text), "`"+code+"`") {
			t.Errorf("%s is not in docs/routing-rules.md", code)
		}
		if !shown[code] {
			t.Errorf("%s has no case", code)
		}
	}
}

// A set that is too large to compare all rules is said to be so, once, and soon.
func TestLintSaysWhatItDidNotLookAt(t *testing.T) {
	t.Parallel()
	s := &routing.RuleSet{Fallback: routing.Fallback{All: true}}
	for i := range 8000 {
		s.Static = append(s.Static, routing.StaticRule{Name: fmt.Sprint(i), Use: []string{"a"}, When: routing.Condition{
			Amounts: map[paymux.Currency]routing.Range{"CNY": {Min: int64(20_000 - i)}}, Metadata: map[string][]string{"k": {fmt.Sprint(i % 50), "x"}},
		}})
	}
	if found := routing.Lint(s, nil); len(found) != 1 || found[0].Code != routing.LintTooMuch {
		t.Errorf("found\n%s", listing(found))
	}
}

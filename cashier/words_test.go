package cashier_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

func words(t *testing.T, lang string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("i18n/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Both languages have exactly the keys that the pages and the code use, with the same verbs.
func TestWordsAreComplete(t *testing.T) {
	t.Parallel()
	en, zh := words(t, "en"), words(t, "zh-CN")
	used := usedKeys(t, en)
	for key := range used {
		if en[key] == "" || zh[key] == "" {
			t.Errorf("%s is used and missing in a language", key)
		}
	}
	for lang, m := range map[string]map[string]string{"en": en, "zh-CN": zh} {
		for key, text := range m {
			if !used[key] {
				t.Errorf("%s: %s is not used", lang, key)
			}
			if strings.Count(text, "%s") != strings.Count(en[key], "%s") {
				t.Errorf("%s: %s has other verbs than English", lang, key)
			}
		}
	}
}

// usedKeys are all texts in quotes that look like a key: "page.word".
func usedKeys(t *testing.T, en map[string]string) map[string]bool {
	t.Helper()
	pages := map[string]bool{}
	for key := range maps.Keys(en) {
		page, _, _ := strings.Cut(key, ".")
		pages[page] = true
	}
	key := regexp.MustCompile(`"(([a-z_]+)\.[a-z_]+)"`)
	used := map[string]bool{}
	sources, _ := filepath.Glob("*.go")
	templates, _ := filepath.Glob("pages/*.html")
	for _, name := range slices.Concat(sources, templates) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(text), -1) {
			if pages[m[2]] && m[1] != "qr.svg" {
				used[m[1]] = true
			}
		}
	}
	return used
}

// Every way to pay and every reason has words of its own or the general ones; none shows its code.
func TestEveryDeclineHasWords(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler := h.handler(t)
	for _, code := range []paymux.DeclineCode{
		paymux.DeclineGeneric, paymux.DeclineInsufficientFunds, paymux.DeclineLostCard, paymux.DeclineStolenCard, paymux.DeclineExpiredCard,
		paymux.DeclineIncorrectCVC, paymux.DeclineIncorrectNumber, paymux.DeclineFraud, paymux.DeclineLimit, paymux.DeclineAuthenticationFailed,
		paymux.DeclineCanceledByPayer, paymux.DeclineInvalidAccount, paymux.DeclineNotSupported, paymux.DeclineProcessing, "a_code_of_tomorrow",
	} {
		p := h.keep(paymux.Failed, declined(code))
		page := body(t, get(t, handler, "/pay/"+string(p.ID), "en"))
		state := page[strings.Index(page, "</h1>"):]
		if strings.Contains(page, string(code)) || len(regexp.MustCompile(`<p>([^<]+)</p>`).FindString(state)) < 50 {
			t.Errorf("%s: %s", code, state)
		}
		for _, tells := range []string{"stolen", "lost", "fraud"} {
			if strings.Contains(page, tells) {
				t.Errorf("%s: the payer is told %q", code, tells)
			}
		}
	}
}

func TestAmountsInBothLanguages(t *testing.T) {
	t.Parallel()
	h := newHouse()
	handler := h.handler(t)
	for _, c := range []struct {
		money  paymux.Money
		en, zh string
	}{
		{paymux.Money{Amount: 123456789, Currency: "CNY"}, "CN¥1,234,567.89", ">¥1,234,567.89"},
		{paymux.Money{Amount: 1250, Currency: "USD"}, ">$12.50", "US$12.50"},
		{paymux.Money{Amount: 1250, Currency: "JPY"}, ">¥1,250<", "JP¥1,250<"},
		{paymux.Money{Amount: 1250, Currency: "KWD"}, "KWD 1.250", "KWD 1.250"},
		{paymux.Money{Amount: 5, Currency: "EUR"}, "€0.05", "€0.05"},
	} {
		p := h.keep(paymux.Created, func(p *paymux.Payment) { p.Amount, p.Currency = c.money.Amount, c.money.Currency })
		for lang, want := range map[string]string{"en": c.en, "zh-CN": c.zh} {
			if page := body(t, get(t, handler, "/pay/"+string(p.ID), lang)); !strings.Contains(page, want) {
				t.Errorf("%s in %s: no %q", c.money, lang, want)
			}
		}
	}
}

func TestScriptIsSmall(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("static/pay.js")
	if err != nil {
		t.Fatal(err)
	}
	if len(script) > 6000 {
		t.Errorf("%d bytes", len(script))
	}
	if outside.Match(regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAll(script, nil)) || strings.Contains(string(script), "eval(") || strings.Contains(string(script), "innerHTML") {
		t.Error("the script asks elsewhere or runs text")
	}
}

package channel_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

func bank() *channel.Driver {
	return &channel.Driver{
		Name: "bank", Title: "A bank",
		Options: []channel.Option{
			{Name: "api_key", Help: "key of the account", Required: true, Secret: true},
			{Name: "merchant_number", Help: "as in the contract", Required: true},
			{Name: "base_url", Help: "where it is", Default: "https://bank.example"},
			{Name: "note", Help: "anything"},
		},
		Methods:    []paymux.MethodType{paymux.Card, paymux.Alipay},
		Currencies: []paymux.Currency{"CNY", "JPY"},
		Exponents:  map[paymux.Currency]int{"JPY": 2, "KWD": 0},
	}
}

func TestCheckNamesEveryFault(t *testing.T) {
	t.Parallel()
	const (
		noKey    = `option "api_key" is missing: key of the account`
		noNumber = `option "merchant_number" is missing: as in the contract`
		known    = ` is unknown (options: api_key, merchant_number, base_url, note)`
	)
	for name, c := range map[string]struct {
		options map[string]string
		want    string // empty: no fault
	}{
		"what is required":      {map[string]string{"api_key": "k", "merchant_number": "1"}, ""},
		"everything":            {map[string]string{"api_key": "k", "merchant_number": "1", "base_url": "u", "note": "n"}, ""},
		"one missing":           {map[string]string{"api_key": "k"}, "channel bank: " + noNumber},
		"one empty":             {map[string]string{"api_key": "", "merchant_number": "1"}, "channel bank: " + noKey},
		"one unknown":           {map[string]string{"api_key": "k", "merchant_number": "1", "apikey": "k"}, `channel bank: option "apikey"` + known},
		"one in another case":   {map[string]string{"api_key": "k", "merchant_number": "1", "Note": "n"}, `channel bank: option "Note"` + known},
		"nothing given":         {nil, "channel bank: " + noKey + "; " + noNumber},
		"several, in one order": {map[string]string{"zeta": "1", "apikey": "k", "note": "n"}, "channel bank: " + noKey + `; option "apikey"` + known + "; " + noNumber + `; option "zeta"` + known},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := ""
			if err := bank().Check(c.options); err != nil {
				text = err.Error()
			}
			if text != c.want {
				t.Errorf("Check(%v)\n got %s\nwant %s", c.options, text, c.want)
			}
		})
	}
}

// What is written in a configuration may be a secret, even beside a mistyped name.
func TestCheckNeverRepeatsAValue(t *testing.T) {
	t.Parallel()
	names := rapid.SampledFrom([]string{"api_key", "api-key", "secret", "merchant_number", "note"})
	values := rapid.StringMatching(`sk_live_[0-9A-Z]{20}`)
	rapid.Check(t, func(t *rapid.T) {
		options := rapid.MapOf(names, values).Draw(t, "options")
		err := bank().Check(options)
		if err != nil && strings.Contains(err.Error(), "sk_live_") {
			t.Fatalf("a value is in the text: %v", err)
		}
	})
}

func TestOptionIsTheTextOrItsDefault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, given, want string
	}{
		{"base_url", "", "https://bank.example"},
		{"base_url", "http://127.0.0.1:1", "http://127.0.0.1:1"},
		{"note", "", ""},
		{"note", "n", "n"},
		{"unheard_of", "", ""},
	} {
		config := channel.Config{Options: map[string]string{c.name: c.given}}
		if got := bank().Option(config, c.name); got != c.want {
			t.Errorf("option %s, given %q, is %q, want %q", c.name, c.given, got, c.want)
		}
	}
	if got := bank().Option(channel.Config{}, "base_url"); got != "https://bank.example" {
		t.Errorf("without any option base_url is %q", got)
	}
}

func TestTakesNeedsMethodAndCurrency(t *testing.T) {
	t.Parallel()
	limited, open := bank(), bank()
	open.Currencies = nil
	cardsOnly := &channel.Account{Driver: limited, Methods: []paymux.MethodType{paymux.Card}}
	beyond := &channel.Account{Driver: limited, Methods: []paymux.MethodType{paymux.Card, paymux.PayPal}}
	for _, c := range []struct {
		what     string
		takes    func(paymux.MethodType, paymux.Currency) bool
		method   paymux.MethodType
		currency paymux.Currency
		want     bool
	}{
		{"a driver", limited.Takes, paymux.Card, "CNY", true},
		{"a driver", limited.Takes, paymux.Alipay, "JPY", true},
		{"a driver", limited.Takes, paymux.Alipay, "USD", false},
		{"a driver", limited.Takes, paymux.PayPal, "CNY", false},
		{"a driver", limited.Takes, "", "CNY", false},
		{"a driver of all currencies", open.Takes, paymux.Card, "USD", true},
		{"a driver of all currencies", open.Takes, paymux.PayPal, "USD", false},
		{"an account for cards", cardsOnly.Takes, paymux.Card, "CNY", true},
		{"an account for cards", cardsOnly.Takes, paymux.Alipay, "CNY", false},
		{"an account for cards", cardsOnly.Takes, paymux.Card, "USD", false},
		{"an account with more than its driver", beyond.Takes, paymux.PayPal, "CNY", false},
		{"an account without methods", (&channel.Account{Driver: open}).Takes, paymux.Card, "CNY", false},
	} {
		if got := c.takes(c.method, c.currency); got != c.want {
			t.Errorf("%s takes %q in %s: %t", c.what, c.method, c.currency, got)
		}
	}
}

func TestExponentIsTheInstitutionsOwnOrISOs(t *testing.T) {
	t.Parallel()
	plain := &channel.Driver{}
	for c, want := range map[paymux.Currency]int{"JPY": 2, "KWD": 0, "CNY": 2, "CLP": 0, "BHD": 3} {
		if got := bank().Exponent(c); got != want {
			t.Errorf("the bank's %s has %d decimals, want %d", c, got, want)
		}
		if got := plain.Exponent(c); got != c.Exponent() {
			t.Errorf("%s has %d decimals where nothing is said, want %d", c, got, c.Exponent())
		}
	}
}
